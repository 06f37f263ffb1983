# SPDX-License-Identifier: GPL-3.0-or-later
"""What a bucket keeps under names of one's own, and how long an object is kept."""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from lab.world.access import s3_actions
from tests.unit.plugins.modules.route53_account import REGION, Account, open_account

TIERING = {"Id": "all", "Status": "Enabled", "Tierings": [{"Days": 90, "AccessTier": "ARCHIVE_ACCESS"}]}
KINDS: list[tuple[str, str, str, dict[str, Any]]] = [
    ("metrics", "Metrics", "MetricsConfiguration", {"Id": "all", "Filter": {"Prefix": "a<b"}}),
    ("intelligent_tiering", "IntelligentTiering", "IntelligentTieringConfiguration", TIERING),
    ("analytics", "Analytics", "AnalyticsConfiguration", {"Id": "all", "StorageClassAnalysis": {}}),
]


@pytest.fixture
def s3(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    with open_account(tmp_path, monkeypatch) as account:
        yield client(account)


def client(account: Account) -> Any:
    made = account.client("s3", REGION)
    constraint = {"LocationConstraint": REGION}
    made.create_bucket(Bucket="kept", CreateBucketConfiguration=constraint)
    made.create_bucket(Bucket="locked", CreateBucketConfiguration=constraint, ObjectLockEnabledForBucket=True)
    made.put_object(Bucket="locked", Key="page", Body=b"")
    made.put_object(Bucket="kept", Key="page", Body=b"")
    return made


def refused(call: Any, **arguments: Any) -> str:
    with pytest.raises(ClientError) as caught:
        call(**arguments)
    return str(caught.value.response["Error"]["Code"])


@pytest.mark.parametrize(("snake", "noun", "member", "config"), KINDS)
def test_a_configuration_is_kept_told_and_forgotten(
    s3: Any, snake: str, noun: str, member: str, config: dict[str, Any]
) -> None:
    named = {"Bucket": "kept", "Id": "all"}
    get = getattr(s3, f"get_bucket_{snake}_configuration")
    put = getattr(s3, f"put_bucket_{snake}_configuration")
    delete = getattr(s3, f"delete_bucket_{snake}_configuration")
    listed = getattr(s3, f"list_bucket_{snake}_configurations")
    assert refused(get, **named) == "NoSuchConfiguration"
    put(**named, **{member: config})
    put(Bucket="kept", Id="b", **{member: {**config, "Id": "b"}})
    assert get(**named)[member] == config
    found = listed(Bucket="kept")
    assert [one["Id"] for one in found[f"{member}List"]] == ["all", "b"]
    assert found["IsTruncated"] is False
    assert f"{member}List" not in listed(Bucket="locked")
    delete(**named)
    assert refused(delete, **named) == "NoSuchConfiguration"
    assert refused(put, **named, **{member: {**config, "Id": "other"}}) == "MalformedXML"
    assert refused(get, Bucket="none", Id="all") == "NoSuchBucket"
    assert s3_actions.action("GET", "kept", "", {snake.replace("_", "-"): ""}) == f"s3:Get{noun}Configuration"
    assert s3_actions.action("DELETE", "kept", "", {snake.replace("_", "-"): ""}) == f"s3:Put{noun}Configuration"


def test_an_inventory_is_forgotten(s3: Any) -> None:
    target = {"S3BucketDestination": {"Bucket": "arn:aws:s3:::locked", "Format": "CSV"}}
    config = {"Destination": target, "IsEnabled": True, "Id": "all", "IncludedObjectVersions": "All"}
    s3.put_bucket_inventory_configuration(
        Bucket="kept", Id="all", InventoryConfiguration={**config, "Schedule": {"Frequency": "Daily"}}
    )
    s3.delete_bucket_inventory_configuration(Bucket="kept", Id="all")
    assert refused(s3.delete_bucket_inventory_configuration, Bucket="kept", Id="all") == "NoSuchConfiguration"
    assert "InventoryConfigurationList" not in s3.list_bucket_inventory_configurations(Bucket="kept")


def test_an_object_tells_how_long_it_is_kept(s3: Any) -> None:
    assert refused(s3.get_object_retention, Bucket="kept", Key="page") == "InvalidRequest"
    assert refused(s3.get_object_retention, Bucket="locked", Key="page") == "NoSuchObjectLockConfiguration"
    assert refused(s3.get_object_retention, Bucket="locked", Key="none") == "NoSuchKey"
    until = datetime.datetime(2100, 1, 1, tzinfo=datetime.UTC)
    retention = {"Mode": "GOVERNANCE", "RetainUntilDate": until}
    s3.put_object_retention(Bucket="locked", Key="page", Retention=retention)
    assert s3.get_object_retention(Bucket="locked", Key="page")["Retention"] == retention
