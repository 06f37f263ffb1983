# SPDX-License-Identifier: GPL-3.0-or-later
"""Drift of what keeps data: the share and the buckets."""

from __future__ import annotations

import json
from typing import Any

from tests.integration.drifts.account import SITE, Account, Drift, tags


def share_policy(a: Account) -> Any:
    return json.loads(a.client("efs").describe_file_system_policy(FileSystemId=a.share["FileSystemId"])["Policy"])


def anonymous_share(a: Account) -> None:
    statement = {"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "elasticfilesystem:Client*"}
    policy = {"Version": "2012-10-17", "Statement": [statement]}
    a.client("efs").put_file_system_policy(FileSystemId=a.share["FileSystemId"], Policy=json.dumps(policy))


def no_backup(a: Account) -> None:
    a.client("efs").put_backup_policy(FileSystemId=a.share["FileSystemId"], BackupPolicy={"Status": "DISABLED"})


def backup(a: Account) -> Any:
    policy = a.client("efs").describe_backup_policy(FileSystemId=a.share["FileSystemId"])["BackupPolicy"]["Status"]
    return {"ENABLING": "ENABLED", "DISABLING": "DISABLED"}.get(policy, policy)


def share_groups(a: Account) -> Any:
    efs = a.client("efs")
    found = efs.describe_mount_targets(FileSystemId=a.share["FileSystemId"])["MountTargets"]
    return [
        efs.describe_mount_target_security_groups(MountTargetId=one["MountTargetId"])["SecurityGroups"] for one in found
    ]


def share_group_added(a: Account) -> None:
    efs = a.client("efs")
    target = efs.describe_mount_targets(FileSystemId=a.share["FileSystemId"])["MountTargets"][0]["MountTargetId"]
    groups = [a.group(name)["GroupId"] for name in (f"{SITE}-file-system", "default")]
    efs.modify_mount_target_security_groups(MountTargetId=target, SecurityGroups=groups)


def share_settings(a: Account) -> Any:
    return a.share["ThroughputMode"], tags(a.share)


def slow_share(a: Account) -> None:
    a.client("efs").update_file_system(FileSystemId=a.share["FileSystemId"], ThroughputMode="bursting")


# ---- buckets


def policy_of(name: str) -> Any:
    return lambda a: json.loads(a.client("s3").get_bucket_policy(Bucket=a.bucket(name))["Policy"])


def plain_http(name: str) -> Any:
    """Return what takes the statement away that refuses what is not encrypted on its way."""

    def make(a: Account) -> None:
        policy = policy_of(name)(a)
        policy["Statement"] = [one for one in policy["Statement"] if "SecureTransport" not in json.dumps(one)]
        if policy["Statement"]:
            a.client("s3").put_bucket_policy(Bucket=a.bucket(name), Policy=json.dumps(policy))
        else:
            a.client("s3").delete_bucket_policy(Bucket=a.bucket(name))

    return make


def policy_or_none(name: str) -> Any:
    def read(a: Account) -> Any:
        try:
            return policy_of(name)(a)
        except a.client("s3").exceptions.ClientError:
            return None

    return read


def public_access(name: str) -> Any:
    def read(a: Account) -> Any:
        try:
            return a.client("s3").get_public_access_block(Bucket=a.bucket(name))["PublicAccessBlockConfiguration"]
        except a.client("s3").exceptions.ClientError:
            return None

    return read


def lifecycle(name: str) -> Any:
    def read(a: Account) -> Any:
        try:
            return a.client("s3").get_bucket_lifecycle_configuration(Bucket=a.bucket(name))["Rules"]
        except a.client("s3").exceptions.ClientError:
            return None

    return read


def acls_admitted(a: Account) -> None:
    a.client("s3").put_bucket_ownership_controls(
        Bucket=a.bucket("error-page"), OwnershipControls={"Rules": [{"ObjectOwnership": "ObjectWriter"}]}
    )


def logs_kept_shortly(a: Account) -> None:
    s3, bucket = a.client("s3"), a.bucket("logs")
    rules = s3.get_bucket_lifecycle_configuration(Bucket=bucket)["Rules"]
    rules = [{**one, "Expiration": {"Days": 1}} if "Days" in one.get("Expiration", {}) else one for one in rules]
    s3.put_bucket_lifecycle_configuration(Bucket=bucket, LifecycleConfiguration={"Rules": rules})


def page(a: Account) -> Any:
    found = a.client("s3").get_object(Bucket=a.bucket("error-page"), Key="error/index.html")
    return found["Body"].read(), found["ContentType"], found["CacheControl"]


def other_page(a: Account) -> None:
    a.client("s3").put_object(
        Bucket=a.bucket("error-page"),
        Key="error/index.html",
        Body=b"<h1>Back at ten</h1>",
        ContentType="text/html",
        CacheControl="max-age=60",
    )


CONTENT, PAGE, LOGS = (
    "Create the content bucket",
    "Create the bucket, which only this distribution may read",
    "Create the bucket of the access logs",
)
SHARE = "Create the share"
DRIFTS = (
    Drift("the share lets anybody in", SHARE, anonymous_share, share_policy, "policy"),
    Drift("the share is backed up no more", SHARE, no_backup, backup, "backup"),
    Drift("the share has another throughput", SHARE, slow_share, share_settings, "throughput_mode"),
    Drift("a mount target has one group more", SHARE, share_group_added, share_groups, "mount_targets"),
    Drift("the content bucket answers plain HTTP", CONTENT, plain_http("content"), policy_or_none("content"), "policy"),
    Drift(
        "the content bucket forgets former versions",
        CONTENT,
        lambda a: a.client("s3").put_bucket_versioning(
            Bucket=a.bucket("content"), VersioningConfiguration={"Status": "Suspended"}
        ),
        lambda a: a.client("s3").get_bucket_versioning(Bucket=a.bucket("content"))["Status"],
        "versioning",
    ),
    Drift(
        "the content bucket keeps former versions for ever",
        CONTENT,
        lambda a: a.client("s3").delete_bucket_lifecycle(Bucket=a.bucket("content")),
        lifecycle("content"),
        "lifecycle_rules",
    ),
    Drift(
        "the content bucket logs nothing",
        CONTENT,
        lambda a: a.client("s3").put_bucket_logging(Bucket=a.bucket("content"), BucketLoggingStatus={}),
        lambda a: a.client("s3").get_bucket_logging(Bucket=a.bucket("content")).get("LoggingEnabled"),
        "logging",
    ),
    Drift(
        "the error page's bucket may be made public",
        PAGE,
        lambda a: a.client("s3").delete_public_access_block(Bucket=a.bucket("error-page")),
        public_access("error-page"),
        "public_access_block",
        differences=4,
    ),
    Drift(
        "the error page's bucket admits ACLs",
        PAGE,
        acls_admitted,
        lambda a: a.client("s3").get_bucket_ownership_controls(Bucket=a.bucket("error-page"))["OwnershipControls"],
        "object_ownership",
    ),
    Drift(
        "the error page's bucket has lost its policy",
        PAGE,
        lambda a: a.client("s3").delete_bucket_policy(Bucket=a.bucket("error-page")),
        policy_or_none("error-page"),
        "policy",
    ),
    Drift("the error page is another one", "Upload the page", other_page, page),
    Drift("the logs are kept for a day", LOGS, logs_kept_shortly, lifecycle("logs"), "lifecycle_rules"),
    Drift(
        "the logs' bucket has another encryption",
        LOGS,
        lambda a: a.client("s3").put_bucket_encryption(
            Bucket=a.bucket("logs"),
            ServerSideEncryptionConfiguration={
                "Rules": [{"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms"}}]
            },
        ),
        lambda a: a.client("s3").get_bucket_encryption(Bucket=a.bucket("logs"))["ServerSideEncryptionConfiguration"],
        "encryption",
    ),
    Drift(
        "the logs' bucket has lost its tags",
        LOGS,
        lambda a: a.client("s3").delete_bucket_tagging(Bucket=a.bucket("logs")),
        lambda a: tags_of(a, "logs"),
        "tags",
    ),
)


def tags_of(a: Account, name: str) -> Any:
    try:
        return a.client("s3").get_bucket_tagging(Bucket=a.bucket(name))["TagSet"]
    except a.client("s3").exceptions.ClientError:
        return None
