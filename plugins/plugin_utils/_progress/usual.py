# Copyright: hasite.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The usual time of a task, from the words at the end of its name. Pure.

A name such as `Wait until the certificate is issued (usually 2 to 5 minutes)` tells everybody how long a task takes,
with any callback. So it is the one place for it.
"""

from __future__ import annotations

import re
import typing as t

_USUAL = re.compile(r"\s*\((usually\b[^()]*)\)\s*$", re.IGNORECASE)
_TIME = re.compile(r"(\d+(?:\.\d+)?)\s*(s|sec|seconds?|min|minutes?|h|hours?)\b", re.IGNORECASE)
_SECONDS = {"s": 1, "m": 60, "h": 3600}


class Titled(t.NamedTuple):
    """A task's name, taken apart."""

    label: str
    """The name without the usual time."""
    usual: str | None
    """Such as `usually 2 to 5 minutes`; None when the name gives none."""
    longest: float | None
    """The longest time that `usual` names, in seconds; None when it names none."""


def titled(name: str) -> Titled:
    """Take a task's name apart."""
    match = _USUAL.search(name)
    if match is None or match.start() == 0:
        return Titled(name.strip(), None, None)
    usual = match.group(1)
    times = [float(number) * _SECONDS[unit[0].lower()] for number, unit in _TIME.findall(usual)]
    return Titled(name[: match.start()].strip(), usual, max(times, default=None))
