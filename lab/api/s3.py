# SPDX-License-Identifier: GPL-3.0-or-later
"""S3 as AWS guards it: each request is decided on before moto sees it, and a new bucket is closed.

moto evaluates a bucket's policy without principals and conditions, stores a public access block without
heeding it, and answers everybody who has signed.
https://docs.aws.amazon.com/AmazonS3/latest/userguide/access-management.html
"""

from __future__ import annotations

from moto.moto_server import werkzeug_app

from lab.api import s3_authorization, s3_buckets, s3_ownership
from lab.context import Context


def extend(context: Context) -> None:
    """Put AWS's decisions and defaults before moto's."""
    # moto's server lets every page of every origin read everything; AWS heeds the bucket's CORS rules.
    werkzeug_app.DISABLE_GLOBAL_CORS = True
    s3_buckets.extend()
    s3_ownership.extend()
    s3_authorization.extend(context)
