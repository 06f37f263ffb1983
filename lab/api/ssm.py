# SPDX-License-Identifier: GPL-3.0-or-later
"""SSM: managed instances and sessions, which moto has not; commands run on the machines or not at all."""

from __future__ import annotations

from lab.api import ssm_commands, ssm_documents, ssm_instances, ssm_sessions
from lab.context import Context


def extend(context: Context) -> None:
    """Add what moto lacks."""
    for part in (ssm_documents, ssm_instances, ssm_sessions, ssm_commands):
        part.extend(context)
