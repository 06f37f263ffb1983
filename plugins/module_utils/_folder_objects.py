# Copyright: hasite.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection: this file may change at any time.
"""A folder's files as the objects of a bucket, compared by SHA-256."""

from __future__ import annotations

import hashlib
import mimetypes
import typing as t
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path

from ._aws import ChangeResult, aws_call, failure, pages
from ._bucket import batches
from ._resource import Resource

DEFAULT_TYPE = "application/octet-stream"
THREADS = 8


@dataclass(frozen=True)
class Wanted:
    """One file and what its object should be like."""

    path: Path
    sha256: str
    content_type: str
    cache_control: str | None

    @property
    def arguments(self) -> dict[str, t.Any]:
        """What S3 is told beside the content."""
        arguments: dict[str, t.Any] = {"ContentType": self.content_type, "Metadata": {"sha256": self.sha256}}
        if self.cache_control:
            arguments["CacheControl"] = self.cache_control
        return arguments


@dataclass(frozen=True)
class Present:
    """One object as it is."""

    sha256: str | None
    content_type: str
    cache_control: str | None


@dataclass(frozen=True)
class Plan:
    """What has to be done."""

    upload: list[str]
    delete: list[str]


def content_type(name: str, overrides: Mapping[str, str]) -> str:
    """Return the content type of a file by its extension, text in UTF-8."""
    for extension, override in overrides.items():
        if name.endswith(extension):
            return str(override)
    guessed, encoding = mimetypes.guess_type(name)
    if guessed is None or encoding is not None:
        return DEFAULT_TYPE
    return f"{guessed}; charset=utf-8" if guessed.startswith("text/") else guessed


def excluded(relative: str, patterns: Iterable[str]) -> bool:
    """Tell whether a path matches one of the patterns, as a whole or by its last part."""
    return any(fnmatch(relative, pattern) or fnmatch(relative.rpartition("/")[2], pattern) for pattern in patterns)


def sum_of_file(path: Path) -> str:
    """Return the SHA-256 of a file without holding it in memory."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def sum_of_all(wanted: Mapping[str, Wanted]) -> str:
    """Return one SHA-256 over names and contents."""
    lines = "".join(f"{file.sha256}  {key}\n" for key, file in sorted(wanted.items()))
    return hashlib.sha256(lines.encode()).hexdigest()


def read_folder(params: Mapping[str, t.Any]) -> dict[str, Wanted]:
    """Return the wanted objects by their keys."""
    source = Path(params["source"])
    if not source.exists():
        raise failure(f"The folder {source} does not exist. Set source to the folder with the files to upload.")
    paths = [source] if source.is_file() else sorted(path for path in source.rglob("*") if path.is_file())
    root = source.parent if source.is_file() else source
    relatives = {path.relative_to(root).as_posix(): path for path in paths}
    return {
        params["prefix"] + relative: Wanted(
            path,
            sum_of_file(path),
            content_type(relative, params["content_types"]),
            params["cache_control"],
        )
        for relative, path in relatives.items()
        if not excluded(relative, params["exclude"])
    }


def same(wanted: Wanted, present: Present | None) -> bool:
    """Tell whether an object is as wanted. Without a wanted `Cache-Control`, the present one is left alone."""
    return (
        present is not None
        and present.sha256 == wanted.sha256
        and present.content_type == wanted.content_type
        and wanted.cache_control in (None, present.cache_control)
    )


def plan(wanted: Mapping[str, Wanted], present: Mapping[str, Present | None], delete: bool) -> Plan:
    """Compare the files with the objects."""
    return Plan(
        sorted(key for key, file in wanted.items() if not same(file, present.get(key))),
        sorted(set(present) - set(wanted)) if delete else [],
    )


@aws_call("list the objects in bucket {bucket}")
def _list(client: t.Any, bucket: str, prefix: str) -> list[str]:
    found = pages(client, "list_objects_v2", Bucket=bucket, Prefix=prefix)
    return [item["Key"] for item in found.get("Contents", [])]


@aws_call("look at {key} in bucket {bucket}")
def _head(client: t.Any, bucket: str, key: str) -> Present:
    found = client.head_object(Bucket=bucket, Key=key)
    return Present(found.get("Metadata", {}).get("sha256"), found.get("ContentType", ""), found.get("CacheControl"))


@aws_call("upload {key} to bucket {bucket}")
def _upload(client: t.Any, bucket: str, key: str, wanted: Wanted) -> None:
    client.upload_file(str(wanted.path), bucket, key, ExtraArgs=wanted.arguments)


@aws_call("delete objects in bucket {bucket}")
def _delete(client: t.Any, bucket: str, keys: list[Resource]) -> None:
    answer = client.delete_objects(Bucket=bucket, Delete={"Objects": keys, "Quiet": True})
    if errors := answer.get("Errors"):
        raise failure(f"Failed to delete {errors[0]['Key']} in bucket {bucket}: {errors[0].get('Message')}")


def _present(client: t.Any, bucket: str, prefix: str, wanted: Iterable[str], missing_ok: bool) -> dict[str, t.Any]:
    """Return what is in the bucket; only objects that may stay are looked at closely."""
    try:
        keys = _list(client, bucket, prefix)
    except Exception as error:
        # In check mode the bucket may be one that would have been made before this task.
        if missing_ok and "NoSuchBucket" in str(getattr(error, "exception", error)):
            return {}
        raise
    interesting = set(wanted)
    with ThreadPoolExecutor(THREADS) as pool:
        looked = pool.map(lambda key: _head(client, bucket, key) if key in interesting else None, keys)
        return dict(zip(keys, looked, strict=True))


def ensure(client: t.Any, params: Mapping[str, t.Any], check_mode: bool) -> ChangeResult:
    """Upload the files, and delete the objects that have none."""
    bucket, prefix = params["bucket"], params["prefix"]
    wanted = read_folder(params)
    present = _present(client, bucket, prefix, wanted, check_mode)
    todo = plan(wanted, present, params["delete"])
    if not check_mode:
        with ThreadPoolExecutor(THREADS) as pool:
            list(pool.map(lambda key: _upload(client, bucket, key, wanted[key]), todo.upload))
        for batch in batches([{"Key": key} for key in todo.delete]):
            _delete(client, bucket, batch)
    before = {key: known.sha256 if known else None for key, known in present.items()}
    kept = {key: value for key, value in before.items() if key not in todo.delete}
    after = {**kept, **{key: file.sha256 for key, file in wanted.items()}}
    common = {"bucket": bucket, "prefix": prefix}
    result = {**common, "objects": after, "sha256": sum_of_all(wanted), "uploaded": todo.upload, "deleted": todo.delete}
    return ChangeResult(bool(todo.upload or todo.delete), {**common, "objects": before}, result)
