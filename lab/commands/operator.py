# SPDX-License-Identifier: GPL-3.0-or-later
"""An IAM user of a running lab who has certain policies and nothing else: who runs a playbook by least privilege."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import boto3

from lab.base.endpoint import require
from lab.base.paths import LabPaths


@contextmanager
def operator(place: LabPaths, name: str, documents: Iterable[str]) -> Iterator[dict[str, str]]:
    """Yield `access_key`, `secret_key` and `arn` of a new user with these managed policies; remove both afterwards."""
    iam = _iam(place)
    arns: list[str] = []
    user = iam.create_user(UserName=name)["User"]
    try:
        for number, document in enumerate(documents, 1):
            made = iam.create_policy(PolicyName=f"{name}-{number}", PolicyDocument=document)["Policy"]["Arn"]
            arns.append(made)
            iam.attach_user_policy(UserName=name, PolicyArn=made)
        key = iam.create_access_key(UserName=name)["AccessKey"]
        yield {"access_key": key["AccessKeyId"], "secret_key": key["SecretAccessKey"], "arn": user["Arn"]}
    finally:
        for arn in arns:
            iam.detach_user_policy(UserName=name, PolicyArn=arn)
            iam.delete_policy(PolicyArn=arn)
        for key in iam.list_access_keys(UserName=name)["AccessKeyMetadata"]:
            iam.delete_access_key(UserName=name, AccessKeyId=key["AccessKeyId"])
        iam.delete_user(UserName=name)


def _iam(place: LabPaths) -> Any:
    found = require(place)
    make: Any = boto3.client
    return make(
        "iam",
        region_name="us-east-1",
        endpoint_url=found.url,
        aws_access_key_id=found.access_key,
        aws_secret_access_key=found.secret_key,
    )
