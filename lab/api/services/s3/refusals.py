# SPDX-License-Identifier: GPL-3.0-or-later
"""What S3 refuses and moto accepts or breaks at, and deletions while versioning is suspended.

https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html lists the errors.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from typing import Any

from moto.s3.exceptions import InvalidArgumentError, MalformedXML, NoSuchUpload, S3ClientError
from moto.s3.models import FakeDeleteMarker, S3Backend
from moto.s3.responses import S3Response

from lab.api.moto.extension import replaces

Original = Callable[..., Any]
_LONGEST_KEY = 1024
_MOST_KEYS = 2**31 - 1
_CANNED = frozenset(
    {
        *("private", "public-read", "public-read-write", "authenticated-read", "aws-exec-read"),
        *("bucket-owner-read", "bucket-owner-full-control", "log-delivery-write"),
    }
)
"""https://docs.aws.amazon.com/AmazonS3/latest/userguide/acl-overview.html#canned-acl"""
_OWNERSHIPS = ("BucketOwnerPreferred", "ObjectWriter", "BucketOwnerEnforced")


def extend() -> None:
    """Refuse what AWS refuses."""
    _requests()
    _settings()
    _uploads()
    _deletions()


def _requests() -> None:
    for operation in ("list_objects", "list_objects_v2", "list_object_versions"):

        @replaces(S3Response, operation)
        def listing(original: Original, self: Any) -> Any:
            given = self.querystring.get("max-keys", ["0"])[0]
            if not given.isdecimal() or int(given) > _MOST_KEYS:
                raise InvalidArgumentError(
                    f"Argument maxKeys must be an integer between 0 and {_MOST_KEYS}", "maxKeys", given
                )
            return original(self)

    @replaces(S3Response, "_acl_from_headers")
    def acl_from_headers(original: Original, self: Any, headers: Any) -> Any:
        canned = headers.get("x-amz-acl", "")
        if canned and canned not in _CANNED:
            raise InvalidArgumentError("The canned ACL is unknown.", "x-amz-acl", canned)
        return original(self, headers)

    @replaces(S3Backend, "put_object")
    def put_object(original: Original, self: Any, bucket_name: str, key_name: str, *args: Any, **more: Any) -> Any:
        """Refuse a key that is too long; while versioning is suspended, replace the version `null` and no other.

        https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-keys.html
        https://docs.aws.amazon.com/AmazonS3/latest/userguide/AddingObjectstoVersionSuspendedBuckets.html
        """
        if len(key_name.encode()) > _LONGEST_KEY:
            raise S3ClientError("KeyTooLongError", "Your key is too long")
        bucket = self.get_bucket(bucket_name)
        if bucket.versioning_status != "Suspended":
            return original(self, bucket_name, key_name, *args, **more)
        with _versioned(bucket):
            made = original(self, bucket_name, key_name, *args, **more)
        made._version_id = None
        bucket.keys.setlist(key_name, [*_others(bucket, key_name), made])
        return made


def _settings() -> None:
    @replaces(S3Backend, "put_bucket_versioning")
    def put_bucket_versioning(original: Original, self: Any, bucket_name: str, status: str) -> Any:
        if status not in ("Enabled", "Suspended"):
            raise MalformedXML
        return original(self, bucket_name, status)

    @replaces(S3Backend, "put_bucket_ownership_controls")
    def put_bucket_ownership_controls(original: Original, self: Any, bucket_name: str, ownership: Any) -> Any:
        # moto has the only rule's word when it comes by S3's own API.
        if ownership not in _OWNERSHIPS:
            raise MalformedXML
        return original(self, bucket_name, ownership)

    @replaces(S3Backend, "put_bucket_lifecycle_configuration")
    def put_bucket_lifecycle_configuration(original: Original, self: Any, bucket_name: str, rules: Any) -> Any:
        if not rules:
            raise MalformedXML
        return original(self, bucket_name, rules)


def _uploads() -> None:
    for operation in ("upload_part", "complete_multipart_upload"):

        @replaces(S3Backend, operation)
        def of_upload(original: Original, self: Any, bucket_name: str, multipart_id: str, *args: Any, **m: Any) -> Any:
            if multipart_id not in self.get_bucket(bucket_name).multiparts:
                raise NoSuchUpload(upload_id=multipart_id)
            return original(self, bucket_name, multipart_id, *args, **m)


@contextlib.contextmanager
def _versioned(bucket: Any) -> Iterator[None]:
    """Have moto treat a bucket whose versioning is suspended like one that has versions, which it forgets."""
    bucket.versioning_status = "Enabled"
    try:
        yield
    finally:
        bucket.versioning_status = "Suspended"


def _others(bucket: Any, key: str) -> list[Any]:
    """Return the versions of an object that have an id."""
    return [version for version in bucket.keys.getlist(key, []) if str(version.version_id) != "null"]


def _deletions() -> None:
    @replaces(S3Backend, "delete_object")
    def delete_object(
        original: Original,
        self: Any,
        bucket_name: str,
        key_name: str,
        version_id: str | None = None,
        bypass: bool = False,
    ) -> tuple[bool, dict[str, Any]]:
        """While versioning is suspended, a marker takes the place of the version `null`, and the others stay.

        https://docs.aws.amazon.com/AmazonS3/latest/userguide/DeletingObjectsfromVersioningSuspendedBuckets.html
        """
        bucket = self.get_bucket(bucket_name)
        versions = bucket.keys.getlist(key_name, [])
        if bucket.versioning_status != "Suspended" or not versions:
            return original(self, bucket_name, key_name, version_id, bypass)  # type: ignore[no-any-return]
        if version_id is not None:
            with _versioned(bucket):
                return original(self, bucket_name, key_name, version_id, bypass)  # type: ignore[no-any-return]
        marker = FakeDeleteMarker(key=versions[-1])
        marker._version_id = "null"
        bucket.keys.setlist(key_name, [*_others(bucket, key_name), marker])
        return True, {"version-id": "null", "delete-marker": "true"}
