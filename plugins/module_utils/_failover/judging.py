# Copyright: hasite.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection: this file may change at any time.
"""From the records of a drill to a timeline, measured against the budget. Pure.

Moments are in seconds since 1970 by the clock; durations are in the site's seconds, of which `speed` pass in one by the
clock.
"""

from __future__ import annotations

import typing as t
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, field

from .._route53 import HEALTHY_PERCENT
from .progress import EDGE, STEADY, VISITORS, State, answered_at, longest_trouble
from .visiting import ERROR_PAGE, FAILURE, SITE, Visit

Raw = dict[str, t.Any]


@dataclass(frozen=True)
class Check:
    """Something that the site must have done in time."""

    what: str
    measured: float | None
    """None if it was never seen."""
    limit: float
    expected: Raw | None = None
    """The budget's spread."""
    unit: str = "s"

    @property
    def passed(self) -> bool:
        """Whether it was seen in time."""
        return self.measured is not None and self.measured <= self.limit


@dataclass(frozen=True)
class DrillStage:
    """A stage of the drill with what was recorded in it."""

    name: str
    acts: list[Raw]
    ended: float
    visits: list[Visit] = field(default_factory=list)
    states: list[State] = field(default_factory=list)

    @property
    def began(self) -> float:
        """The moment of the first act."""
        return float(self.acts[0]["at"])

    @property
    def own(self) -> list[Visit]:
        """Return the visits to the domain itself: an alias is redirected also while no machine answers."""
        return [visit for visit in self.visits if visit["visitor"] in VISITORS]

    @property
    def aliases(self) -> dict[str, list[Visit]]:
        """Return the visits to each alias."""
        names = sorted({visit["name"] for visit in self.visits if visit["visitor"] == "alias"})
        return {name: [one for one in self.of("alias") if one["name"] == name] for name in names}

    def of(self, visitor: str) -> list[Visit]:
        """Return one visitor's visits."""
        return [visit for visit in self.visits if visit["visitor"] == visitor]


@dataclass(frozen=True)
class Limits:
    """What the stages are measured by."""

    budget: Raw
    speed: float = 1.0
    tolerance: float = 10.0
    """Added to each limit: probes come once a second, and AWS's parts need moments to tell each other."""
    boot: float = 120.0
    """In which machines boot, beside what the budget knows."""
    objective: float | None = None
    """The recovery time objective of the site's owner."""

    def limit(self, seconds: float) -> float:
        """Return the limit of a duration."""
        return seconds + self.tolerance


def cut(events: Sequence[Raw], visits: Sequence[Visit], states: Sequence[State], ended: float) -> list[DrillStage]:
    """Cut the records into stages: each goes from its first act to the next one's."""
    names = list(dict.fromkeys(event["stage"] for event in events))
    acts = {name: [event for event in events if event["stage"] == name] for name in names}
    ends = [*(float(acts[name][0]["at"]) for name in names[1:]), ended]

    def within(records: Sequence[Raw], began: float, end: float) -> list[Raw]:
        return [record for record in records if began <= record["at"] < end]

    return [
        DrillStage(
            name, acts[name], end, within(visits, acts[name][0]["at"], end), within(states, acts[name][0]["at"], end)
        )
        for name, end in zip(names, ends, strict=True)
    ]


# ---- what was measured


def availability(visits: Sequence[Visit]) -> Raw:
    """Return how many visits got what, and the share that the site itself answered.

    `led_on` are those that met an address at which nobody was, and tried the next.
    """
    counts = {outcome: sum(visit["outcome"] == outcome for visit in visits) for outcome in (SITE, ERROR_PAGE, FAILURE)}
    return {
        **counts,
        "led_on": sum(map(_met_silence, visits)),
        "visits": len(visits),
        "site_share": counts[SITE] / len(visits) if visits else None,
        "answered_share": 1 - counts[FAILURE] / len(visits) if visits else None,
    }


def first_steady(visits: Sequence[Visit], outcome: str) -> Visit | None:
    """Return the visit from which on every one got the outcome."""
    found = None
    for visit in reversed(visits):
        if visit["outcome"] != outcome:
            break
        found = visit
    return found


def _met_silence(visit: Visit) -> bool:
    return bool(visit.get("silent"))


def _first(states: Sequence[State], condition: Callable[[State], bool]) -> float | None:
    return next((float(state["at"]) for state in states if condition(state)), None)


def _some_target_healthy(state: State) -> bool:
    return "healthy" in state.get("targets", {}).values()


# ---- the stages' checks


def _stays_up(stage: DrillStage, by: Limits) -> Iterator[Check]:
    detection = float(by.budget["one_machine"]["detection"])
    trouble = longest_trouble(stage.own, detection / by.speed) * by.speed
    yield Check("no request fails longer than the balancer needs to notice", trouble, by.limit(detection))
    last = stage.own[-1:]
    lost = float(not last or last[0]["outcome"] != SITE)
    yield Check("last visits that the site did not answer", lost, 0.0, unit="visits")


