# Copyright: hasite.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection: this file may change at any time.
"""One statement of a bucket's policy, found by its Sid; the others are left as they are.

S3 knows a bucket's policy only as a whole, so it is read, changed and written:
https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutBucketPolicy.html. A Sid is unique within a policy:
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_sid.html.
"""

from __future__ import annotations

import json
import typing as t
from collections.abc import Mapping

from ._aws import ChangeResult, aws_call, aws_lookup
from ._policy import kept_policy
from ._resource import Resource

VERSION = "2012-10-17"


@aws_lookup("read the policy of bucket {bucket}", "NoSuchBucketPolicy")
def _read(client: t.Any, bucket: str) -> Resource:
    return t.cast("Resource", json.loads(client.get_bucket_policy(Bucket=bucket)["Policy"]))


@aws_call("set the policy of bucket {bucket}")
def _write(client: t.Any, bucket: str, policy: Resource) -> None:
    if policy:
        client.put_bucket_policy(Bucket=bucket, Policy=json.dumps(policy))
    else:
        client.delete_bucket_policy(Bucket=bucket)


def _statements(policy: Mapping[str, t.Any]) -> list[Resource]:
    """Return a policy's statements: one alone needs no list."""
    found = policy.get("Statement") or []
    return list(found) if isinstance(found, list) else [found]


def with_statement(policy: Resource, sid: str, statement: Mapping[str, t.Any]) -> Resource:
    """Return a policy that has the statement under its Sid; one that says the same already is left."""
    ours = {"Sid": sid, **statement}
    there = [one for one in _statements(policy) if one.get("Sid") == sid]
    if len(there) == 1:
        alone = {"Version": VERSION, "Statement": there}
        if kept_policy(alone, {"Version": VERSION, "Statement": [ours]}) is alone:
            return policy
    others = [one for one in _statements(policy) if one.get("Sid") != sid]
    return {"Version": VERSION, **policy, "Statement": [*others, ours]}


def without_statement(policy: Resource, sid: str) -> Resource:
    """Return a policy without a statement; nothing if it had no other one."""
    others = [one for one in _statements(policy) if one.get("Sid") != sid]
    if len(others) == len(_statements(policy)):
        return policy
    return {**policy, "Statement": others} if others else {}


def ensure(client: t.Any, params: Mapping[str, t.Any], check_mode: bool) -> ChangeResult:
    """Have the statement in the bucket's policy, or not."""
    bucket, sid = params["bucket"], params["sid"]
    before = _read(client, bucket) or {}
    if params["state"] == "present":
        after = with_statement(before, sid, params["statement"])
    else:
        after = without_statement(before, sid)
    if after != before and not check_mode:
        _write(client, bucket, after)
    return ChangeResult(after != before, before, after)
