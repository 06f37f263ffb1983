# SPDX-License-Identifier: GPL-3.0-or-later
"""What ends a drill at once, and what does not."""

from __future__ import annotations

from typing import Any

from ansible_collections.hasite.aws.plugins.module_utils._failover import stopping, watching

SPARED = stopping.Conditions(trouble=80, spared=("i-2",), longest=600)
MINE = "arn:aws:cloudwatch:us-east-1:123456789012:alarm:shop:orders"


def state(machine: str = "running", target: str = "healthy", **more: Any) -> dict[str, Any]:
    return {
        "at": 1.0,
        "instances": {"i-1": "stopped", "i-2": machine},
        "targets": {"i-1": "unused", "i-2": target},
        **more,
    }


def fired(states: list[dict[str, Any]], elapsed: float = 10, troubled: float = 0) -> str:
    found = SPARED.fired(elapsed, troubled, states)
    return found.condition if found else ""


def test_nothing_ends_a_stage_that_goes_as_it_should() -> None:
    assert fired([state()] * 5) == ""
    assert fired([]) == ""
    assert fired([state()] * 5, elapsed=600, troubled=80) == ""


def test_visitors_who_go_without_the_site_for_too_long_end_it() -> None:
    assert fired([state()], troubled=81) == "visitors"
    assert stopping.Conditions().fired(10, 500, []) is None, "a stage that promises nothing"


def test_a_machine_that_is_left_alone_and_fails_ends_it() -> None:
    assert fired([state(), *[state("stopping")] * 3]) == "outside"
    assert fired([state(), *[state(target="unhealthy")] * 3]) == "outside"
    found = SPARED.fired(10, 0, [state("stopping")] * 3)
    assert found is not None
    assert found.why == "i-2, which this stage leaves alone, is stopping"


def test_a_moment_of_weakness_and_a_look_that_failed_do_not_end_it() -> None:
    assert fired([state("stopping"), state("stopping"), state()]) == ""
    assert fired([state("stopping"), state("stopping")]) == ""
    assert fired([{"at": 1.0, "error": "Throttling"}] * 5) == ""
    assert fired([state("stopping"), {"at": 1.0, "error": "Throttling"}, *[state("stopping")] * 2]) == "outside"


def test_an_alarm_ends_it() -> None:
    assert fired([state(alarms={"orders": "OK", "other": "INSUFFICIENT_DATA"})]) == ""
    assert fired([state(alarms={"orders": "ALARM"})]) == "alarm"
    assert stopping.Conditions(alarms=False).fired(10, 0, [state(alarms={"orders": "ALARM"})]) is None
    assert fired([state(alarms={"orders": "ALARM"}), state(alarms={"orders": "OK"})]) == ""


def test_time_that_is_long_up_ends_it() -> None:
    assert fired([state()] * 5, elapsed=601) == "time"


def test_each_condition_is_told() -> None:
    assert set(stopping.CONDITIONS) == {"visitors", "outside", "alarm", "time"}


def test_an_alarm_is_named_or_given_by_its_arn() -> None:
    assert stopping.place_of("orders", "ap-northeast-1") == ("ap-northeast-1", "orders")
    assert stopping.place_of("a:b:c", "ap-northeast-1") == ("ap-northeast-1", "a:b:c")
    assert stopping.place_of(MINE, "ap-northeast-1") == ("us-east-1", "shop:orders")


class CloudWatch:
    """Has one metric alarm and one composite alarm in each region."""

    def describe_alarms(self, AlarmNames: list[str], AlarmTypes: list[str]) -> dict[str, Any]:  # noqa: N803
        assert AlarmTypes == ["MetricAlarm", "CompositeAlarm"]
        composite = [{"AlarmName": one, "StateValue": "ALARM"} for one in AlarmNames if one == "shop:orders"]
        metric = [{"AlarmName": one, "StateValue": "OK"} for one in AlarmNames if one == "orders"]
        return {"MetricAlarms": metric, "CompositeAlarms": composite}


def test_alarms_are_asked_for_where_they_are_and_one_that_is_not_there_is_an_obstacle() -> None:
    asked = []

    def cloudwatch(region: str) -> CloudWatch:
        asked.append(region)
        return CloudWatch()

    states = watching.alarm_states(["orders", MINE, "gone"], cloudwatch, "ap-northeast-1")
    assert states == {"orders": "OK", MINE: "ALARM"}
    assert asked == ["ap-northeast-1", "us-east-1"]
    gone, alarming = stopping.alarm_obstacles(["orders", MINE, "gone"], states)
    assert gone == "There is no alarm gone, which is to end the drill. Correct drill_stop_alarms."
    assert alarming.startswith(f"The alarm {MINE}, which is to end the drill, is in the state ALARM already.")
