# SPDX-License-Identifier: GPL-3.0-or-later
"""A site from AWS's answers."""

from __future__ import annotations

from typing import Any

from ansible_collections.hasite.aws.plugins.module_utils._site import assembly, reading

MINE = [{"Key": "hasite:site", "Value": "shop"}, {"Key": "hasite:part", "Value": "web"}, {"Key": "Name", "Value": "w"}]


def test_nothing_is_empty_and_not_an_error() -> None:
    site = assembly.assemble("shop", "ap-northeast-1", {}, {}).as_dict()
    assert site["network"]["vpc"] is None
    assert site["instances"] == []
    assert site["load_balancer"] is None
    assert site["unreadable"] == []


def test_what_may_not_be_read_is_named() -> None:
    site = assembly.assemble("shop", "r", {}, {"efs: file systems": "AccessDenied: no"}).as_dict()
    assert site["unreadable"] == [{"service": "efs: file systems", "error": "AccessDenied: no"}]


def table(subnet: str, gateway: str) -> dict[str, Any]:
    return {
        "RouteTableId": f"rtb-{subnet}",
        "Associations": [{"SubnetId": subnet, "Main": False}],
        "Routes": [{"DestinationCidrBlock": "0.0.0.0/0", "GatewayId": gateway}],
    }


def subnet(name: str, zone: str, tag: str = "") -> dict[str, Any]:
    return {
        "SubnetId": name,
        "AvailabilityZone": zone,
        "CidrBlock": "10.0.0.0/24",
        "Tags": [{"Key": "Name", "Value": tag}],
    }


def test_routes_tell_public_from_private() -> None:
    raw = {
        "subnets": [subnet("s2", "b"), subnet("s1", "a"), subnet("s3", "a"), subnet("s4", "b", "shop-public-b")],
        "route_tables": [table("s1", "igw-1"), table("s2", "igw-1"), table("s3", "nat-1")],
    }
    network = assembly.network(raw, "r")
    assert network.public_subnet_ids == ["s1", "s2", "s4"]
    assert network.private_subnet_ids == ["s3"]


def test_machines_know_their_agents() -> None:
    raw = {
        "instances": [{"InstanceId": "i-1", "State": {"Name": "running"}, "Tags": MINE}],
        "pings": [{"instance_id": "i-1", "ping_status": "Online"}, {"instance_id": "i-9", "ping_status": "Online"}],
    }
    (machine,) = assembly.assemble("shop", "r", raw, {}).instances
    assert (machine["name"], machine["part"], machine["ssm_ping_status"]) == ("w", "web", "Online")


def test_groups_by_part() -> None:
    raw = {"security_groups": [{"GroupId": "sg-1", "GroupName": "shop-web", "Tags": MINE}]}
    assert assembly.assemble("shop", "r", raw, {}).security_groups_by_part == {"web": "sg-1"}


def check(*verdicts: str) -> dict[str, Any]:
    return {"Id": "h", "Observations": [{"StatusReport": {"Status": verdict}} for verdict in verdicts]}


def test_a_check_is_healthy_above_18_percent() -> None:
    assert assembly.health_check(check())["healthy"]
    assert assembly.health_check(check(*["Success: HTTP 200"] * 3, *["Failure: x"] * 13))["healthy"]
    assert not assembly.health_check(check(*["Success: HTTP 200"] * 2, *["Failure: x"] * 14))["healthy"]


def test_names_without_tags() -> None:
    assert assembly.belongs("shop-error-page", "shop")
    assert assembly.belongs("/shop/sessions", "shop")
    assert not assembly.belongs("shopping", "shop")


def test_one_failing_reader_hides_nothing() -> None:
    from botocore.exceptions import ClientError

    def client(service: str, region: str) -> Any:
        raise ClientError({"Error": {"Code": "AccessDenied", "Message": "no"}}, "Any")

    place = reading.Place("shop", None, "ap-northeast-1", client)
    answers, errors = reading.read_all(place, ["hosted_zones", "buckets"])
    assert answers == {"hosted_zones": []}
    assert errors["s3: buckets"].startswith("AccessDenied: ")
