# SPDX-License-Identifier: GPL-3.0-or-later
"""What comes through an interface endpoint is allowed by its policy, too, or refused."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.client import Config
from botocore.exceptions import ClientError
from moto.moto_api._internal.models import moto_api_backend

from lab.api.callers.endpoint_policies import interface_at
from lab.api.services.ec2 import network
from lab.api.services.ssm import ssm
from lab.api.serving import calls
from lab.api.serving.server import Api
from lab.base.authority import Authority
from lab.base.backends import ACCOUNT
from lab.base.clock import Clock
from lab.base.observed import Observed
from lab.base.paths import LabPaths
from lab.context import Context

REGION = "ap-northeast-1"


class Endpoint:
    """An interface endpoint of SSM with this policy, and the API as it is reached through it."""

    def __init__(self, folder: Path) -> None:
        moto_api_backend.reset()
        self.context = Context(LabPaths("unit"), Clock(), Authority(folder), Observed(), None)  # type: ignore[arg-type]
        for service in (calls, network, ssm):
            service.extend(self.context)
        self.api = Api(self.context, {})
        self.outside = self.serve()
        self.ec2 = self.client("ec2", self.outside)
        vpc = self.ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
        self.ec2.modify_vpc_attribute(VpcId=vpc, EnableDnsHostnames={"Value": True})
        subnet = self.ec2.create_subnet(VpcId=vpc, CidrBlock="10.0.0.0/24")["Subnet"]["SubnetId"]
        made = self.ec2.create_vpc_endpoint(
            VpcId=vpc, VpcEndpointType="Interface", ServiceName=f"com.amazonaws.{REGION}.ssm", SubnetIds=[subnet]
        )["VpcEndpoint"]
        self.id, self.interface = made["VpcEndpointId"], made["NetworkInterfaceIds"][0]
        self.inside = self.client("ssm", self.serve(self.interface))
        image = self.ec2.describe_images()["Images"][0]["ImageId"]
        placed = {"InstanceType": "t3.micro", "SubnetId": subnet}
        ran = self.ec2.run_instances(ImageId=image, MinCount=1, MaxCount=1, **placed)
        self.instance = ran["Instances"][0]["InstanceId"]

    def serve(self, interface: str = "") -> int:
        listener = socket.create_server(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        self.api.serve(listener, interface=interface)
        return port

    def client(self, service: str, port: int) -> Any:
        owner = self.context.owner
        make: Any = boto3.client
        return make(
            service, REGION, endpoint_url=f"http://127.0.0.1:{port}", config=Config(retries={"max_attempts": 0}),
            aws_access_key_id=owner.access_key, aws_secret_access_key=owner.secret_key,
        )  # fmt: skip

    def admit(self, **statement: Any) -> None:
        policy = {"Statement": [{"Effect": "Allow", "Principal": "*", "Resource": "*", **statement}]}
        self.ec2.modify_vpc_endpoint(VpcEndpointId=self.id, PolicyDocument=json.dumps(policy))


@pytest.fixture(scope="module")
def endpoint(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Endpoint]:
    made = Endpoint(tmp_path_factory.mktemp("authority"))
    yield made
    made.api.close()
    moto_api_backend.reset()


def test_without_a_policy_of_its_own_it_admits_everybody(endpoint: Endpoint) -> None:
    assert endpoint.inside.describe_parameters()["Parameters"] == []


def test_the_accounts_own_callers_pass_and_no_others(endpoint: Endpoint) -> None:
    endpoint.admit(Action="*", Condition={"StringEquals": {"aws:PrincipalAccount": ACCOUNT}})
    endpoint.inside.describe_parameters()
    endpoint.admit(Action="*", Condition={"StringEquals": {"aws:PrincipalAccount": "999999999999"}})
    with pytest.raises(ClientError, match="because no VPC endpoint policy allows the ssm:DescribeParameters action"):
        endpoint.inside.describe_parameters()
    endpoint.client("ssm", endpoint.outside).describe_parameters()


def test_actions_and_resources_count(endpoint: Endpoint) -> None:
    own = f"arn:aws:ssm:{REGION}:{ACCOUNT}:document/shop-session"
    endpoint.admit(Action="ssm:GetDocument", Resource=own)
    with pytest.raises(ClientError, match="InvalidDocument"):
        endpoint.inside.get_document(Name="shop-session")
    with pytest.raises(ClientError, match=f"{own[:-12]}other because no VPC endpoint policy"):
        endpoint.inside.get_document(Name="other")
    with pytest.raises(ClientError, match="ssm:DescribeParameters because no VPC endpoint policy"):
        endpoint.inside.describe_parameters()


def test_an_interface_is_found_by_its_address_in_the_machines_own_vpc(endpoint: Endpoint) -> None:
    described = endpoint.ec2.describe_network_interfaces(NetworkInterfaceIds=[endpoint.interface])
    address = described["NetworkInterfaces"][0]["PrivateIpAddress"]
    backends = endpoint.context.backends
    assert interface_at(backends, endpoint.instance, address) == endpoint.interface
    assert interface_at(backends, endpoint.instance, "203.0.113.1") == ""
    assert interface_at(backends, "i-0123456789abcdef0", address) == ""
