# SPDX-License-Identifier: GPL-3.0-or-later
"""One statement of a bucket's policy in four steps: check, change, idempotent, changed again."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.amazon.aws.plugins.module_utils.exceptions import AnsibleAWSError
from ansible_collections.hasite.aws.plugins.module_utils import _bucket_policy_statement
from botocore.exceptions import ClientError

from tests.unit.plugins.modules.route53_account import REGION, open_account

BUCKET = "shop-error-page-123456789012"
TLS = {
    "Sid": "OnlyOverTls",
    "Effect": "Deny",
    "Principal": "*",
    "Action": "s3:*",
    "Resource": f"arn:aws:s3:::{BUCKET}/*",
    "Condition": {"Bool": {"aws:SecureTransport": "false"}},
}
REFUSAL = {
    "Effect": "Deny",
    "Principal": {"Service": "cloudfront.amazonaws.com"},
    "Action": "s3:GetObject",
    "Resource": f"arn:aws:s3:::{BUCKET}/*",
}
SID = "HasiteDrill"


class Bucket:
    """A bucket, and the module."""

    def __init__(self, s3: Any) -> None:
        self.s3 = s3
        s3.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": REGION})

    def write(self, *statements: dict[str, Any]) -> None:
        policy = {"Version": "2012-10-17", "Statement": list(statements)}
        self.s3.put_bucket_policy(Bucket=BUCKET, Policy=json.dumps(policy))

    def statements(self) -> list[dict[str, Any]]:
        found = self.s3.get_bucket_policy(Bucket=BUCKET)["Policy"]
        statements: list[dict[str, Any]] = json.loads(found)["Statement"]
        return statements

    def ensure(self, state: str = "present", check: bool = False, bucket: str = BUCKET, **more: Any) -> Any:
        given = {"state": state, "bucket": bucket, "sid": SID, "statement": {**REFUSAL, **more}}
        return _bucket_policy_statement.ensure(self.s3, given, check)


@pytest.fixture
def bucket(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Bucket]:
    with open_account(tmp_path, monkeypatch) as account:
        yield Bucket(account.client("s3", REGION))


def sids(statements: list[dict[str, Any]]) -> list[str]:
    return [one.get("Sid", "") for one in statements]


def test_a_statement_joins_the_others_and_goes_again(bucket: Bucket) -> None:
    bucket.write(TLS)
    looked = bucket.ensure(check=True)
    assert (looked.changed, sids(bucket.statements())) == (True, ["OnlyOverTls"])
    done = bucket.ensure()
    assert (done.changed, sids(bucket.statements())) == (True, ["OnlyOverTls", SID])
    assert done.after == looked.after
    again = bucket.ensure()
    assert (again.changed, again.before) == (False, again.after)
    assert bucket.ensure("absent", check=True).changed
    assert sids(bucket.statements()) == ["OnlyOverTls", SID]
    assert bucket.ensure("absent").changed
    assert bucket.statements() == [TLS]
    assert not bucket.ensure("absent").changed


def test_what_others_change_in_the_meantime_stays(bucket: Bucket) -> None:
    bucket.write(TLS)
    bucket.ensure()
    theirs = {**TLS, "Sid": "Theirs"}
    bucket.write(*bucket.statements(), theirs)
    bucket.ensure("absent")
    assert bucket.statements() == [TLS, theirs]


def test_a_policy_is_made_for_the_statement_and_goes_with_it(bucket: Bucket) -> None:
    assert bucket.ensure().changed
    assert sids(bucket.statements()) == [SID]
    assert bucket.ensure("absent").after == {}
    with pytest.raises(ClientError, match="NoSuchBucketPolicy"):
        bucket.statements()


def test_another_statement_under_the_sid_is_replaced_and_one_that_means_the_same_is_not(bucket: Bucket) -> None:
    bucket.write({"Sid": SID, **REFUSAL, "Action": ["s3:GetObject"]})
    assert not bucket.ensure().changed
    assert bucket.ensure(Action="s3:GetObjectVersion").changed
    assert [one["Action"] for one in bucket.statements()] == ["s3:GetObjectVersion"]


def test_a_single_statement_need_not_be_in_a_list() -> None:
    policy = {"Version": "2012-10-17", "Statement": TLS}
    found = _bucket_policy_statement.with_statement(policy, SID, REFUSAL)
    assert sids(found["Statement"]) == ["OnlyOverTls", SID]
    assert _bucket_policy_statement.without_statement(policy, SID) is policy


def test_a_bucket_that_is_not_there_is_named(bucket: Bucket) -> None:
    with pytest.raises(AnsibleAWSError, match="Failed to read the policy of bucket shop-gone"):
        bucket.ensure(bucket="shop-gone")
