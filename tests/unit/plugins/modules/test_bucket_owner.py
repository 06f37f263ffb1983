# SPDX-License-Identifier: GPL-3.0-or-later
"""A bucket of the expected name is used only if it is the expected account's."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from ansible_collections.hasite.aws.plugins.module_utils._bucket_owner import expect_owner
from ansible_collections.hasite.aws.plugins.module_utils._release.paths import ReleaseError
from ansible_collections.hasite.aws.plugins.module_utils._release.source import Source
from botocore.exceptions import ClientError

from lab.base.backends import ACCOUNT
from tests.unit.plugins.modules.route53_account import REGION, Account, open_account


@pytest.fixture
def account(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Account]:
    with open_account(tmp_path, monkeypatch) as made:
        s3 = made.client("s3", REGION)
        s3.create_bucket(Bucket="content", CreateBucketConfiguration={"LocationConstraint": REGION})
        s3.put_object(Bucket="content", Key="site/current.json", Body=b"{}")
        yield made


def client(owner: str | None) -> Any:
    return expect_owner(boto3.client("s3", region_name=REGION), owner)


def test_every_call_of_another_accounts_bucket_is_refused(account: Account) -> None:
    for owner in (ACCOUNT, None):
        assert client(owner).get_object(Bucket="content", Key="site/current.json")["Body"].read() == b"{}"
        client(owner).list_buckets()
    stranger = client("999999999999")
    calls: tuple[Callable[[], Any], ...] = (
        lambda: stranger.head_bucket(Bucket="content"),
        lambda: stranger.get_object(Bucket="content", Key="site/current.json"),
        lambda: stranger.put_object(Bucket="content", Key="site/loot", Body=b""),
        lambda: stranger.list_objects_v2(Bucket="content"),
    )
    for call in calls:
        with pytest.raises(ClientError, match=r"403|AccessDenied"):
            call()


def test_a_machine_takes_no_release_from_another_accounts_bucket(account: Account) -> None:
    with pytest.raises(ReleaseError, match=r"cannot be read: .*AccessDenied"):
        Source("content", "site", REGION, "999999999999").pointer()
    with pytest.raises(ReleaseError, match="The pointer in the bucket cannot be read"):
        Source("content", "site", REGION, ACCOUNT).pointer()
