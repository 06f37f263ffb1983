# SPDX-License-Identifier: GPL-3.0-or-later
"""From a drill's records to its timeline: what was measured, and what is passed."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from ansible_collections.hasite.aws.plugins.module_utils._failover import judging, picture, progress
from hypothesis import given
from hypothesis import strategies as st

SPREADS = {
    "new_visitors": {"median": 29.0, "p95": 30.0, "longest": 31.0},
    "returning_visitors": {"median": 59.0, "p95": 86.0, "longest": 91.0},
}
BUDGET = {
    "error_page": SPREADS,
    "back": SPREADS,
    "one_machine": {"detection": 30, "recovery": 30},
    "zone": {"new_visitors": 30, "returning_visitors": 90},
    "edge": {"error_ttl": 5},
}
BY = judging.Limits(BUDGET)
ANSWERS: dict[str, dict[str, Any]] = {
    "site": {"status": 200, "host": "ip-1"},
    "error_page": {"status": 503, "headers": {"cache-control": "no-store"}},
}


def visit(at: float, outcome: str, visitor: str = "new", **more: Any) -> dict[str, Any]:
    return {"at": at, "visitor": visitor, "outcome": outcome, "seconds": 0.0, **ANSWERS.get(outcome, {}), **more}


def both(at: float, outcome: str, **more: Any) -> list[dict[str, Any]]:
    return [visit(at, outcome, visitor, **more) for visitor in progress.VISITORS]


def state(at: float, target: str = "healthy", machine: str = "running") -> dict[str, Any]:
    return {
        "at": at,
        "instances": {"i-1": machine},
        "targets": {"i-1": target},
        "checkers": {"healthy": 16 if target == "healthy" else 0, "all": 16},
    }


def run(
    stage: str,
    visits: list[dict[str, Any]],
    states: list[dict[str, Any]],
    by: judging.Limits = BY,
    ended: float = 999,
) -> dict[str, Any]:
    stages = judging.cut([{"stage": stage, "act": "act", "at": 0.0}], visits, states, ended)
    judged: dict[str, Any] = judging.judge(stages, by)
    return judged


def measured(timeline: dict[str, Any]) -> list[float | None]:
    return [check["measured"] for check in timeline["stages"][0]["checks"]]


def test_stages_begin_with_their_first_act() -> None:
    events = [
        {"stage": "one_stopped", "act": "stop", "at": 10.0},
        {"stage": "one_stopped", "act": "start", "at": 20.0},
        {"stage": "all_stopped", "act": "stop", "at": 30.0},
    ]
    first, second = judging.cut(events, [visit(at, "site") for at in (5, 15, 25, 35)], [], 40.0)
    assert [one["at"] for one in first.visits] == [15, 25]
    assert (first.ended, second.ended) == (30.0, 40.0)


def test_error_page_is_measured_from_the_sites_last_answer() -> None:
    visits = [*both(1, "site"), *both(5, "failure"), visit(30, "error_page"), visit(40, "site", "returning")]
    visits += [visit(70, "error_page", "returning"), visit(71, "error_page")]
    timeline = run("all_stopped", visits, [])
    # The returning visitor's page at 40 was the site's last answer.
    assert measured(timeline) == [0.0, 30.0, 0.0]
    assert timeline["passed"]


def test_an_alias_must_fail_over_too_though_it_is_redirected_while_no_machine_answers() -> None:
    own = [*both(1, "site"), *both(5, "failure"), *both(30, "error_page")]
    aliases = [
        visit(at, outcome, "alias", name="a.test") for at, outcome in ((2, "site"), (20, "site"), (31, "error_page"))
    ]
    timeline = run("all_stopped", [*own, *aliases], [])
    assert measured(timeline) == [29.0, 29.0, 30.0, 0.0]
    assert timeline["passed"]
    never = run("all_stopped", [*own, *aliases[:2]], [])
    assert [check["passed"] for check in never["stages"][0]["checks"]] == [True, True, False, True]
    back = run(
        "all_started",
        [*both(5, "error_page"), *both(30, "site"), visit(31, "site", "alias", name="a.test")],
        [state(10)],
    )
    assert measured(back) == [20.0, 20.0, 21.0]


def test_late_error_page_fails_the_drill() -> None:
    timeline = run("all_stopped", [*both(1, "site"), visit(50, "error_page"), visit(50, "error_page", "returning")], [])
    assert [check["passed"] for check in timeline["stages"][0]["checks"]] == [False, True, True]
    assert not timeline["passed"]


def test_error_page_that_never_came_fails_the_drill() -> None:
    timeline = run("all_stopped", [*both(1, "site"), *both(5, "failure")], [])
    assert measured(timeline)[:2] == [None, None]
    assert not timeline["passed"]


@pytest.mark.parametrize("wrong", [{"status": 200}, {"headers": {"cache-control": "max-age=60"}}, {"headers": {}}])
def test_error_page_that_sticks_fails_the_drill(wrong: dict[str, Any]) -> None:
    timeline = run("all_stopped", [*both(1, "site"), *both(5, "error_page", **wrong)], [])
    assert measured(timeline)[2] == 2.0
    assert not timeline["passed"]


def test_way_back_is_measured_from_the_first_healthy_target() -> None:
    states = [state(1, "initial"), state(10)]
    visits = [*both(5, "error_page"), visit(12, "site"), visit(13, "error_page"), *both(30, "site"), *both(31, "site")]
    assert measured(run("all_started", visits, states)) == [20.0, 20.0]
    assert measured(run("all_started", visits, states[:1])) == [None, None]


def test_a_lost_machine_may_fail_visitors_for_as_long_as_the_balancer_needs_to_notice() -> None:
    alternating = [one for at in range(0, 20, 2) for one in (visit(at, "failure"), visit(at + 1, "site"))]
    timeline = run("one_stopped", [*alternating, visit(60, "site")], [])
    assert measured(timeline) == [18.0, 0.0]
    assert timeline["passed"]
    longer = [one for at in range(0, 60, 2) for one in (visit(at, "failure"), visit(at + 1, "site"))]
    assert not run("one_stopped", [*longer, visit(90, "site")], [])["passed"]
    assert not run("one_stopped", [*alternating, visit(60, "failure")], [])["passed"]


def test_a_lost_zone_may_keep_its_place_in_the_name_for_as_long_as_the_balancer_and_resolvers_need() -> None:
    def met(visitor: str, until: int) -> list[dict[str, Any]]:
        silent = {"silent": ["192.0.2.1"]}
        return [visit(at, "site", visitor, **(silent if at % 2 else {})) for at in range(until)]

    end = both(200, "site")
    timeline = run("zone_lost", [*met("new", 30), *met("returning", 90), *end], [])
    assert measured(timeline) == [0.0, 0.0, 28.0, 88.0]
    assert timeline["passed"]
    assert timeline["stages"][0]["availability"]["new"]["led_on"] == 15
    late = run("zone_lost", [*met("new", 60), *met("returning", 90), *end], [])
    assert [check["passed"] for check in late["stages"][0]["checks"]] == [True, True, False, True]
    late = run("zone_lost", [*met("new", 30), *met("returning", 130), *end], [])
    assert [check["passed"] for check in late["stages"][0]["checks"]] == [True, True, True, False]
    gone = run("zone_lost", [*both(1, "site"), *both(5, "error_page")], [])
    assert not gone["passed"]


def edge_run(visits: list[dict[str, Any]]) -> dict[str, Any]:
    events = [
        {"stage": "edge_lost", "act": act, "at": at}
        for act, at in (("refuse", 10.0), ("refused", 11.0), ("admit", 50.0), ("admitted", 51.0))
    ]
    judged: dict[str, Any] = judging.judge(judging.cut(events, visits, [], 999), BY)
    return judged


def asked(began: int, until: int, outcome: str) -> list[dict[str, Any]]:
    return [visit(at, outcome, "edge") for at in range(began, until)]


def test_a_lost_edge_is_seen_by_who_asks_it_and_by_no_visitor() -> None:
    up = [one for at in range(10, 60) for one in both(at, "site")]
    edge = [*asked(10, 12, "error_page"), *asked(12, 52, "failure"), *asked(52, 60, "error_page")]
    timeline = edge_run([*up, *edge])
    assert measured(timeline) == [0.0, 1.0, 1.0]
    assert timeline["passed"]
    [stage] = timeline["stages"]
    assert stage["availability"]["edge"]["failure"] == 40
    assert stage["recovery"] == {"seconds": 0.0, "budget": 0.0}


def test_a_lost_edge_that_visitors_need_or_that_is_not_lost_or_stays_so_fails_the_drill() -> None:
    def passed(visits: list[dict[str, Any]]) -> list[bool]:
        return [check["passed"] for check in edge_run(visits)["stages"][0]["checks"]]

    up = [one for at in range(10, 60) for one in both(at, "site")]
    lost, back = asked(10, 50, "failure"), asked(52, 60, "error_page")
    assert passed([*up, *lost, *back]) == [True, True, True]
    assert passed([*up, visit(30, "failure"), *lost, *back]) == [False, True, True]
    assert passed([*up, visit(30, "error_page"), *lost, *back]) == [False, True, True]
    assert passed([*up, *asked(10, 60, "error_page")]) == [True, False, False]
    assert passed([*up, *lost, *asked(50, 60, "failure")]) == [True, True, False]
    assert passed([*lost, *back]) == [False, True, True], "nobody has visited the site"
    moment = [*asked(51, 55, "error_page"), *asked(55, 56, "failure"), *asked(56, 60, "error_page")]
    assert passed([*up, *lost, *moment]) == [True, True, True], "of a network that once lost a packet"
    late = [*asked(10, 40, "error_page"), *asked(40, 50, "failure"), *back]
    assert passed([*up, *late]) == [True, False, True]


def test_who_asks_the_edge_is_no_visitor_of_the_site() -> None:
    timeline = run("one_stopped", [*both(1, "site"), *asked(2, 40, "failure"), *both(50, "site")], [])
    assert measured(timeline) == [0.0, 0.0]


def test_recovery_is_measured_as_visitors_meet_it() -> None:
    def recovery(timeline: dict[str, Any]) -> tuple[float | None, float]:
        found = timeline["stages"][0]["recovery"]
        return found["seconds"], found["budget"]

    failing = [one for at in range(5, 20) for one in both(at, "failure")]
    assert recovery(run("one_stopped", [*both(1, "site"), *failing, *both(50, "site")], [])) == (14.0, 30.0)
    assert recovery(run("one_stopped", [*both(1, "site"), *failing], [])) == (None, 30.0)
    page = [*both(1, "site"), visit(30, "error_page"), visit(70, "error_page", "returning")]
    assert recovery(run("all_stopped", page, [])) == (69.0, 91.0)
    assert recovery(run("all_stopped", page[:3], [])) == (None, 91.0)
    back = [*both(1, "error_page"), visit(60, "site"), visit(80, "site", "returning")]
    assert recovery(run("all_started", back, [state(40)])) == (80.0, 211.0), "with the time in which machines boot"


def test_an_objective_has_to_be_kept() -> None:
    visits = [*both(1, "site"), *both(30, "error_page")]
    kept = judging.Limits(BUDGET, objective=60)
    missed = judging.Limits(BUDGET, objective=20)
    assert run("all_stopped", visits, [], kept)["passed"]
    last = run("all_stopped", visits, [], missed)["stages"][0]["checks"][-1]
    assert (last["what"], last["measured"], last["limit"], last["passed"]) == (
        "the recovery keeps the objective", 29.0, 20, False,
    )  # fmt: skip


def test_a_faster_clock_is_taken_into_account() -> None:
    visits = [*both(1, "site"), *both(6, "error_page")]
    assert measured(run("all_stopped", visits, [], judging.Limits(BUDGET, speed=4)))[:2] == [20.0, 20.0]


def test_availability_counts_each_visitor() -> None:
    timeline = run("one_stopped", [visit(1, "site"), visit(2, "failure"), visit(3, "error_page"), visit(4, "site")], [])
    found = timeline["stages"][0]["availability"]
    assert found["new"]["site_share"] == 0.5
    assert found["new"]["answered_share"] == 0.75
    assert found["returning"]["site_share"] is None


def test_moments_name_what_changed() -> None:
    visits = [visit(at, "site", addresses=[address]) for at, address in ((1, "192.0.2.1"), (4, "192.0.2.9"))]
    states = [state(1), {"at": 1.5, "error": "Throttling"}, state(2), state(3, "unused", "stopping")]
    found = judging.moments(states, visits)
    assert [(one["at"], one["what"]) for one in found] == [
        (3, "machine i-1: running → stopping"),
        (3, "target i-1: healthy → unused"),
        (3, "the checkers' last answers: enough are good → too few are good"),
        (4, "the name servers' answer: 192.0.2.1 → 192.0.2.9"),
    ]


outcomes = st.lists(st.sampled_from(["site", "failure", "error_page"]), min_size=1, max_size=30)


@given(found=outcomes)
def test_trouble_lies_within_the_record(found: list[str]) -> None:
    visits = [visit(at, outcome) for at, outcome in enumerate(found)]
    longest = progress.longest_trouble(visits, 5)
    assert 0 <= longest <= len(found) - 1
    assert longest == 0 or found.count("site") < len(found)
    steady = judging.first_steady(visits, "site")
    assert (steady is None) == (found[-1] != "site")


def test_picture_has_a_row_for_each_visitor_machine_and_target() -> None:
    stages = judging.cut(
        [{"stage": "all_stopped", "act": "act", "at": 0.0}],
        [*both(1, "site"), *both(9, "error_page")],
        [state(1), state(5, "unused", "stopped")],
        20.0,
    )
    rows = {row.label: row.stretches for row in picture.rows(stages, BY)}
    assert rows["new visitor"] == [(1, 8, "site"), (9, 11, "error_page")]
    assert rows["machine …i-1"] == [(1, 4, "running"), (5, 15, "stopped")]
    assert "the edge itself" not in rows
    assert "the edge itself" in {
        row.label for row in picture.rows([replace(stages[0], visits=asked(1, 9, "failure"))], BY)
    }
    drawn = picture.draw(stages, BY)
    assert drawn.startswith("<svg")
    assert "all stopped" in drawn


def test_a_drill_that_was_ended_before_its_first_visit_has_a_picture() -> None:
    stages = judging.cut([{"stage": "one_stopped", "act": "act", "at": 0.0}], [], [], 1.0)
    assert picture.draw(stages, BY).startswith("<svg")
    assert not judging.judge(stages, BY)["passed"]


def test_goal_wants_both_visitors_steady() -> None:
    goal = progress.Goal("error_page")
    visits = [one for at in range(3) for one in both(at, "error_page")]
    assert goal.met(visits, {})
    assert not goal.met(visits[:-1], {})
    assert not goal.met([*visits, visit(9, "site")], {})
    assert not progress.Goal("error_page", healthy_targets=1).met(visits, state(1, "unused"))


def test_goal_may_want_machines_stopped() -> None:
    visits = [one for at in range(3) for one in both(at, "site")]
    goal = progress.Goal("site", stopped=("i-1",))
    assert not goal.met(visits, {})
    assert not goal.met(visits, state(1, "unused", "stopping"))
    assert goal.met(visits, state(1, "unused", "stopped"))


def test_goal_may_want_the_edge_too() -> None:
    visits = [one for at in range(3) for one in both(at, "site")]
    goal = progress.Goal("site", edge="error_page")
    assert not goal.met(visits, {})
    assert goal.met([*visits, *asked(0, 3, "error_page")], {})
    assert not goal.met([*visits, *asked(0, 3, "error_page"), *asked(3, 4, "failure")], {})
    assert "the edge itself: the error page" in progress.line(1, 2, [*visits, *asked(0, 3, "error_page")], {})


def test_line_says_what_happens() -> None:
    told = progress.line(
        12.3, 91, [visit(1, "site"), visit(1, "failure", "returning", error="TimeoutError: x")], state(1)
    )
    assert told == (
        "  12 s of 91 s expected | new visitor: ip-1 | returning visitor: a failure (TimeoutError: x) | "
        "machines: 1 running | targets: 1 of 1 healthy | checkers: 16 of 16 content"
    )
