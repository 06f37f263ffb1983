# SPDX-License-Identifier: GPL-3.0-or-later
"""DescribeParameters tells the policies of a parameter that has none as an empty list.

https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_ParameterMetadata.html (Policies)
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from moto.ssm.models import Parameter

from lab.api.moto.extension import replaces


def extend() -> None:
    """Add the list."""

    @replaces(Parameter, "describe_response_object")
    def describe_response_object(original: Callable[..., Any], self: Any, *args: Any, **more: Any) -> Any:
        return {"Policies": [], **original(self, *args, **more)}
