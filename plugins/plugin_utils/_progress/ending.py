# Copyright: hasite.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The last lines of a run. Pure."""

from __future__ import annotations

import typing as t

from .running import Took
from .text import duration, one_line, width
from .usual import titled


class Failure(t.NamedTuple):
    """The last thing that failed on a host."""

    host: str
    task: str
    message: str
    """The first line of what the module said, or a sentence made of it; empty when it said nothing or has `no_log`."""


def summary_of(message: object) -> list[str]:
    """Return the lines of a summary: those of a text, or one for each element of a list."""
    entries = message if isinstance(message, list) else [message]
    return [line for entry in entries for line in str(entry).splitlines() or [""]]


def slowest_lines(slowest: list[Took]) -> list[str]:
    """Return one line for each of the slowest tasks, with a heading; nothing when there is none."""
    if not slowest:
        return []
    times = [duration(task.seconds) for task in slowest]
    column = max(map(width, times))
    rows = [
        f"  {time:>{column}}  {titled(one_line(task.name)).label}" for time, task in zip(times, slowest, strict=True)
    ]
    return ["Slowest tasks:", *rows]


def failure_lines(failures: list[Failure]) -> list[str]:
    """Return one line for each host that failed."""
    return [
        f"[{one_line(failure.host)}] {titled(one_line(failure.task)).label}"
        + (f": {failure.message}" if failure.message else "")
        for failure in failures
    ]
