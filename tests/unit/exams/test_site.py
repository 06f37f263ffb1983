# SPDX-License-Identifier: GPL-3.0-or-later
"""Which site is examined, and what of the lab is its own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from exams import site
from lab.base.errors import LabError
from tests.unit.lab.served import REGION, Served, serve

TAGS = [{"Key": "hasite:site", "Value": "demo"}]


@pytest.fixture
def api(tmp_path: Path) -> Iterator[Served]:
    with serve(tmp_path) as served:
        yield served


@pytest.fixture
def keys(api: Served) -> dict[str, str]:
    owner = api.context.owner
    given = {"AWS_ACCESS_KEY_ID": owner.access_key, "AWS_SECRET_ACCESS_KEY": owner.secret_key}
    return {"AWS_ENDPOINT_URL": api.url, **given}


def network(ec2: Any, *tags: dict[str, str]) -> tuple[str, str, str]:
    """Create a VPC; return its id, and those of its untagged network ACL and security group."""
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    if tags:
        ec2.create_tags(Resources=[vpc], Tags=list(tags))
    inside = [{"Name": "vpc-id", "Values": [vpc]}]
    (acl,) = ec2.describe_network_acls(Filters=inside)["NetworkAcls"]
    (group,) = ec2.describe_security_groups(Filters=inside)["SecurityGroups"]
    return vpc, acl["NetworkAclId"], group["GroupId"]


def test_what_is_in_the_site_s_vpc_is_the_site_s(api: Served, keys: dict[str, str]) -> None:
    ours, theirs = network(api.client("ec2"), *TAGS), network(api.client("ec2"))
    found = site.ids(keys, "demo", [REGION, "us-east-1"])
    assert set(ours) <= found
    assert not set(theirs) & found
    assert site.ids(keys, "other", [REGION]) == frozenset()


def test_what_bears_the_tag_is_the_site_s_without_a_vpc(api: Served, keys: dict[str, str]) -> None:
    api.client("s3", "us-east-1").create_bucket(Bucket="pages")
    api.client("s3", "us-east-1").put_bucket_tagging(Bucket="pages", Tagging={"TagSet": TAGS})
    assert site.ids(keys, "demo", ["us-east-1"]) == {"pages"}


def test_a_site_is_there_once_its_load_balancer_is(api: Served, keys: dict[str, str]) -> None:
    ec2, elb = api.client("ec2"), api.client("elbv2")
    vpc, *_ = network(ec2, *TAGS)
    assert not site.is_there(keys, "demo", REGION)
    gateway = ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
    ec2.attach_internet_gateway(InternetGatewayId=gateway, VpcId=vpc)
    subnets = [
        ec2.create_subnet(VpcId=vpc, CidrBlock=f"10.0.{number}.0/24", AvailabilityZone=f"{REGION}{zone}")
        for number, zone in enumerate("ac")
    ]
    ids = [subnet["Subnet"]["SubnetId"] for subnet in subnets]
    elb.create_load_balancer(Name="demo", Subnets=ids, Tags=TAGS)
    assert site.is_there(keys, "demo", REGION)
    assert not site.is_there(keys, "other", REGION)


# ---- providing it


@pytest.fixture
def ran(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What is run, in words; nothing is."""
    found: list[str] = []
    monkeypatch.setattr(site, "_run", lambda _lab, words: found.append(" ".join(words)))
    monkeypatch.setattr(site, "environment", lambda _place: {"AWS_ENDPOINT_URL": "here"})
    return found


@pytest.mark.parametrize("there", [True, False])
def test_a_lab_that_runs_is_left_as_it_is(ran: list[str], monkeypatch: pytest.MonkeyPatch, there: bool) -> None:
    monkeypatch.setattr("exams.site.Endpoint.read", lambda _place: "an endpoint")
    monkeypatch.setattr(site, "is_there", lambda *_site: there)
    with site.provided("unit", "demo", REGION) as keys:
        assert keys == {"AWS_ENDPOINT_URL": "here"}
    assert [one.split()[0] for one in ran] == ([] if there else ["ansible-playbook"])


def test_a_lab_of_our_own_is_ended_even_if_the_site_fails(ran: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("exams.site.Endpoint.read", lambda _place: None)

    def failing(*_site: str) -> bool:
        raise LabError("no")

    monkeypatch.setattr(site, "is_there", failing)
    with pytest.raises(LabError), site.provided("unit", "demo", REGION):
        pass
    assert [one.split()[-1] for one in ran] == ["4", "down"]
