# SPDX-License-Identifier: GPL-3.0-or-later
"""ACLs: refused while the bucket's owner owns everything, and public ones while they are blocked.

https://docs.aws.amazon.com/AmazonS3/latest/userguide/about-object-ownership.html
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from moto.s3.exceptions import S3AccessDeniedError, S3ClientError
from moto.s3.models import ALL_USERS_GRANTEE, AUTHENTICATED_USERS_GRANTEE
from moto.s3.responses import S3Response

from lab.api.moto.extension import replaces

_ENFORCED = "BucketOwnerEnforced"
_HARMLESS = "bucket-owner-full-control"

_OF_ACLS = ("PutBucketAcl", "PutObjectAcl")


def extend() -> None:
    """Look at each ACL before it is kept."""

    @replaces(S3Response, "_bucket_response_put")
    def put(
        original: Callable[..., Any], self: Any, request: Any, bucket_name: str, querystring: dict[str, Any]
    ) -> Any:
        if not querystring:
            _check_creation(request.headers.get("x-amz-acl", ""), request.headers.get("x-amz-object-ownership", ""))
        return original(self, request, bucket_name, querystring)

    @replaces(S3Response, "_acl_from_headers")
    def from_headers(original: Callable[..., Any], self: Any, headers: Any) -> Any:
        acl = original(self, headers)
        if acl is not None and self.data.get("Action") != "CreateBucket":
            _check(self, acl, headers.get("x-amz-acl", ""))
        return acl

    @replaces(S3Response, "_acl_from_body")
    def from_body(original: Callable[..., Any], self: Any) -> Any:
        acl = original(self)
        if acl is not None:
            _check(self, acl, "")
        return acl


def _check_creation(canned: str, ownership: str) -> None:
    """Refuse an ACL that the new bucket's defaults rule out."""
    if canned in ("", "private", _HARMLESS):
        return
    if ownership in ("", _ENFORCED):
        raise S3ClientError(
            "InvalidBucketAclWithObjectOwnership",
            "Bucket cannot have ACLs set with ObjectOwnership's BucketOwnerEnforced setting",
        )
    if canned.startswith("public-"):
        raise S3ClientError(
            "InvalidBucketAclWithBlockPublicAccessError",
            "Bucket cannot have public ACLs set with BlockPublicAccess enabled",
        )


def _check(response: Any, acl: Any, canned: str) -> None:
    bucket = response.backend.get_bucket(response.bucket_name)
    # `private` beside a new object is what it is anyway; the upstream collection's default says it, and AWS takes it.
    harmless = canned == _HARMLESS or (canned == "private" and response.data.get("Action") not in _OF_ACLS)
    if bucket.ownership_rule == _ENFORCED and not harmless:
        raise S3ClientError("AccessControlListNotSupported", "The bucket does not allow ACLs")
    block = bucket.public_access_block
    if block and block.block_public_acls and _public(acl):
        raise S3AccessDeniedError


def _public(acl: Any) -> bool:
    everybody = (ALL_USERS_GRANTEE, AUTHENTICATED_USERS_GRANTEE)
    return any(grantee in everybody for grant in acl.grants for grantee in grant.grantees)
