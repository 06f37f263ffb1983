# SPDX-License-Identifier: GPL-3.0-or-later
"""A lifecycle rule without an ID gets one.

https://docs.aws.amazon.com/AmazonS3/latest/API/API_LifecycleRule.html (ID: Amazon S3 makes one, 48 characters at most)
"""

from __future__ import annotations

import base64
import uuid
from collections.abc import Callable
from typing import Any

from moto.s3.models import FakeBucket

from lab.api.moto.extension import replaces


def _fresh() -> str:
    """Return an ID as S3 makes them: a UUID's text in base64, 48 characters."""
    return base64.b64encode(str(uuid.uuid4()).encode()).decode()


def extend() -> None:
    """Give it one."""

    @replaces(FakeBucket, "set_lifecycle")
    def set_lifecycle(original: Callable[..., Any], self: Any, rules: list[dict[str, Any]]) -> None:
        original(self, [{**rule, "ID": rule.get("ID") or _fresh()} for rule in rules])
