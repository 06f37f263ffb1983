# SPDX-License-Identifier: GPL-3.0-or-later
"""A service's endpoint in four steps: check, change, idempotent, changed again; and what of it is changed by hand."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.amazon.aws.plugins.module_utils.exceptions import AnsibleAWSError
from ansible_collections.hasite.aws.plugins.module_utils import _service_endpoint

from tests.unit.plugins.modules.route53_account import REGION, open_account

S3, SSM = f"com.amazonaws.{REGION}.s3", f"com.amazonaws.{REGION}.ssm"


def policy(account_id: str, actions: Any = "s3:*") -> dict[str, Any]:
    statement = {
        "Effect": "Allow",
        "Principal": "*",
        "Action": actions,
        "Resource": "*",
        "Condition": {"StringEquals": {"aws:ResourceAccount": account_id}},
    }
    return {"Version": "2012-10-17", "Statement": [statement]}


class Network:
    """A VPC with two subnets, two route tables and two security groups, and the module."""

    def __init__(self, ec2: Any) -> None:
        self.ec2 = ec2
        self.vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
        ec2.modify_vpc_attribute(VpcId=self.vpc, EnableDnsHostnames={"Value": True})
        self.tables = [ec2.create_route_table(VpcId=self.vpc)["RouteTable"]["RouteTableId"] for _ in range(3)]
        self.subnets = [
            ec2.create_subnet(VpcId=self.vpc, CidrBlock=f"10.0.{number}.0/24", AvailabilityZone=f"{REGION}{zone}")[
                "Subnet"
            ]["SubnetId"]
            for number, zone in enumerate("ac")
        ]
        self.groups = [
            ec2.create_security_group(GroupName=name, Description=name, VpcId=self.vpc)["GroupId"] for name in "xy"
        ]

    def gateway(self, wanted: dict[str, Any] | str = "", *tables: str, check: bool = False, **more: Any) -> Any:
        given: dict[str, Any] = {
            "vpc_id": self.vpc,
            "service": S3,
            "vpc_endpoint_type": "Gateway",
            "policy": wanted if isinstance(wanted, str) and wanted else json.dumps(wanted or policy("1")),
            "route_table_ids": list(tables or self.tables[:2]),
            "subnet_ids": None,
            "security_group_ids": None,
            "tags": {"Name": "shop-s3", "hasite:site": "shop"},
            "purge_tags": False,
        }
        return _service_endpoint.ensure(self.ec2, {**given, **more}, check)

    def interface(self) -> Any:
        more: dict[str, Any] = {
            "service": SSM,
            "vpc_endpoint_type": "Interface",
            "route_table_ids": None,
            "subnet_ids": self.subnets,
        }
        return self.gateway(**more, security_group_ids=self.groups[:1], tags={"Name": "shop-ssm"})

    def there(self, service: str = S3) -> list[Any]:
        wanted = [{"Name": "service-name", "Values": [service]}]
        found = self.ec2.describe_vpc_endpoints(Filters=wanted)["VpcEndpoints"]
        return [_service_endpoint.normalize(one) for one in found]


@pytest.fixture
def network(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Network]:
    with open_account(tmp_path, monkeypatch) as account:
        yield Network(account.client("ec2", REGION))


def test_four_steps(network: Network) -> None:
    assert network.gateway(check=True).changed
    assert network.there() == []
    made = network.gateway()
    assert made.changed
    assert network.there() == [made.after]
    assert not network.gateway().changed
    assert not network.gateway(policy("1", ["s3:*"])).changed
    assert network.gateway(policy("2"), check=True).changed
    assert network.there() == [made.after]
    assert network.gateway(policy("2")).changed
    assert network.there() == [{**made.after, "policy": policy("2")}]
    with pytest.raises(AnsibleAWSError, match=f"The policy for {S3} is no JSON"):
        network.gateway("{")


def test_a_route_table_comes_back_and_that_of_others_stays(network: Network) -> None:
    """`amazon.aws.ec2_vpc_endpoint` tries to create a second endpoint then, which EC2 refuses."""
    made, (first, _, others) = network.gateway().after, network.tables
    network.ec2.modify_vpc_endpoint(
        VpcEndpointId=made["vpc_endpoint_id"], RemoveRouteTableIds=[first], AddRouteTableIds=[others]
    )
    assert network.gateway().changed
    assert network.there() == [{**made, "route_table_ids": sorted(network.tables)}]
    assert not network.gateway().changed


def test_an_endpoint_that_has_lost_its_tags_is_the_same_one(network: Network) -> None:
    made = network.gateway().after
    network.ec2.delete_tags(Resources=[made["vpc_endpoint_id"]], Tags=[{"Key": "Name"}, {"Key": "hasite:site"}])
    assert network.gateway().changed
    assert network.there() == [made]


def test_an_endpoint_of_somebody_elses_subnets_is_left_alone(network: Network) -> None:
    theirs = network.gateway(policy("2"), network.tables[2], tags={"Name": "theirs"}).after
    made = network.gateway().after
    assert made["vpc_endpoint_id"] != theirs["vpc_endpoint_id"]
    assert theirs in network.there()


def test_the_interfaces_of_an_endpoint_are_kept(network: Network) -> None:
    made = network.interface().after
    assert network.there(SSM) == [made]
    assert made["private_dns_enabled"]
    assert not network.interface().changed
    one, (group, other) = {"VpcEndpointId": made["vpc_endpoint_id"]}, network.groups
    network.ec2.modify_vpc_endpoint(**one, RemoveSubnetIds=network.subnets[:1])
    network.ec2.modify_vpc_endpoint(**one, AddSecurityGroupIds=[other], RemoveSecurityGroupIds=[group])
    network.ec2.modify_vpc_endpoint(**one, PrivateDnsEnabled=False)
    assert network.interface().changed
    assert network.there(SSM) == [made]


def test_a_failure_says_what_was_tried(network: Network) -> None:
    with pytest.raises(AnsibleAWSError, match=f"Failed to create an endpoint of {S3} in {network.vpc}"):
        network.gateway("", "rtb-0")
