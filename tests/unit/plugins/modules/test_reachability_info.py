# SPDX-License-Identifier: GPL-3.0-or-later
"""The module reachability_info against EC2 as moto plays it."""

from __future__ import annotations

import json
import subprocess
import urllib.request
from collections.abc import Iterator
from typing import Any

import boto3
import botocore.client
import pytest
from ansible.module_utils.testing import patch_module_args
from ansible_collections.hasite.aws.plugins.module_utils._network_reading import read
from ansible_collections.hasite.aws.plugins.modules import reachability_info
from botocore.exceptions import ClientError

from tests.integration.labs import free_port, installed
from tests.integration.small_world import until

REGION = "eu-west-1"
IMAGE = "ami-12c6146b"
"""One that moto knows in every region."""
EVERY = {"IpProtocol": "-1", "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}


class Network:
    """A VPC with a public and a private subnet, and a machine in each."""

    def __init__(self) -> None:
        self.ec2: Any = boto3.client("ec2", region_name=REGION)
        self.vpc = self.ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
        self.gateway = self.ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
        self.ec2.attach_internet_gateway(InternetGatewayId=self.gateway, VpcId=self.vpc)
        self.public, self.private = self._subnet("10.0.0.0/24"), self._subnet("10.0.1.0/24")
        self.routes = self.ec2.create_route_table(VpcId=self.vpc)["RouteTable"]["RouteTableId"]
        self.ec2.associate_route_table(RouteTableId=self.routes, SubnetId=self.public)
        self.ec2.create_route(RouteTableId=self.routes, DestinationCidrBlock="0.0.0.0/0", GatewayId=self.gateway)
        named = {"GroupName": "web", "Description": "web"}
        self.group = self.ec2.create_security_group(VpcId=self.vpc, **named)["GroupId"]
        self.ec2.authorize_security_group_ingress(GroupId=self.group, IpPermissions=[EVERY])
        self.outer, self.inner = self._machine(self.public), self._machine(self.private)

    def _subnet(self, block: str) -> str:
        made = self.ec2.create_subnet(VpcId=self.vpc, CidrBlock=block, AvailabilityZone=f"{REGION}a")
        return str(made["Subnet"]["SubnetId"])

    def _machine(self, subnet: str) -> str:
        interface = {
            "DeviceIndex": 0, "SubnetId": subnet, "Groups": [self.group],
            "AssociatePublicIpAddress": subnet == self.public,
        }  # fmt: skip
        made = self.ec2.run_instances(ImageId=IMAGE, MinCount=1, MaxCount=1, NetworkInterfaces=[interface])
        return str(made["Instances"][0]["InstanceId"])


def answers(url: str) -> bool:
    try:
        urllib.request.urlopen(f"{url}/moto-api/data.json", timeout=1).close()
    except OSError:
        return False
    return True


@pytest.fixture(scope="module")
def moto() -> Iterator[str]:
    """Moto as it is: in a process of its own, for in this one the lab's tests extend it."""
    url = f"http://127.0.0.1:{free_port()}"
    command = [installed("moto_server"), "--port", url.rpartition(":")[2]]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        until(lambda: answers(url))
        yield url
        process.kill()


@pytest.fixture
def network(moto: str, monkeypatch: pytest.MonkeyPatch) -> Network:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    monkeypatch.setenv("AWS_ENDPOINT_URL", moto)
    return Network()


def refuse(monkeypatch: pytest.MonkeyPatch, *operations: str) -> None:
    """Forbid these operations."""
    original = botocore.client.BaseClient._make_api_call

    def call(self: Any, operation: str, arguments: Any) -> Any:
        if operation in operations:
            told = {"Code": "UnauthorizedOperation", "Message": "You are not authorized to perform this operation."}
            raise ClientError({"Error": told}, operation)
        return original(self, operation, arguments)

    monkeypatch.setattr(botocore.client.BaseClient, "_make_api_call", call)


def run(capsys: pytest.CaptureFixture[str], **options: Any) -> dict[str, Any]:
    with patch_module_args({"region": REGION, **options}), pytest.raises(SystemExit):
        reachability_info.main()
    return dict(json.loads(capsys.readouterr().out))


@pytest.mark.parametrize("check", [False, True])
def test_one_question(network: Network, capsys: pytest.CaptureFixture[str], check: bool) -> None:
    found = run(capsys, source="internet", destination=network.outer, port=80, _ansible_check_mode=check)
    assert not found["changed"]
    assert found["reachability"]["reachable"] is True
    assert found["reachability"]["port"] == 80
    assert found["unreadable"] == []
    assert "paths" not in found


def test_several_questions(network: Network, capsys: pytest.CaptureFixture[str]) -> None:
    asked = [
        {"source": "internet", "destination": network.inner, "port": 80},
        {"source": network.inner, "destination": "internet", "port": 443},
        {"source": network.inner, "destination": network.outer, "protocol": "icmp"},
    ]
    found = run(capsys, paths=asked, vpc_ids=[network.vpc])["paths"]
    assert [each["reachable"] for each in found] == [False, False, True]
    assert [each["blocked_by"] and each["blocked_by"]["kind"] for each in found] == ["address", "route", None]
    assert found[1]["blocked_by"]["subnet_id"] == network.private


def test_a_rule_by_a_list_of_blocks(network: Network, capsys: pytest.CaptureFixture[str]) -> None:
    made = network.ec2.create_managed_prefix_list(
        PrefixListName="office", AddressFamily="IPv4", MaxEntries=2, Entries=[{"Cidr": "198.51.100.0/24"}]
    )
    rule = {"IpProtocol": "tcp", "FromPort": 80, "ToPort": 80}
    listed = {**rule, "PrefixListIds": [{"PrefixListId": made["PrefixList"]["PrefixListId"]}]}
    network.ec2.revoke_security_group_ingress(GroupId=network.group, IpPermissions=[EVERY])
    network.ec2.authorize_security_group_ingress(GroupId=network.group, IpPermissions=[listed])
    asked = [{"source": each, "destination": network.outer, "port": 80} for each in ("198.51.100.7", "203.0.113.7")]
    assert [path["reachable"] for path in run(capsys, paths=asked)["paths"]] == [True, False]


def test_what_may_not_be_read_is_named(
    network: Network, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    refuse(monkeypatch, "DescribeNetworkAcls")
    asked = [
        {"source": "internet", "destination": network.outer, "port": 80},
        {"source": network.inner, "destination": "internet", "port": 443},
    ]
    found = run(capsys, paths=asked)
    assert [path["reachable"] for path in found["paths"]] == [None, False]
    assert "not authorized" in found["paths"][0]["explanation"]
    (unread,) = found["unreadable"]
    assert unread["kind"] == "network_acls"
    assert "UnauthorizedOperation" in unread["error"]


def test_nothing_may_be_read(
    network: Network, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    every = [name for name in network.ec2.meta.service_model.operation_names if name.startswith("Describe")]
    refuse(monkeypatch, *every)
    assert run(capsys, source=network.inner, destination="internet", port=443)["reachability"]["reachable"] is None


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"source": "nobody at all", "destination": "internet"}, "nobody at all"),
        ({"source": "internet", "destination": "shop", "port": 70000}, "70000"),
        ({"source": "internet"}, "destination"),
        ({"source": "internet", "destination": "shop", "paths": []}, "mutually exclusive"),
    ],
)
def test_a_question_that_is_none(
    network: Network, capsys: pytest.CaptureFixture[str], options: dict[str, Any], words: str
) -> None:
    found = run(capsys, **options)
    assert found["failed"]
    assert words in found["msg"]


def test_only_these_vpcs_are_read(network: Network) -> None:
    other = network.ec2.create_vpc(CidrBlock="10.9.0.0/16")["Vpc"]["VpcId"]
    assert set(read(network.ec2, [network.vpc]).vpcs) == {network.vpc}
    assert {network.vpc, other} <= set(read(network.ec2).vpcs)
