# SPDX-License-Identifier: GPL-3.0-or-later
"""A checker's verdict, the request it makes, and where the checkers are."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lab.plane.health_checkers import Verdict
from lab.plane.probe import _request
from lab.world.checker_regions import CHECKER_REGIONS, REGION_OF_CHECKER, checkers_of
from lab.world.names import HealthCheck


@given(outcomes=st.lists(st.booleans(), min_size=1, max_size=40), threshold=st.integers(1, 10))
def test_verdict_changes_only_after_a_row_of_equal_outcomes(outcomes: list[bool], threshold: int) -> None:
    verdict = Verdict(threshold)
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
