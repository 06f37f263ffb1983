# SPDX-License-Identifier: GPL-3.0-or-later
"""What the checks of a site's settings read, from the lab's API without its data plane."""

from __future__ import annotations

import asyncio
import functools
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from ansible_collections.hasite.aws.plugins.module_utils._settings import owners, quotas, reading
from ansible_collections.hasite.aws.plugins.module_utils._settings.error import SettingsError
from botocore.exceptions import ClientError
from moto import mock_aws

from lab.api.services.account import service_quotas
from lab.api.services.ec2 import instances, network
from lab.api.services.elbv2 import elbv2
from lab.api.services.iam import iam
from lab.api.services.ssm import ssm
from lab.base.authority import Authority
from lab.base.clock import Clock
from lab.base.observed import Observed
from lab.base.paths import LabPaths
from lab.context import Context

REGION = "ap-northeast-1"
ZONES = (f"{REGION}a", f"{REGION}c")
AL2023 = "/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-x86_64"
TRUST = '{"Version": "2012-10-17", "Statement": []}'
TAGS = [{"Key": "hasite:site", "Value": "shop"}]


@functools.cache
def client(service: str) -> Any:
    return boto3.client(service, region_name=REGION, aws_access_key_id="lab", aws_secret_access_key="nobody")


@pytest.fixture(autouse=True)
def account(tmp_path: Path) -> Iterator[None]:
    loop = asyncio.new_event_loop()
    made = Context(LabPaths("unit"), Clock(), Authority(tmp_path), Observed(), loop)
    for service in (network, instances, elbv2, iam, ssm, service_quotas):
        service.extend(made)
    client.cache_clear()
    with mock_aws():
        yield
    loop.close()


def wanted(nat: str = "per_az") -> reading.Wanted:
    return reading.Wanted("shop", REGION, ZONES, nat, "t3.small", 2)


def missing(nat: str = "per_az") -> dict[tuple[str, str], int]:
    return {(use.quota.key, use.place): use.missing for use in reading.uses_of(client, wanted(nat))}


def test_a_site_that_is_not_there_takes_all_of_it() -> None:
    nats = {("nat_gateways", zone): 1 for zone in ZONES}
    others = {"vpcs": 1, "internet_gateways": 1, "addresses": 2, "vcpus": 4, "load_balancers": 1}
    assert missing() == {**{(key, REGION): count for key, count in others.items()}, **nats}
    assert missing("single")["addresses", REGION] == 1
    assert missing("none")["addresses", REGION] == 0
    assert not [key for key, _ in missing("none") if key == "nat_gateways"]


def test_what_the_site_has_already_is_not_counted_twice() -> None:
    ec2 = client("ec2")
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16", TagSpecifications=[{"ResourceType": "vpc", "Tags": TAGS}])["Vpc"]
    gateway = ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
    ec2.attach_internet_gateway(InternetGatewayId=gateway, VpcId=vpc["VpcId"])
    subnet = ec2.create_subnet(VpcId=vpc["VpcId"], CidrBlock="10.0.0.0/24", AvailabilityZone=ZONES[0])["Subnet"]
    address = ec2.allocate_address(Domain="vpc")["AllocationId"]
    ec2.create_nat_gateway(SubnetId=subnet["SubnetId"], AllocationId=address)
    image = reading.image_of(client("ssm"), ec2, AL2023)["ImageId"]
    tagged = [{"ResourceType": "instance", "Tags": TAGS}]
    ec2.run_instances(
        ImageId=image,
        MinCount=1,
        MaxCount=1,
        InstanceType="t3.small",
        SubnetId=subnet["SubnetId"],
        TagSpecifications=tagged,
    )
    found = missing()
    assert found["vpcs", REGION] == found["internet_gateways", REGION] == 0
    assert found["addresses", REGION] == 1
    assert found["vcpus", REGION] == 2
    assert (found["nat_gateways", ZONES[0]], found["nat_gateways", ZONES[1]]) == (0, 1)


