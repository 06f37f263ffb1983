# SPDX-License-Identifier: GPL-3.0-or-later
"""Playbooks touch their own site only: not one whose name begins alike, and never a pattern's."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import boto3
import pytest

from lab.base.paths import LabPaths
from tests.integration.owner import Owner

pytestmark = pytest.mark.lab

BLOG = [{"Key": "hasite:site", "Value": "shop-blog"}, {"Key": "Name", "Value": "shop-blog"}]
REGION = "ap-northeast-1"


@pytest.fixture(scope="module")
def owner(place: LabPaths, session: boto3.session.Session) -> Owner:
    return Owner(place, session)


@pytest.fixture
def blog(owner: Owner) -> Iterator[list[Any]]:
    """What is left of another site, shop-blog, by kind; it is taken away afterwards by its own teardown."""
    ec2 = owner.client("ec2")

    def spec(kind: str) -> list[dict[str, Any]]:
        return [{"ResourceType": kind, "Tags": BLOG}]

    vpc = ec2.create_vpc(CidrBlock="10.9.0.0/16", TagSpecifications=spec("vpc"))["Vpc"]["VpcId"]
    ec2.create_security_group(
        GroupName="shop-blog-web", Description="-", VpcId=vpc, TagSpecifications=spec("security-group")
    )
    trust = {"Version": "2012-10-17", "Statement": []}
    owner.client("iam").create_role(RoleName="shop-blog-web", AssumeRolePolicyDocument=json.dumps(trust), Tags=BLOG)
    owner.client("logs").create_log_group(logGroupName="/shop-blog/sessions", tags={"hasite:site": "shop-blog"})
    document = {"schemaVersion": "1.0", "sessionType": "Standard_Stream", "inputs": {}}
    owner.client("ssm").create_document(
        Name="shop-blog-session", DocumentType="Session", Content=json.dumps(document), Tags=BLOG
    )
    owner.client("cloudfront").create_origin_access_control(
        OriginAccessControlConfig={
            "Name": "shop-blog-error-page",
            "SigningProtocol": "sigv4",
            "SigningBehavior": "always",
            "OriginAccessControlOriginType": "s3",
        }
    )
    bucket = "shop-blog-content-123456789012"
    s3 = owner.client("s3")
    s3.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": REGION})
    s3.put_bucket_tagging(Bucket=bucket, Tagging={"TagSet": BLOG})
    yield inventory(owner)
    owner.play("teardown", "-e", "site_name=shop-blog", "-e", "site_delete_data=true")
    assert not [one for one in inventory(owner) if "shop-blog" in one]


def inventory(owner: Owner) -> list[str]:
    """Return the names of everything of the kinds that `blog` has."""
    filters = [{"Name": "tag-key", "Values": ["hasite:site"]}]
    own = [{"Key": "Owner", "Values": ["Self"]}]
    ec2 = owner.client("ec2")
    controls = owner.client("cloudfront").list_origin_access_controls()["OriginAccessControlList"].get("Items", [])
    names = [
        *(vpc["VpcId"] + str(vpc["Tags"]) for vpc in ec2.describe_vpcs(Filters=filters)["Vpcs"]),
        *(group["GroupName"] for group in ec2.describe_security_groups(Filters=filters)["SecurityGroups"]),
        *(role["RoleName"] for role in owner.client("iam").list_roles()["Roles"]),
        *(group["logGroupName"] for group in owner.client("logs").describe_log_groups()["logGroups"]),
        *(identifier["Name"] for identifier in owner.client("ssm").list_documents(Filters=own)["DocumentIdentifiers"]),
        *(control["Name"] for control in controls),
        *(bucket["Name"] for bucket in owner.client("s3").list_buckets()["Buckets"]),
    ]
    return sorted(names)


def test_teardown_of_a_site_removes_nothing_of_one_whose_name_begins_alike(owner: Owner, blog: list[str]) -> None:
    assert len([one for one in blog if "shop-blog" in one]) == 7
    owner.play("teardown", "-e", "site_name=shop", "-e", "site_delete_data=true")
    assert inventory(owner) == blog


@pytest.mark.parametrize("playbook", ["teardown", "drill", "doctor", "release", "rollback"])
def test_a_pattern_as_the_sites_name_is_refused_before_anything_is_read(owner: Owner, playbook: str) -> None:
    done = owner.attempt(playbook, "-e", "site_name=*")
    assert done.returncode != 0
    output = re.sub(r"\s+", " ", done.stdout + done.stderr)
    assert re.search(r"site_name is '\*'; (use|it must be) 1 to 20 small letters, digits and single hyphens", output)
    # The first task that asks AWS is the one that fails.
    assert len(re.findall(r"^TASK ", done.stdout, re.MULTILINE)) == 1
