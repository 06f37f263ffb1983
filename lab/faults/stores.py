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
