# SPDX-License-Identifier: GPL-3.0-or-later
"""What CloudTrail and IAM tell of the calls that were made, over HTTP as a scanner asks."""

from __future__ import annotations

import csv
import datetime
import io
import json
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from lab.base.history import History
from tests.unit.lab.served import REGION, Served, serve

ROOT = "arn:aws:iam::123456789012:root"
TRUST = {"Statement": [{"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"}]}
READS = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Action": ["ec2:Describe*", "ssm:GetParameter"], "Resource": "*"}],
}


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with serve(tmp_path_factory.mktemp("lab")) as made:
        yield made


@pytest.fixture
def api(served: Served) -> Served:
    served.forget()
    return served


@pytest.fixture
def role(api: Served) -> str:
    made: str = api.client("iam").create_role(RoleName="web", AssumeRolePolicyDocument=json.dumps(TRUST))["Role"]["Arn"]
    api.client("iam").put_role_policy(RoleName="web", PolicyName="p", PolicyDocument=json.dumps(READS))
    return made


@pytest.fixture
def machine(api: Served, role: str) -> Any:
    """A client of EC2 with the role's credentials."""
    given = api.client("sts").assume_role(RoleArn=role, RoleSessionName="i-1")["Credentials"]
    keys = {"aws_access_key_id": given["AccessKeyId"], "aws_secret_access_key": given["SecretAccessKey"]}
    return api.client("ec2", **keys, aws_session_token=given["SessionToken"])


def events(api: Served, region: str = REGION, **which: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = api.client("cloudtrail", region).lookup_events(**which)["Events"]
    return found


def named(value: str, key: str = "EventName") -> dict[str, Any]:
    return {"LookupAttributes": [{"AttributeKey": key, "AttributeValue": value}]}


# ---- the event history


def test_a_call_is_told_by_its_name_in_its_region(api: Served) -> None:
    api.client("ec2").describe_vpcs()
    api.client("ec2", "us-east-1").describe_subnets()
    (found,) = events(api, **named("DescribeVpcs"))
    assert (found["EventSource"], found["Username"], found["ReadOnly"]) == ("ec2.amazonaws.com", "root", "true")
    record = json.loads(found["CloudTrailEvent"])
    assert record["userIdentity"]["type"] == "Root"
    assert (record["sourceIPAddress"], record["awsRegion"]) == ("127.0.0.1", REGION)
    assert "Boto3" in record["userAgent"]
    assert not events(api, **named("DescribeSubnets"))
    assert len(events(api, "us-east-1", **named("DescribeSubnets"))) == 1


def test_a_role_s_session_is_named(api: Served, machine: Any) -> None:
    machine.describe_instances()
    (found,) = events(api, **named("i-1", "Username"))
    identity = json.loads(found["CloudTrailEvent"])["userIdentity"]
    assert identity["type"] == "AssumedRole"
    assert identity["sessionContext"]["sessionIssuer"]["userName"] == "web"


def test_what_was_sent_is_not_kept(api: Served) -> None:
    api.client("ssm").put_parameter(Name="secret", Value="marker-of-a-secret", Type="SecureString")
    assert events(api, **named("PutParameter"))
    assert "marker-of-a-secret" not in repr(events(api))


def test_the_newest_come_first_page_by_page(api: Served) -> None:
    for _ in range(3):
        api.client("ec2").describe_vpcs()
    pages = (
        api.client("cloudtrail")
        .get_paginator("lookup_events")
        .paginate(**named("DescribeVpcs"), PaginationConfig={"PageSize": 2})
    )
    sizes = [len(page["Events"]) for page in pages]
    assert sizes == [2, 1]
    found = [event["EventTime"] for event in events(api)]
    assert found == sorted(found, reverse=True)


def test_only_the_time_asked_for_is_told(api: Served) -> None:
    api.client("ec2").describe_vpcs()
    hour = datetime.timedelta(hours=1)
    now = datetime.datetime.now(datetime.UTC)
    assert events(api, StartTime=now - hour, EndTime=now + hour)
    assert not events(api, StartTime=now + hour)
    assert not events(api, EndTime=now - hour)


@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        ({"MaxResults": 50, "NextToken": "nonsense"}, "InvalidNextTokenException"),
        ({"StartTime": 2_000_000_000, "EndTime": 1_000_000_000}, "InvalidTimeRangeException"),
        ({"LookupAttributes": named("a")["LookupAttributes"] * 2}, "InvalidLookupAttributesException"),
    ],
)
def test_what_can_not_be_looked_up_is_refused(api: Served, wrong: dict[str, Any], code: str) -> None:
    with pytest.raises(ClientError, match=code):
        events(api, **wrong)


def test_the_history_has_a_bound() -> None:
    assert History().events.maxlen


# ---- who used what


def test_the_root_users_key_is_in_the_credential_report(api: Served) -> None:
    iam = api.client("iam")
    assert iam.generate_credential_report()["State"] == "STARTED"
    iam.create_user(UserName="anna")
    api.client("ec2").describe_vpcs()
    found = iam.get_credential_report()
    root, user = csv.DictReader(io.StringIO(found["Content"].decode()))
    assert (root["user"], root["arn"], user["user"]) == ("<root_account>", ROOT, "anna")
    assert (root["access_key_1_active"], root["access_key_2_active"], root["mfa_active"]) == ("true", "false", "false")
    assert root["access_key_1_last_used_service"] in ("ec2", "iam")
    assert abs(found["GeneratedTime"] - datetime.datetime.now(datetime.UTC)) < datetime.timedelta(hours=1)
    assert iam.get_account_summary()["SummaryMap"]["AccountAccessKeysPresent"] == 1


