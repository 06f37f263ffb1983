# SPDX-License-Identifier: GPL-3.0-or-later
"""A checker's verdict, the request it makes, and where the checkers are."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lab.base.observed import Observed
from lab.plane.checks import health_checkers
from lab.plane.checks.health_checkers import CheckerStatus, HealthCheckers
from lab.plane.checks.probe import ProbeResult, _request
from lab.world.names.checker_regions import CHECKER_REGIONS, REGION_OF_CHECKER, checkers_of
from lab.world.names.names import HealthCheck


@given(outcomes=st.lists(st.booleans(), min_size=1, max_size=40), threshold=st.integers(1, 10))
def test_verdict_changes_only_after_a_row_of_equal_outcomes(outcomes: list[bool], threshold: int) -> None:
    verdict = CheckerStatus(threshold)
    before = verdict.hear(outcomes[0])
    assert before == outcomes[0]
    for number, outcome in enumerate(outcomes[1:], start=1):
        after = verdict.hear(outcome)
        if after != before:
            assert set(outcomes[max(0, number - threshold + 1) : number + 1]) == {after}
        before = after


@pytest.mark.parametrize(
    ("check", "host", "line"),
    [
        (HealthCheck("hc", "HTTPS", host="lb.test", port=443, path="/health"), "lb.test", "GET /health "),
        (HealthCheck("hc", "HTTP", host="lb.test", port=8080, path="health"), "lb.test:8080", "GET /health "),
        (HealthCheck("hc", "HTTP", address="203.0.113.1", port=80), "203.0.113.1", "GET / "),
    ],
)
def test_request(check: HealthCheck, host: str, line: str) -> None:
    request = _request(check).decode()
    assert request.startswith(line)
    assert f"\r\nHost: {host}\r\n" in request


def test_checkers_are_spread_over_the_regions() -> None:
    assert Counter(REGION_OF_CHECKER.values()) == dict.fromkeys(CHECKER_REGIONS, 2)
    assert len(checkers_of(CHECKER_REGIONS[:3])) == 6
    assert len(checkers_of(())) == len(REGION_OF_CHECKER)


def test_a_late_question_delays_none_of_the_next(monkeypatch: pytest.MonkeyPatch) -> None:
    """Else all checkers that a busy machine lets wait would go on asking together."""
    asked: list[float] = []

    class LateClock:
        now = 0.0

        def monotonic(self) -> float:
            return self.now

        def time(self) -> float:
            return self.now

        async def sleep(self, seconds: float) -> None:
            self.now += seconds + 4

    clock = LateClock()

    async def probed(*_: object) -> ProbeResult:
        asked.append(clock.now)
        clock.now += 1
        if len(asked) == 6:
            raise asyncio.CancelledError
        return ProbeResult(True, "Success")

    monkeypatch.setattr(health_checkers, "probe", probed)
    monkeypatch.setattr(random, "uniform", lambda *_: 3.0)
    context = SimpleNamespace(clock=clock, observed=Observed(checks={"hc": {}}), mark_dirty=lambda: None)
    checkers = HealthCheckers(context)  # type: ignore[arg-type]  # only these of a context are used
    with pytest.raises(asyncio.CancelledError):
        asyncio.run(checkers._check_from("198.18.0.64", HealthCheck("hc", "TCP", interval=10)))
    assert asked == [7, 18, 29, 40, 51, 62]
