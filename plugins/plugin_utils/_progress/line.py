# Copyright: hasite.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The line for what runs. Pure."""

from __future__ import annotations

from .running import Step
from .text import clip, duration, one_line, width
from .usual import titled

_LEAST_LABEL = 12
"""So many columns are left to the task's name before anything behind the time is dropped."""


def live_line(steps: list[Step], now: float, columns: int) -> str:
    """Return the line for a terminal of `columns` columns; the task that runs longest is shown.

    What does not fit is left out from the end; then the task's name is cut, and last the time stands alone.
    """
    step, others = steps[0], len(steps) - 1
    title = titled(one_line(step.name))
    elapsed = duration(now - step.since)
    details = [_hosts(step), _usual(step, now), _left(step), f"+{others} more" if others else ""]
    while True:
        tail = "  ".join([elapsed, *filter(None, details)])
        room = columns - width(tail) - 3
        if room >= min(_LEAST_LABEL, width(title.label)) or not details:
            break
        details.pop()
    if room < 2:
        return clip(elapsed, columns)
    if width(title.label) <= room:
        return f"{title.label} … {tail}"
    return f"{clip(title.label, room + 2)} {tail}"  # its own ellipsis stands for the one in between


def plain_line(step: Step, now: float) -> str:
    """Return the line about one task for where no line can be drawn over: a pipe, a file, a CI job."""
    details = [duration(now - step.since), _hosts(step), _usual(step, now), _left(step)]
    return f"waiting: {titled(one_line(step.name)).label} … " + "  ".join(filter(None, details))


def _usual(step: Step, now: float) -> str:
    title = titled(one_line(step.name))
    if title.usual is None:
        return ""
    late = title.longest is not None and now - step.since > title.longest
    return f"({title.usual}; longer than usual)" if late else f"({title.usual})"


def _left(step: Step) -> str:
    return "" if step.left is None else f"{step.left} {'retry' if step.left == 1 else 'retries'} left"


def _hosts(step: Step) -> str:
    if len(step.hosts) > 1:
        return f"[{len(step.hosts)} hosts]"
    return "" if step.hosts == ("localhost",) else f"[{one_line(step.hosts[0])}]"
