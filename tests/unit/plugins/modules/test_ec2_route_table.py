# SPDX-License-Identifier: GPL-3.0-or-later
"""A route table in four steps, what is moved to it, and what has lost its tags."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.amazon.aws.plugins.module_utils.exceptions import AnsibleAWSError
from ansible_collections.hasite.aws.plugins.module_utils import _route_table

from tests.unit.plugins.modules.route53_account import REGION, open_account

WORLD = "0.0.0.0/0"


class Network:
    """A VPC with two subnets and an internet gateway, and the module."""

    def __init__(self, ec2: Any) -> None:
        self.ec2 = ec2
        self.vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
        self.a, self.c = (
            ec2.create_subnet(VpcId=self.vpc, CidrBlock=f"10.0.{number}.0/24")["Subnet"]["SubnetId"]
            for number in range(2)
        )
        self.gateway = ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
        ec2.attach_internet_gateway(VpcId=self.vpc, InternetGatewayId=self.gateway)

    def ensure(self, name: str, *subnets: str, check: bool = False, **more: Any) -> Any:
        given: dict[str, Any] = {
            "name": name,
            "vpc_id": self.vpc,
            "subnet_ids": list(subnets),
            "routes": [{"destination": WORLD, "target": self.gateway}],
            "tags": {"hasite:site": "shop"},
            "purge_tags": False,
        }
        return _route_table.ensure(self.ec2, {**given, **more}, check)

    def tables(self) -> dict[str, Any]:
        """Return all tables but the main one, by their ids."""
        found = self.ec2.describe_route_tables(Filters=[{"Name": "vpc-id", "Values": [self.vpc]}])["RouteTables"]
        normalized = [_route_table.normalize(one) for one in found if not any(x["Main"] for x in one["Associations"])]
        return {one["route_table_id"]: one for one in normalized}


@pytest.fixture
def network(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Network]:
    with open_account(tmp_path, monkeypatch) as account:
        yield Network(account.client("ec2", REGION))


def test_four_steps(network: Network) -> None:
    assert network.ensure("shop-public", network.a, check=True).changed
    assert network.tables() == {}
    made = network.ensure("shop-public", network.a)
    assert made.changed
    assert network.tables() == {made.after["route_table_id"]: made.after}
    assert made.after["tags"] == {"Name": "shop-public", "hasite:site": "shop"}
    assert not network.ensure("shop-public", network.a).changed
    network.ec2.create_route(
        RouteTableId=made.after["route_table_id"], DestinationCidrBlock="192.0.2.0/24", GatewayId=network.gateway
    )
    assert network.ensure("shop-public", network.a, check=True).changed
    assert network.ensure("shop-public", network.a).changed
    assert network.tables() == {made.after["route_table_id"]: made.after}


def test_a_subnet_is_moved_in_one_step(network: Network) -> None:
    """`amazon.aws.ec2_vpc_route_table` only takes it away from the other table, and leaves it with the main one."""
    own, other = (network.ensure(name, subnet) for name, subnet in (("a", network.a), ("c", network.c)))
    ids = [one.after["route_table_id"] for one in (own, other)]
    calls: list[str] = []
    network.ec2.meta.events.register("before-call.ec2", lambda model, **_more: calls.append(model.name))
    moved = network.ensure("a", network.a, network.c)
    assert moved.changed
    assert [one["subnet_ids"] for one in map(network.tables().__getitem__, ids)] == [sorted([network.a, network.c]), []]
    assert [call for call in calls if not call.startswith("Describe")] == ["ReplaceRouteTableAssociation"]
    assert network.ensure("c", network.c).changed
    assert network.tables() == {ids[0]: own.after, ids[1]: other.after}
    assert network.ensure("a").changed
    assert network.tables()[ids[0]]["subnet_ids"] == []


def test_a_route_is_replaced_in_one_step(network: Network) -> None:
    table = network.ensure("a", network.a).after["route_table_id"]
    address = network.ec2.allocate_address(Domain="vpc")["AllocationId"]
    nat = network.ec2.create_nat_gateway(SubnetId=network.c, AllocationId=address)["NatGateway"]["NatGatewayId"]
    changed = network.ensure("a", network.a, routes=[{"destination": WORLD, "target": nat}])
    assert changed.changed
    assert changed.before["routes"] == [{"destination": WORLD, "target": network.gateway}]
    assert network.tables()[table]["routes"] == changed.after["routes"] == [{"destination": WORLD, "target": nat}]


@pytest.mark.parametrize("lost", ["Name", "hasite:site"])
def test_a_table_that_has_lost_a_tag_is_the_same_one(network: Network, lost: str) -> None:
    made = network.ensure("a", network.a).after
    network.ec2.delete_tags(Resources=[made["route_table_id"]], Tags=[{"Key": lost}])
    assert network.ensure("a", network.a).changed
    assert network.tables() == {made["route_table_id"]: made}


def test_tags_come_back_before_routes_since_the_caller_may_change_the_sites_only(network: Network) -> None:
    table = network.ensure("a", network.a).after["route_table_id"]
    network.ec2.delete_tags(Resources=[table], Tags=[{"Key": "hasite:site"}])
    network.ec2.delete_route(RouteTableId=table, DestinationCidrBlock=WORLD)
    calls: list[str] = []
    network.ec2.meta.events.register("before-call.ec2", lambda model, **_more: calls.append(model.name))
    assert network.ensure("a", network.a).changed
    assert [call for call in calls if not call.startswith("Describe")] == ["CreateTags", "CreateRoute"]


def test_a_table_of_somebody_else_is_left_alone(network: Network) -> None:
    theirs = network.ensure("theirs", network.a, tags={}).after["route_table_id"]
    network.ec2.delete_tags(Resources=[theirs], Tags=[{"Key": "Name"}])
    made = network.ensure("a", network.a).after
    assert made["route_table_id"] != theirs
    assert network.tables()[theirs]["tags"] == {}
    assert network.tables()[theirs]["routes"] == made["routes"]


def test_a_target_of_no_known_kind_is_refused_before_anything_is_made(network: Network) -> None:
    with pytest.raises(AnsibleAWSError, match=r"The route to 0\.0\.0\.0/0 has the target i-0; name one "):
        network.ensure("a", network.a, routes=[{"destination": WORLD, "target": "i-0"}])
    assert network.tables() == {}
    assert _route_table.arguments("::/0", "eigw-1") == {
        "DestinationIpv6CidrBlock": "::/0",
        "EgressOnlyInternetGatewayId": "eigw-1",
    }


def test_a_failure_says_what_was_tried(network: Network) -> None:
    with pytest.raises(AnsibleAWSError, match="Failed to associate subnet-0 with route table rtb-"):
        network.ensure("a", "subnet-0")
