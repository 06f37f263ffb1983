# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from dataclasses import replace

import pytest

from lab.base.observed import TargetHealth
from lab.world.balancer.load_balancer import HealthCheck, HealthyMinimum, LoadBalancer, Node, Target, TargetGroup
from lab.world.balancer.target_health import (
    CHECKING,
    FAILED,
    HEALTHY,
    REGISTERING,
    TIMED_OUT,
    UNCHECKED,
    CheckResult,
    Tally,
    after,
    heard,
    judge,
    matches,
    serving,
    unused,
    view,
)

CHECK = HealthCheck(True, "HTTP", None, "/", 10, 5, passes=3, failures=2, matcher="200")
GOOD, BAD = CheckResult("answered", 200), CheckResult("answered", 404)


def learn(*outcomes: CheckResult) -> Tally:
    tally = Tally()
    for outcome in outcomes:
        tally = after(tally, outcome, CHECK)
    return tally


@pytest.mark.parametrize(
    ("matcher", "status", "fits"),
    [("200", 200, True), ("200", 204, False), ("200,302", 302, True), ("200-399", 301, True), ("200-399", 400, False)],
)
def test_matcher(matcher: str, status: int, fits: bool) -> None:
    assert matches(matcher, status) is fits


@pytest.mark.parametrize(
    ("outcomes", "state"),
    [
        ((), "initial"),
        ((GOOD,), "healthy"),
        ((BAD,), "initial"),
        ((BAD, GOOD), "healthy"),
        ((BAD, BAD), "unhealthy"),
        ((GOOD, BAD), "healthy"),
        ((GOOD, BAD, GOOD, BAD), "healthy"),
        ((GOOD, BAD, BAD), "unhealthy"),
        ((BAD, BAD, GOOD, GOOD), "unhealthy"),
        ((BAD, BAD, GOOD, GOOD, GOOD), "healthy"),
        ((BAD, BAD, GOOD, GOOD, BAD, GOOD), "unhealthy"),
    ],
)
def test_one_pass_makes_a_new_target_healthy_and_several_a_sick_one(
    outcomes: tuple[CheckResult, ...], state: str
) -> None:
    assert learn(*outcomes).state == state


def test_reasons() -> None:
    assert judge(CHECK, []) == REGISTERING
    assert judge(CHECK, [Tally(), learn(BAD)]) == CHECKING
    assert judge(CHECK, [Tally(), learn(GOOD)]) == HEALTHY
    assert judge(CHECK, [learn(GOOD), learn(BAD, BAD)]) == TargetHealth(
        "unhealthy", "Target.ResponseCodeMismatch", "Health checks failed with these codes: [404]"
    )
    assert judge(CHECK, [learn(CheckResult("timeout"), CheckResult("timeout"))]) == TIMED_OUT
    assert judge(CHECK, [learn(CheckResult("failed"), CheckResult("failed"))]) == FAILED
    assert judge(replace(CHECK, enabled=False), []) == UNCHECKED


A = Target("i-a", "10.0.0.10", 80, "zone-a", usable=True)
B = Target("i-b", "10.0.1.10", 80, "zone-b", usable=True)
GROUP = TargetGroup("group", "HTTP", (A, B), CHECK)
SICK = TargetHealth("unhealthy", "Target.Timeout")


@pytest.mark.parametrize(
    ("a", "b", "expected"),
    [
        (HEALTHY, HEALTHY, (A, B)),
        (HEALTHY, SICK, (A,)),
        (SICK, SICK, (A, B)),
        (SICK, CHECKING, (A,)),
        (SICK, TargetHealth("unused"), (A,)),
        (CHECKING, CHECKING, ()),
        (TargetHealth("unused"), TargetHealth("unused"), ()),
        (UNCHECKED, UNCHECKED, (A, B)),
    ],
)
def test_fails_open_only_to_unhealthy_targets(a: TargetHealth, b: TargetHealth, expected: tuple[Target, ...]) -> None:
    assert serving(GROUP, {("group", "i-a"): a, ("group", "i-b"): b}) == expected


@pytest.mark.parametrize(
    ("minimum", "expected"),
    [(HealthyMinimum(2), (A, B)), (HealthyMinimum(1, 100), (A, B)), (HealthyMinimum(1, 50), (A,))],
)
def test_too_few_healthy_targets_get_help_from_the_unhealthy(
    minimum: HealthyMinimum, expected: tuple[Target, ...]
) -> None:
    health = {("group", "i-a"): HEALTHY, ("group", "i-b"): SICK}
    assert serving(replace(GROUP, routing_minimum=minimum), health) == expected


def test_no_node_sends_anything_to_a_zone_that_is_shifted_away_from() -> None:
    both = {("group", "i-a"): HEALTHY, ("group", "i-b"): HEALTHY}
    assert serving(GROUP, both, "zone-a") == (B,)
    assert serving(GROUP, {**both, ("group", "i-b"): SICK}, "zone-a") == (B,), "it fails open to what is left"
    assert serving(replace(GROUP, cross_zone=False), both, "zone-a") == (A, B), "that is for DNS alone"


def test_a_node_that_reaches_nothing_says_nothing_of_the_targets_that_another_reaches() -> None:
    gone = TargetHealth("unused", "Target.InvalidState")
    cut_off = {("group", "i-a"): gone, ("group", "i-b"): SICK}
    seeing = {("group", "i-a"): gone, ("group", "i-b"): HEALTHY}
    assert heard([cut_off, seeing]) == [seeing]
    assert heard([cut_off, cut_off]) == [cut_off, cut_off], "nobody reaches them"
    half = {("group", "i-a"): HEALTHY, ("group", "i-b"): SICK}
    assert heard([half, seeing]) == [half, seeing]
    waiting = {("group", "i-a"): CHECKING, ("group", "i-b"): CHECKING}
    assert heard([cut_off, waiting]) == [cut_off, waiting], "the other one has not looked yet"


def test_a_node_goes_by_the_others_until_it_has_looked_itself() -> None:
    all_nodes = {("group", "i-a"): HEALTHY, ("group", "i-b"): HEALTHY}
    own = {("group", "i-a"): CHECKING, ("group", "i-b"): SICK}
    assert view(own, all_nodes) == {("group", "i-a"): HEALTHY, ("group", "i-b"): SICK}


def test_unused_targets() -> None:
    balancer = LoadBalancer(
        "arn", "name", "dns", "Z", "region", "internal", "active", (Node("eni", "zone-a", "10.0.0.5", None),), (), ()
    )
    assert unused(balancer, A) is None
    assert unused(balancer, B) == TargetHealth(
        "unused", "Target.NotInUse", "Target is in an Availability Zone that is not enabled for the load balancer"
    )
    stopped = replace(A, usable=False, state="stopped")
    assert unused(balancer, stopped) == TargetHealth("unused", "Target.InvalidState", "Target is in the stopped state")
