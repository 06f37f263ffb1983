# SPDX-License-Identifier: GPL-3.0-or-later
"""A NAT gateway's life through the API, as its interface comes and goes."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from moto import mock_aws

from lab.api.services.ec2 import gateways
from lab.base.authority import Authority
from lab.base.clock import Clock
from lab.base.observed import Observed
from lab.base.paths import LabPaths
from lab.context import Context

REGION = "ap-northeast-1"


@pytest.fixture
def context(tmp_path: Path) -> Iterator[Context]:
    """A lab that came up two hours ago."""
    loop = asyncio.new_event_loop()
    clock = Clock(_started=time.monotonic() - 7200)
    made = Context(LabPaths("unit"), clock, Authority(tmp_path), Observed(), loop)
    gateways.extend(made)
    with mock_aws():
        yield made
    loop.close()


def test_a_deleted_gateway_is_described_for_an_hour(context: Context) -> None:
    ec2: Any = boto3.client("ec2", region_name=REGION, aws_access_key_id="lab", aws_secret_access_key="nobody")
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    subnet = ec2.create_subnet(VpcId=vpc, CidrBlock="10.0.1.0/24")["Subnet"]["SubnetId"]
    internet = ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
    ec2.attach_internet_gateway(InternetGatewayId=internet, VpcId=vpc)
    address = ec2.allocate_address(Domain="vpc")["AllocationId"]
    made = ec2.create_nat_gateway(SubnetId=subnet, AllocationId=address)["NatGateway"]["NatGatewayId"]

    def found() -> dict[str, Any]:
        gateway: dict[str, Any] = ec2.describe_nat_gateways(NatGatewayIds=[made])["NatGateways"][0]
        return gateway

    assert found()["State"] == "pending"
    interface = found()["NatGatewayAddresses"][0]["NetworkInterfaceId"]
    context.observed.interfaces.add(interface)
    assert found()["State"] == "available"
    ec2.delete_nat_gateway(NatGatewayId=made)
    assert found()["State"] == "deleting"
    context.observed.interfaces.discard(interface)
    assert found()["State"] == "deleted"
    assert found()["State"] == "deleted"
