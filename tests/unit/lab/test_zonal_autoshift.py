# SPDX-License-Identifier: GPL-3.0-or-later
"""Zonal autoshift through boto3, over the lab's whole API, and what AWS's operators do."""

from __future__ import annotations

import datetime
from typing import Any

import pytest
from botocore.exceptions import ClientError

from lab.api.services.zonal_autoshift import console
from lab.world.account import inventory
from lab.world.balancer.zonal_shift import window_is_one
from tests.unit.lab.served import Served
from tests.unit.lab.test_zonal_shift import ZONES, api, balancer, opt_in, refusal, shifts, start

__all__ = ["api", "balancer", "shifts"]


@pytest.fixture
def alarm(api: Served, shifts: Any) -> dict[str, str]:
    cloudwatch = api.client("cloudwatch")
    cloudwatch.put_metric_alarm(
        AlarmName="errors",
        MetricName="HTTPCode_ELB_5XX_Count",
        Namespace="AWS/ApplicationELB",
        ComparisonOperator="GreaterThanThreshold",
        EvaluationPeriods=1,
        Period=60,
        Statistic="Sum",
        Threshold=10,
    )
    return {"type": "CLOUDWATCH", "alarmIdentifier": cloudwatch.describe_alarms()["MetricAlarms"][0]["AlarmArn"]}


def enable(shifts: Any, balancer: str, alarm: dict[str, str]) -> None:
    shifts.create_practice_run_configuration(resourceIdentifier=balancer, outcomeAlarms=[alarm])
    shifts.update_zonal_autoshift_configuration(resourceIdentifier=balancer, zonalAutoshiftStatus="ENABLED")


def test_autoshift_wants_practice_runs_and_practice_runs_an_alarm(
    api: Served, shifts: Any, balancer: str, alarm: dict[str, str]
) -> None:
    with refusal("ResourceNotFoundException"):
        enable(shifts, balancer, alarm)
    opt_in(api, balancer)
    with refusal("ConflictException", "PracticeConfigurationDoesNotExist"):
        shifts.update_zonal_autoshift_configuration(resourceIdentifier=balancer, zonalAutoshiftStatus="ENABLED")
    with refusal("ValidationException", "InvalidAlarmCondition"):
        enable(shifts, balancer, {**alarm, "alarmIdentifier": "arn:aws:cloudwatch:none"})
    enable(shifts, balancer, alarm)
    with refusal("ConflictException", "PracticeConfigurationAlreadyExists"):
        enable(shifts, balancer, alarm)
    with refusal("ConflictException", "AutoShiftEnabled"):
        shifts.delete_practice_run_configuration(resourceIdentifier=balancer)
    [row] = shifts.list_managed_resources()["items"]
    assert (row["zonalAutoshiftStatus"], row["practiceRunStatus"]) == ("ENABLED", "ENABLED")
    changed = shifts.update_practice_run_configuration(
        resourceIdentifier=balancer, blockedWindows=["Mon:09:00-Mon:17:30"]
    )
    assert changed["practiceRunConfiguration"] == {"outcomeAlarms": [alarm], "blockedWindows": ["Mon:09:00-Mon:17:30"]}
    shifts.update_zonal_autoshift_configuration(resourceIdentifier=balancer, zonalAutoshiftStatus="DISABLED")
    shifts.delete_practice_run_configuration(resourceIdentifier=balancer)
    assert "practiceRunConfiguration" not in shifts.get_managed_resource(resourceIdentifier=balancer)


