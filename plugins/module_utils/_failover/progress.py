# Copyright: hasite.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection: this file may change at any time.
"""What visitors get at the moment, whether that is what is waited for, and how to say it in one line."""

from __future__ import annotations

import typing as t
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from .visiting import ERROR_PAGE, FAILURE, SITE, Visit

State = dict[str, t.Any]
VISITORS = ("new", "returning")
"""Who visit the site by its name."""
EDGE = "edge"
"""Who asks the edge for the site's name, wherever the name leads."""
STEADY = 3
"""As many visits in a row must agree."""


@dataclass(frozen=True)
class Goal:
    """What is waited for."""

    outcome: str
    healthy_targets: int = 0
    edge: str | None = None
    """What who asks the edge itself must get. None: anything."""
    stopped: tuple[str, ...] = ()
    """The machines that must be stopped."""

    def met(self, visits: Sequence[Visit], state: State) -> bool:
        """Tell whether both visitors steadily get it."""
        targets = list(state.get("targets", {}).values())
        machines = state.get("instances", {})
        return (
            all(_steady(_of(visits, visitor), self.outcome) for visitor in VISITORS)
            and (self.edge is None or _steady(_of(visits, EDGE), self.edge))
            and targets.count("healthy") >= self.healthy_targets
            and all(machines.get(one) == "stopped" for one in self.stopped)
        )


def _steady(visits: Sequence[Visit], outcome: str) -> bool:
    last = visits[-STEADY:]
    return len(last) == STEADY and all(one["outcome"] == outcome for one in last)


def answered_at(visit: Visit) -> float:
    """Return when a visit had its answer."""
    return float(visit["at"] + visit["seconds"])


def _unanswered(visit: Visit) -> bool:
    return bool(visit["outcome"] != SITE)


def longest_trouble(visits: Sequence[Visit], apart: float, troubled: Callable[[Visit], bool] = _unanswered) -> float:
    """Return the clock's seconds of the longest time with troubled visits, by default those the site did not answer.

    Troubles less than `apart` seconds from each other are one: a balancer that still asks a machine that is gone fails
    only every other visitor.
    """
    longest = began = 0.0
    last = float("-inf")
    for one in filter(troubled, visits):
        if one["at"] - last > apart:
            began = float(one["at"])
        last = max(last, answered_at(one))
        longest = max(longest, last - began)
    return longest


def _of(visits: Sequence[Visit], visitor: str) -> list[Visit]:
    return [visit for visit in visits if visit["visitor"] == visitor]


def _got(visits: Sequence[Visit]) -> str:
    if not visits:
        return "nothing yet"
    last = visits[-1]
    problem = str(last.get("status") or last.get("error", ""))
    return {
        SITE: str(last.get("host") or "the site"),
        ERROR_PAGE: "the error page",
        FAILURE: f"a failure ({problem[:60]})",
    }[str(last["outcome"])]


def line(elapsed: float, expected: float, visits: Sequence[Visit], state: State) -> str:
    """Return the moment in one line."""
    parts = [f"{elapsed:4.0f} s of {expected:.0f} s expected"]
    parts += [f"{visitor} visitor: {_got(_of(visits, visitor))}" for visitor in VISITORS]
    if asked := _of(visits, EDGE):
        parts.append(f"the edge itself: {_got(asked)}")
    if "instances" in state:
        machines = Counter(state["instances"].values())
        parts.append("machines: " + ", ".join(f"{count} {name}" for name, count in sorted(machines.items())))
        targets = list(state["targets"].values())
        parts.append(f"targets: {targets.count('healthy')} of {len(targets)} healthy")
    if checkers := state.get("checkers"):
        parts.append(f"checkers: {checkers['healthy']} of {checkers['all']} content")
    return " | ".join(parts)
