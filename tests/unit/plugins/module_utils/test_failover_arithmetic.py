# SPDX-License-Identifier: GPL-3.0-or-later
"""How long health checkers need to agree: the figures of a simulation, and properties that hold for all settings."""

from __future__ import annotations

import random
import statistics

import pytest
from ansible_collections.hasite.aws.plugins.module_utils._failover.arithmetic import Checkers, time_to_turn
from hypothesis import given
from hypothesis import strategies as st

# Interval, threshold; then p50/p95/max of the detection of an answer 503, of one that never comes (4 s), of the
# detection with a name cached for 60 s, and p50/p95 of the recovery. From 20 000 simulated failovers, in whole seconds.
SIMULATED = [
    (30, 3, (86, 89, 91), (97, 100, 102), (115, 143, 150), (66, 71)),
    (30, 2, (55, 59, 60), (63, 66, 68), (85, 113, 120), (35, 41)),
    (30, 1, (25, 29, 30), (29, 32, 34), (55, 82, 89), (5, 11)),
    (10, 3, (29, 30, 31), (40, 42, 42), (58, 86, 90), (22, 24)),
    (10, 2, (19, 20, 20), (26, 28, 28), (49, 76, 80), (12, 14)),
    (10, 1, (9, 10, 10), (12, 14, 14), (38, 66, 70), (2, 4)),
]
ANSWERED, TIMED_OUT = 0.2, 4.0


@pytest.mark.parametrize(("interval", "threshold", "answered", "timed_out", "cached", "recovery"), SIMULATED)
def test_figures_are_those_of_a_simulation(
    interval: int,
    threshold: int,
    answered: tuple[int, ...],
    timed_out: tuple[int, ...],
    cached: tuple[int, ...],
    recovery: tuple[int, ...],
) -> None:
    checkers = Checkers(interval, threshold)
    computed = [
        (time_to_turn(checkers, ANSWERED, down=True), answered),
        (time_to_turn(checkers, TIMED_OUT, down=True), timed_out),
        (time_to_turn(checkers, ANSWERED, 60, down=True), cached),
        (time_to_turn(checkers, ANSWERED, down=False)[:2], recovery),
    ]
    for ours, theirs in computed:
        # Half a second is what rounding took from the simulated figures.
        assert list(ours) == pytest.approx(list(theirs), rel=0.1, abs=0.5)


@pytest.mark.parametrize(("count", "down", "up"), [(16, 14, 3), (8, 7, 2), (6, 5, 2), (50, 41, 10)])
def test_how_many_must_turn(count: int, down: int, up: int) -> None:
    checkers = Checkers(10, 3, count)
    assert (checkers.to_turn(down=True), checkers.to_turn(down=False)) == (down, up)


settings = st.builds(Checkers, st.sampled_from([10, 30]), st.integers(1, 10), st.integers(3, 40))


@given(checkers=settings, response=st.floats(0, 4), ttl=st.floats(1, 300), down=st.booleans())
def test_quantiles_are_ordered_and_bounded(checkers: Checkers, response: float, ttl: float, down: bool) -> None:
    bare = time_to_turn(checkers, response, down=down)
    kept = time_to_turn(checkers, response, ttl, down=down)
    sure = (checkers.threshold - 1) * checkers.interval + checkers.threshold * response
    assert sure <= bare.median <= bare.p95 <= bare.longest == pytest.approx(sure + checkers.interval)
    assert kept.median <= kept.p95 <= kept.longest == pytest.approx(bare.longest + ttl)
    assert all(one >= other - 1e-6 for one, other in zip(kept, bare, strict=True))


def test_a_simulation_of_its_own_agrees() -> None:
    checkers, ttl, draw = Checkers(10, 3), 60.0, random.Random(7)

    def one() -> float:
        minds = sorted(draw.uniform(0, 10) for _ in range(16))
        return 20 + 3 * ANSWERED + minds[14 - 1] + draw.uniform(0, ttl)

    simulated = sorted(one() for _ in range(20_000))
    computed = time_to_turn(checkers, ANSWERED, ttl, down=True)
    assert statistics.median(simulated) == pytest.approx(computed.median, rel=0.02)
    assert simulated[int(0.95 * len(simulated))] == pytest.approx(computed.p95, rel=0.02)
