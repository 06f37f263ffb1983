# SPDX-License-Identifier: GPL-3.0-or-later
"""The modules site_content and site_release against S3 as moto plays it: from a folder to what is served."""

from __future__ import annotations

import os
import pwd
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import boto3
import pytest
from ansible_collections.amazon.aws.plugins.module_utils.exceptions import AnsibleAWSError
from ansible_collections.hasite.aws.plugins.module_utils._aws import Outcome
from ansible_collections.hasite.aws.plugins.module_utils._content import planning, publishing
from ansible_collections.hasite.aws.plugins.module_utils._release.manifest import POINTER_KEY, manifest_key
from ansible_collections.hasite.aws.plugins.module_utils._release.paths import ReleaseError
from ansible_collections.hasite.aws.plugins.module_utils._release.source import Source
from ansible_collections.hasite.aws.plugins.modules import site_release
from botocore.exceptions import ReadTimeoutError
from moto import mock_aws

REGION = "ap-northeast-1"
PREFIX = "site/"
ME = pwd.getpwuid(os.geteuid()).pw_name


@pytest.fixture
def bucket(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    with mock_aws():
        made = boto3.resource("s3", region_name=REGION).create_bucket(
            Bucket="content", CreateBucketConfiguration={"LocationConstraint": REGION}
        )
        made.Versioning().enable()
        made.put_object(Key="other", Body=b"not the site's")
        yield made


@pytest.fixture
def site(tmp_path: Path) -> Path:
    folder = tmp_path / "folder"
    (folder / "css" / "empty").mkdir(parents=True)
    (folder / "index.php").write_text("one")
    (folder / "css" / "a.css").write_text("two")
    (folder / "large").write_bytes(b"x" * planning.LARGE_BYTES)
    (folder / "latest").symlink_to("css")
    return folder


def upload(site: Path, check: bool = False, **more: Any) -> Outcome:
    """Run site_content."""
    given = {"bucket": "content", "prefix": PREFIX, "source": str(site), "keep": 5}
    options: dict[str, Any] = {"excludes": [], "shared_paths": [], "public_folder": None}
    return publishing.ensure(boto3.client("s3", region_name=REGION), {**given, **options, **more}, check)


def release(share: Path, check: bool = False, state: str = "present", **more: Any) -> dict[str, Any]:
    """Run site_release."""
    source = Source("content", f"/{PREFIX}", REGION) if state == "present" else None
    params = {"path": str(share), "keep": 5, "release": None, "user": ME, "serve": True, **more}
    result: dict[str, Any] = site_release.run(params, check, source)
    return result


def keys(bucket: Any) -> set[str]:
    return {one.key.removeprefix(PREFIX) for one in bucket.objects.filter(Prefix=PREFIX)}


@pytest.fixture
def share(tmp_path: Path) -> Path:
    return tmp_path / "share"


# ---- uploads


def test_upload_in_four_steps(bucket: Any, site: Path) -> None:
    predicted = upload(site, check=True)
    assert predicted.changed
    assert keys(bucket) == set()
    done = upload(site)
    assert done.changed
    assert done.after["uploaded"] == predicted.after["uploaded"]
    assert len(done.after["uploaded"]) == 2
    first = done.after["release"]
    assert keys(bucket) == {POINTER_KEY, manifest_key(first), *done.after["uploaded"]}
    again = upload(site)
    assert (again.changed, again.after["release"], again.before) == (False, first, {**again.before, "release": first})
    assert not upload(site, check=True).changed

    (site / "index.php").write_text("three")
    assert upload(site, check=True).changed
    changed = upload(site)
    assert changed.changed
    assert len(changed.after["uploaded"]) == 1
    assert changed.after["release"] > first
    assert manifest_key(first) in keys(bucket)


def test_check_mode_without_a_bucket(bucket: Any, site: Path) -> None:
    assert upload(site, check=True, bucket="not-made-yet").changed


def test_shared_paths_make_another_release(bucket: Any, site: Path) -> None:
    first = upload(site).after
    second = upload(site, shared_paths=["css"]).after
    assert first["release"] != second["release"]
    assert second["uploaded"] == []


def test_an_interrupted_upload_changes_nothing_and_is_resumed(
    bucket: Any, site: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = upload(site).after["release"]
    (site / "index.php").write_text("three")
    (site / "large").write_bytes(b"y" * planning.LARGE_BYTES)
    real = publishing.Bucket.put

    def cut(self: Any, key: str, content: bytes, kind: str = "application/gzip") -> None:
        if key.startswith("releases/"):
            raise OSError("cut")
        real(self, key, content, kind)

    with monkeypatch.context() as patched:
        patched.setattr(publishing.Bucket, "put", cut)
        with pytest.raises(OSError, match="cut"):
            upload(site)
    assert upload(site, check=True).after["uploaded"] == []
    assert first in bucket.Object(PREFIX + POINTER_KEY).get()["Body"].read().decode()
    done = upload(site)
    assert (done.changed, done.after["uploaded"]) == (True, [])


def test_what_is_missing_in_the_bucket_is_uploaded_again(bucket: Any, site: Path, share: Path) -> None:
    done = upload(site).after
    for key in done["uploaded"]:
        bucket.Object(PREFIX + key).delete()
    with pytest.raises(ReleaseError, match="is missing in content; upload"):
        release(share)
    again = upload(site)
    assert (again.changed, again.after["release"], again.after["uploaded"]) == (True, done["release"], done["uploaded"])
    assert release(share)["release"]["id"] == done["release"]


def test_old_releases_go_with_what_only_they_need(bucket: Any, site: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = upload(site).after
    (site / "large").unlink()
    upload(site)
    for number in range(2):
        (site / "index.php").write_text(str(number))
        young = upload(site, keep=2).after
    manifests = [key for key in keys(bucket) if key.startswith("releases/")]
    assert len(manifests) == 2
    assert len(young["deleted"]) == 1
    assert manifest_key(first["release"]) not in manifests
    assert set(first["uploaded"]) <= keys(bucket)
    monkeypatch.setattr(publishing, "datetime", _Later)
    (site / "index.php").write_text("much later")
    deleted = upload(site, keep=1).after["deleted"]
    assert set(deleted) & set(first["uploaded"])
    versions = {one.key.removeprefix(PREFIX) for one in bucket.object_versions.filter(Prefix=PREFIX)}
    assert set(first["uploaded"]) <= versions


class _Later:
    @staticmethod
    def now(tz: Any) -> datetime:
        return datetime.now(tz) + timedelta(days=2)


def test_uploads_that_meet(
    bucket: Any, site: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, share: Path
) -> None:
    """Another upload deletes what this one wanted to use, just before this one's manifest is written."""
    upload(site)
    (site / "index.php").write_text("three")
    real = publishing.Bucket.put
    once: list[str] = []

    def meanwhile(self: Any, key: str, content: bytes, kind: str = "application/gzip") -> None:
        if key.startswith("releases/") and not once:
            once.append(key)
            for one in bucket.objects.filter(Prefix=f"{PREFIX}packs/"):
                one.delete()
        real(self, key, content, kind)

    monkeypatch.setattr(publishing.Bucket, "put", meanwhile)
    upload(site)
    assert release(share)["release"]["fetched"] == 3


def test_bad_input_is_one_sentence(bucket: Any, site: Path) -> None:
    (site / "out").symlink_to("/etc")
    with pytest.raises(AnsibleAWSError, match="'out' in site_files leads out of the folder"):
        upload(site)
    assert keys(bucket) == set()


# ---- releases


def test_release_in_four_steps(bucket: Any, site: Path, share: Path) -> None:
    upload(site)
    predicted = release(share, check=True)
    assert predicted["changed"]
    assert not share.exists()
    done = release(share)
    assert done["release"]["fetched"] == 3
    assert done["diff"] == predicted["diff"]
    assert (share / "current" / "latest" / "a.css").read_bytes() == b"two"
    assert (share / "current" / "css" / "empty").is_dir()
    assert (share / "current" / "large").stat().st_size == planning.LARGE_BYTES
    assert not release(share)["changed"]
    assert not release(share, check=True)["changed"]
    (site / "index.php").write_text("three")
    upload(site)
    second = release(share)["release"]
    assert (second["previous_id"], second["fetched"]) == (done["release"]["id"], 1)


def test_rollback_and_forward(bucket: Any, site: Path, share: Path) -> None:
    upload(site)
    first = release(share)["release"]["id"]
    (site / "index.php").write_text("three")
    upload(site)
    second = release(share)["release"]["id"]
    assert release(share, check=True, state="rolled_back")["changed"]
    assert (share / "current" / "index.php").read_bytes() == b"three"
    back = release(share, state="rolled_back")
    assert (back["changed"], back["release"]["id"]) == (True, first)
    assert (share / "current" / "index.php").read_bytes() == b"one"
    assert not release(share, state="rolled_back", release=first)["changed"]

    stays = release(share)
    assert (stays["changed"], stays["release"]["id"], stays["release"]["taken_back"]) == (False, first, second)
    again = release(share, state="rolled_back", release=second)
    assert (again["changed"], again["release"]["id"]) == (True, second)
    assert release(share)["release"]["taken_back"] is None


def test_a_release_that_was_taken_back_is_passed_over(bucket: Any, site: Path, share: Path) -> None:
    ids = []
    for content in ("one", "bad", "three"):
        (site / "index.php").write_text(content)
        upload(site)
        ids.append(release(share)["release"]["id"])
        if content == "bad":
            release(share, state="rolled_back")
    assert release(share, state="rolled_back")["release"]["id"] == ids[0]
    with pytest.raises(ReleaseError, match="no release to return to"):
        release(share, state="rolled_back")


def test_a_history_that_can_not_be_read_is_none(bucket: Any, site: Path, share: Path) -> None:
    upload(site)
    first = release(share)["release"]["id"]
    (site / "index.php").write_text("three")
    upload(site)
    release(share)
    for text in ("", "{}", "[1]", '{"served": 3, "taken_back": []}'):
        (share / "history.json").write_text(text)
        assert release(share, check=True, state="rolled_back")["release"]["id"] == first


def test_a_folder_that_is_as_before_is_a_new_release(bucket: Any, site: Path, share: Path) -> None:
    """So that the release before it is the one that visitors saw before."""
    upload(site)
    first = release(share)["release"]["id"]
    for content in ("three", "one"):
        (site / "index.php").write_text(content)
        upload(site)
        last = release(share)["release"]
    assert last["id"] > first
    assert last["id"][16:] == first[16:]
    release(share, state="rolled_back")
    assert (share / "current" / "index.php").read_bytes() == b"three"


def test_a_release_that_is_made_and_served_later(bucket: Any, site: Path, share: Path) -> None:
    upload(site)
    made = release(share, serve=False)
    assert (made["changed"], made["release"]["previous_id"]) == (True, None)
    assert not (share / "current").exists()
    assert not release(share, serve=False)["changed"]
    served = release(share, state="rolled_back", release=made["release"]["id"])
    assert served["changed"]
    assert not release(share)["changed"]


def test_what_the_site_writes_survives(bucket: Any, site: Path, share: Path) -> None:
    upload(site, shared_paths=["css", "var/log"])
    done = release(share)
    assert done["release"]["filled"] == ["css", "var/log"]
    (share / "current" / "css" / "by-hand").write_text("kept")
    (site / "index.php").write_text("three")
    upload(site, shared_paths=["css", "var/log"])
    assert release(share, keep=1)["release"]["filled"] == []
    assert (share / "current" / "css" / "by-hand").read_text() == "kept"
    assert (share / "current" / "css" / "a.css").read_bytes() == b"two"
    assert len(release(share)["releases"]) == 1
    upload(site)
    release(share)
    assert not (share / "current" / "css").is_symlink()
    assert (share / "shared" / "css" / "by-hand").read_text() == "kept"


def test_a_shared_path_that_is_lost_is_filled_again(bucket: Any, site: Path, share: Path) -> None:
    upload(site, shared_paths=["css"])
    release(share)
    (share / "shared" / "css" / "a.css").unlink()
    (share / "shared" / "css" / "empty").rmdir()
    (share / "shared" / "css").rmdir()
    assert release(share, check=True)["changed"]
    assert release(share)["changed"]
    assert (share / "current" / "css" / "a.css").read_bytes() == b"two"


def test_nothing_to_return_to(bucket: Any, share: Path) -> None:
    with pytest.raises(ReleaseError, match="no release to return to"):
        release(share, state="rolled_back")


def test_bucket_without_a_release(bucket: Any, share: Path) -> None:
    with pytest.raises(ReleaseError, match="holds no release below 'site/'; upload"):
        release(share)


def test_bucket_that_can_not_be_read(bucket: Any) -> None:
    with pytest.raises(ReleaseError, match="cannot be read"):
        Source("nobodys", "site", REGION).pointer()


def test_damaged_objects_are_named(bucket: Any, site: Path, share: Path) -> None:
    done = upload(site).after
    (pack,) = [key for key in done["uploaded"] if key.startswith("packs/")]
    bucket.put_object(Key=PREFIX + pack, Body=b"damaged")
    with pytest.raises(ReleaseError, match=f"{pack}' is damaged"):
        release(share)
    bucket.put_object(Key=PREFIX + manifest_key(done["release"]), Body=b"damaged")
    with pytest.raises(ReleaseError, match="is damaged"):
        release(share)
    assert site_release.Store(str(share)).releases() == []


class Breaking:
    """A body whose connection is lost after some bytes."""

    def __init__(self, content: bytes, after: int) -> None:
        self.content, self.after = content, after

    def iter_chunks(self, _size: int) -> Iterator[bytes]:
        yield self.content[: self.after]
        if self.after < len(self.content):
            raise ReadTimeoutError(endpoint_url="https://s3")


@pytest.mark.parametrize(("after", "comes"), [(4, True), (3, False)])
def test_a_connection_that_is_lost_is_taken_up_where_it_was(
    bucket: Any, monkeypatch: pytest.MonkeyPatch, after: int, comes: bool
) -> None:
    source = Source("content", "site", REGION)
    monkeypatch.setattr(source, "_open", lambda _key, start: Breaking(b"0123456789"[start:], after))
    if comes:
        assert b"".join(source.large("x")) == b"0123456789"
    else:
        with pytest.raises(ReleaseError, match="'site/files/x' of content cannot be read"):
            list(source.large("x"))
