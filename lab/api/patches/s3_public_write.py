# SPDX-License-Identifier: GPL-3.0-or-later
"""The canned ACL `public-read-write` is two grants to everybody, of which moto tells the first.

https://docs.aws.amazon.com/AmazonS3/latest/userguide/acl-overview.html#canned-acl
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from moto.s3 import models, responses

from lab.api.moto.extension import replaces


def extend() -> None:
    """Make a grant for each permission."""

    @replaces(models, "get_canned_acl")
    def get_canned_acl(original: Callable[..., Any], acl: str) -> Any:
        made = original(acl)
        made.grants = [
            models.FakeGrant(grant.grantees, [permission]) for grant in made.grants for permission in grant.permissions
        ]
        return made

    responses.get_canned_acl = models.get_canned_acl
