# SPDX-License-Identifier: GPL-3.0-or-later
"""The optional fields of an inventory are a list, in a list of inventories, too.

https://docs.aws.amazon.com/AmazonS3/latest/API/API_InventoryConfiguration.html
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from moto.s3.models import FakeBucketInventoryConfiguration

from lab.api.moto.extension import replaces


def extend() -> None:
    """Keep them as one; XML of one field parses to a text."""

    @replaces(FakeBucketInventoryConfiguration, "__init__")
    def init(original: Callable[..., Any], self: Any, *args: Any, **more: Any) -> None:
        original(self, *args, **more)
        if isinstance(self.optional_fields, dict):
            fields = self.optional_fields.get("Field") or []
            self.optional_fields = [fields] if isinstance(fields, str) else fields
