# SPDX-License-Identifier: GPL-3.0-or-later
"""The policy of an endpoint in four steps: check, change, idempotent, changed again."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.amazon.aws.plugins.module_utils.exceptions import AnsibleAWSError
from ansible_collections.hasite.aws.plugins.module_utils import _endpoint_policy

from tests.unit.plugins.modules.route53_account import REGION, Account, open_account


@pytest.fixture
def account(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Account]:
    with open_account(tmp_path, monkeypatch) as made:
        yield made


def policy(account_id: str) -> dict[str, Any]:
    statement = {
        "Effect": "Allow",
        "Principal": "*",
        "Action": "s3:*",
        "Resource": "*",
        "Condition": {"StringEquals": {"aws:ResourceAccount": account_id}},
    }
    return {"Version": "2012-10-17", "Statement": [statement]}


def test_a_policy_is_written_once_and_when_it_means_something_else(account: Account) -> None:
    ec2 = account.client("ec2", REGION)
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    made = ec2.create_vpc_endpoint(VpcId=vpc, ServiceName=f"com.amazonaws.{REGION}.s3", VpcEndpointType="Gateway")
    endpoint = made["VpcEndpoint"]["VpcEndpointId"]

    def ensure(wanted: dict[str, Any], *, check: bool = False) -> bool:
        params = {"vpc_endpoint_id": endpoint, "policy": json.dumps(wanted)}
        return bool(_endpoint_policy.ensure(ec2, params, check).changed)

    def present() -> dict[str, Any]:
        (found,) = ec2.describe_vpc_endpoints(VpcEndpointIds=[endpoint])["VpcEndpoints"]
        read: dict[str, Any] = json.loads(found["PolicyDocument"])
        return read

    first = present()
    assert ensure(policy("1"), check=True)
    assert present() == first
    assert ensure(policy("1"))
    assert present() == policy("1")
    assert not ensure(policy("1"))
    listed = policy("1")
    listed["Statement"][0]["Action"] = ["s3:*"]
    assert not ensure(listed)
    assert ensure(policy("2"))
    with pytest.raises(AnsibleAWSError, match="no JSON"):
        _endpoint_policy.ensure(ec2, {"vpc_endpoint_id": endpoint, "policy": "{"}, False)
    with pytest.raises(AnsibleAWSError, match="Failed to look at the endpoint vpce-0"):
        _endpoint_policy.ensure(ec2, {"vpc_endpoint_id": "vpce-0", "policy": "{}"}, False)