def _does_without_a_zone(stage: DrillStage, by: Limits) -> Iterator[Check]:
    yield from _stays_up(stage, by)
    for visitor in VISITORS:
        limit = float(by.budget["zone"][f"{visitor}_visitors"])
        met = longest_trouble(stage.of(visitor), limit / by.speed, _met_silence) * by.speed
        yield Check(f"{visitor} visitors are led to the lost zone, and on to the other", met, by.limit(limit))


def _error_page(stage: DrillStage, by: Limits) -> Iterator[Check]:
    gone = max((answered_at(one) for one in stage.own if one["outcome"] == SITE), default=stage.began)
    for visitor in VISITORS:
        expected = by.budget["error_page"][f"{visitor}_visitors"]
        seen = first_steady(stage.of(visitor), ERROR_PAGE)
        measured = None if seen is None else max(0.0, answered_at(seen) - gone) * by.speed
        what = f"{visitor} visitors get the error page after the site's last answer"
        yield Check(what, measured, by.limit(expected["longest"]), expected)
    for alias, visits in stage.aliases.items():
        expected = by.budget["error_page"]["new_visitors"]
        seen = first_steady(visits, ERROR_PAGE)
        measured = None if seen is None else max(0.0, answered_at(seen) - gone) * by.speed
        what = f"visitors of {alias} get the error page after the site's last answer"
        yield Check(what, measured, by.limit(expected["longest"] + _apart(visits) * by.speed), expected)
    wrong = [visit for visit in stage.visits if visit["outcome"] == ERROR_PAGE and not _leaves_no_trace(visit)]
    yield Check("error pages that are not 503 and no-store", float(len(wrong)), 0.0, unit="visits")


def _apart(visits: Sequence[Visit]) -> float:
    """Return the clock's seconds between two visits of an alias, which come in turn."""
    return float(visits[-1]["at"] - visits[0]["at"]) / max(1, len(visits) - 1)


def _leaves_no_trace(visit: Visit) -> bool:
    return visit["status"] == 503 and "no-store" in visit["headers"].get("cache-control", "")


def _back(stage: DrillStage, by: Limits) -> Iterator[Check]:
    healthy = _first(stage.states, _some_target_healthy)
    for visitor in VISITORS:
        expected = by.budget["back"][f"{visitor}_visitors"]
        seen = first_steady(stage.of(visitor), SITE)
        measured = None if seen is None or healthy is None else max(0.0, answered_at(seen) - healthy) * by.speed
        what = f"{visitor} visitors get the site after its first healthy target"
        yield Check(what, measured, by.limit(expected["longest"]), expected)
    for alias, visits in stage.aliases.items():
        expected = by.budget["back"]["new_visitors"]
        seen = first_steady(visits, SITE)
        measured = None if seen is None or healthy is None else max(0.0, answered_at(seen) - healthy) * by.speed
        what = f"visitors of {alias} are redirected to the site after its first healthy target"
        yield Check(what, measured, by.limit(expected["longest"] + _apart(visits) * by.speed), expected)


def _does_without_the_edge(stage: DrillStage, by: Limits) -> Iterator[Check]:
    """Want the site to need no edge while it serves, and the edge to be back when its bucket is."""
    failed = sum(one["outcome"] != SITE for one in stage.own)
    yield Check("visits that the site did not answer", float(failed) if stage.own else None, 0.0, unit="visits")
    # Each act is noted before it is done and when it is done; a drill that was ended has not all of these.
    refusing, refused, admitting, admitted = [*(float(act["at"]) for act in stage.acts), *[stage.ended] * 4][:4]
    asked = [one for one in stage.of(EDGE) if one["at"] >= refusing]
    during = [one for one in asked if one["at"] < admitting]
    limit = by.limit(float(by.budget["edge"]["error_ttl"]))
    for what, done, seen in (
        ("the edge itself has no page after its bucket refuses it", refused, _first_of_some(during, FAILURE)),
        (
            "the edge itself has the error page again after its bucket admits it",
            admitted,
            _page_again(asked, admitting),
        ),
    ):
        measured = None if seen is None else max(0.0, answered_at(seen) - done) * by.speed
        yield Check(what, measured, limit)


def _page_again(asked: Sequence[Visit], admitting: float) -> Visit | None:
    """Return the visit from which on the edge has the page, if it has lost it before."""
    lost = _first_of_some([one for one in asked if one["at"] < admitting], FAILURE)
    return _first_of_some([one for one in asked if one["at"] >= admitting], ERROR_PAGE) if lost else None


