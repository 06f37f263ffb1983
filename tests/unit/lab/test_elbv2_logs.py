# SPDX-License-Identifier: GPL-3.0-or-later
"""Access logs of a load balancer: a bucket that can't be written to is refused, as AWS does by its test file."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError
from jinja2 import Template

from tests.unit.plugins.modules.route53_account import REGION, Account, open_account

ROLE = Path(__file__).parents[3] / "roles" / "access_logs" / "templates" / "bucket_policy.json.j2"
ACCOUNT_ID = "123456789012"
NAME = "demo-logs-123456789012"


@pytest.fixture
def account(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Account]:
    with open_account(tmp_path, monkeypatch) as made:
        yield made


def policy(**other: str) -> str:
    """The role's own policy."""
    names = {
        "access_logs_bucket": NAME,
        "access_logs_site": "demo",
        "access_logs_region": REGION,
        "access_logs_account_id": ACCOUNT_ID,
    }
    text: str = Template(ROLE.read_text()).render(names | other)
    return text


def bucket(account: Account, text: str = "", region: str = REGION) -> Any:
    s3 = account.client("s3", region)
    s3.create_bucket(Bucket=NAME, CreateBucketConfiguration={"LocationConstraint": region})
    if text:
        s3.put_bucket_policy(Bucket=NAME, Policy=text)
    return s3


def switch_on(account: Account) -> None:
    arn = account.balancer("demo")["LoadBalancerArn"]
    attributes = {
        "access_logs.s3.enabled": "true",
        "access_logs.s3.bucket": NAME,
        "access_logs.s3.prefix": "load-balancer",
    }
    account.client("elbv2", REGION).modify_load_balancer_attributes(
        LoadBalancerArn=arn, Attributes=[{"Key": key, "Value": value} for key, value in attributes.items()]
    )


def test_the_role_s_policy_admits_the_log_delivery_which_proves_it(account: Account) -> None:
    s3 = bucket(account, policy())
    switch_on(account)
    (made,) = s3.list_objects_v2(Bucket=NAME)["Contents"]
    assert made["Key"] == f"load-balancer/AWSLogs/{ACCOUNT_ID}/ELBAccessLogTestFile"


@pytest.mark.parametrize(
    "text",
    ["", policy(access_logs_account_id="999999999999"), policy(access_logs_region="eu-west-1")],
    ids=["none", "of another account", "of another region"],
)
def test_a_bucket_that_does_not_admit_it_is_refused(account: Account, text: str) -> None:
    bucket(account, text)
    with pytest.raises(ClientError, match="Access Denied for bucket"):
        switch_on(account)


def test_a_bucket_of_another_region_is_refused(account: Account) -> None:
    bucket(account, policy(), "eu-west-1")
    with pytest.raises(ClientError, match="located in a different region"):
        switch_on(account)


def test_a_bucket_that_is_not_there_is_refused(account: Account) -> None:
    with pytest.raises(ClientError, match="No such bucket"):
        switch_on(account)


def test_the_role_s_policy_admits_the_logs_of_the_site_s_buckets(account: Account) -> None:
    s3 = bucket(account, policy())
    s3.create_bucket(Bucket="demo-content", CreateBucketConfiguration={"LocationConstraint": REGION})
    target = {"TargetBucket": NAME, "TargetPrefix": "demo-content/"}
    s3.put_bucket_logging(Bucket="demo-content", BucketLoggingStatus={"LoggingEnabled": target})
    assert s3.get_bucket_logging(Bucket="demo-content")["LoggingEnabled"]["TargetBucket"] == NAME


def test_the_role_s_policy_is_json_that_opens_nothing_to_others() -> None:
    statements = json.loads(policy())["Statement"]
    assert [statement["Effect"] for statement in statements if statement["Principal"] == "*"] == ["Deny"]