def test_aws_shifts_those_who_have_agreed(api: Served, shifts: Any, balancer: str, alarm: dict[str, str]) -> None:
    opt_in(api, balancer)
    backend = api.context.backends.at("arczonalshift", "ap-northeast-1")
    assert console(api.context, {"zone": "ap-northeast-1a"})["resources"] == []
    assert backend.zone_away_from(balancer) == ""
    console(api.context, {"zone": None})
    enable(shifts, balancer, alarm)
    assert backend.zone_away_from(balancer) == ""

    assert console(api.context, {"zone": "ap-northeast-1a"})["resources"] == [balancer]
    assert backend.zone_away_from(balancer) == "ap-northeast-1a"
    found = shifts.get_managed_resource(resourceIdentifier=balancer)
    assert found["appliedWeights"] == {ZONES[0]: 1.0, ZONES[1]: 0.0}
    assert [(one["awayFrom"], one["appliedStatus"]) for one in found["autoshifts"]] == [(ZONES[1], "APPLIED")]
    assert [one["awayFrom"] for one in shifts.list_autoshifts(status="ACTIVE")["items"]] == [ZONES[1]]
    shown = [one.detail for one in inventory.resources(api.context.backends) if one.kind == "zonal shift"]
    assert shown == [f"away from {ZONES[1]}, by AWS"]

    own = start(shifts, balancer, awayFrom=ZONES[0])
    assert backend.zone_away_from(balancer) == "ap-northeast-1c", "the owner's own comes before"
    found = shifts.get_managed_resource(resourceIdentifier=balancer)
    assert [one["appliedStatus"] for one in found["autoshifts"]] == ["NOT_APPLIED"]
    shifts.cancel_zonal_shift(zonalShiftId=own["zonalShiftId"])
    assert backend.zone_away_from(balancer) == "ap-northeast-1a"

    assert console(api.context, {"zone": None})["ended"] == [ZONES[1]]
    assert backend.zone_away_from(balancer) == ""
    assert [one["status"] for one in shifts.list_autoshifts()["items"]] == ["COMPLETED", "COMPLETED"]
    assert "began" not in console(api.context, {"zone": "eu-west-9z"})


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        ({"blockedDates": ["2027-02-30"]}, "InvalidPracticeBlocker"),
        ({"blockedWindows": ["Mon:09:00-Tue:10:00"]}, "InvalidPracticeWindows"),
        (
            {"blockedWindows": ["Mon:09:00-Mon:10:00"], "allowedWindows": ["Tue:09:00-Tue:10:00"]},
            "InvalidPracticeWindows",
        ),
    ],
)
def test_when_practice_runs_cannot_be(
    api: Served, shifts: Any, balancer: str, alarm: dict[str, str], given: dict[str, Any], reason: str
) -> None:
    opt_in(api, balancer)
    with pytest.raises(ClientError) as caught:
        shifts.create_practice_run_configuration(resourceIdentifier=balancer, outcomeAlarms=[alarm], **given)
    assert caught.value.response["reason"] == reason
    with refusal("ConflictException", "PracticeConfigurationDoesNotExist"):
        shifts.update_practice_run_configuration(resourceIdentifier=balancer, outcomeAlarms=[alarm])


@pytest.mark.parametrize(
    ("window", "fits"),
    [
        ("Mon:09:00-Mon:17:30", True),
        ("Mon:17:30-Mon:09:00", False),
        ("Mon:09:00-Tue:10:00", False),
        ("Mon:09:00-Mon:24:00", False),
        ("monday", False),
    ],
)
def test_windows(window: str, fits: bool) -> None:
    assert window_is_one(window) is fits


def practice(shifts: Any, balancer: str, zone: str = ZONES[1]) -> str:
    made = shifts.start_practice_run(resourceIdentifier=balancer, awayFrom=zone, comment="a try")
    assert (made["expiryTime"] - made["startTime"]).total_seconds() == 1800
    return str(made["zonalShiftId"])


def outcome(shifts: Any, shift: str) -> str:
    [found] = [one for one in shifts.list_zonal_shifts()["items"] if one["zonalShiftId"] == shift]
    assert found["shiftType"] == "PRACTICE_RUN"
    return str(found["practiceRunOutcome"])