def _first_of_some(visits: Sequence[Visit], outcome: str) -> Visit | None:
    """Return the first of so many visits in a row with the outcome that the drill, too, goes on after them.

    One that fails later, for whatever reason, is not what the stage is about.
    """
    for number, one in enumerate(visits):
        if [each["outcome"] for each in visits[number : number + STEADY]] == [outcome] * STEADY:
            return one
    return None


CHECKS: dict[str, Callable[[DrillStage, Limits], Iterator[Check]]] = {
    "one_stopped": _stays_up,
    "all_stopped": _error_page,
    "all_started": _back,
    "one_rebooted": _stays_up,
    "share_lost": _stays_up,
    "zone_lost": _does_without_a_zone,
    "edge_lost": _does_without_the_edge,
}
"""The stages by name, in the order of a whole drill."""


# ---- how long it took


def recovery(stage: DrillStage, by: Limits) -> float | None:
    """Return the seconds until visitors had again what the stage promises them. None: they never had.

    Where the site must go on, the longest time with failures; where it is gone, from its last answer to the error page;
    where it comes back, from the start of the machines to the site, so with the time in which they boot.
    """
    if stage.name == "all_stopped":
        return _worst([check.measured for check in _error_page(stage, by) if check.unit == "s"])
    if stage.name == "all_started":
        seen = [first_steady(stage.of(visitor), SITE) for visitor in VISITORS]
        return _worst([None if one is None else max(0.0, answered_at(one) - stage.began) * by.speed for one in seen])
    if not stage.own or stage.own[-1]["outcome"] != SITE:
        return None
    return longest_trouble(stage.own, float(by.budget["one_machine"]["detection"]) / by.speed) * by.speed


def _worst(measured: Sequence[float | None]) -> float | None:
    known = [one for one in measured if one is not None]
    return max(known, default=None) if len(known) == len(measured) else None


def recovery_budget(name: str, by: Limits) -> float:
    """Return the seconds that the budget gives a stage for that."""
    if name == "all_stopped":
        return float(by.budget["error_page"]["returning_visitors"]["longest"])
    if name == "all_started":
        return float(by.budget["back"]["returning_visitors"]["longest"]) + by.boot
    return 0.0 if name == "edge_lost" else float(by.budget["one_machine"]["detection"])


def _objective(stage: DrillStage, by: Limits) -> Iterator[Check]:
    if by.objective is not None:
        yield Check("the recovery keeps the objective", recovery(stage, by), by.objective)


# ---- the whole


def moments(states: Sequence[State], visits: Sequence[Visit]) -> list[Raw]:
    """Return what changed when: machines, targets, the checkers' verdict, the name servers' answer."""
    facts = [{"at": state["at"], **dict(_facts(state))} for state in states if "error" not in state]
    facts += [
        {"at": visit["at"], "the name servers' answer": ", ".join(visit["addresses"])}
        for visit in visits
        if visit["visitor"] == "new" and visit.get("addresses")
    ]
    known: Raw = {}
    found = []
    for fact in sorted(facts, key=lambda one: float(one["at"])):
        for subject, value in fact.items():
            if subject == "at" or known.get(subject) == value:
                continue
            if subject in known:
                found.append({"at": fact["at"], "what": f"{subject}: {known[subject]} → {value}"})
            known[subject] = value
    return found


def _facts(state: State) -> Iterator[tuple[str, str]]:
    yield from ((f"machine {one}", value) for one, value in state["instances"].items())
    yield from ((f"target {one}", value) for one, value in state["targets"].items())
    if checkers := state.get("checkers"):
        content = checkers["healthy"] * 100 > checkers["all"] * HEALTHY_PERCENT
        yield "the checkers' last answers", "enough are good" if content else "too few are good"


def judge_stage(stage: DrillStage, by: Limits) -> Raw:
    """Return a stage as data."""
    checks = [*CHECKS[stage.name](stage, by), *_objective(stage, by)]
    return {
        "name": stage.name,
        "began": stage.began,
        "ended": stage.ended,
        "seconds": (stage.ended - stage.began) * by.speed,
        "acts": stage.acts,
        "availability": {
            visitor: availability(visits)
            for visitor in (*VISITORS, EDGE)
            if (visits := stage.of(visitor)) or visitor != EDGE
        },
        "hosts": sorted({visit["host"] for visit in stage.visits if visit.get("host")}),
        "moments": moments(stage.states, stage.visits),
        "checks": [{**asdict(check), "passed": check.passed} for check in checks],
        "recovery": {"seconds": recovery(stage, by), "budget": recovery_budget(stage.name, by)},
        "passed": all(check.passed for check in checks),
    }


def judge(stages: Sequence[DrillStage], by: Limits) -> Raw:
    """Return the whole drill as data."""
    judged = [judge_stage(stage, by) for stage in stages]
    return {**asdict(by), "stages": judged, "passed": bool(judged) and all(one["passed"] for one in judged)}
