# SPDX-License-Identifier: GPL-3.0-or-later
"""ListBuckets tells each bucket's region, and ListDirectoryBuckets lists no ordinary ones.

https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListBuckets.html
https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListDirectoryBuckets.html
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from moto.core.responses import ActionResult
from moto.s3.exceptions import S3ClientError
from moto.s3.models import OWNER
from moto.s3.responses import S3Response

from lab.api.moto.extension import replaces

_LARGEST = 10_000


def extend() -> None:
    """List so."""

    @replaces(S3Response, "all_buckets")
    def all_buckets(_original: Callable[..., Any], self: Any) -> Any:
        self.data["Action"] = "ListAllMyBuckets"
        self._authenticate_and_authorize_s3_action()
        if "/s3express/aws4_request" in self.headers.get("Authorization", ""):
            self.data["Action"] = "ListDirectoryBuckets"
            return self.serialized(ActionResult({"Buckets": []}))
        self.data["Action"] = "ListBuckets"
        return self.serialized(ActionResult(_listed(self)))


def _listed(call: Any) -> dict[str, Any]:
    prefix, region = call._get_param("prefix"), call._get_param("bucket-region")
    found = call.backend.list_buckets(prefix=prefix, bucket_region=region, max_buckets=None)
    described = [
        {"Name": bucket.name, "CreationDate": bucket.creation_date_ISO8601, "BucketRegion": bucket.region_name}
        for bucket in sorted(found, key=lambda bucket: str(bucket.name))
    ]
    size = call._get_param("max-buckets") or str(_LARGEST)
    if not size.isdecimal() or not 1 <= int(size) <= _LARGEST:
        raise S3ClientError("InvalidArgument", f"Argument max-buckets must be an integer between 1 and {_LARGEST}.")
    return {"Owner": {"ID": OWNER}, "Buckets": described, **({"Prefix": prefix} if prefix else {})}
