# SPDX-License-Identifier: GPL-3.0-or-later
"""Query logging and the policy that it needs, in four steps: check, change, idempotent, changed again."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.amazon.aws.plugins.module_utils.exceptions import AnsibleAWSError
from ansible_collections.hasite.aws.plugins.module_utils import _logs_policy, _query_logging
from botocore.exceptions import ClientError

from lab.base.backends import ACCOUNT
from tests.unit.plugins.modules.route53_account import Account, open_account

ARN = f"arn:aws:logs:us-east-1:{ACCOUNT}:log-group"


@pytest.fixture
def account(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Account]:
    with open_account(tmp_path, monkeypatch) as made:
        made.client("logs", "us-east-1").create_log_group(logGroupName="/shop/queries")
        yield made


def policy(group: str = "/shop/queries", source: str = ACCOUNT) -> str:
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": "route53.amazonaws.com"},
        "Action": ["logs:CreateLogStream", "logs:PutLogEvents"],
        "Resource": f"{ARN}:{group}:*",
        "Condition": {
            "StringEquals": {"aws:SourceAccount": source},
            "ArnLike": {"aws:SourceArn": "arn:aws:route53:::hostedzone/*"},
        },
    }
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def allow(account: Account, text: str, check: bool = False, state: str = "present") -> bool:
    params = {"state": state, "name": "shop-queries", "policy": text}
    return bool(_logs_policy.ensure(account.client("logs", "us-east-1"), params, check).changed)


def policies(account: Account) -> dict[str, Any]:
    found = account.client("logs", "us-east-1").describe_resource_policies()["resourcePolicies"]
    return {one["policyName"]: json.loads(one["policyDocument"]) for one in found}


def test_a_policy_is_written_once_and_when_it_means_something_else(account: Account) -> None:
    assert allow(account, policy(), check=True)
    assert policies(account) == {}
    assert allow(account, policy())
    assert policies(account) == {"shop-queries": json.loads(policy())}
    assert not allow(account, policy())
    assert not allow(account, policy(), check=True)
    assert allow(account, policy("/shop/other"))
    assert allow(account, "{}", state="absent", check=True)
    assert allow(account, "{}", state="absent")
    assert not allow(account, "{}", state="absent")
    with pytest.raises(AnsibleAWSError, match="The policy shop-queries is no JSON"):
        allow(account, "{")


def log(
    account: Account, zone: str, group: str = "/shop/queries", check: bool = False, state: str = "present"
) -> tuple[bool, dict[str, Any], list[str]]:
    warnings: list[str] = []
    params = {"state": state, "hosted_zone_id": zone, "log_group_arn": f"{ARN}:{group}"}
    done = _query_logging.ensure(account.route53, params, check, warnings.append)
    return done.changed, done.after, warnings


def configs(account: Account) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = account.route53.list_query_logging_configs()["QueryLoggingConfigs"]
    return found


def test_queries_are_logged_once(account: Account) -> None:
    zone, _ = account.zone("example.com")
    with pytest.raises(AnsibleAWSError, match=f"Failed to log the queries of the hosted zone {zone}"):
        log(account, zone)
    allow(account, policy())
    assert log(account, zone, check=True)[0]
    assert configs(account) == []
    changed, made, warnings = log(account, zone)
    assert (changed, warnings) == (True, [])
    assert made["log_group_arn"] == f"{ARN}:/shop/queries"
    assert log(account, zone) == (False, made, [])
    assert log(account, zone, "/shop/queries:*") == (False, made, [])
    assert log(account, zone, state="absent", check=True)[:2] == (True, {})
    assert log(account, zone, state="absent")[:2] == (True, {})
    assert not log(account, zone, state="absent")[0]
    assert configs(account) == []


def test_what_others_log_stays(account: Account) -> None:
    zone, _ = account.zone("example.com")
    account.client("logs", "us-east-1").create_log_group(logGroupName="/theirs")
    allow(account, policy("*"))
    log(account, zone, "/theirs")
    changed, found, warnings = log(account, zone)
    assert (changed, found["log_group_arn"]) == (False, f"{ARN}:/theirs")
    assert len(warnings) == 1
    assert "/theirs already" in warnings[0]
    assert not log(account, zone, state="absent")[0]
    assert len(configs(account)) == 1


@pytest.mark.parametrize(
    ("code", "arn"),
    [
        ("InvalidInput", ARN.replace("us-east-1", "ap-northeast-1") + ":/shop/queries"),
        ("InvalidInput", "no arn"),
        ("InsufficientCloudWatchLogsResourcePolicy", f"{ARN}:/another"),
        ("NoSuchCloudWatchLogsLogGroup", f"{ARN}:/shop/queries2"),
    ],
)
def test_what_route_53_refuses(account: Account, code: str, arn: str) -> None:
    zone, _ = account.zone("example.com")
    allow(account, policy("/shop/queries*"))
    with pytest.raises(ClientError) as caught:
        account.route53.create_query_logging_config(HostedZoneId=zone, CloudWatchLogsLogGroupArn=arn)
    assert caught.value.response["Error"]["Code"] == code


@pytest.mark.parametrize("text", ["no json", "[]", '{"Statement": [1]}', '{"Statement": "x"}'])
def test_what_is_no_policy_is_refused(account: Account, text: str) -> None:
    with pytest.raises(ClientError) as caught:
        account.client("logs", "us-east-1").put_resource_policy(policyName="x", policyDocument=text)
    assert caught.value.response["Error"]["Code"] == "InvalidParameterException"


def test_a_policy_for_another_account_is_not_enough(account: Account) -> None:
    zone, _ = account.zone("example.com")
    allow(account, policy(source="999999999999"))
    with pytest.raises(AnsibleAWSError, match="Failed to log the queries"):
        log(account, zone)
