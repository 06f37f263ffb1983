# SPDX-License-Identifier: GPL-3.0-or-later
"""What AWS says of a missing permission becomes one sentence: who, which action, what to do."""

from __future__ import annotations

import pytest
from ansible_collections.hasite.aws.plugins.module_utils._denial import sentence

TARO = "arn:aws:iam::123456789012:user/taro"
WHY = "because no identity-based policy allows the"


def lacking(who: str, action: str, on: str = "") -> str:
    return f"{who} may not perform {action}{on}; add {action} to that caller's policy (see docs/permissions.md)."


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        (
            "Failed to create VPC: An error occurred (UnauthorizedOperation) when calling the CreateVpc operation: You "
            f"are not authorized to perform this operation. User: {TARO} is not authorized to perform: ec2:CreateVpc "
            f"on resource: arn:aws:ec2:eu-west-1:1:vpc/* {WHY} ec2:CreateVpc action. Encoded authorization failure "
            "message: x",
            lacking(TARO, "ec2:CreateVpc", " on arn:aws:ec2:eu-west-1:1:vpc/*"),
        ),
        (
            f"An error occurred (AccessDenied) when calling the ListObjectsV2 operation: User: {TARO} is not "
            f'authorized to perform: s3:ListBucket on resource: "arn:aws:s3:::shop" {WHY} s3:ListBucket action',
            lacking(TARO, "s3:ListBucket", " on arn:aws:s3:::shop"),
        ),
        (
            f"User: {TARO} is not authorized to perform: iam:ListRoles {WHY} iam:ListRoles action",
            lacking(TARO, "iam:ListRoles"),
        ),
        (
            f"User: {TARO} is not authorized to perform: ssm:StartSession on resource: arn:x with an explicit deny in "
            "an identity-based policy",
            f"A policy denies {TARO} the action ssm:StartSession on arn:x; remove that denial, or use another caller.",
        ),
        (
            "An error occurred (403) when calling the HeadBucket operation: Forbidden",
            lacking("The caller", "s3:ListBucket"),
        ),
        ("An error occurred (InvalidParameterValue) when calling the CreateVpc operation: no", None),
        ("", None),
    ],
)
def test_a_denial_is_one_sentence(said: str, expected: str | None) -> None:
    assert sentence(said) == expected
