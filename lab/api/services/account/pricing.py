# SPDX-License-Identifier: GPL-3.0-or-later
"""The Price List Query API over the part of AWS's price list that the lab knows; moto has no part of it.

https://docs.aws.amazon.com/aws-cost-management/latest/APIReference/API_pricing_GetProducts.html
"""

from __future__ import annotations

import json
import re
import sys
from types import SimpleNamespace
from typing import Any

from moto import backend_index
from moto.core.base_backend import BackendDict, BaseBackend
from moto.core.exceptions import ServiceException
from moto.core.responses import ActionResult, BaseResponse

from lab.context import Context
from lab.world.account.price_list import ENTRIES, SERVICES

_NAME = "pricing"
_HOST = r"https?://(?:api\.)?pricing\.(.+)\.amazonaws\.com"
_REGIONS = ("ap-south-1", "eu-central-1", "us-east-1")
_PAGE = 100


class InvalidParameterException(ServiceException):
    """A value that the API does not take."""

    code = "InvalidParameterException"


class InvalidNextTokenException(ServiceException):
    """A token that no page has given."""

    code = "InvalidNextTokenException"


class PricingResponse(BaseResponse):
    """Answers from the list."""

    def __init__(self) -> None:
        super().__init__(service_name=_NAME)

    def get_products(self) -> ActionResult:
        """Return a page of the products that have all of the attributes."""
        if self.region not in _REGIONS:
            raise InvalidParameterException(f"The price list is read in {', '.join(_REGIONS)}, not in {self.region}.")
        service = self._get_param("ServiceCode")
        if service not in SERVICES:
            raise InvalidParameterException(f"The lab's price list has no service {service}.")
        wanted = {}
        for filter_ in self._get_param("Filters") or []:
            if filter_["Type"] not in ("TERM_MATCH", "EQUALS"):
                raise InvalidParameterException(f"The lab does not know the filter type {filter_['Type']}.")
            wanted[filter_["Field"]] = filter_["Value"]
        found = [entry for entry in ENTRIES if entry.service == service and entry.fits(wanted)]
        begin, size = self._begin(), int(self._get_param("MaxResults") or _PAGE)
        page = {
            "FormatVersion": "aws_v1",
            "PriceList": [json.dumps(product.document()) for product in found[begin:][:size]],
        }
        return ActionResult({**page, "NextToken": str(begin + size)} if begin + size < len(found) else page)

    def _begin(self) -> int:
        token = self._get_param("NextToken") or "0"
        if not re.fullmatch(r"\d{1,6}", token):
            raise InvalidNextTokenException("The pagination token is invalid.")
        return int(token)


class PricingBackend(BaseBackend):
    """Where moto looks for a service's paths; there is nothing to keep."""

    @property
    def _url_module(self) -> Any:
        return SimpleNamespace(url_bases=[_HOST], url_paths={"{0}/$": PricingResponse.dispatch})


pricing_backends = BackendDict(PricingBackend, _NAME)
"""Moto looks for it by this name."""


def extend(context: Context) -> None:  # noqa: ARG001 - all extensions are called alike
    """Register this module with moto as the part that plays the service."""
    sys.modules[f"moto.{_NAME}"] = sys.modules[__name__]
    if _NAME not in (name for name, _host in backend_index.backend_url_patterns):
        backend_index.backend_url_patterns.append((_NAME, re.compile(_HOST)))