def test_the_zones_of_a_built_site_are_in_the_order_of_its_subnets() -> None:
    ec2 = client("ec2")
    assert reading.built_zones(ec2, "shop") == []
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    # By address, not by name or as text: 10.0.16.0 comes before 10.0.128.0.
    for zone, block, tags in (
        (ZONES[0], "10.0.128.0/20", TAGS),
        (ZONES[1], "10.0.16.0/20", TAGS),
        (ZONES[0], "10.0.0.0/20", []),
    ):
        made = ec2.create_subnet(VpcId=vpc, CidrBlock=block, AvailabilityZone=zone)["Subnet"]["SubnetId"]
        if tags:
            ec2.create_tags(Resources=[made], Tags=tags)
    assert reading.built_zones(ec2, "shop") == [ZONES[1], ZONES[0]]


def test_the_region_of_a_bucket() -> None:
    s3 = client("s3")
    assert reading.region_of_bucket(s3, "shop-content-123456789012") is None
    s3.create_bucket(Bucket="shop-content-123456789012", CreateBucketConfiguration={"LocationConstraint": REGION})
    assert reading.region_of_bucket(s3, "shop-content-123456789012") == REGION


def test_what_others_use_leaves_no_room() -> None:
    for _ in range(4):
        client("ec2").allocate_address(Domain="vpc")
    uses = {use.quota: use for use in reading.uses_of(client, wanted())}
    assert not uses[quotas.ADDRESSES].fits
    assert uses[quotas.VPCS].fits
    with pytest.raises(SettingsError, match=r"Elastic IP addresses in ap-northeast-1: 4 of 5 are in use"):
        quotas.check_quotas(list(uses.values()))


class Denied:
    """Service Quotas for credentials that may not ask it."""

    def get_service_quota(self, **_wanted: str) -> None:
        raise ClientError({"Error": {"Code": "AccessDeniedException", "Message": "no"}}, "GetServiceQuota")


def test_a_quota_that_may_not_be_read_is_never_a_reason_to_refuse() -> None:
    assert reading.limit_of(Denied(), quotas.VPCS) is None
    assert reading.limit_of(client("service-quotas"), quotas.VPCS) == 5
    unknown = quotas.Quota("x", "x", "vpc", "L-00000000")
    assert reading.limit_of(client("service-quotas"), unknown) is None


def test_images_and_types() -> None:
    ssm_client, ec2 = client("ssm"), client("ec2")
    assert reading.image_of(ssm_client, ec2, AL2023)["Architecture"] == "x86_64"
    with pytest.raises(SettingsError, match="which SSM does not know in this region"):
        reading.image_of(ssm_client, ec2, "/aws/service/none")
    ssm_client.put_parameter(Name="/mine", Value="ami-0123456789abcdef0", Type="String")
    with pytest.raises(SettingsError, match="is no image that this account may start"):
        reading.image_of(ssm_client, ec2, "/mine")
    assert reading.zones_offering(ec2, "a1.large") == {f"{REGION}a", f"{REGION}d"}
    assert reading.zones_offering(ec2, "t9.huge") == set()
    assert set(reading.instance_types(ec2, ["t3.small", "t9.huge"])) == {"t3.small"}


def test_regions_and_partitions() -> None:
    statuses = reading.region_statuses(client("ec2"))
    assert statuses[REGION] == "opt-in-not-required"
    assert statuses["ap-east-1"] == "not-opted-in"
    assert reading.partition_of(REGION) == "aws"
    assert reading.partition_of("cn-north-1") == "aws-cn"
    assert reading.partition_of("tokyo") is None


def test_names_that_are_somebody_elses() -> None:
    owners.check_names(client, "shop")
    group = {"Protocol": "HTTP", "Port": 80, "VpcId": client("ec2").create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]}
    client("elbv2").create_target_group(Name="shop", **group, Tags=TAGS)
    client("iam").create_role(RoleName="shop-web", AssumeRolePolicyDocument=TRUST, Tags=TAGS)
    owners.check_names(client, "shop")
    client("elbv2").create_target_group(Name="other", **group)
    with pytest.raises(
        SettingsError, match=r"a target group named 'other' is in the account .* belongs to nobody's site"
    ):
        owners.check_names(client, "other")
    client("iam").create_role(RoleName="third-web", AssumeRolePolicyDocument=TRUST, Tags=TAGS)
    with pytest.raises(SettingsError, match=r"an IAM role named 'third-web' .* belongs to the site shop"):
        owners.check_names(client, "third")
