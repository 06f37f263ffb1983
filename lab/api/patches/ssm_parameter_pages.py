# SPDX-License-Identifier: GPL-3.0-or-later
"""DescribeParameters heeds the size of a page, and refuses a token that is none.

https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_DescribeParameters.html (MaxResults, 50 at most)
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from moto.core.exceptions import JsonRESTError
from moto.core.responses import ActionResult
from moto.ssm.responses import SimpleSystemManagerResponse

from lab.api.moto.extension import replaces

_LARGEST = 50


def extend() -> None:
    """List so."""

    @replaces(SimpleSystemManagerResponse, "describe_parameters")
    def describe_parameters(_original: Callable[..., Any], self: Any) -> ActionResult:
        token = (self._get_param("NextToken") or "0").strip()
        if not token.isdecimal():
            raise JsonRESTError("InvalidNextToken", "The specified token is not valid.")
        found = self.ssm_backend.describe_parameters(self._get_param("Filters"), self._get_param("ParameterFilters"))
        end = int(token) + int(self._get_param("MaxResults") or _LARGEST)
        shown = [parameter.describe_response_object(False) for parameter in found[int(token) : end]]
        more = {"NextToken": str(end)} if end < len(found) else {}
        return ActionResult({"Parameters": shown, **more})
