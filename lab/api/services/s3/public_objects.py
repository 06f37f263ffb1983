# SPDX-License-Identifier: GPL-3.0-or-later
"""AWS's own buckets from which everybody may fetch: that of the Systems Manager agent, one in each region.

https://docs.aws.amazon.com/systems-manager/latest/userguide/ssm-agent-technical-details.html
"""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from moto.s3.exceptions import MissingKey, S3AccessDeniedError
from moto.s3.responses import S3Response

from lab.api.callers import s3_authorization
from lab.api.moto.extension import replaces
from lab.context import Context

_BUCKET = re.compile(r"(?P<kind>amazon-ssm)-[a-z]{2}(?:-[a-z]+)+-\d")
_TYPE = "binary/octet-stream"
"""What an object is that was uploaded without a type."""


def extend(context: Context) -> None:
    """Answer for these buckets, which are nobody's in the lab's account."""

    @replaces(S3Response, "_key_response")
    def respond(original: Callable[..., Any], self: Any, request: Any, full_url: str) -> Any:
        bucket = _BUCKET.fullmatch(self.bucket_name or "")
        if bucket is None:
            return original(self, request, full_url)
        key = s3_authorization.pass_as_stranger(self, request, context)
        if request.method not in ("GET", "HEAD"):
            raise S3AccessDeniedError
        file = _file(context.place.public / bucket["kind"], key)
        if file is None:
            raise MissingKey(key=key)
        return 200, {"Content-Type": _TYPE, "Content-Length": str(file.stat().st_size)}, file.read_bytes()


def _file(bucket: Path, key: str) -> Path | None:
    """Return the file of a key; none for one that leads out of the bucket's folder."""
    found = (bucket / key).resolve()
    return found if found.is_relative_to(bucket.resolve()) and found.is_file() else None
