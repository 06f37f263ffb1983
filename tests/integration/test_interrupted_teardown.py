# SPDX-License-Identifier: GPL-3.0-or-later
"""A teardown is killed after each of its stages in turn, and run again: in the end nothing is left that costs money.

The lab takes things away as slowly as AWS, in proportion: so a run finds what an earlier one has only begun to remove.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.account import contents
from tests.integration.labs import place_of, run_lab, session_of, up
from tests.integration.owner import Owner

pytestmark = [pytest.mark.lab, pytest.mark.acceptance]

STAGES = (
    "Take each name off the site and put back what was there before",
    "Remove the zone",
    "Disable and remove the distribution",
    "Remove the load balancer",
    "Terminate the machines",
    "Delete the share with all its files",
    "Delete the buckets with all versions of their objects",
    "Remove the NAT gateways",
    "Release the addresses",
    "Wait until the load balancer's interfaces are gone",
    "Remove the VPC",
    "Remove the certificates",
    "Remove the roles",
)
"""Tasks, in their order. Each run is killed a moment after it has begun one: in its midst, where that takes a while."""
TRUST = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": "ec2.amazonaws.com"}}],
}
RECORD = {"Name": "mail.elsewhere.test.", "Type": "A", "TTL": 60, "ResourceRecords": [{"Value": "192.0.2.1"}]}


@pytest.fixture(scope="module")
def owner() -> Iterator[Owner]:
    place = place_of("ended")
    up(place.name, "--speed", "4", "--waits", "aws:0.2", "--seed", "7")
    yield Owner(place, session_of(place))
    run_lab(place.name, "down")


def theirs(owner: Owner) -> None:
    """Make what is not the site's, some of it with names like the site's."""
    route53, s3, ec2 = owner.client("route53", "us-east-1"), owner.client("s3"), owner.client("ec2")
    zone = route53.create_hosted_zone(Name="elsewhere.test", CallerReference="theirs")["HostedZone"]["Id"]
    change = {"Action": "CREATE", "ResourceRecordSet": RECORD}
    route53.change_resource_record_sets(HostedZoneId=zone, ChangeBatch={"Changes": [change]})
    s3.create_bucket(Bucket="demo-theirs", CreateBucketConfiguration={"LocationConstraint": "ap-northeast-1"})
    s3.put_object(Bucket="demo-theirs", Key="a", Body=b"theirs")
    ec2.allocate_address(Domain="vpc")
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    ec2.create_security_group(GroupName="demo-web", Description="theirs", VpcId=vpc)
    owner.client("iam", "us-east-1").create_role(RoleName="demo-theirs", AssumeRolePolicyDocument=json.dumps(TRUST))
    owner.client("logs").create_log_group(logGroupName="/demo/theirs")


def test_a_teardown_that_is_killed_again_and_again_leaves_nothing(owner: Owner, tmp_path: Path) -> None:
    theirs(owner)
    before = contents(owner)
    owner.play("site")
    assert contents(owner) != before

    killed = 0
    for stage in STAGES:
        log = tmp_path / "log"
        status = owner.killed_in("teardown", stage, log, "-e", "site_delete_data=true")
        assert status in (None, 0), f"{stage}: {log.read_text()[-6000:]}"
        killed += status is None
        print(f"{stage}: {'killed' if status is None else 'it was over'}")
    assert killed >= 9

    output = owner.play("teardown", "-e", "site_delete_data=true")
    assert "Nothing of the site demo is left that costs money." in output
    now = contents(owner)
    assert {what: (before[what], now[what]) for what in now if before[what] != now[what]} == {}
    route53 = owner.client("route53", "us-east-1")
    [zone] = route53.list_hosted_zones()["HostedZones"]
    assert RECORD in route53.list_resource_record_sets(HostedZoneId=zone["Id"])["ResourceRecordSets"]
    assert owner.client("s3").get_object(Bucket="demo-theirs", Key="a")["Body"].read() == b"theirs"
    assert owner.changes(owner.play("teardown", "-e", "site_delete_data=true")) == []
