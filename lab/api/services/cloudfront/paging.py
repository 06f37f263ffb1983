# SPDX-License-Identifier: GPL-3.0-or-later
"""CloudFront's way of paging: by a marker, the name of the last one seen."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


def page(response: Any, listed: list[dict[str, Any]], name: Callable[[dict[str, Any]], str]) -> dict[str, Any]:
    """Return one page of a list: what comes after the marker, which is the name of the last one before it."""
    marker = response._get_param("Marker") or ""
    size = int(response._get_param("MaxItems") or 100)
    rest = listed
    if marker:
        names = [name(item) for item in listed]
        rest = listed[names.index(marker) + 1 :] if marker in names else []
    shown = rest[:size]
    answer: dict[str, Any] = {
        "Marker": marker,
        "MaxItems": size,
        "IsTruncated": len(rest) > size,
        "Quantity": len(shown),
    }
    if shown:
        answer["Items"] = shown
    if len(rest) > size:
        answer["NextMarker"] = name(shown[-1])
    return answer
