# Copyright: hasite.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection: this file may change at any time.
"""Whether the objects are there that a site needs of its buckets: the next release, and the error page."""

from __future__ import annotations

import gzip
import typing as t
import zlib

from .._asking import AWS_ERRORS, asked, listed
from .._aws import error_code
from .._release.manifest import POINTER_KEY, decode, decode_pointer, manifest_key
from .._release.paths import ReleaseError
from .._resource import Resource
from .model import Site
from .scope import ReadScope

CONTENT_PREFIX = "site/"
"""Where the role content puts the releases."""
_GONE = ("NoSuchKey", "404", "NoSuchBucket")


def read_contents(scope: ReadScope, site: Site) -> dict[str, Resource]:
    """Return of each content bucket the release that it offers, and what that release lacks."""
    client = scope.here("s3")
    buckets = [bucket["name"] for bucket in site.buckets if bucket["part"] == "content"]
    return {bucket: _content(client, bucket) for bucket in buckets}


def _content(client: t.Any, bucket: str) -> Resource:
    found = listed(client, "list_objects_v2", "Contents", Bucket=bucket, Prefix=CONTENT_PREFIX)
    keys = {row["Key"].removeprefix(CONTENT_PREFIX) for row in found}
    if POINTER_KEY not in keys:
        return {"release": None, "missing": [f"{CONTENT_PREFIX}{POINTER_KEY}"]}
    try:
        release = decode_pointer(_body(client, bucket, POINTER_KEY)).release
        needed = {manifest_key(release)}
        if needed <= keys:
            needed = decode(gzip.decompress(_body(client, bucket, manifest_key(release)))).keys()
    except (ReleaseError, OSError, EOFError, zlib.error) as error:
        return {"release": None, "missing": [], "problem": str(error)}
    return {"release": release, "missing": sorted(f"{CONTENT_PREFIX}{key}" for key in needed - keys)}


def _body(client: t.Any, bucket: str, key: str) -> bytes:
    return t.cast("bytes", asked(client.get_object, Bucket=bucket, Key=CONTENT_PREFIX + key)["Body"].read())


def read_error_objects(scope: ReadScope, site: Site) -> dict[str, Resource]:
    """Return each page of the distributions' custom error responses by its place; empty if it is not in the bucket."""
    client = scope.here("s3")
    own = {bucket["name"] for bucket in site.buckets}
    places = {
        (bucket, str(row["response_page_path"]).lstrip("/"))
        for distribution in site.distributions
        for row in distribution.get("custom_error_responses") or []
        if row.get("response_page_path") and (bucket := bucket_of(distribution)) in own
    }
    return {f"{bucket}/{key}": _page(client, bucket, key) for bucket, key in sorted(places)}


def bucket_of(distribution: Resource) -> str:
    """Return the bucket that is a distribution's origin, by the name of its endpoint."""
    return str(distribution.get("origin_domain_name") or "").partition(".s3.")[0]


def _page(client: t.Any, bucket: str, key: str) -> Resource:
    try:
        found = asked(client.head_object, Bucket=bucket, Key=key)
    except AWS_ERRORS as error:
        if error_code(error) in _GONE:
            return {}
        raise
    return {"content_length": found["ContentLength"], "content_type": found.get("ContentType", "")}
