# SPDX-License-Identifier: GPL-3.0-or-later
"""CloudFront's optimistic locking: a change names the version that it was made from.

https://docs.aws.amazon.com/cloudfront/latest/APIReference/API_UpdateDistribution.html
"""

from __future__ import annotations

from typing import Any

from moto.cloudfront.exceptions import CloudFrontException, InvalidIfMatchVersion


def require(if_match: Any, etag: str) -> None:
    """Refuse a change that names no version, or another one than the present."""
    if not if_match:
        raise InvalidIfMatchVersion
    if str(if_match).strip('"') != etag:
        raise CloudFrontException(
            "PreconditionFailed",
            "The request failed because it didn't meet the preconditions in one or more request-header fields.",
        )
