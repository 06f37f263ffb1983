# SPDX-License-Identifier: GPL-3.0-or-later
"""A topic without a delivery policy of its own tells the effective one alone.

https://docs.aws.amazon.com/sns/latest/api/API_GetTopicAttributes.html (DeliveryPolicy, EffectiveDeliveryPolicy)
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from moto.core.responses import ActionResult
from moto.sns.responses import SNSResponse

from lab.api.moto.extension import replaces


def extend() -> None:
    """Leave the empty one out."""

    @replaces(SNSResponse, "get_topic_attributes")
    def get_topic_attributes(original: Callable[..., Any], self: Any) -> ActionResult:
        found = original(self).result["Attributes"]
        return ActionResult({"Attributes": {k: v for k, v in found.items() if v or k != "DeliveryPolicy"}})
