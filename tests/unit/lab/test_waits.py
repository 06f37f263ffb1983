# SPDX-License-Identifier: GPL-3.0-or-later
"""AWS's waits: the table, its draws, and what imposes them."""

from __future__ import annotations

import asyncio
import functools
import random
import statistics
import threading
from dataclasses import replace
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lab.base.clock import Clock
from lab.base.errors import LabError
from lab.waiting.table import WAITS, Step, WaitPolicy, wait_policy
from lab.waiting.waits import Waits


def test_every_step_has_its_bounds() -> None:
    assert set(WAITS) == set(get_args(Step))
    for step, wait in WAITS.items():
        assert 0 < wait.least <= wait.typical <= wait.most, step


@given(step=st.sampled_from(list(WAITS)), seed=st.integers(), ordinal=st.integers(1, 1000), factor=st.floats(0.001, 10))
def test_draws_are_within_their_bounds_and_repeat(step: Step, seed: int, ordinal: int, factor: float) -> None:
    policy = WaitPolicy(factor, seed)
    seconds = policy.seconds(step, ordinal)
    assert WAITS[step].least * factor <= seconds * (1 + 1e-9)
    assert seconds <= WAITS[step].most * factor * (1 + 1e-9)
    assert seconds == WaitPolicy(factor, seed).seconds(step, ordinal)


def test_the_typical_figure_is_the_median_and_seeds_differ() -> None:
    chance = random.Random(1)
    drawn = [WAITS["certificate issued"].draw(chance) for _ in range(4001)]
    assert statistics.median(drawn) == pytest.approx(90, rel=0.05)
    assert statistics.quantiles(drawn, n=10)[-1] > 200, "the tail is there"
    assert len({WaitPolicy(1, seed).seconds("NAT gateway", 1) for seed in range(20)}) == 20


@pytest.mark.parametrize(
    ("option", "expected"),
    [("none", None), ("aws", WaitPolicy(1.0, 7)), ("aws:0.1", WaitPolicy(0.1, 7)), ("aws:2", WaitPolicy(2, 7))],
)
def test_the_waits_option_is_read(option: str, expected: WaitPolicy | None) -> None:
    assert wait_policy(option, 7) == expected


@pytest.mark.parametrize("option", ["", "aws:0", "aws:-1", "aws:x", "aws:nan", "aws:inf", "azure", "none:1"])
def test_waits_options_that_are_none(option: str) -> None:
    with pytest.raises(LabError, match="use none, aws, or aws:FACTOR"):
        wait_policy(option, 0)


def waits_of(policy: WaitPolicy | None, loop: asyncio.AbstractEventLoop, speed: float = 1.0) -> Waits:
    return Waits(policy, Clock(speed), loop, threading.RLock(), lambda: None)


def test_without_waits_everything_is_done_at_once() -> None:
    done: list[str] = []
    loop = asyncio.new_event_loop()
    waits = waits_of(None, loop)
    waits.begin("instance", "i-1", withholds=["i-1"], then=lambda: done.append("end"))
    waits.after("i-1", lambda: done.append("after"))
    assert done == ["end", "after"]
    assert not waits.pending("i-1")
    assert waits.withheld() == frozenset()
    assert waits.entries == []
    loop.close()


def test_what_waits_is_held_until_its_time_by_the_labs_clock() -> None:
    async def story() -> tuple[Waits, list[str], list[bool]]:
        done: list[str] = []
        # 5 to 52 s, a hundred times as fast.
        waits = waits_of(WaitPolicy(1.0, 0), asyncio.get_running_loop(), speed=1000)
        with waits.lock:
            waits.begin("instance", "i-1", withholds=["i-1"], then=lambda: done.append("end"))
            waits.after("i-1", lambda: done.append("after"))
            seen = [waits.pending("i-1"), waits.withheld() == {"i-1"}, done == [], not waits.pending("i-2")]
        async with asyncio.timeout(5):
            while waits.pending("i-1"):
                await asyncio.sleep(0.001)
        return waits, done, seen

    waits, done, seen = asyncio.run(story())
    assert all(seen)
    assert done == ["end", "after"]
    assert waits.withheld() == frozenset()
    (entry,) = waits.entries
    assert waits.clock.monotonic() >= entry.ended
    assert 5 <= entry.seconds <= 52


def test_a_resource_that_waits_twice_is_held_until_the_last_has_ended() -> None:
    async def story() -> list[frozenset[str]]:
        waits = waits_of(WaitPolicy(1.0, 0), asyncio.get_running_loop(), speed=2000)
        held = []
        with waits.lock:
            waits.begin("distribution", "E1", withholds=["E1"])
            waits.begin("invalidation", "E1", withholds=["other"])
        async with asyncio.timeout(5):
            while waits.pending("E1"):
                held.append(waits.withheld())
                await asyncio.sleep(0.001)
        return list(dict.fromkeys(held))

    assert asyncio.run(story()) == [{"E1", "other"}, {"E1"}], "an invalidation is shorter than a distribution"


def test_in_a_world_that_comes_back_what_waits_has_the_rest_of_its_time() -> None:
    async def story() -> list[list[str]]:
        done: list[str] = []
        before = waits_of(WaitPolicy(1.0, 0), asyncio.get_running_loop())
        for resource in ("soon", "late"):
            before.begin("instance", resource, withholds=[resource], then=functools.partial(done.append, resource))
        soon, late = before.entries
        late = replace(late, began=late.began + 1000)
        saved = before.save()
        saved = replace(saved, pending={soon: saved.pending[soon], late: saved.pending[before.entries[1]]})
        clock = Clock.resumed(100, soon.ended - 1, 0)
        after = Waits(WaitPolicy(1.0, 0), clock, asyncio.get_running_loop(), threading.RLock(), lambda: None)
        after.resume(saved)
        seen = [sorted(after.withheld())]
        await asyncio.sleep(0.5)
        return [*seen, sorted(after.withheld()), done]

    assert asyncio.run(story()) == [["late", "soon"], ["late"], ["soon"]]


def test_what_somebody_sits_out_is_not_saved() -> None:
    async def story() -> int:
        waits = waits_of(WaitPolicy(1.0, 0), asyncio.get_running_loop())
        sitting = asyncio.create_task(waits.wait("certificate issued", "arn", otherwise=0))
        await asyncio.sleep(0)
        saved = waits.save()
        sitting.cancel()
        assert waits.pending("arn")
        return len(saved.pending) + len(saved.entries)

    assert asyncio.run(story()) == 0
