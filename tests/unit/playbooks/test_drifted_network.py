# SPDX-License-Identifier: GPL-3.0-or-later
"""What somebody has changed of a network is as it was after the next run, and nothing was made a second time."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.integration.drifts.account import settled, tags
from tests.unit.lab.served import Served, serve
from tests.unit.playbooks.test_eventual_consistency import run

ANYTHING = {"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*"}


def seen(served: Served) -> Any:
    """Return the network's route tables, NAT gateways, addresses and endpoints."""
    ec2 = served.client("ec2")
    tables = ec2.describe_route_tables()["RouteTables"]
    found = [
        (one["RouteTableId"], tags(one), one["Routes"], [each.get("SubnetId") for each in one["Associations"]])
        for one in tables
    ]
    endpoints = ec2.describe_vpc_endpoints()["VpcEndpoints"]
    more = [(one["VpcEndpointId"], one["RouteTableIds"], json.loads(one["PolicyDocument"])) for one in endpoints]
    gateways = [(one["NatGatewayId"], tags(one)) for one in ec2.describe_nat_gateways()["NatGateways"]]
    addresses = [(one["AllocationId"], tags(one)) for one in ec2.describe_addresses()["Addresses"]]
    return settled([found, more, gateways, addresses])


def drift(served: Served) -> None:
    """Change it by hand."""
    ec2 = served.client("ec2")
    tables = {tags(one).get("Name"): one for one in ec2.describe_route_tables()["RouteTables"]}
    public, private = (tables[f"late-{name}"]["RouteTableId"] for name in ("public", "private-a"))
    (gateway,), (address,) = ec2.describe_nat_gateways()["NatGateways"], ec2.describe_addresses()["Addresses"]
    (endpoint,) = ec2.describe_vpc_endpoints()["VpcEndpoints"]
    policy = json.dumps({"Version": "2012-10-17", "Statement": [ANYTHING]})
    ec2.modify_vpc_endpoint(
        VpcEndpointId=endpoint["VpcEndpointId"], RemoveRouteTableIds=[private], PolicyDocument=policy
    )
    (association,) = tables["late-private-a"]["Associations"]
    ec2.replace_route_table_association(AssociationId=association["RouteTableAssociationId"], RouteTableId=public)
    ec2.delete_route(RouteTableId=public, DestinationCidrBlock="0.0.0.0/0")
    for resource in (public, gateway["NatGatewayId"], address["AllocationId"]):
        ec2.delete_tags(Resources=[resource], Tags=[{"Key": "hasite:site"}])


@pytest.mark.slow
def test_what_was_changed_of_a_network_is_put_back_by_one_run(tmp_path: Path) -> None:
    with serve(tmp_path) as served:
        built = run(served, "late_network.yml")
        assert built.returncode == 0, built.stdout
        before = seen(served)
        drift(served)
        assert seen(served) != before
        repaired = run(served, "late_network.yml")
        assert repaired.returncode == 0, repaired.stdout
        assert seen(served) == before
        assert "changed=0" in run(served, "late_network.yml").stdout