def accessed(api: Served, arn: str) -> dict[str, dict[str, Any]]:
    job = api.client("iam").generate_service_last_accessed_details(Arn=arn)["JobId"]
    found = api.client("iam").get_service_last_accessed_details(JobId=job)
    assert found["JobStatus"] == "COMPLETED"
    return {one["ServiceNamespace"]: one for one in found["ServicesLastAccessed"]}


def test_services_are_told_with_their_last_use(api: Served, role: str, machine: Any) -> None:
    assert "LastAuthenticated" not in accessed(api, role)["ec2"]
    machine.describe_instances()
    found = accessed(api, role)
    assert set(found) == {"ec2", "ssm"}
    assert (found["ec2"]["LastAuthenticatedEntity"], found["ec2"]["LastAuthenticatedRegion"]) == (role, REGION)
    assert (found["ec2"]["TotalAuthenticatedEntities"], found["ssm"]["TotalAuthenticatedEntities"]) == (1, 0)
    assert found["ssm"]["ServiceName"] == "AWS Systems Manager"


def test_a_policy_s_report_counts_those_who_have_it(api: Served, role: str, machine: Any) -> None:
    iam = api.client("iam")
    policy = iam.create_policy(PolicyName="reads", PolicyDocument=json.dumps(READS))
    iam.attach_role_policy(RoleName="web", PolicyArn=policy["Policy"]["Arn"])
    machine.describe_instances()
    assert accessed(api, policy["Policy"]["Arn"])["ec2"]["TotalAuthenticatedEntities"] == 1


def test_a_user_has_the_services_of_its_groups(api: Served) -> None:
    iam = api.client("iam")
    user = iam.create_user(UserName="anna")["User"]["Arn"]
    group = iam.create_group(GroupName="all")["Group"]["Arn"]
    iam.add_user_to_group(GroupName="all", UserName="anna")
    iam.attach_group_policy(GroupName="all", PolicyArn="arn:aws:iam::aws:policy/AdministratorAccess")
    assert {"ec2", "iam", "s3"} <= set(accessed(api, user))
    assert set(accessed(api, group)) == set(accessed(api, user))


def test_what_is_not_there_has_no_report(api: Served) -> None:
    iam = api.client("iam")
    with pytest.raises(iam.exceptions.NoSuchEntityException):
        iam.generate_service_last_accessed_details(Arn="arn:aws:iam::123456789012:role/none")
    with pytest.raises(iam.exceptions.NoSuchEntityException):
        iam.get_service_last_accessed_details(JobId="00000000-0000-0000-0000-000000000000")


# ---- what policies decide


def test_a_simulation_decides_as_the_lab_does(api: Served, role: str) -> None:
    denied = {
        "Effect": "Deny",
        "Action": "ec2:*",
        "Resource": "*",
        "Condition": {"StringEquals": {"aws:RequestedRegion": "x"}},
    }
    more = json.dumps({"Version": "2012-10-17", "Statement": [denied]})
    asked = {"PolicySourceArn": role, "ActionNames": ["ec2:DescribeVpcs", "iam:CreateUser"], "PolicyInputList": [more]}
    entry = {"ContextKeyName": "aws:RequestedRegion", "ContextKeyValues": ["x"], "ContextKeyType": "string"}

    def decided(**context: Any) -> list[str]:
        found = api.client("iam").simulate_principal_policy(**asked, **context)["EvaluationResults"]
        return [one["EvalDecision"] for one in found]

    assert decided() == ["allowed", "implicitDeny"]
    assert decided(ContextEntries=[entry]) == ["explicitDeny", "implicitDeny"]


@pytest.mark.parametrize(
    ("more", "code"),
    [
        ({"PolicyInputList": ["{"]}, "InvalidInput"),
        ({"ResourcePolicy": "{}"}, "InvalidInput"),
        ({"PolicySourceArn": "arn:aws:iam::123456789012:role/none"}, "NoSuchEntity"),
        ({"Marker": "nonsense"}, "InvalidInput"),
    ],
)
def test_what_can_not_be_simulated_is_refused(api: Served, role: str, more: dict[str, Any], code: str) -> None:
    asked = {"PolicySourceArn": role, "ActionNames": ["ec2:DescribeVpcs"], **more}
    with pytest.raises(ClientError, match=code):
        api.client("iam").simulate_principal_policy(**asked)


# ---- no organization


def test_an_account_without_an_organization_is_told_so(api: Served) -> None:
    organizations = api.client("organizations", "us-east-1")
    for ask in (
        organizations.describe_organization,
        organizations.list_delegated_administrators,
        organizations.list_roots,
        lambda: organizations.describe_account(AccountId="123456789012"),
    ):
        with pytest.raises(organizations.exceptions.AWSOrganizationsNotInUseException):
            ask()
    iam = api.client("iam")
    with pytest.raises(iam.exceptions.OrganizationNotFoundException):
        iam.list_organizations_features()


def test_an_organization_of_ones_own_answers(api: Served) -> None:
    organizations = api.client("organizations", "us-east-1")
    organizations.create_organization(FeatureSet="ALL")
    assert organizations.list_delegated_administrators()["DelegatedAdministrators"] == []
    assert organizations.describe_account(AccountId="123456789012")["Account"]["Status"] == "ACTIVE"
