# SPDX-License-Identifier: GPL-3.0-or-later
"""Elastic Load Balancing: nodes as network interfaces, true states, and AWS's refusals."""

from __future__ import annotations

from lab.api import elbv2_balancers, elbv2_listeners, elbv2_logs, elbv2_targets, elbv2_values
from lab.context import Context


def extend(context: Context) -> None:
    """Put the lab's load balancers in the place of moto's."""
    for part in (elbv2_balancers, elbv2_listeners, elbv2_logs, elbv2_targets):
        part.extend(context)
    elbv2_values.extend()
