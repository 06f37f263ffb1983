# SPDX-License-Identifier: GPL-3.0-or-later
"""What the lab's account may not have: names that AWS reserves, and more than its service quotas."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from moto import mock_aws

from lab.api.services.account import service_quotas
from lab.api.services.ec2 import instances, network
from lab.api.services.elbv2 import elbv2
from lab.api.services.s3 import s3
from lab.api.services.ssm import ssm
from lab.base.authority import Authority
from lab.base.clock import Clock
from lab.base.observed import Observed
from lab.base.paths import LabPaths
from lab.context import Context
from lab.world.access import bucket_names

REGION = "ap-northeast-1"
VPCS = {"ServiceCode": "vpc", "QuotaCode": "L-F678F1CE"}


class Account:
    """An account in a lab without its data plane."""

    def __init__(self) -> None:
        self.ec2, self.quotas = self.client("ec2"), self.client("service-quotas")
        self.vpc = self.ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
        made = self.ec2.create_subnet(VpcId=self.vpc, CidrBlock="10.0.0.0/24", AvailabilityZone=f"{REGION}d")
        self.subnet = made["Subnet"]["SubnetId"]

    def client(self, service: str) -> Any:
        return boto3.client(service, region_name=REGION, aws_access_key_id="lab", aws_secret_access_key="nobody")

    def launch(self, instance_type: str, count: int = 1) -> Any:
        [image] = self.ec2.describe_images(Filters=[{"Name": "name", "Values": ["debian-12-*"]}])["Images"]
        wanted = {"ImageId": image["ImageId"], "MinCount": count, "MaxCount": count, "SubnetId": self.subnet}
        return self.ec2.run_instances(InstanceType=instance_type, **wanted)


@pytest.fixture
def account(tmp_path: Path) -> Iterator[Account]:
    loop = asyncio.new_event_loop()
    made = Context(LabPaths("unit"), Clock(), Authority(tmp_path), Observed(), loop)
    for service in (network, instances, elbv2, s3, ssm, service_quotas):
        service.extend(made)
    with mock_aws():
        yield Account()
    loop.close()


def refused(call: Any, **arguments: Any) -> str:
    with pytest.raises(ClientError) as caught:
        call(**arguments)
    return str(caught.value.response["Error"]["Code"])


def test_vpcs_beyond_the_quota(account: Account) -> None:
    while len(account.ec2.describe_vpcs()["Vpcs"]) < 5:
        account.ec2.create_vpc(CidrBlock="10.1.0.0/16")
    assert refused(account.ec2.create_vpc, CidrBlock="10.2.0.0/16") == "VpcLimitExceeded"
    assert account.quotas.get_service_quota(**VPCS)["Quota"]["Value"] == 5
    account.quotas.request_service_quota_increase(**VPCS, DesiredValue=6)
    assert account.quotas.get_service_quota(**VPCS)["Quota"]["Value"] == 6
    assert account.quotas.get_aws_default_service_quota(**VPCS)["Quota"]["Value"] == 5
    account.ec2.create_vpc(CidrBlock="10.2.0.0/16")


def test_a_quota_is_only_raised(account: Account) -> None:
    code = refused(account.quotas.request_service_quota_increase, **VPCS, DesiredValue=5)
    assert code == "IllegalArgumentException"
    unknown = {**VPCS, "QuotaCode": "L-00000000"}
    assert refused(account.quotas.get_service_quota, **unknown) == "NoSuchResourceException"


def test_internet_gateways_beyond_the_quota(account: Account) -> None:
    for _ in range(5 - len(account.ec2.describe_internet_gateways()["InternetGateways"])):
        account.ec2.create_internet_gateway()
    assert refused(account.ec2.create_internet_gateway) == "InternetGatewayLimitExceeded"


def test_elastic_addresses_beyond_the_quota(account: Account) -> None:
    for _ in range(5):
        account.ec2.allocate_address(Domain="vpc")
    assert refused(account.ec2.allocate_address, Domain="vpc") == "AddressLimitExceeded"


def test_nat_gateways_beyond_the_quota_of_a_zone(account: Account) -> None:
    private = {"SubnetId": account.subnet, "ConnectivityType": "private"}
    for _ in range(5):
        account.ec2.create_nat_gateway(**private)
    assert refused(account.ec2.create_nat_gateway, **private) == "NatGatewayLimitExceeded"


def test_processors_beyond_the_quota(account: Account) -> None:
    account.launch("m5.24xlarge", 2)
    assert refused(account.launch, instance_type="m5.24xlarge") == "VcpuLimitExceeded"
    account.launch("t3.small")


def test_machines_that_can_not_be(account: Account) -> None:
    assert refused(account.launch, instance_type="c5a.large") == "Unsupported"
    assert refused(account.launch, instance_type="t4g.small") == "InvalidParameterValue"
    assert refused(account.launch, instance_type="t9.huge") == "InvalidParameterValue"


def test_reserved_names(account: Account) -> None:
    group = {"Description": "web", "VpcId": account.vpc}
    assert refused(account.ec2.create_security_group, GroupName="sg-web", **group) == "InvalidParameterValue"
    assert refused(account.ec2.create_security_group, GroupName="x" * 256, **group) == "InvalidParameterValue"
    document = {"Content": "{}", "DocumentType": "Session", "DocumentFormat": "JSON"}
    for name in ("aws-session", "awsome-session", "Amazon-session", "amzn-session"):
        assert refused(account.client("ssm").create_document, Name=name, **document) == "ValidationException"
    buckets = account.client("s3")
    place = {"CreateBucketConfiguration": {"LocationConstraint": REGION}}
    assert refused(buckets.create_bucket, Bucket="sthree-content-123456789012", **place) == "InvalidBucketName"
    balancer = {"Subnets": [account.subnet]}
    elb = account.client("elbv2")
    assert refused(elb.create_load_balancer, Name="internal-shop", **balancer) == "ValidationError"
    assert refused(elb.create_load_balancer, Name="x" * 33, **balancer) == "ValidationError"


@pytest.mark.parametrize("name", ["abc", "my-site-content-123456789012", "a.b.c", "x" * 63])
def test_good_bucket_names(name: str) -> None:
    assert bucket_names.is_valid(name)


@pytest.mark.parametrize(
    "name",
    ["ab", "x" * 64, "Abc", "a_b", "-abc", "abc-", "a..b", "192.168.0.1", "xn--abc", "sthree-a", "amzn-s3-demo-a",
     "abc-s3alias", "abc--ol-s3", "abc.mrap", "abc--x-s3", "abc--table-s3"],
)  # fmt: skip
def test_bad_bucket_names(name: str) -> None:
    assert not bucket_names.is_valid(name)
