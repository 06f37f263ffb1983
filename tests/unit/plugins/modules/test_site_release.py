# SPDX-License-Identifier: GPL-3.0-or-later
"""The modules site_content and site_release against S3 as moto plays it: from a folder to what is served."""

from __future__ import annotations

import getpass
import gzip
import os
import pwd
import subprocess
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import boto3
import pytest
from ansible_collections.amazon.aws.plugins.module_utils.exceptions import AnsibleAWSError
from ansible_collections.hasite.aws.plugins.module_utils._aws import ChangeResult
from ansible_collections.hasite.aws.plugins.module_utils._content import planning, publishing
from ansible_collections.hasite.aws.plugins.module_utils._content.signing import Signer
from ansible_collections.hasite.aws.plugins.module_utils._release.manifest import (
    POINTER_KEY,
    Manifest,
    Pointer,
    compress,
    decode,
    encode,
    encode_pointer,
    manifest_key,
)
from ansible_collections.hasite.aws.plugins.module_utils._release.paths import ReleaseError
from ansible_collections.hasite.aws.plugins.module_utils._release.signature import PublicKey, read_key
from ansible_collections.hasite.aws.plugins.module_utils._release.source import Source
from ansible_collections.hasite.aws.plugins.modules import site_release, site_releases
from botocore.exceptions import ClientError, ReadTimeoutError
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed
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


def upload(site: Path, check: bool = False, signer: Signer | None = None, **more: Any) -> ChangeResult:
    """Run site_content."""
    given = {"bucket": "content", "prefix": PREFIX, "source": str(site), "keep": 5}
    options: dict[str, Any] = {"excludes": [], "shared_paths": [], "public_folder": None}
    return publishing.ensure(boto3.client("s3", region_name=REGION), {**given, **options, **more}, check, signer)


def release(
    share: Path, check: bool = False, state: str = "present", key: PublicKey | None = None, **more: Any
) -> dict[str, Any]:
    """Run site_release."""
    source = Source("content", f"/{PREFIX}", REGION) if state == "present" or more.pop("mend", False) else None
    params = {
        "path": str(share),
        "state": state,
        "keep": 5,
        "release": None,
        "user": ME,
        "serve": True,
        "trial": False,
        "required_paths": [],
        **more,
    }
    result: dict[str, Any] = site_release.run(params, check, source, key)
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


class _Earlier:
    @staticmethod
    def now(tz: Any) -> datetime:
        return datetime.now(tz) - timedelta(days=2)


