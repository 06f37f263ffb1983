# SPDX-License-Identifier: GPL-3.0-or-later
"""Elastic Load Balancing: nodes as network interfaces, true states, and AWS's refusals."""

from __future__ import annotations

from lab.api.services.elbv2 import attributes, balancers, listeners, logs, rules, targets, values
from lab.context import Context


def extend(context: Context) -> None:
    """Put the lab's load balancers in the place of moto's."""
    for part in (balancers, listeners, logs, targets):
        part.extend(context)
    attributes.extend()
    rules.extend()
    values.extend()
