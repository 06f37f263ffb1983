# SPDX-License-Identifier: GPL-3.0-or-later
"""GetInsightSelectors refuses a call that names neither a trail nor an event data store, where moto breaks.

https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_GetInsightSelectors.html (InvalidParameterCombination)
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from moto.cloudtrail.models import CloudTrailBackend
from moto.core.exceptions import JsonRESTError

from lab.api.moto.extension import replaces


def extend() -> None:
    """Refuse it."""

    @replaces(CloudTrailBackend, "get_insight_selectors")
    def get_insight_selectors(original: Callable[..., Any], self: Any, trail_name: str | None) -> Any:
        if not trail_name:
            raise JsonRESTError(
                "InvalidParameterCombinationException", "You must specify either a trail name or an event data store."
            )
        return original(self, trail_name)
