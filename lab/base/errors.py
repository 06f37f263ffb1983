# SPDX-License-Identifier: GPL-3.0-or-later
"""What the lab tells its user when it cannot go on."""

from __future__ import annotations


class LabError(Exception):
    """One sentence for the user: what failed, where, and what to do."""
