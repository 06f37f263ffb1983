# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import boto3
import pytest

from lab.base.backends import Backends
from lab.running.status import table
from lab.world.account import inventory
from tests.unit.plugins.modules.route53_account import open_account


@pytest.fixture(autouse=True)
def _account(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("AWS_DEFAULT_REGION", "ap-northeast-1")
    with open_account(tmp_path, monkeypatch):
        yield


def test_what_every_account_has_is_not_shown() -> None:
    boto3.client("ec2").describe_vpcs()
    assert inventory.resources(Backends()) == []


def test_what_a_user_makes_is_shown() -> None:
    ec2 = boto3.client("ec2")
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    ec2.create_tags(Resources=[vpc], Tags=[{"Key": "Name", "Value": "demo"}])
    ec2.create_subnet(VpcId=vpc, CidrBlock="10.0.1.0/24", AvailabilityZone="ap-northeast-1a")
    ec2.create_security_group(GroupName="web", Description="d", VpcId=vpc)
    boto3.client("logs").create_log_group(logGroupName="/demo/flow-logs")
    found = {row.kind: row for row in inventory.resources(Backends())}
    assert set(found) == {"vpc", "subnet", "security group", "log group"}
    assert (found["vpc"].id, found["vpc"].name, found["vpc"].detail) == (vpc, "demo", "10.0.0.0/16")
    assert found["subnet"].detail == "ap-northeast-1a 10.0.1.0/24"


def test_table_lines_its_columns_up() -> None:
    row = {"kind": "vpc", "id": "vpc-1", "name": "demo", "state": "available", "detail": "10.0.0.0/16"}
    assert table({"resources": [row]}).splitlines() == [
        "kind  id     name  state      detail",
        "vpc   vpc-1  demo  available  10.0.0.0/16",
    ]
    assert table({"resources": []}) == "The world is empty."
