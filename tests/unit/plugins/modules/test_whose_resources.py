# SPDX-License-Identifier: GPL-3.0-or-later
"""What is read as a site's is that site's: `shop` beside `shop-blog`, and names that are patterns."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from ansible.module_utils.testing import patch_module_args
from ansible_collections.hasite.aws.plugins.module_utils._site.reading import READERS, read_all
from ansible_collections.hasite.aws.plugins.module_utils._site.scope import ReadScope
from ansible_collections.hasite.aws.plugins.modules import (
    failover_info,
    route53_failover_records,
    site_info,
    site_names_info,
)
from botocore.exceptions import ClientError

from tests.unit.plugins.modules.route53_account import REGION, Account, open_account

SITES = ("shop", "shop-blog", "shopping")
TRUST = {"Version": "2012-10-17", "Statement": []}


@pytest.fixture
def account(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Account]:
    with open_account(tmp_path, monkeypatch) as made:
        for number, site in enumerate(SITES):
            build(made, site, number)
        yield made


def build(account: Account, site: str, number: int) -> None:
    """Create one resource of each kind that is found by tag or by name."""
    tags = [{"Key": "hasite:site", "Value": site}, {"Key": "Name", "Value": site}]

    def spec(kind: str) -> list[dict[str, Any]]:
        return [{"ResourceType": kind, "Tags": tags}]

    ec2 = account.client("ec2", REGION)
    vpc = ec2.create_vpc(CidrBlock=f"10.{number}.0.0/16", TagSpecifications=spec("vpc"))["Vpc"]["VpcId"]
    subnet = ec2.create_subnet(
        VpcId=vpc, CidrBlock=f"10.{number}.0.0/24", AvailabilityZone=f"{REGION}a", TagSpecifications=spec("subnet")
    )["Subnet"]["SubnetId"]
    ec2.create_network_interface(SubnetId=subnet)
    ec2.allocate_address(Domain="vpc", TagSpecifications=spec("elastic-ip"))
    ec2.create_internet_gateway(TagSpecifications=spec("internet-gateway"))
    ec2.create_security_group(
        GroupName=f"{site}-web", Description="-", VpcId=vpc, TagSpecifications=spec("security-group")
    )
    logs = account.client("logs", REGION)
    for group in ("sessions", "flow-logs", "someone-elses"):
        logs.create_log_group(logGroupName=f"/{site}/{group}", tags={"hasite:site": site})
    iam = account.client("iam", "us-east-1")
    for role in ("web", "flow-logs"):
        iam.create_role(RoleName=f"{site}-{role}", AssumeRolePolicyDocument=json.dumps(TRUST), Tags=tags[:1])
    account.client("ssm", REGION).create_document(
        Name=f"{site}-session",
        DocumentType="Session",
        Content=json.dumps({"schemaVersion": "1.0", "sessionType": "Standard_Stream", "inputs": {}}),
        Tags=tags[:1],
    )
    kms = account.client("kms", REGION)
    key = kms.create_key(Tags=[{"TagKey": "hasite:site", "TagValue": site}])["KeyMetadata"]["KeyId"]
    kms.create_alias(AliasName=f"alias/{site}-session", TargetKeyId=key)
    account.client("sns", REGION).create_topic(Name=f"{site}-alarms", Tags=tags[:1])
    watch = account.client("cloudwatch", REGION)
    watch.put_metric_alarm(
        AlarmName=f"{site}-hosts",
        Namespace="AWS/ApplicationELB",
        MetricName="HealthyHostCount",
        Period=60,
        Statistic="Minimum",
        EvaluationPeriods=1,
        Threshold=1,
        ComparisonOperator="LessThanThreshold",
        Tags=tags[:1],
    )
    watch.put_dashboard(DashboardName=site, DashboardBody=json.dumps({"widgets": []}))
    account.client("cloudfront", "us-east-1").create_origin_access_control(
        OriginAccessControlConfig={
            "Name": f"{site}-error-page",
            "SigningProtocol": "sigv4",
            "SigningBehavior": "always",
            "OriginAccessControlOriginType": "s3",
        }
    )
    account.client("s3", REGION).create_bucket(
        Bucket=f"{site}-content-123456789012", CreateBucketConfiguration={"LocationConstraint": REGION}
    )
    account.client("s3", REGION).put_bucket_tagging(Bucket=f"{site}-content-123456789012", Tagging={"TagSet": tags[:1]})


def read(account: Account, site: str, refused: tuple[str, ...] = ()) -> dict[str, Any]:
    answers, errors = read_all(ReadScope(site, [], REGION, account.client), set(READERS) - {"pings", "flow_logs"})
    assert {what: said for what, said in errors.items() if "validation error" not in said or what not in refused} == {}
    return {kind: found for kind, found in answers.items() if isinstance(found, list) and found}


KINDS = {
    *("vpcs", "subnets", "interfaces", "addresses", "internet_gateways", "security_groups", "log_groups", "roles"),
    *("documents", "kms_keys", "topics", "alarms", "dashboards", "origin_access_controls", "buckets"),
}


def test_a_site_beside_others_whose_names_begin_alike_is_read_alone(account: Account) -> None:
    for site in SITES:
        found = read(account, site)
        counts = {kind: len(rows) for kind, rows in found.items()}
        assert counts == {**dict.fromkeys(KINDS, 1), "log_groups": 2, "roles": 2}
        whole = json.dumps(found, default=str)
        assert not [other for other in SITES if other != site and f'"{other}"' in whole]


def test_a_pattern_reads_nothing_even_if_it_got_as_far_as_a_filter(account: Account) -> None:
    for pattern in ("*", "sho?", "shop*", "shop-?log", ""):
        # Names with an asterisk are none to these services.
        assert read(account, pattern, ("iam: roles", "logs: log groups", "kms: keys")) == {}, pattern


def test_what_bears_the_sites_name_without_its_tag_is_somebody_elses(account: Account) -> None:
    account.client("iam", "us-east-1").untag_role(RoleName="shop-web", TagKeys=["hasite:site"])
    account.client("logs", REGION).untag_log_group(logGroupName="/shop/sessions", tags=["hasite:site"])
    found = read(account, "shop")
    assert [role["role_name"] for role in found["roles"]] == ["shop-flow-logs"]
    assert [group["log_group_name"] for group in found["log_groups"]] == ["/shop/flow-logs"]


NAMED: dict[Any, tuple[str, dict[str, Any]]] = {
    site_info: ("name", {}),
    failover_info: ("name", {"domain": "www.example.com"}),
    site_names_info: ("name", {"domain": "www.example.com"}),
    route53_failover_records: ("site", {"name": "www.example.com", "hosted_zone_id": "Z1", "state": "absent"}),
}


@pytest.mark.parametrize("module", NAMED, ids=lambda module: module.__name__.rpartition(".")[2])
@pytest.mark.parametrize("name", ["*", "sho?", "shop*", "Shop", "a" * 21, "shop\n", "-", ""])
def test_a_name_that_no_site_can_have_is_refused_before_anything_is_read(
    module: Any, name: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def nothing(*_: Any, **__: Any) -> Any:
        raise AssertionError("AWS was asked")

    monkeypatch.setattr("botocore.client.BaseClient._make_api_call", nothing)
    option, more = NAMED[module]
    arguments = {**more, option: name, "region": REGION, "access_key": "a", "secret_key": "b"}
    with patch_module_args(arguments), pytest.raises(SystemExit):
        module.main()
    said = json.loads(capsys.readouterr().out)
    assert said["failed"]
    assert said["msg"].startswith(f"site_name is {name!r}; use 1 to 20 small letters")


def run_site_info(capsys: pytest.CaptureFixture[str], **more: Any) -> dict[str, Any]:
    arguments = {"name": "shop", "region": REGION, "access_key": "AKIAX", "secret_key": "0000000000", **more}
    with patch_module_args(arguments), pytest.raises(SystemExit):
        site_info.main()
    said: dict[str, Any] = json.loads(capsys.readouterr().out)
    return said


def test_a_site_of_which_something_may_not_be_read_is_not_taken_for_whole(
    account: Account, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Or else teardown would leave behind what it was not shown."""

    def refuse(kind: str) -> Any:
        who = "User: arn:aws:iam::1:user/taro is not authorized to perform: iam:ListRoles because no policy allows it"
        raise ClientError({"Error": {"Code": "AccessDenied", "Message": who}}, "ListRoles")

    monkeypatch.setitem(READERS, "roles", ("iam: roles", refuse))
    assert run_site_info(capsys)["msg"] == (
        "The site could not be read (iam: roles): arn:aws:iam::1:user/taro may not perform iam:ListRoles; "
        "add iam:ListRoles to that caller's policy (see docs/permissions.md)."
    )
    site = run_site_info(capsys, partial=True)["site"]
    assert [one["service"] for one in site["unreadable"]] == ["iam: roles"]
