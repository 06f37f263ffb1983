# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from typing import Any

import pytest

from lab.world.access import s3_actions
from lab.world.access.bucket_access import Block, Bucket, Caller, allowed, is_public
from lab.world.access.permissions import AccessRequest, Principal

ACCOUNT = "123456789012"
ARN = "arn:aws:s3:::content"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/web"
ROOT = Caller(Principal(arns=(f"arn:aws:iam::{ACCOUNT}:root",), account=ACCOUNT), root=True)
READ = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": f"{ARN}/*"}
DISTRIBUTION = f"arn:aws:cloudfront::{ACCOUNT}:distribution/E1"
EDGE = Caller(Principal(service="cloudfront.amazonaws.com"))
OPEN_TO_EDGE = {
    **READ,
    "Principal": {"Service": "cloudfront.amazonaws.com"},
    "Condition": {"StringEquals": {"AWS:SourceArn": DISTRIBUTION}},
}
NO_CLEAR_TEXT = {
    "Effect": "Deny",
    "Principal": "*",
    "Action": "s3:*",
    "Resource": [ARN, f"{ARN}/*"],
    "Condition": {"Bool": {"aws:SecureTransport": "false"}},
}


def role(*statements: dict[str, Any]) -> Caller:
    return Caller(Principal(arns=(ROLE,), account=ACCOUNT), policies=({"Statement": list(statements)},))


def policy(*statements: dict[str, Any]) -> dict[str, Any]:
    return {"Version": "2012-10-17", "Statement": list(statements)}


def may(caller: Caller, bucket: Bucket, action: str = "s3:GetObject", **context: str) -> bool:
    known = {"aws:SecureTransport": "true"} | {name.replace("_", ":"): value for name, value in context.items()}
    return allowed(caller, bucket, AccessRequest(action, f"{ARN}/key" if "Object" in action else ARN, known))


CLOSED = Bucket()
ALL_OF_IT = Block(True, True, True, True)
PUBLIC = policy({**READ, "Principal": "*"})


@pytest.mark.parametrize(
    ("caller", "bucket", "answer"),
    [
        (Caller(), CLOSED, False),
        (ROOT, CLOSED, True),
        (role(), CLOSED, False),
        (role(READ), CLOSED, True),
        (role({**READ, "Effect": "Deny"}), Bucket(PUBLIC), False),
        (role(), Bucket(policy({**READ, "Principal": {"AWS": ROLE}})), True),
        # The account named in the policy leaves it to the account's own policies.
        (role(), Bucket(policy({**READ, "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}})), False),
        (role(READ), Bucket(policy({**READ, "Effect": "Deny", "Principal": {"AWS": ACCOUNT}})), False),
        (Caller(), Bucket(PUBLIC), True),
        (Caller(), Bucket(PUBLIC, ALL_OF_IT), False),
        (Caller(), Bucket(public_read=True), False),
        (Caller(), Bucket(public_read=True, acls=True), True),
        (Caller(), Bucket(public_read=True, acls=True, block=ALL_OF_IT), False),
        (EDGE, CLOSED, False),
    ],
)
def test_who_may_read(caller: Caller, bucket: Bucket, answer: bool) -> None:
    assert may(caller, bucket) is answer


def test_the_edge_reads_for_its_own_distribution_only() -> None:
    bucket = Bucket(policy(OPEN_TO_EDGE), ALL_OF_IT)
    assert may(EDGE, bucket, aws_SourceArn=DISTRIBUTION)
    assert not may(EDGE, bucket, aws_SourceArn=DISTRIBUTION + "2")
    assert not may(EDGE, bucket, "s3:PutObject", aws_SourceArn=DISTRIBUTION)
    assert not may(Caller(), bucket)


def test_clear_text_is_refused_even_to_root_but_root_can_mend_the_policy() -> None:
    bucket = Bucket(policy(NO_CLEAR_TEXT))
    assert may(ROOT, bucket)
    assert not may(ROOT, bucket, **{"aws:SecureTransport": "false"})
    assert may(ROOT, bucket, "s3:PutBucketPolicy", **{"aws:SecureTransport": "false"})


@pytest.mark.parametrize(
    ("statement", "public"),
    [
        ({**READ, "Principal": "*"}, True),
        ({**READ, "Principal": {"AWS": "*"}}, True),
        ({**READ, "NotPrincipal": {"AWS": ROLE}}, True),
        ({**READ, "Principal": {"AWS": ROLE}}, False),
        (OPEN_TO_EDGE, False),
        (NO_CLEAR_TEXT, False),
        ({**READ, "Principal": "*", "Condition": {"StringEquals": {"aws:SourceVpce": "vpce-1"}}}, False),
        ({**READ, "Principal": "*", "Condition": {"StringLike": {"aws:SourceVpce": "vpce-*"}}}, True),
        ({**READ, "Principal": "*", "Condition": {"StringNotEquals": {"aws:SourceVpce": "vpce-1"}}}, True),
        ({**READ, "Principal": "*", "Condition": {"StringEquals": {"s3:prefix": "a"}}}, True),
        ({**READ, "Principal": "*", "Condition": {"IpAddress": {"aws:SourceIp": "192.0.2.0/24"}}}, False),
        ({**READ, "Principal": "*", "Condition": {"IpAddress": {"aws:SourceIp": "0.0.0.0/1"}}}, True),
    ],
)
def test_what_is_public(statement: dict[str, Any], public: bool) -> None:
    assert is_public(policy(statement)) is public


@pytest.mark.parametrize(
    ("method", "bucket", "key", "query", "action"),
    [
        ("GET", "", "", {}, "ListAllMyBuckets"),
        ("GET", "b", "", {"list-type": "2"}, "ListBucket"),
        ("HEAD", "b", "", {}, "ListBucket"),
        ("PUT", "b", "", {}, "CreateBucket"),
        ("DELETE", "b", "", {}, "DeleteBucket"),
        ("GET", "b", "", {"versions": ""}, "ListBucketVersions"),
        ("GET", "b", "", {"encryption": ""}, "GetEncryptionConfiguration"),
        ("DELETE", "b", "", {"encryption": ""}, "PutEncryptionConfiguration"),
        ("DELETE", "b", "", {"policy": ""}, "DeleteBucketPolicy"),
        ("PUT", "b", "", {"publicAccessBlock": ""}, "PutBucketPublicAccessBlock"),
        ("GET", "b", "k", {}, "GetObject"),
        ("HEAD", "b", "k", {"versionId": "1"}, "GetObjectVersion"),
        ("PUT", "b", "k", {"tagging": ""}, "PutObjectTagging"),
        ("POST", "b", "k", {"uploads": ""}, "PutObject"),
        ("DELETE", "b", "k", {"uploadId": "1"}, "AbortMultipartUpload"),
    ],
)
def test_actions(method: str, bucket: str, key: str, query: dict[str, str], action: str) -> None:
    assert s3_actions.action(method, bucket, key, query) == f"s3:{action}"