def test_a_bucket_that_names_no_release_still_has_its_newest(
    bucket: Any, site: Path, share: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is uploaded next is newer, even from where the clock is behind: machines refuse what is older."""
    upload(site)
    (site / "index.php").write_text("two")
    last = upload(site).after["release"]
    bucket.Object(PREFIX + POINTER_KEY).delete()
    bucket.put_object(Key=PREFIX + manifest_key("99991231T235959Z-000000000000"), Body=b"no id can follow this one")
    monkeypatch.setattr(publishing, "datetime", _Earlier)
    again = upload(site)
    assert again.after["release"] > last
    assert again.after["uploaded"] == []


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


@pytest.mark.parametrize("check", [True, False])
def test_a_release_that_lacks_what_the_web_server_serves_is_not_served(
    bucket: Any, site: Path, share: Path, check: bool
) -> None:
    upload(site)
    first = release(share)["release"]["id"]
    (site / "web").mkdir()
    (site / "web" / "index.php").write_text("one")
    upload(site)
    second = release(share, required_paths=["web", "web/index.php", "css", "latest/a.css", "css/empty"])["release"][
        "id"
    ]
    for wanted in (None, first):
        with pytest.raises(ReleaseError, match=f"The release {first} is not served, since it has no web, where"):
            release(share, check=check, state="rolled_back", release=wanted, required_paths=["web", "web/index.php"])
    (site / "web" / "index.php").rename(site / "web" / "main.php")
    upload(site)
    with pytest.raises(ReleaseError, match=r"since it has no web/index\.php, where the web server looks"):
        release(share, check=check, required_paths=["web", "web/index.php"])
    assert (share / "current").resolve().name == second
    assert not release(share, state="rolled_back", release=second, required_paths=["web"])["changed"]


@pytest.mark.parametrize("check", [True, False])
def test_what_is_served_instead_of_a_release_that_was_taken_back_has_to_have_what_the_web_server_serves(
    bucket: Any, site: Path, share: Path, check: bool
) -> None:
    upload(site)
    first = release(share)["release"]["id"]
    (site / "web").mkdir()
    upload(site)
    second = release(share)["release"]["id"]
    release(share, state="rolled_back")
    with pytest.raises(ReleaseError, match=f"The release {first}, .* instead of {second}, .* has no web, where"):
        release(share, check=check, required_paths=["web"])
    assert release(share)["release"]["id"] == first


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


def test_the_release_before_is_kept_whatever_was_uploaded_and_taken_back_since(
    bucket: Any, site: Path, share: Path
) -> None:
    ids = []
    for content in ("one", "bad", "worse", "worst", "new"):
        (site / "index.php").write_text(content)
        upload(site)
        ids.append(release(share, keep=3)["release"]["id"])
        if content == "worst":
            release(share, keep=3, state="rolled_back", release=ids[0])
        if content == "bad":
            release(share, keep=3, state="rolled_back")
    assert release(share, keep=3, state="rolled_back")["release"]["id"] == ids[0]


def test_a_release_is_mended_that_was_changed_by_way_of_another_one(bucket: Any, site: Path, share: Path) -> None:
    """Both have the same file: whoever changes it in one changes it in the other."""
    upload(site)
    first = release(share)["release"]["id"]
    (site / "index.php").write_text("three")
    upload(site)
    release(share)
    style, large = share / "current" / "css" / "a.css", share / "current" / "large"
    style.chmod(0o600)
    mended = release(share)
    assert (mended["changed"], mended["release"]["mended"]) == (True, ["css/a.css"])
    assert style.stat().st_mode & 0o777 == 0o644
    assert not release(share)["changed"]

    style.write_text("edited on the machine")
    style.chmod(0o600)
    with pytest.raises(ReleaseError, match=r"'css/a\.css' of the release .* was changed on the share"):
        release(share, state="rolled_back")
    large.chmod(0o600)
    assert release(share, check=True, state="rolled_back", mend=True)["release"]["mended"] == ["css/a.css", "large"]
    back = release(share, state="rolled_back", mend=True)["release"]
    assert (back["id"], back["mended"]) == (first, ["css/a.css", "large"])
    assert style.read_bytes() == b"two"
    assert {style.stat().st_mode & 0o777, large.stat().st_mode & 0o777} == {0o644}


def listed(share: Path, **marks: Any) -> dict[str, Any]:
    """Run site_releases."""
    params = {"path": str(share), "bad": [], "good": [], **marks}
    found: dict[str, Any] = site_releases.run(params, False)
    return found


def states(share: Path) -> dict[str, str]:
    return {one["id"]: one["state"] for one in listed(share)["releases"]}


def test_a_bad_release_is_passed_over_until_it_is_called_good(bucket: Any, site: Path, share: Path) -> None:
    ids = []
    for content in ("one", "bad", "three"):
        (site / "index.php").write_text(content)
        upload(site)
        ids.append(release(share)["release"]["id"])
    assert states(share) == {ids[2]: "served", ids[1]: "before", ids[0]: ""}
    assert listed(share, bad=[ids[1]])["changed"]
    assert not listed(share, bad=[ids[1]])["changed"]
    assert states(share) == {ids[2]: "served", ids[1]: "bad", ids[0]: "before"}
    assert release(share, state="rolled_back")["release"]["id"] == ids[0]
    assert release(share, state="rolled_back", release=ids[1])["release"]["id"] == ids[1]
    assert states(share)[ids[1]] == "served, bad"
    listed(share, good=[ids[1]])
    assert states(share)[ids[1]] == "served"
    with pytest.raises(ReleaseError, match="There is no release 'x'"):
        listed(share, bad=["x"])


def test_a_bad_release_is_not_served_because_the_bucket_names_it(bucket: Any, site: Path, share: Path) -> None:
    upload(site)
    first = release(share)["release"]["id"]
    (site / "index.php").write_text("bad")
    upload(site)
    bad = release(share, serve=False)["release"]["id"]
    listed(share, bad=[bad])
    assert release(share)["release"]["id"] == first


def git(folder: Path, *words: str) -> str:
    who = ["-c", "user.name=Hana Sato", "-c", "user.email=hana@example.com"]
    return subprocess.run(["git", "-C", str(folder), *who, *words], capture_output=True, text=True, check=True).stdout


def test_a_release_knows_its_author_and_commit(bucket: Any, site: Path, share: Path) -> None:
    upload(site)
    release(share)
    assert [(one["author"], one["commit"]) for one in listed(share)["releases"]] == [(getpass.getuser(), "")]
    git(site, "init", "-q")
    git(site, "add", ".")
    git(site, "commit", "-qm", "first")
    commit = git(site, "rev-parse", "HEAD").strip()
    # The same files are the same release: it is not uploaded anew for the sake of its origin.
    assert not upload(site).changed
    (site / "index.php").write_text("three")
    upload(site)
    release(share)
    shown = listed(share)
    latest = shown["releases"][0]
    assert (latest["author"], latest["commit"]) == ("Hana Sato", f"{commit}+")
    assert shown["table"][0].split() == ["release", "uploaded", "(UTC)", "author", "commit", "state"]
    assert f"  Hana Sato  {commit[:12]}+  served" in shown["table"][1]


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


# ---- signatures


class Kms:
    """KMS with one key: signs digests, as the API says (tests/unit/lab/test_kms_signing.py tries the lab's)."""

    def __init__(self, there: bool = True) -> None:
        self.private = ec.generate_private_key(ec.SECP256R1())
        self.there = there

    def sign(self, KeyId: str, Message: bytes, MessageType: str, SigningAlgorithm: str) -> dict[str, bytes]:  # noqa: N803
        self._demand(MessageType, SigningAlgorithm, "Sign")
        return {"Signature": self.private.sign(Message, ec.ECDSA(Prehashed(hashes.SHA256())))}

    def verify(
        self,
        KeyId: str,  # noqa: N803
        Message: bytes,  # noqa: N803
        MessageType: str,  # noqa: N803
        Signature: bytes,  # noqa: N803
        SigningAlgorithm: str,  # noqa: N803
    ) -> dict[str, bool]:
        self._demand(MessageType, SigningAlgorithm, "Verify")
        try:
            self.private.public_key().verify(Signature, Message, ec.ECDSA(Prehashed(hashes.SHA256())))
        except InvalidSignature:
            raise ClientError({"Error": {"Code": "KMSInvalidSignatureException", "Message": ""}}, "Verify") from None
        return {"SignatureValid": True}

    def _demand(self, kind: str, algorithm: str, operation: str) -> None:
        assert (kind, algorithm) == ("DIGEST", "ECDSA_SHA_256")
        if not self.there:
            raise ClientError({"Error": {"Code": "NotFoundException", "Message": "Alias is not found."}}, operation)


class Key:
    """A key that signs, and the file that a machine has of it."""

    def __init__(self, folder: Path, name: str) -> None:
        self.kms = Kms()
        self.signer = Signer(self.kms, f"alias/{name}")
        der = self.kms.private.public_key()
        pem = der.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
        self.file = folder / f"{name}.pem"
        self.file.write_text(f"# arn:aws:kms:key/{name}\n{pem.decode()}")
        self.public = read_key(str(self.file))


@pytest.fixture
def key(tmp_path: Path) -> Key:
    return Key(tmp_path, "ours")


def put(bucket: Any, manifest: Manifest) -> None:
    """Write a manifest and name it, as somebody can who may write to the bucket."""
    bucket.put_object(Key=PREFIX + manifest_key(manifest.release), Body=compress(encode(manifest)))
    pointer = encode_pointer(Pointer(manifest.release, manifest.tree.digest))
    bucket.put_object(Key=PREFIX + POINTER_KEY, Body=pointer)


def manifest_in(bucket: Any, release: str) -> Manifest:
    return decode(gzip.decompress(bucket.Object(PREFIX + manifest_key(release)).get()["Body"].read()))


def served(share: Path) -> bytes:
    return (share / "current" / "index.php").read_bytes()


def test_a_signed_upload_in_four_steps(bucket: Any, site: Path, key: Key) -> None:
    key.kms.there = False
    assert upload(site, check=True, signer=key.signer).changed
    with pytest.raises(AnsibleAWSError, match=r"sign the release .* by the KMS key alias/ours"):
        upload(site, signer=key.signer)
    assert POINTER_KEY not in keys(bucket)
    key.kms.there = True
    done = upload(site, signer=key.signer)
    assert (done.changed, done.after["signing_key"]) == (True, "alias/ours")
    assert key.public.has_signed(manifest_in(bucket, done.after["release"]))
    assert not upload(site, check=True, signer=key.signer).changed
    assert not upload(site, signer=key.signer).changed
    (site / "index.php").write_text("three")
    changed = upload(site, signer=key.signer)
    assert changed.changed
    assert key.public.has_signed(manifest_in(bucket, changed.after["release"]))


def test_a_release_that_is_there_is_signed_when_signing_begins(bucket: Any, site: Path, share: Path, key: Key) -> None:
    first = upload(site).after["release"]
    release(share)
    with pytest.raises(ReleaseError, match=f"The release {first} is not served.*ours \\(it has none\\)"):
        release(share, key=key.public)
    assert upload(site, check=True, signer=key.signer).changed
    done = upload(site, signer=key.signer)
    assert (done.changed, done.after["release"], done.after["uploaded"]) == (True, first, [])
    assert release(share, check=True, key=key.public)["changed"]
    assert release(share, key=key.public)["changed"]
    assert not release(share, key=key.public)["changed"]
    assert not release(share)["changed"]


def test_a_signed_release_in_four_steps(bucket: Any, site: Path, share: Path, key: Key) -> None:
    upload(site, signer=key.signer)
    assert release(share, check=True, key=key.public)["changed"]
    assert release(share, key=key.public)["changed"]
    assert not release(share, key=key.public)["changed"]
    (site / "index.php").write_text("three")
    upload(site, signer=key.signer)
    assert release(share, key=key.public)["changed"]
    assert served(share) == b"three"
    assert release(share, key=key.public, state="rolled_back")["changed"]
    assert served(share) == b"one"


@pytest.mark.parametrize("how", ["unsigned", "old signature", "another key", "damaged", "no text"])
def test_what_others_put_into_the_bucket_is_not_served(
    bucket: Any, site: Path, share: Path, key: Key, tmp_path: Path, how: str
) -> None:
    """By somebody who may write to the bucket, and has no key: with files of theirs, and an id that is later."""
    first = upload(site, signer=key.signer).after["release"]
    release(share, key=key.public)
    signed = manifest_in(bucket, first)
    (site / "index.php").write_text("theirs")
    theirs = manifest_in(bucket, upload(site, signer=Key(tmp_path, "theirs").signer).after["release"])
    signature = {"unsigned": "", "old signature": signed.signature, "damaged": theirs.signature[:-9]}
    put(bucket, theirs._replace(signature={**signature, "no text": "ü"}.get(how, theirs.signature)))
    with pytest.raises(ReleaseError, match=f"The release {theirs.release} is not served.* arn:aws:kms:key/ours "):
        release(share, key=key.public)
    with pytest.raises(ReleaseError, match="is not served"):
        release(share, check=True, key=key.public, serve=False)
    assert served(share) == b"one"
    assert release(share, key=None, check=True)["changed"], "without the key it would have been served"
    assert site_release.Store(str(share)).releases() == [first]

    (site / "index.php").write_text("one")
    upload(site, signer=key.signer)
    assert release(share, key=key.public)["changed"]
    assert served(share) == b"one"


def test_a_signed_release_does_not_come_back_by_the_bucket(bucket: Any, site: Path, share: Path, key: Key) -> None:
    """One with a hole that has been mended since, for example."""
    old = manifest_in(bucket, upload(site, signer=key.signer).after["release"])
    release(share, key=key.public)
    (site / "index.php").write_text("mended")
    new = upload(site, signer=key.signer).after["release"]
    release(share, key=key.public, keep=1)
    put(bucket, old)
    with pytest.raises(ReleaseError, match=f"{old.release}.* is not served, since it is older than {new}, .*ours"):
        release(share, key=key.public)
    put(bucket, old._replace(release=new))
    bucket.put_object(Key=PREFIX + manifest_key(new), Body=compress(encode(old)))
    assert not release(share, key=key.public)["changed"]
    assert served(share) == b"mended"
    bucket.Object(PREFIX + POINTER_KEY).delete()
    upload(site, signer=key.signer)
    release(share, key=key.public)
    assert served(share) == b"mended"


def test_nothing_unsigned_is_returned_to(bucket: Any, site: Path, share: Path, key: Key, tmp_path: Path) -> None:
    """Nor what was signed by a key that has been replaced since."""
    before = upload(site, signer=Key(tmp_path, "lost").signer).after["release"]
    release(share)
    (site / "index.php").write_text("three")
    upload(site, signer=key.signer)
    release(share, key=key.public)
    with pytest.raises(ReleaseError, match=f"The release {before} is not served.*ours .*release_id"):
        release(share, key=key.public, state="rolled_back")
    assert served(share) == b"three"
    assert release(share, state="rolled_back")["release"]["id"] == before


def test_another_release_under_a_signed_id_is_refused(bucket: Any, site: Path, share: Path, key: Key) -> None:
    signed = manifest_in(bucket, upload(site, signer=key.signer).after["release"])
    forged = signed._replace(tree=signed.tree._replace(links=()), signature="")
    put(bucket, forged)
    release(share)
    put(bucket, signed)
    with pytest.raises(ReleaseError, match=f"{signed.release} on the share is not the one that the key .*ours"):
        release(share, key=key.public)


def test_only_what_is_in_the_folder_is_signed(bucket: Any, site: Path, key: Key) -> None:
    first = manifest_in(bucket, upload(site, signer=key.signer).after["release"])
    forged = first._replace(tree=first.tree._replace(files=first.tree.files[:1]), signature="")
    put(bucket, forged)
    bucket.put_object(Key=PREFIX + POINTER_KEY, Body=encode_pointer(Pointer(first.release, first.tree.digest)))
    done = upload(site, signer=key.signer)
    assert done.changed
    assert manifest_in(bucket, first.release).tree == first.tree


@pytest.mark.parametrize("signing", [True, False])
@pytest.mark.parametrize(
    ("name", "body"),
    [
        (POINTER_KEY, b"damaged"),
        (POINTER_KEY, b'{"format": 1, "release": "99991231T235959Z-000000000000"}'),
        (POINTER_KEY, b'{"format": 1, "release": "20271399T000000Z-000000000000"}'),
        ("manifest", b"damaged"),
        ("manifest", gzip.compress(b'{"format": 1}', mtime=0)),
    ],
)
def test_an_upload_replaces_what_is_damaged(
    bucket: Any, site: Path, share: Path, key: Key, name: str, body: bytes, signing: bool
) -> None:
    signer, public = (key.signer, key.public) if signing else (None, None)
    done = upload(site, signer=signer).after["release"]
    bucket.put_object(Key=PREFIX + (manifest_key(done) if name == "manifest" else name), Body=body)
    with pytest.raises(ReleaseError, match="upload the site's files again"):
        release(share, key=public)
    assert upload(site, check=True, signer=signer).changed
    assert upload(site, signer=signer).changed
    assert release(share, key=public)["changed"]


def test_a_key_that_can_not_be_read_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(ReleaseError, match=r"nowhere.pem, by which releases are checked, cannot be read.*configure"):
        read_key(str(tmp_path / "nowhere.pem"))
    file = tmp_path / "key.pem"
    file.write_text("# arn\nno key")
    with pytest.raises(ReleaseError, match=r"key.pem holds no public key; configure"):
        read_key(str(file))
    assert Key(tmp_path, "ours").public.name == "arn:aws:kms:key/ours"
