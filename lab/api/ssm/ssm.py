# SPDX-License-Identifier: GPL-3.0-or-later
"""SSM: managed instances and sessions, which moto has not; commands run on the machines or not at all."""

from __future__ import annotations

from lab.api.ssm import commands, documents, instances, sessions
from lab.context import Context


def extend(context: Context) -> None:
    """Add what moto lacks."""
    for part in (documents, instances, sessions, commands):
        part.extend(context)
