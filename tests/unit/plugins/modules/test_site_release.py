# SPDX-License-Identifier: GPL-3.0-or-later
"""The module site_release against S3 as moto plays it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from ansible_collections.hasite.aws.plugins.module_utils._release_source import ChangedError, Source
from ansible_collections.hasite.aws.plugins.module_utils._release_store import ReleaseError
from ansible_collections.hasite.aws.plugins.modules import site_release
from moto import mock_aws

REGION = "ap-northeast-1"


@pytest.fixture
def bucket(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    with mock_aws():
        made = boto3.resource("s3", region_name=REGION).create_bucket(
            Bucket="content", CreateBucketConfiguration={"LocationConstraint": REGION}
        )
        made.put_object(Key="site/index.php", Body=b"one")
        made.put_object(Key="site/css/", Body=b"")
        made.put_object(Key="site/css/a.css", Body=b"two")
        made.put_object(Key="other", Body=b"not the site's")
        yield made


def run(path: Path, check: bool = False, state: str = "present", release: str | None = None) -> dict[str, Any]:
    source = Source("content", "/site/", REGION) if state == "present" else None
    result: dict[str, Any] = site_release.run({"path": str(path), "keep": 5, "release": release}, check, source)
    return result


def test_check_then_run_then_nothing(bucket: Any, tmp_path: Path) -> None:
    predicted = run(tmp_path, check=True)
    assert predicted["changed"]
    assert not list(tmp_path.iterdir())
    done = run(tmp_path)
    assert done["release"]["fetched"] == 2
    assert done["diff"] == predicted["diff"]
    assert (tmp_path / "current" / "css" / "a.css").read_bytes() == b"two"
    assert not run(tmp_path)["changed"]
    assert not run(tmp_path, check=True)["changed"]


def test_rollback_and_forward(bucket: Any, tmp_path: Path) -> None:
    first = run(tmp_path)["release"]["id"]
    bucket.put_object(Key="site/index.php", Body=b"three")
    second = run(tmp_path)["release"]
    assert second["previous_id"] == first
    assert second["fetched"] == 1
    # The two may bear the same second; then the content decides which is the earlier one.
    assert run(tmp_path, state="rolled_back", release=first)["release"]["id"] == first
    assert (tmp_path / "current" / "index.php").read_bytes() == b"one"
    assert run(tmp_path)["release"]["id"] == second["id"]


def test_nothing_to_return_to(bucket: Any, tmp_path: Path) -> None:
    with pytest.raises(ReleaseError, match="no release to return to"):
        run(tmp_path, state="rolled_back")


def test_object_that_changes_meanwhile(bucket: Any, tmp_path: Path) -> None:
    source = Source("content", "site", REGION)
    listed = source.items()
    bucket.put_object(Key="site/index.php", Body=b"changed")
    with pytest.raises(ChangedError):
        source.fetch(next(entry for entry in listed if entry.path == "index.php"), tmp_path / "x")


def test_bucket_that_cannot_be_read(bucket: Any, tmp_path: Path) -> None:
    with pytest.raises(ReleaseError, match="cannot be listed"):
        Source("nobodys", "site", REGION).items()
