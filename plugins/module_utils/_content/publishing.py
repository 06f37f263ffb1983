# Copyright: hasite.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection: this file may change at any time.
"""Publishing a folder: contents first, then the manifest, and last the pointer, so that nothing half is ever served."""

from __future__ import annotations

import gzip
import typing as t
import zlib
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

from .._aws import ChangeResult, aws_call, aws_lookup, failure, pages
from .._bucket import batches
from .._release.manifest import (
    POINTER_KEY,
    Manifest,
    Origin,
    Pack,
    Pointer,
    Tree,
    compress,
    decode,
    decode_pointer,
    encode,
    encode_pointer,
    file_key,
    manifest_key,
    pack_key,
    release_id,
)
from .._release.paths import DamagedError, ReleaseError
from .checks import ContentError
from .origin import origin_of
from .packing import packed
from .planning import Plan, kept_releases, newest_release, plan, surplus
from .reading import Folder, check_unchanged, look, tree_of
from .signing import Signer

UPLOADS = 4
"""How many packs are in memory at once."""
_ATTEMPTS = 3


class State(t.NamedTuple):
    """What the bucket holds below the prefix."""

    pointer: Pointer | None
    current: Manifest | None
    objects: dict[str, datetime]
    """When each object was written, by its key without the prefix."""


class Report(t.NamedTuple):
    """What was uploaded and deleted, or would be."""

    manifest: Manifest
    uploaded: list[str]
    deleted: list[str]
    named: bool = False
    """Whether the manifest and the pointer were written."""


# ---- S3


@aws_lookup("read {key} in bucket {bucket}", "NoSuchKey", "NoSuchBucket")
def _get(client: t.Any, bucket: str, key: str) -> bytes:
    return t.cast("bytes", client.get_object(Bucket=bucket, Key=key)["Body"].read())


@aws_call("write {key} to bucket {bucket}")
def _put(client: t.Any, bucket: str, key: str, content: bytes, kind: str) -> None:
    client.put_object(Bucket=bucket, Key=key, Body=content, ContentType=kind)


@aws_call("upload {path} to bucket {bucket}")
def _upload(client: t.Any, bucket: str, key: str, path: Path) -> None:
    client.upload_file(str(path), bucket, key)


@aws_lookup("list the objects in bucket {bucket}", "NoSuchBucket")
def _list(client: t.Any, bucket: str, prefix: str) -> dict[str, datetime]:
    found = pages(client, "list_objects_v2", Bucket=bucket, Prefix=prefix)
    return {item["Key"].removeprefix(prefix): item["LastModified"] for item in found.get("Contents", [])}


@aws_call("delete objects in bucket {bucket}")
def _delete(client: t.Any, bucket: str, keys: list[dict[str, t.Any]]) -> None:
    answer = client.delete_objects(Bucket=bucket, Delete={"Objects": keys, "Quiet": True})
    if errors := answer.get("Errors"):
        raise failure(f"Failed to delete {errors[0]['Key']} in bucket {bucket}: {errors[0].get('Message')}")


class Bucket:
    """The releases below a prefix of a bucket."""

    def __init__(self, client: t.Any, name: str, prefix: str) -> None:
        self._client = client
        self.name = name
        self.prefix = prefix.strip("/") + "/" if prefix.strip("/") else ""
        self._read: dict[str, Manifest] = {}

    def state(self) -> State:
        """Return what there is: nothing without a bucket, as in check mode, and nothing where it is damaged."""
        found = _get(self._client, self.name, self.prefix + POINTER_KEY)
        try:
            pointer = decode_pointer(found) if found else None
        except DamagedError:
            pointer = None
        current = self.manifest(pointer.release) if pointer else None
        return State(pointer, current, _list(self._client, self.name, self.prefix) or {})

    def manifest(self, release: str) -> Manifest | None:
        """Return a release's manifest, or None if it is not there or damaged: an upload then replaces it."""
        found = _get(self._client, self.name, self.prefix + manifest_key(release))
        if not found:
            return None
        try:
            self._read[release] = decode(gzip.decompress(found))
        except (ReleaseError, OSError, EOFError, zlib.error):
            return None
        return self._read[release]

    def manifests(self, releases: Iterable[str]) -> list[Manifest]:
        """Return the manifests of these releases that are there, as they were when they were read last."""
        with ThreadPoolExecutor(UPLOADS) as pool:
            return [
                found for found in pool.map(lambda one: self._read.get(one) or self.manifest(one), releases) if found
            ]

    def put(self, key: str, content: bytes, kind: str = "application/gzip") -> None:
        """Write an object."""
        _put(self._client, self.name, self.prefix + key, content, kind)

    def upload(self, key: str, path: Path) -> None:
        """Write an object from a file, in parts if it is large."""
        _upload(self._client, self.name, self.prefix + key, path)

    def delete(self, keys: Iterable[str]) -> None:
        """Delete objects; the bucket keeps their versions for a while."""
        for batch in batches([{"Key": self.prefix + key} for key in keys]):
            _delete(self._client, self.name, batch)


# ---- the whole


