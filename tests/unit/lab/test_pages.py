# SPDX-License-Identifier: GPL-3.0-or-later
"""Lists come in pages of the size that was asked for, and all pages together are the whole list."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.unit.lab.served import REGION, Served, serve

COUNT = 7


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """Serve an account with some of everything."""
    with serve(tmp_path_factory.mktemp("pages")) as served:
        for fill in (network, access, stores):
            fill(served)
        yield served


def network(api: Served) -> None:
    ec2 = api.client("ec2")
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    for number in range(COUNT):
        subnet = ec2.create_subnet(VpcId=vpc, CidrBlock=f"10.0.{number}.0/24")["Subnet"]["SubnetId"]
        ec2.create_network_interface(SubnetId=subnet)
        ec2.create_security_group(GroupName=f"group{number}", Description="one of many", VpcId=vpc)
        ec2.create_volume(AvailabilityZone=f"{REGION}a", Size=1)


def access(api: Served) -> None:
    iam = api.client("iam")
    allow = {"Effect": "Allow", "Action": "s3:*", "Resource": "*"}
    trust = {"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}
    permission, trusted = (json.dumps({"Version": "2012-10-17", "Statement": [each]}) for each in (allow, trust))
    arn = iam.create_policy(PolicyName="shared", PolicyDocument=permission)["Policy"]["Arn"]
    for number in range(COUNT):
        name = f"name{number}"
        iam.create_user(UserName=name)
        iam.create_group(GroupName=name)
        iam.create_role(RoleName=name, AssumeRolePolicyDocument=trusted)
        iam.put_role_policy(RoleName="name0", PolicyName=name, PolicyDocument=permission)
    iam.attach_user_policy(UserName="name6", PolicyArn=arn)
    iam.attach_group_policy(GroupName="name6", PolicyArn=arn)
    iam.attach_role_policy(RoleName="name6", PolicyArn=arn)


def stores(api: Served) -> None:
    s3, ssm = api.client("s3"), api.client("ssm")
    for number in range(COUNT):
        place = {"LocationConstraint": REGION}
        s3.create_bucket(Bucket=f"shop-{number}", CreateBucketConfiguration=place)
        ssm.put_parameter(Name=f"/shop/{number}", Value="x", Type="String")


@pytest.mark.parametrize(
    ("service", "operation", "size", "more"),
    [
        ("ec2", "describe_subnets", 5, {}),
        ("ec2", "describe_network_interfaces", 5, {}),
        ("ec2", "describe_security_groups", 5, {}),
        ("ec2", "describe_security_group_rules", 5, {}),
        ("ec2", "describe_volumes", 5, {}),
        ("iam", "list_users", 2, {}),
        ("iam", "list_groups", 2, {}),
        ("iam", "list_roles", 2, {}),
        ("iam", "list_role_policies", 2, {"RoleName": "name0"}),
        ("iam", "list_entities_for_policy", 1, {"PolicyArn": "arn:aws:iam::123456789012:policy/shared"}),
        ("s3", "list_buckets", 2, {}),
        ("ssm", "describe_parameters", 2, {}),
    ],
)
def test_all_pages_are_the_whole_list(
    api: Served, service: str, operation: str, size: int, more: dict[str, Any]
) -> None:
    client = api.client(service)

    def items(answer: dict[str, Any]) -> list[str]:
        lists = [value for value in answer.values() if isinstance(value, list)]
        return [json.dumps(item, sort_keys=True, default=str) for found in lists for item in found]

    call: Callable[..., dict[str, Any]] = getattr(client, operation)
    whole = items(call(**more))
    pages = [
        items(answer)
        for answer in client.get_paginator(operation).paginate(**more, PaginationConfig={"PageSize": size})
    ]
    assert len(pages) > 1
    assert all(len(page) <= size for page in pages)
    assert sorted(item for page in pages for item in page) == sorted(whole)


def test_ordinary_buckets_are_no_directory_buckets(api: Served) -> None:
    assert api.client("s3").list_directory_buckets()["Buckets"] == []


def test_a_token_that_nobody_gave_is_refused(api: Served) -> None:
    with pytest.raises(ClientError, match="InvalidNextToken"):
        api.client("ssm").describe_parameters(NextToken="made up")
