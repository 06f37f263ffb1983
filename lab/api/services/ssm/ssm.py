# SPDX-License-Identifier: GPL-3.0-or-later
"""SSM: managed instances and sessions, which moto has not; commands run on the machines or not at all."""

from __future__ import annotations

from lab.api.services.ssm import commands, documents, instances, inventory, sessions
from lab.context import Context


def extend(context: Context) -> None:
    """Add what moto lacks."""
    for part in (documents, instances, inventory, sessions, commands):
        part.extend(context)
