# SPDX-License-Identifier: GPL-3.0-or-later
"""Which permission each S3 request needs. Pure.

https://docs.aws.amazon.com/AmazonS3/latest/userguide/using-with-s3-policy-actions.html
"""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import Mapping

_BUCKET_NOUNS = {
    "accelerate": "AccelerateConfiguration",
    "acl": "BucketAcl",
    "analytics": "AnalyticsConfiguration",
    "cors": "BucketCORS",
    "encryption": "EncryptionConfiguration",
    "intelligent-tiering": "IntelligentTieringConfiguration",
    "inventory": "InventoryConfiguration",
    "lifecycle": "LifecycleConfiguration",
    "logging": "BucketLogging",
    "metrics": "MetricsConfiguration",
    "notification": "BucketNotification",
    "object-lock": "BucketObjectLockConfiguration",
    "ownershipControls": "BucketOwnershipControls",
    "policy": "BucketPolicy",
    "publicAccessBlock": "BucketPublicAccessBlock",
    "replication": "ReplicationConfiguration",
    "requestPayment": "BucketRequestPayment",
    "tagging": "BucketTagging",
    "versioning": "BucketVersioning",
    "website": "BucketWebsite",
}
_OWN_DELETE = frozenset({"policy", "website"})
"""What has a permission of its own for its deletion; all else needs the one for putting."""
_BUCKET_READS = {
    "location": "GetBucketLocation",
    "policyStatus": "GetBucketPolicyStatus",
    "uploads": "ListBucketMultipartUploads",
    "versions": "ListBucketVersions",
}
_OBJECT = {
    "GET": {
        "acl": "GetObjectAcl",
        "attributes": "GetObjectAttributes",
        "legal-hold": "GetObjectLegalHold",
        "retention": "GetObjectRetention",
        "tagging": "GetObjectTagging",
        "uploadId": "ListMultipartUploadParts",
        "versionId": "GetObjectVersion",
        "": "GetObject",
    },
    "HEAD": {"versionId": "GetObjectVersion", "": "GetObject"},
    "PUT": {
        "acl": "PutObjectAcl",
        "legal-hold": "PutObjectLegalHold",
        "retention": "PutObjectRetention",
        "tagging": "PutObjectTagging",
        "": "PutObject",
    },
    "DELETE": {
        "tagging": "DeleteObjectTagging",
        "uploadId": "AbortMultipartUpload",
        "versionId": "DeleteObjectVersion",
        "": "DeleteObject",
    },
    "POST": {"restore": "RestoreObject", "select": "GetObject", "": "PutObject"},
}


def action(method: str, bucket: str, key: str, query: Mapping[str, object]) -> str:
    """Return the permission that a request needs; one for deleting several objects needs one for each of them."""
    if not bucket:
        return "s3:ListAllMyBuckets"
    if key:
        found = _OBJECT.get(method, _OBJECT["GET"])
        return "s3:" + next((name for parameter, name in found.items() if parameter in query), found[""])
    return "s3:" + _of_bucket(method, query)


def _of_bucket(method: str, query: Mapping[str, object]) -> str:
    named = next((name for parameter, name in _BUCKET_READS.items() if parameter in query), None)
    if named and method in ("GET", "HEAD"):
        return named
    noun = next((parameter for parameter in _BUCKET_NOUNS if parameter in query), None)
    if noun is None:
        return {"PUT": "CreateBucket", "DELETE": "DeleteBucket", "POST": "PutObject"}.get(method, "ListBucket")
    if method == "DELETE" and noun in _OWN_DELETE:
        return f"Delete{_BUCKET_NOUNS[noun]}"
    return f"{'Get' if method in ('GET', 'HEAD') else 'Put'}{_BUCKET_NOUNS[noun]}"


def versioned_keys(deletion: bytes) -> frozenset[str]:
    """Return the keys of which a deletion of several objects (its body, XML) names versions.

    Each needs `s3:DeleteObjectVersion`: https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteObjects.html
    """
    try:
        objects = [element for element in ET.fromstring(deletion).iter() if element.tag.endswith("Object")]  # noqa: S314
    except ET.ParseError:
        return frozenset()
    found = [{part.tag.rpartition("}")[2]: part.text or "" for part in element} for element in objects]
    return frozenset(fields["Key"] for fields in found if "VersionId" in fields and "Key" in fields)


def resource(bucket: str, key: str) -> str:
    """Return the ARN that the permission is for."""
    if not bucket:
        return "*"
    return f"arn:aws:s3:::{bucket}/{key}" if key else f"arn:aws:s3:::{bucket}"
