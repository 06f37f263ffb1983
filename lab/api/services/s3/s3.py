# SPDX-License-Identifier: GPL-3.0-or-later
"""S3 as AWS guards it: each request is decided on before moto sees it, and a new bucket is closed.

moto evaluates a bucket's policy without principals and conditions, stores a public access block without
heeding it, and answers everybody who has signed.
https://docs.aws.amazon.com/AmazonS3/latest/userguide/access-management.html
"""

from __future__ import annotations

from moto.moto_server import werkzeug_app

from lab.api.callers import s3_authorization
from lab.api.services.s3 import buckets, configurations, ownership, public_objects, refusals, retention, subresources
from lab.context import Context


def extend(context: Context) -> None:
    """Put AWS's decisions and defaults before moto's."""
    # moto's server lets every page of every origin read everything; AWS heeds the bucket's CORS rules.
    werkzeug_app.DISABLE_GLOBAL_CORS = True
    buckets.extend()
    ownership.extend()
    refusals.extend()
    configurations.extend()
    subresources.extend()
    s3_authorization.extend(context)
    public_objects.extend(context)
    retention.extend()
