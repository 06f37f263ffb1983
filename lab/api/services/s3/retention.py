# SPDX-License-Identifier: GPL-3.0-or-later
"""How long an object is kept from deletion.

https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObjectRetention.html
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from moto.core.responses import ActionResult
from moto.s3.exceptions import MissingKey, S3ClientError
from moto.s3.responses import S3Response

from lab.api.moto.extension import replaces


class NoRetentionError(S3ClientError):
    """The object has none."""

    code = 404

    def __init__(self) -> None:
        super().__init__(
            "NoSuchObjectLockConfiguration", "The specified object does not have a ObjectLock configuration"
        )


class NoLockError(S3ClientError):
    """The bucket has none, so no object of it can have one."""

    code = 400

    def __init__(self) -> None:
        super().__init__("InvalidRequest", "Bucket is missing Object Lock Configuration")


def extend() -> None:
    """Tell it."""

    @replaces(S3Response, "_key_response_get")
    def get(original: Callable[..., Any], self: Any, query: dict[str, Any], key_name: str) -> Any:
        if "retention" not in query:
            return original(self, query, key_name)
        version = (query.get("versionId") or [None])[0]
        found = self.backend.get_object(self.bucket_name, key_name, version_id=version)
        if found is None:
            raise MissingKey(key=key_name)
        if not self.backend.get_bucket(self.bucket_name).object_lock_enabled:
            raise NoLockError
        if not found.lock_mode:
            raise NoRetentionError
        self.data["Action"] = "GetObjectRetention"
        told = {"Mode": found.lock_mode, "RetainUntilDate": found.lock_until}
        return self.serialized(ActionResult({"Retention": told}))
