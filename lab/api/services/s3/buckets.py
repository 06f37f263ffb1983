# SPDX-License-Identifier: GPL-3.0-or-later
"""A bucket as AWS makes it since April 2023: closed to the public, without ACLs, encrypted.

https://docs.aws.amazon.com/AmazonS3/latest/userguide/create-bucket-faq.html
https://docs.aws.amazon.com/AmazonS3/latest/userguide/default-encryption-faq.html
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from moto.s3.exceptions import InvalidBucketName, S3ClientError
from moto.s3.models import FakeBucket, PublicAccessBlock, S3Backend

from lab.api.moto.extension import replaces
from lab.base.backends import ACCOUNT
from lab.world.access import bucket_names
from lab.world.access.bucket_access import Bucket, Caller, allowed, is_public
from lab.world.access.permissions import AccessRequest, Principal


def default_encryption() -> dict[str, Any]:
    """Return the encryption that every bucket has at least."""
    return {"Rule": {"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}, "BucketKeyEnabled": "false"}}


def extend() -> None:
    """Give a bucket AWS's defaults, and heed its public access block."""

    @replaces(S3Backend, "create_bucket")
    def create_bucket(original: Callable[..., Any], self: Any, *args: Any, **kwargs: Any) -> Any:
        name = kwargs["bucket_name"] if "bucket_name" in kwargs else args[0]
        if not bucket_names.is_valid(name):
            raise InvalidBucketName()
        made = original(self, *args, **kwargs)
        made.public_access_block = PublicAccessBlock(True, True, True, True)
        made.ownership_rule = "BucketOwnerEnforced"
        made.encryption = default_encryption()
        return made

    @replaces(S3Backend, "delete_bucket_encryption")
    def delete_bucket_encryption(_original: Callable[..., Any], self: Any, bucket_name: str) -> None:
        self.get_bucket(bucket_name).encryption = default_encryption()

    @replaces(S3Backend, "put_bucket_policy")
    def put_bucket_policy(original: Callable[..., Any], self: Any, bucket_name: str, policy: bytes) -> None:
        bucket = self.get_bucket(bucket_name)
        document = _document(policy, bucket_name)
        block = bucket.public_access_block
        if block and block.block_public_policy and is_public(document):
            raise S3ClientError(
                "AccessDenied",
                f'The resource "arn:aws:s3:::{bucket_name}" cannot get this policy: public policies are blocked by the '
                "BlockPublicPolicy block public access setting.",
            )
        original(self, bucket_name, policy)

    @replaces(FakeBucket, "_log_permissions_enabled_policy")
    def may_log(_original: Callable[..., Any], self: Any, target_bucket: Any, target_prefix: str | None) -> bool:
        """https://docs.aws.amazon.com/AmazonS3/latest/userguide/enable-server-access-logging.html."""
        asked = AccessRequest(
            "s3:PutObject",
            f"arn:aws:s3:::{target_bucket.name}/{target_prefix or ''}log",
            {"aws:SourceArn": self.arn, "aws:SourceAccount": ACCOUNT, "aws:SecureTransport": "true"},
        )
        policy = json.loads(target_bucket.policy) if target_bucket.policy else None
        return allowed(Caller(Principal(service="logging.s3.amazonaws.com")), Bucket(policy=policy), asked)


def _document(policy: bytes, bucket_name: str) -> dict[str, Any]:
    try:
        document = json.loads(policy)
    except ValueError:
        document = None
    if not isinstance(document, dict) or not document.get("Statement"):
        raise S3ClientError("MalformedPolicy", "Policies must be valid JSON and the first byte must be '{'")
    statements = document["Statement"]
    for statement in statements if isinstance(statements, list) else [statements]:
        if "Principal" not in statement and "NotPrincipal" not in statement:
            raise S3ClientError("MalformedPolicy", "Missing required field Principal")
        resources = statement.get("Resource", statement.get("NotResource", []))
        for resource in resources if isinstance(resources, list) else [resources]:
            name = resource.removeprefix("arn:aws:s3:::").partition("/")[0]
            if name != bucket_name and "*" not in name and "?" not in name:
                raise S3ClientError("MalformedPolicy", "Policy has invalid resource")
    return document