def test_a_practice_run_is_a_shift_that_others_come_before(
    api: Served, shifts: Any, balancer: str, alarm: dict[str, str]
) -> None:
    opt_in(api, balancer)
    with refusal("ConflictException", "PracticeConfigurationDoesNotExist"):
        practice(shifts, balancer)
    enable(shifts, balancer, alarm)
    with refusal("ValidationException", "InvalidAz"):
        practice(shifts, balancer, "apne1-az2")
    backend = api.context.backends.at("arczonalshift", "ap-northeast-1")
    first = practice(shifts, balancer)
    assert backend.zone_away_from(balancer) == "ap-northeast-1a"
    assert outcome(shifts, first) == "PENDING"
    with refusal("ConflictException", "ZonalShiftAlreadyExists"):
        practice(shifts, balancer)

    own = start(shifts, balancer, awayFrom=ZONES[0])
    assert (backend.zone_away_from(balancer), outcome(shifts, first)) == ("ap-northeast-1c", "INTERRUPTED")
    with refusal("ValidationException", "UnsupportedPracticeCancelShiftType"):
        shifts.cancel_practice_run(zonalShiftId=own["zonalShiftId"])
    shifts.cancel_zonal_shift(zonalShiftId=own["zonalShiftId"])

    second = practice(shifts, balancer)
    console(api.context, {"zone": "ap-northeast-1c"})
    assert (backend.zone_away_from(balancer), outcome(shifts, second)) == ("ap-northeast-1c", "INTERRUPTED")
    with refusal("ConflictException", "ZonalAutoshiftActive"):
        practice(shifts, balancer)
    console(api.context, {"zone": None})

    third = practice(shifts, balancer)
    assert shifts.cancel_practice_run(zonalShiftId=third)["status"] == "CANCELED"
    assert (backend.zone_away_from(balancer), outcome(shifts, third)) == ("", "INTERRUPTED")
    last = practice(shifts, balancer)
    object.__setattr__(api.context.clock, "_started", api.context.clock._started - 1801)
    assert (backend.zone_away_from(balancer), outcome(shifts, last)) == ("", "SUCCEEDED")


def test_an_alarm_ends_a_practice_run_and_lets_none_begin(
    api: Served, shifts: Any, balancer: str, alarm: dict[str, str]
) -> None:
    opt_in(api, balancer)
    enable(shifts, balancer, alarm)
    run = practice(shifts, balancer)
    cloudwatch = api.client("cloudwatch")
    cloudwatch.set_alarm_state(AlarmName="errors", StateValue="ALARM", StateReason="a test")
    backend = api.context.backends.at("arczonalshift", "ap-northeast-1")
    assert (backend.zone_away_from(balancer), outcome(shifts, run)) == ("", "FAILED")
    with refusal("ConflictException", "PracticeOutcomeAlarmsRed"):
        practice(shifts, balancer)
    cloudwatch.set_alarm_state(AlarmName="errors", StateValue="OK", StateReason="a test")
    assert outcome(shifts, run) == "FAILED", "it stays so"
    practice(shifts, balancer)


def test_practice_keeps_to_its_times(api: Served, shifts: Any, balancer: str, alarm: dict[str, str]) -> None:
    opt_in(api, balancer)
    enable(shifts, balancer, alarm)
    now = datetime.datetime.fromtimestamp(api.context.clock.time(), datetime.UTC)
    if (now.hour, now.minute) >= (23, 58):  # no window reaches into the last minute
        pytest.skip("The day is about to end.")
    always, never = ([f"{day}:00:00-{day}:23:59"] for day in (f"{now:%a}", f"{now + datetime.timedelta(2):%a}"))
    for given, reason in (
        ({"blockedDates": [f"{now:%Y-%m-%d}"]}, "PracticeInBlockedDates"),
        ({"blockedDates": [], "blockedWindows": always}, "PracticeInBlockedWindows"),
        ({"blockedWindows": [], "allowedWindows": never}, "PracticeOutsideAllowedWindows"),
    ):
        shifts.update_practice_run_configuration(resourceIdentifier=balancer, **given)
        with refusal("ConflictException", reason):
            practice(shifts, balancer)
    shifts.update_practice_run_configuration(resourceIdentifier=balancer, allowedWindows=always)
    practice(shifts, balancer)
