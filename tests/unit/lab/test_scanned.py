# SPDX-License-Identifier: GPL-3.0-or-later
"""Operations that scanners and the audit call, in an account that has set little up."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.unit.plugins.modules.route53_account import REGION, Account, open_account


@pytest.fixture
def account(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Account]:
    with open_account(tmp_path, monkeypatch) as made:
        yield made


# ---- security groups named from elsewhere


@pytest.fixture
def peered(account: Account) -> tuple[Any, str, str, str]:
    """EC2, a group, the VPC that names it, and the connection with it."""
    ec2 = account.client("ec2", REGION)
    here, there = (ec2.create_vpc(CidrBlock=block)["Vpc"]["VpcId"] for block in ("10.0.0.0/16", "10.1.0.0/16"))
    group, other = (
        ec2.create_security_group(GroupName="g", Description="g", VpcId=vpc)["GroupId"] for vpc in (here, there)
    )
    made = ec2.create_vpc_peering_connection(VpcId=here, PeerVpcId=there)["VpcPeeringConnection"]
    rule = {"IpProtocol": "tcp", "FromPort": 80, "ToPort": 80, "UserIdGroupPairs": [{"GroupId": group}]}
    ec2.authorize_security_group_ingress(GroupId=other, IpPermissions=[rule])
    return ec2, group, there, made["VpcPeeringConnectionId"]


def test_a_group_that_a_peered_vpc_names_is_told(peered: tuple[Any, str, str, str]) -> None:
    ec2, group, there, connection = peered
    assert ec2.describe_security_group_references(GroupId=[group])["SecurityGroupReferenceSet"] == []
    ec2.accept_vpc_peering_connection(VpcPeeringConnectionId=connection)
    (found,) = ec2.describe_security_group_references(GroupId=[group])["SecurityGroupReferenceSet"]
    assert found == {"GroupId": group, "ReferencingVpcId": there, "VpcPeeringConnectionId": connection}


def test_a_group_that_there_is_not_has_no_references(account: Account) -> None:
    with pytest.raises(ClientError, match=r"InvalidGroup\.NotFound"):
        account.client("ec2", REGION).describe_security_group_references(GroupId=["sg-00000000"])


# ---- compliance


def test_nothing_reports_compliance(account: Account) -> None:
    ssm = account.client("ssm", REGION)
    assert ssm.list_resource_compliance_summaries()["ResourceComplianceSummaryItems"] == []
    assert ssm.list_compliance_summaries()["ComplianceSummaryItems"] == []
    assert ssm.list_compliance_items()["ComplianceItems"] == []
    with pytest.raises(ClientError):
        ssm.put_compliance_items(
            ResourceId="i-1", ResourceType="ManagedInstance", ComplianceType="Custom:x", Items=[],
            ExecutionSummary={"ExecutionTime": 0},
        )  # fmt: skip


# ---- query logging


def logged(account: Account, zone: str) -> str:
    logs = account.client("logs", "us-east-1")
    logs.create_log_group(logGroupName=f"/aws/route53/{zone}")
    arn = f"arn:aws:logs:us-east-1:123456789012:log-group:/aws/route53/{zone}:*"
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": "route53.amazonaws.com"},
        "Action": ["logs:CreateLogStream", "logs:PutLogEvents"],
        "Resource": "arn:aws:logs:us-east-1:123456789012:log-group:/aws/route53/*",
    }
    document = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    logs.put_resource_policy(policyName="route53", policyDocument=document)
    made: str = account.route53.create_query_logging_config(
        HostedZoneId=zone, CloudWatchLogsLogGroupArn=arn
    )["QueryLoggingConfig"]["Id"]  # fmt: skip
    return made


def test_a_zone_s_query_logging_is_its_own(account: Account) -> None:
    (first, _), (second, _), (third, _) = (account.zone(name) for name in ("a.test", "b.test", "c.test"))
    ids = [logged(account, zone) for zone in (first, second)]

    def configs(**which: Any) -> list[str]:
        return [config["Id"] for config in account.route53.list_query_logging_configs(**which)["QueryLoggingConfigs"]]

    assert configs(HostedZoneId=first) == ids[:1]
    assert configs(HostedZoneId=f"/hostedzone/{second}") == ids[1:]
    assert configs(HostedZoneId=third) == []
    assert configs() == ids
    one = account.route53.list_query_logging_configs(MaxResults="1")
    assert len(one["QueryLoggingConfigs"]) == 1
    two = account.route53.list_query_logging_configs(MaxResults="1", NextToken=one["NextToken"])
    assert (len(two["QueryLoggingConfigs"]), "NextToken" in two) == (1, False)
    for wrong, code in (({"HostedZoneId": "Z00000000"}, "NoSuchHostedZone"), ({"NextToken": "x"}, "InvalidPagination")):
        with pytest.raises(ClientError, match=code):
            account.route53.list_query_logging_configs(**wrong)
