# SPDX-License-Identifier: GPL-3.0-or-later
"""Mistakes with buckets that are noticed only when something was deleted, or published."""

from __future__ import annotations

from lab.faults import steps
from lab.faults.fault import fault
from lab.faults.site import Site


@fault(None)
def versions_suspended(site: Site) -> None:
    """Suspend versioning of the content bucket, to save money."""
    bucket = {"Bucket": site.bucket("content")}
    on = {"VersioningConfiguration": {"Status": "Enabled"}}
    site.to_mend(steps.call, "s3", "put_bucket_versioning", **bucket, **on)
    site.client("s3").put_bucket_versioning(**bucket, VersioningConfiguration={"Status": "Suspended"})


@fault(None)
def bucket_unblocked(site: Site) -> None:
    """Delete the public access block of the error page's bucket, which is to be seen by all, is it not."""
    s3, bucket = site.client("s3"), {"Bucket": site.bucket("error-page")}
    former = s3.get_public_access_block(**bucket)["PublicAccessBlockConfiguration"]
    site.to_mend(steps.call, "s3", "put_public_access_block", **bucket, PublicAccessBlockConfiguration=former)
    s3.delete_public_access_block(**bucket)


@fault(None)
def lifecycle_deletes(site: Site) -> None:
    """Make S3 delete what is older than thirty days in the content bucket, to save money."""
    s3, bucket = site.client("s3"), {"Bucket": site.bucket("content")}
    former = s3.get_bucket_lifecycle_configuration(**bucket)["Rules"]
    as_it_was = {**bucket, "LifecycleConfiguration": {"Rules": former}}
    site.to_mend(steps.call, "s3", "put_bucket_lifecycle_configuration", **as_it_was)
    tidy = {"ID": "tidy", "Status": "Enabled", "Filter": {"Prefix": ""}, "Expiration": {"Days": 30}}
    s3.put_bucket_lifecycle_configuration(**bucket, LifecycleConfiguration={"Rules": [*former, tidy]})


@fault(None)
def backups_off(site: Site) -> None:
    """Switch the share's automatic backups off, to save money."""
    share = {"FileSystemId": site.file_system["FileSystemId"]}
    site.to_mend(steps.call, "efs", "put_backup_policy", **share, BackupPolicy={"Status": "ENABLED"})
    site.client("efs").put_backup_policy(**share, BackupPolicy={"Status": "DISABLED"})