def publish(
    bucket: Bucket, folder: Folder, keep: int, check: bool, origin: Origin, signer: Signer | None = None
) -> tuple[State, Report]:
    """Bring a folder into the bucket as the release to be served; return what was there before, and what was done.

    What the bucket says is believed as far as it goes into no release: others may have written there, and only what was
    read from the folder is signed.
    """
    tree = tree_of(folder)
    before = state = bucket.state()
    uploaded: list[str] = []
    named = False
    for _attempt in range(_ATTEMPTS):
        if (manifest := state.current) and _is_whole(state, tree, signer):
            deleted = _prune(bucket, state.objects, manifest, keep, check) if uploaded else []
            return before, Report(manifest, uploaded, deleted, named)
        manifest, added = _add(bucket, folder, tree, state, keep, check, signer, origin)
        uploaded += added
        named = True
        if check:
            return before, Report(manifest, uploaded, [], named)
        # Another upload may have deleted what this one meant to use: look again.
        state = bucket.state()
    raise ContentError(
        f"Other uploads to the bucket {bucket.name} keep replacing this one; try again when they have ended."
    )


def _is_whole(state: State, tree: Tree, signer: Signer | None) -> bool:
    """Tell whether the bucket names this tree, has all that the release needs, and the signature that is wanted."""
    found = state.current
    return (
        state.pointer is not None
        and found is not None
        and state.pointer.digest == tree.digest
        and (found.release, found.tree.digest) == (state.pointer.release, tree.digest)
        and found.keys() <= state.objects.keys()
        and (signer is None or signer.has_signed(found))
    )


def _add(
    bucket: Bucket,
    folder: Folder,
    tree: Tree,
    state: State,
    keep: int,
    check: bool,
    signer: Signer | None,
    origin: Origin,
) -> tuple[Manifest, list[str]]:
    named = state.pointer.release if state.pointer else None
    last = newest_release(state.objects, named)
    same = state.pointer is not None and state.pointer.digest == tree.digest
    release = str(named) if same else release_id(tree, datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ"), last)
    known = bucket.manifests(kept_releases(state.objects, named or last, keep)) if last else []
    there = [pack for manifest in known for pack in manifest.packs if pack_key(pack.id) in state.objects]
    planned = plan(tree.files, there)
    manifest = Manifest(release, tree, planned.packs, origin=origin)
    uploads = _uploads(bucket, folder, tree, planned, state.objects)
    if not check:
        # Few at a time: each holds a whole pack.
        with ThreadPoolExecutor(UPLOADS) as pool:
            for done in [pool.submit(upload) for upload in uploads.values()]:
                done.result()
        manifest = signer.signed(manifest) if signer else manifest
        bucket.put(manifest_key(release), compress(encode(manifest)))
        bucket.put(POINTER_KEY, encode_pointer(Pointer(release, tree.digest)), "application/json")
    return manifest, sorted(uploads)


def _uploads(
    bucket: Bucket, folder: Folder, tree: Tree, planned: Plan, there: Mapping[str, datetime]
) -> dict[str, Callable[[], None]]:
    """Return what is to be done for each key that is not there yet, as after an upload that was interrupted."""
    files = {file.sha256: Path(folder.top, file.path) for file in tree.files}
    found = {f"{folder.top}/{file.path}": file for file in folder.files}

    def pack(one: Pack) -> None:
        bucket.put(pack_key(one.id), packed(one, files))

    def large(sha256: str) -> None:
        bucket.upload(file_key(sha256), files[sha256])
        check_unchanged(found[str(files[sha256])], files[sha256].stat())

    uploads: dict[str, Callable[[], None]] = {pack_key(new.id): lambda new=new: pack(new) for new in planned.new}  # type: ignore[misc]
    uploads |= {file_key(sha256): lambda sha256=sha256: large(sha256) for sha256 in planned.large}  # type: ignore[misc]
    return {key: upload for key, upload in uploads.items() if key not in there}


def _prune(bucket: Bucket, objects: Mapping[str, datetime], current: Manifest, keep: int, check: bool) -> list[str]:
    kept = bucket.manifests(kept_releases(objects, current.release, keep))
    gone = surplus(objects, kept, datetime.now(UTC))
    if not check:
        bucket.delete(gone)
    return gone


def ensure(client: t.Any, params: Mapping[str, t.Any], check_mode: bool, signer: Signer | None = None) -> ChangeResult:
    """Upload the folder to the bucket as the release to be served, signed if there is who signs."""
    try:
        folder = look(params)
        bucket = Bucket(client, params["bucket"], params["prefix"])
        before, done = publish(bucket, folder, params["keep"], check_mode, origin_of(Path(folder.top)), signer)
    except (ContentError, ReleaseError) as error:
        raise failure(str(error)) from error
    changed = bool(done.uploaded) or done.named
    common = {"bucket": bucket.name, "prefix": bucket.prefix}
    result = {
        **common,
        **_shown(done.manifest),
        "packs": len(done.manifest.packs),
        "size": sum(file.size for file in done.manifest.tree.files),
        "uploaded": done.uploaded,
        "deleted": done.deleted,
        "signing_key": signer.key if signer else None,
    }
    return ChangeResult(changed, {**common, **_shown(before.current)}, result)


def _shown(manifest: Manifest | None) -> dict[str, t.Any]:
    """Return a release the way the module returns it."""
    if manifest is None:
        return {"release": None, "files": {}, "folders": [], "links": {}, "shared": []}
    tree = manifest.tree
    return {
        "release": manifest.release,
        "files": {file.path: file.sha256 for file in tree.files},
        "folders": list(tree.folders),
        "links": {link.path: link.target for link in tree.links},
        "shared": list(tree.shared),
    }
