# SPDX-License-Identifier: GPL-3.0-or-later
"""A site from AWS's answers."""

from __future__ import annotations

from typing import Any

from ansible_collections.hasite.aws.plugins.module_utils._site import assembly, details, network_paths, reading, scope

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


def test_a_wrong_route_does_not_make_a_private_subnet_public() -> None:
    raw = {"subnets": [subnet("s1", "a", "shop-private-a")], "route_tables": [table("s1", "igw-1")]}
    assert assembly.network(raw, "r").private_subnet_ids == ["s1"]


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


def test_of_two_machines_of_one_name_the_newer_one_has_it_in_the_inventory() -> None:
    def machine(name: str, number: int) -> dict[str, Any]:
        started = {"LaunchTime": f"2026-11-2{number}T12:00:00+00:00", "State": {"Name": "running"}}
        return {"InstanceId": f"i-{number}", "Tags": [{"Key": "Name", "Value": name}], **started}

    raw = {"instances": [machine("w-a", 3), machine("w-a", 1), machine("w-c", 2)]}
    found = {each["instance_id"]: each["host_name"] for each in assembly.assemble("shop", "r", raw, {}).instances}
    assert found == {"i-3": "w-a", "i-1": "w-a-i-1", "i-2": "w-c"}


def test_a_network_interface_has_its_address_and_groups_and_nothing_else() -> None:
    raw = {
        "NetworkInterfaceId": "eni-1",
        "Description": "EFS mount target",
        "Status": "in-use",
        "SubnetId": "subnet-1",
        "InterfaceType": "efs",
        "RequesterManaged": True,
        "PrivateIpAddress": "10.0.32.5",
        "Groups": [{"GroupId": "sg-2"}, {"GroupId": "sg-1"}],
        "TagSet": MINE,
    }
    (interface,) = assembly.network({"interfaces": [raw]}, "r").network_interfaces
    assert interface == {
        "network_interface_id": "eni-1",
        "description": "EFS mount target",
        "status": "in-use",
        "subnet_id": "subnet-1",
        "interface_type": "efs",
        "requester_managed": True,
        "private_ip_address": "10.0.32.5",
        "groups": ["sg-1", "sg-2"],
        "name": "w",
        "part": "web",
        "tags": {"hasite:site": "shop", "hasite:part": "web", "Name": "w"},
    }


def test_groups_by_part() -> None:
    raw = {"security_groups": [{"GroupId": "sg-1", "GroupName": "shop-web", "Tags": MINE}]}
    assert assembly.assemble("shop", "r", raw, {}).security_groups_by_part == {"web": "sg-1"}


def check(*verdicts: str) -> dict[str, Any]:
    return {"Id": "h", "Observations": [{"StatusReport": {"Status": verdict}} for verdict in verdicts]}


def test_a_check_is_healthy_above_18_percent() -> None:
    assert assembly.health_check(check())["healthy"]
    assert assembly.health_check(check(*["Success: HTTP 200"] * 3, *["Failure: x"] * 13))["healthy"]
    assert not assembly.health_check(check(*["Success: HTTP 200"] * 2, *["Failure: x"] * 14))["healthy"]


def test_one_failing_reader_hides_nothing() -> None:
    from botocore.exceptions import ClientError

    def client(service: str, region: str) -> Any:
        raise ClientError({"Error": {"Code": "AccessDenied", "Message": "no"}}, "Any")

    place = scope.ReadScope("shop", [], "ap-northeast-1", client)
    answers, errors = reading.read_all(place, ["hosted_zones", "buckets"])
    assert answers == {"hosted_zones": []}
    assert errors["s3: buckets"].startswith("AccessDenied: ")


BALANCER = "arn:aws:elasticloadbalancing:r:123456789012:loadbalancer/app/shop/0123456789abcdef"
SITE = assembly.assemble(
    "shop",
    "r",
    {
        "vpcs": [{"VpcId": "vpc-1"}],
        "instances": [
            {"InstanceId": "i-1", "State": {"Name": "running"}},
            {"InstanceId": "i-2", "State": {"Name": "stopped"}},
        ],
        "file_systems": [{"file_system_id": "fs-1"}],
        "load_balancers": [{"LoadBalancerArn": BALANCER, "Listeners": []}],
        "target_groups": [{"target_group_arn": "arn:tg", "port": 8080}],
    },
    {},
)


def test_network_paths_that_a_site_needs() -> None:
    paths = network_paths.needed(SITE, ["AmazonProvidedDNS"])
    needed = [(path.purpose, path.source, path.destination, path.port) for path in paths]
    assert needed == [
        ("session_manager", "i-1", "com.amazonaws.r.ssm", 443),
        ("session_manager", "i-1", "com.amazonaws.r.ssmmessages", 443),
        ("share", "i-1", "fs-1", 2049),
        ("requests", BALANCER, "i-1", 8080),
        ("visitors", "internet", BALANCER, 443),
        ("visitors", "internet", BALANCER, 80),
    ]


def test_a_resolver_outside_the_vpc_has_to_be_reached_over_both_protocols() -> None:
    names = [one for one in network_paths.needed(SITE, ["192.0.2.53"]) if one.purpose == "names"]
    assert [(name.destination, name.port, name.protocol) for name in names] == [
        ("192.0.2.53", 53, "udp"),
        ("192.0.2.53", 53, "tcp"),
    ]


def test_details_that_may_not_be_read_are_null_and_named() -> None:
    from botocore.exceptions import ClientError

    def refused(*words: Any, **arguments: Any) -> Any:
        raise ClientError({"Error": {"Code": "AccessDenied", "Message": "no"}}, "Any")

    class Client:
        def __getattr__(self, name: str) -> Any:
            return refused

    place = scope.ReadScope("shop", [], "r", lambda service, region: Client())
    found = details.add_details(place, SITE)
    assert found.details is not None
    assert found.details.dns_support is None
    assert found.details.file_system_policies is None
    assert found.details.bucket_policies == {}
    assert {"ec2: VPC attributes", "efs: file system policies", "ec2: subnets for reachability"} <= {
        one.service for one in found.unreadable
    }
