# SPDX-License-Identifier: GPL-3.0-or-later
"""Zonal shifts through boto3, over the lab's whole API."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from lab.world.account import inventory
from tests.unit.lab.served import Served, serve

ZONES = ("apne1-az1", "apne1-az4")


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with serve(tmp_path_factory.mktemp("authority")) as served:
        yield served


@pytest.fixture
def shifts(api: Served) -> Any:
    api.forget()
    return api.client("arc-zonal-shift")


@pytest.fixture
def balancer(api: Served, shifts: Any) -> str:
    ec2, elb = api.client("ec2"), api.client("elbv2")
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    gateway = ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
    ec2.attach_internet_gateway(VpcId=vpc, InternetGatewayId=gateway)
    subnets = [
        ec2.create_subnet(VpcId=vpc, CidrBlock=f"10.0.{number}.0/24", AvailabilityZone=f"ap-northeast-1{zone}")
        for number, zone in enumerate("ac")
    ]
    made = elb.create_load_balancer(Name="shop", Subnets=[subnet["Subnet"]["SubnetId"] for subnet in subnets])
    return str(made["LoadBalancers"][0]["LoadBalancerArn"])


def opt_in(api: Served, balancer: str, value: str = "true") -> None:
    wanted = [{"Key": "zonal_shift.config.enabled", "Value": value}]
    api.client("elbv2").modify_load_balancer_attributes(LoadBalancerArn=balancer, Attributes=wanted)


def start(shifts: Any, balancer: str, **more: str) -> dict[str, Any]:
    given = {"resourceIdentifier": balancer, "awayFrom": ZONES[1], "expiresIn": "30m", "comment": "a try", **more}
    found: dict[str, Any] = shifts.start_zonal_shift(**given)
    return found


def refusal(code: str, reason: str = "") -> Any:
    return pytest.raises(ClientError, match=code, check=lambda error: error.response.get("reason", "") == reason)


def test_a_shift_from_its_start_to_its_end(api: Served, shifts: Any, balancer: str) -> None:
    opt_in(api, balancer)
    begun = start(shifts, balancer)
    assert (begun["status"], begun["awayFrom"], begun["comment"]) == ("ACTIVE", ZONES[1], "a try")
    assert (begun["expiryTime"] - begun["startTime"]).total_seconds() == 1800
    found = shifts.get_managed_resource(resourceIdentifier=balancer)
    assert found["appliedWeights"] == {ZONES[0]: 1.0, ZONES[1]: 0.0}
    assert [(one["zonalShiftId"], one["appliedStatus"]) for one in found["zonalShifts"]] == [
        (begun["zonalShiftId"], "APPLIED")
    ]
    with refusal("ConflictException", "ZonalShiftAlreadyExists"):
        start(shifts, balancer, awayFrom=ZONES[0])

    longer = shifts.update_zonal_shift(zonalShiftId=begun["zonalShiftId"], expiresIn="3h")
    assert (longer["expiryTime"] - begun["startTime"]).total_seconds() == pytest.approx(10800, abs=10)
    assert longer["comment"] == "a try"
    assert shifts.update_zonal_shift(zonalShiftId=begun["zonalShiftId"], comment="longer")["comment"] == "longer"

    assert shifts.cancel_zonal_shift(zonalShiftId=begun["zonalShiftId"])["status"] == "CANCELED"
    assert shifts.get_managed_resource(resourceIdentifier=balancer)["zonalShifts"] == []
    for again in (shifts.cancel_zonal_shift, shifts.update_zonal_shift):
        with refusal("ConflictException", "ZonalShiftStatusNotActive"):
            again(zonalShiftId=begun["zonalShiftId"])
    assert start(shifts, balancer, awayFrom=ZONES[0])["status"] == "ACTIVE"


def test_a_shift_is_over_when_its_time_is(api: Served, shifts: Any, balancer: str) -> None:
    opt_in(api, balancer)
    begun = start(shifts, balancer, expiresIn="1m")
    backend = api.context.backends.at("arczonalshift", "ap-northeast-1")
    assert backend.zone_away_from(balancer) == "ap-northeast-1a"
    # The lab's clock is moved by a minute.
    object.__setattr__(api.context.clock, "_started", api.context.clock._started - 61)
    assert backend.zone_away_from(balancer) == ""
    [listed] = shifts.list_zonal_shifts()["items"]
    assert (listed["status"], listed["zonalShiftId"]) == ("EXPIRED", begun["zonalShiftId"])
    assert shifts.list_zonal_shifts(status="ACTIVE")["items"] == []


def test_the_status_shows_a_shift_as_long_as_it_lasts(api: Served, shifts: Any, balancer: str) -> None:
    def shown() -> list[tuple[str, str]]:
        found = inventory.resources(api.context.backends)
        return [(one.name, one.detail) for one in found if one.kind == "zonal shift"]

    opt_in(api, balancer)
    begun = start(shifts, balancer)
    assert shown() == [("shop", f"away from {ZONES[1]}")]
    shifts.cancel_zonal_shift(zonalShiftId=begun["zonalShiftId"])
    assert shown() == []


def test_lists(api: Served, shifts: Any, balancer: str) -> None:
    assert shifts.list_managed_resources()["items"] == []
    assert shifts.list_zonal_shifts()["items"] == []
    opt_in(api, balancer)
    [found] = shifts.list_managed_resources()["items"]
    assert (found["arn"], found["name"], found["availabilityZones"]) == (balancer, "shop", list(ZONES))
    start(shifts, balancer)
    [listed] = shifts.list_zonal_shifts(status="ACTIVE", resourceIdentifier=balancer)["items"]
    assert (listed["shiftType"], listed["awayFrom"]) == ("ZONAL_SHIFT", ZONES[1])
    assert shifts.list_zonal_shifts(resourceIdentifier=f"{balancer}0")["items"] == []


@pytest.mark.parametrize(
    ("more", "code", "reason"),
    [
        ({"awayFrom": "apne1-az2"}, "ValidationException", "InvalidAz"),
        ({"awayFrom": "ap-northeast-1a"}, "ValidationException", "InvalidAz"),
        ({"expiresIn": "73h"}, "ValidationException", "InvalidExpiresIn"),
        ({"expiresIn": "30s"}, "ValidationException", ""),
        ({"expiresIn": "0m"}, "ValidationException", ""),
        ({"resourceIdentifier": "arn:aws:elasticloadbalancing:x"}, "ResourceNotFoundException", ""),
    ],
)
def test_what_is_refused(api: Served, shifts: Any, balancer: str, more: dict[str, str], code: str, reason: str) -> None:
    opt_in(api, balancer)
    with refusal(code, reason):
        start(shifts, balancer, **more)
    assert shifts.list_zonal_shifts()["items"] == []


@pytest.mark.parametrize(
    ("operation", "given"),
    [
        ("start_zonal_shift", {"resourceIdentifier": "arn:aws:x", "awayFrom": "apne1-az4", "comment": "x"}),
        ("start_zonal_shift", {"resourceIdentifier": 7, "awayFrom": [], "expiresIn": "30m", "comment": "x"}),
        ("update_zonal_shift", {"zonalShiftId": "1", "expiresIn": ["30m"]}),
        ("update_zonal_shift", {"zonalShiftId": "1", "comment": 7}),
        ("list_zonal_shifts", {"status": "OVER"}),
    ],
)
def test_values_that_are_none_are_refused(api: Served, shifts: Any, operation: str, given: dict[str, Any]) -> None:
    careless = boto3.client(
        "arc-zonal-shift",
        "ap-northeast-1",
        endpoint_url=api.url,
        config=Config(parameter_validation=False, retries={"total_max_attempts": 1}),
        aws_access_key_id=api.context.owner.access_key,
        aws_secret_access_key=api.context.owner.secret_key,
    )
    with pytest.raises(ClientError) as caught:
        getattr(careless, operation)(**given)
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] in (400, 404)
    assert shifts.list_zonal_shifts()["items"] == []


def test_who_has_not_opted_in_is_not_there(api: Served, shifts: Any, balancer: str) -> None:
    with refusal("ResourceNotFoundException"):
        start(shifts, balancer)
    opt_in(api, balancer, "false")
    with refusal("ResourceNotFoundException"):
        shifts.get_managed_resource(resourceIdentifier=balancer)


def test_what_the_lab_does_not_know_is_refused(shifts: Any) -> None:
    with pytest.raises(ClientError, match="NotImplemented"):
        shifts.update_autoshift_observer_notification_status(status="ENABLED")
