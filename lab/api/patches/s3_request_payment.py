# SPDX-License-Identifier: GPL-3.0-or-later
"""A bucket keeps who pays for its requests.

https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutBucketRequestPayment.html
"""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import Callable
from typing import Any

from moto.core.responses import ActionResult
from moto.s3.exceptions import MalformedXML
from moto.s3.responses import S3Response

from lab.api.moto.extension import replaces

_PAYERS = ("BucketOwner", "Requester")


def _payer(body: str) -> str | None:
    try:
        root = ET.fromstring(body)  # noqa: S314 - Python's expat resolves no external entity
    except ET.ParseError:
        return None
    return root.findtext("{*}Payer")


def extend() -> None:
    """Keep it, and tell it."""

    @replaces(S3Response, "_bucket_response_put")
    def put(original: Callable[..., Any], self: Any, request: Any, bucket_name: str, querystring: Any) -> Any:
        if "requestPayment" not in querystring:
            return original(self, request, bucket_name, querystring)
        payer = _payer(self.body)
        if payer not in _PAYERS:
            raise MalformedXML
        self.backend.get_bucket(bucket_name).request_payer = payer
        return ""

    @replaces(S3Response, "_bucket_response_get")
    def get(original: Callable[..., Any], self: Any, bucket_name: str, querystring: Any) -> Any:
        if "requestPayment" not in querystring:
            return original(self, bucket_name, querystring)
        payer = getattr(self.backend.get_bucket(bucket_name), "request_payer", "BucketOwner")
        self.data["Action"] = "GetBucketRequestPayment"
        return self.serialized(ActionResult({"Payer": payer}))
