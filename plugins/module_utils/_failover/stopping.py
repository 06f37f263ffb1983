# Copyright: hasite.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection: this file may change at any time.
"""When a drill has to end at once, whatever its stage still waits for. Pure.

AWS's Fault Injection Service ends an experiment by an alarm, its stop condition:
https://docs.aws.amazon.com/fis/latest/userguide/stop-conditions.html. A drill has such alarms too, and knows more: what
visitors get, and which machines it has left alone.
"""

from __future__ import annotations

import typing as t
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from .progress import STEADY, State

VISITORS_FAIL, OUTSIDE, ALARM, TIME = "visitors", "outside", "alarm", "time"
CONDITIONS = {
    VISITORS_FAIL: "visitors do not get what the stage promises them, for longer than it may take",
    OUTSIDE: "a machine that the stage leaves alone is not running, or its target not healthy",
    ALARM: "an alarm of drill_stop_alarms is in the state ALARM",
    TIME: "what a stage waits for does not come",
}
"""What ends a drill, in the order in which it is looked for."""
ALARMING = "ALARM"


@dataclass(frozen=True)
class Fired:
    """The condition that ends a drill, and why."""

    condition: str
    why: str


@dataclass(frozen=True)
class Conditions:
    """What a stage may do to a site, and no more."""

    trouble: float | None = None
    """The seconds for which visitors may go without what the stage promises them. None: it promises them nothing."""
    spared: tuple[str, ...] = ()
    """The machines that the stage leaves alone."""
    alarms: bool = True
    """Whether alarms count: once all is put back, one that is still on has nothing left to end."""
    longest: float = 600
    """The seconds for which a stage may be waited for."""

    def fired(self, elapsed: float, troubled: float, states: Sequence[State]) -> Fired | None:
        """Return the condition that is met; `troubled` is for how many seconds visitors have gone without."""
        return next(self._all(elapsed, troubled, [one for one in states if "error" not in one]), None)

    def _all(self, elapsed: float, troubled: float, states: Sequence[State]) -> Iterator[Fired]:
        if self.trouble is not None and troubled > self.trouble:
            why = f"for {troubled:.0f} s, visitors have not got what they should; {self.trouble:.0f} s are allowed"
            yield Fired(VISITORS_FAIL, why)
        for machine in self.spared:
            # In as many looks as make a visitor steady: AWS's answers may be a moment behind each other.
            seen = [_ill(state, machine) for state in states[-STEADY:]]
            if len(seen) == STEADY and all(seen):
                yield Fired(OUTSIDE, f"{machine}, which this stage leaves alone, {seen[-1]}")
        for state in states[-1:] if self.alarms else ():
            for name, value in state.get("alarms", {}).items():
                if value == ALARMING:
                    yield Fired(ALARM, f"the alarm {name} is in the state {ALARMING}")
        if elapsed > self.longest:
            yield Fired(TIME, f"{elapsed:.0f} s have passed; {self.longest:.0f} s are allowed")


def _ill(state: State, machine: str) -> str:
    """Return what is wrong with a machine, nothing if it is well."""
    is_ = state["instances"].get(machine, "gone")
    if is_ != "running":
        return f"is {is_}"
    target = state["targets"].get(machine, "gone")
    return "" if target in ("healthy", "initial") else f"is {target} as a target"


class AlarmPlace(t.NamedTuple):
    """Where an alarm is."""

    region: str
    name: str


def place_of(alarm: str, region: str) -> AlarmPlace:
    """Return where an alarm is that is given by its name, in the site's region, or by its ARN."""
    parts = alarm.split(":", 6)
    if len(parts) == 7 and parts[0] == "arn" and parts[2] == "cloudwatch" and parts[5] == "alarm":
        return AlarmPlace(parts[3], parts[6])
    return AlarmPlace(region, alarm)


def alarm_obstacles(asked: Sequence[str], states: dict[str, str]) -> list[str]:
    """Return why a drill must not begin with these alarms: one that is on already would end it at once."""
    found = [f"There is no alarm {one}, which is to end the drill. Correct drill_stop_alarms." for one in asked
             if one not in states]  # fmt: skip
    return found + [
        f"The alarm {one}, which is to end the drill, is in the state {ALARMING} already. Mend what it tells of first."
        for one in asked
        if states.get(one) == ALARMING
    ]
