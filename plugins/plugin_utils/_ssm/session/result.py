# Copyright: hasite.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a command is given when it asks, and how it ended.

PRIVATE to the collection. Named tuples, for a task's worker pays for each dataclass that it imports.
"""

from __future__ import annotations

import typing as t

SILENT = "become neither asked nor began"
"""What the machine adds to the errors of a command that has not asked for its password, and has not begun either."""


class Password(t.NamedTuple):
    """What a command like sudo asks for, and how one knows that it asks or is content."""

    text: str
    prompts: tuple[str, ...]
    success: str


class Result(t.NamedTuple):
    """How a command ended."""

    status: int
    stdout: bytes
    stderr: bytes
