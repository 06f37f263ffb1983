# Copyright: hasite.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# PRIVATE to the collection: may change without notice.
"""The bucket from which a release is taken, read with the role of the machine that runs this."""

from __future__ import annotations

import typing as t
from pathlib import Path

from ansible_collections.hasite.aws.plugins.module_utils._release_store import Item, ReleaseError

try:
    import boto3
    from botocore.config import Config
    from botocore.exceptions import BotoCoreError, ClientError
except ImportError:
    HAS_BOTO3 = False
else:
    HAS_BOTO3 = True


class ChangedError(Exception):
    """An object became another one while the release was taken."""


class Source:
    """The files below a prefix of a bucket."""

    def __init__(self, bucket: str, prefix: str, region: str) -> None:
        self.bucket = bucket
        self.prefix = prefix.strip("/") + "/" if prefix.strip("/") else ""
        # The region's own endpoint: it is the one that the VPC's gateway endpoint leads to.
        config = Config(
            retries={"mode": "standard", "max_attempts": 5},
            connect_timeout=10,
            read_timeout=60,
            s3={"us_east_1_regional_endpoint": "regional"},
        )
        self._client = boto3.session.Session(region_name=region).client("s3", config=config)
        shape = self._client.meta.service_model.operation_model("GetObject").input_shape
        # botocore verifies S3's checksum when it is asked for; the botocore of older distributions cannot ask.
        self._verify = {"ChecksumMode": "ENABLED"} if "ChecksumMode" in shape.members else {}

    def items(self) -> list[Item]:
        """List the files; placeholders of folders (keys that end with a slash) are none."""
        pages = self._client.get_paginator("list_objects_v2").paginate(Bucket=self.bucket, Prefix=self.prefix)
        try:
            objects = pages.build_full_result().get("Contents", [])
        except (BotoCoreError, ClientError) as error:
            raise ReleaseError(f"The bucket {self.bucket} cannot be listed: {_sentence(error)}") from error
        return [self._item(entry) for entry in objects if not entry["Key"].endswith("/")]

    def _item(self, entry: dict[str, t.Any]) -> Item:
        modified = entry["LastModified"].strftime("%Y%m%dT%H%M%SZ")
        return Item(entry["Key"][len(self.prefix) :], entry["Key"], entry["ETag"].strip('"'), entry["Size"], modified)

    def fetch(self, item: Item, target: Path) -> None:
        """Write one object to a file, and only if it is still the one that was listed."""
        try:
            answer = self._client.get_object(Bucket=self.bucket, Key=item.key, IfMatch=item.etag, **self._verify)
            with target.open("wb") as file:
                for chunk in answer["Body"].iter_chunks(1 << 20):
                    file.write(chunk)
        except ClientError as error:
            if error.response["Error"]["Code"] in ("PreconditionFailed", "NoSuchKey", "412", "404"):
                raise ChangedError(item.key) from error
            raise ReleaseError(
                f"The object {item.key!r} of {self.bucket} cannot be read: {_sentence(error)}"
            ) from error
        except BotoCoreError as error:
            raise ReleaseError(
                f"The object {item.key!r} of {self.bucket} cannot be read: {_sentence(error)}"
            ) from error
        if target.stat().st_size != item.size:
            raise ReleaseError(
                f"The object {item.key!r} came with {target.stat().st_size} of {item.size} bytes; try again."
            )


def _sentence(error: Exception) -> str:
    """Add the likely cause to AWS's words."""
    text = str(error).rstrip(".") + "."
    if isinstance(error, ClientError) and error.response["Error"]["Code"] == "AccessDenied":
        return text + " Does the machine's role allow s3:ListBucket on the bucket and s3:GetObject on its objects?"
    if "credentials" in text.lower():
        return text + " Has the machine an instance profile?"
    return text
