# SPDX-License-Identifier: GPL-3.0-or-later
"""What a CloudFront function is given and gives back. Pure.

https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/functions-event-structure.html
"""

from __future__ import annotations

import base64
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from lab.world.edge.requests import Pairs

Valued = dict[str, dict[str, Any]]


@dataclass(frozen=True)
class ViewerRequest:
    """A viewer's request; header names are in lower case, cookies apart from them."""

    method: str
    path: str
    headers: Pairs
    cookies: Pairs
    query: Pairs


@dataclass(frozen=True)
class Generated:
    """A response that a function has made."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes | None


def valued(pairs: Iterable[tuple[str, str]]) -> Valued:
    """Return names with their values; one that comes several times has `multiValue`, too."""
    found: Valued = {}
    for name, value in pairs:
        if name in found:
            several = found[name].setdefault("multiValue", [{"value": found[name]["value"]}])
            several.append({"value": value})
        else:
            found[name] = {"value": value}
    return found


def pairs_of(given: Mapping[str, Mapping[str, Any]] | None) -> tuple[tuple[str, str], ...]:
    """Return the pairs that `valued` was made from."""
    return tuple(
        (name, str(item.get("value", "")))
        for name, entry in (given or {}).items()
        for item in entry.get("multiValue") or [entry]
    )


def event(
    kind: str,
    viewer: ViewerRequest,
    address: str,
    distribution: tuple[str, str],
    response: tuple[int, Iterable[tuple[str, str]]] | None = None,
) -> dict[str, Any]:
    """Return the event; `distribution` is its domain name and id, `response` what the viewer would get."""
    domain_name, id_ = distribution
    made: dict[str, Any] = {
        "version": "1.0",
        "context": {
            "distributionDomainName": domain_name,
            "distributionId": id_,
            "eventType": kind,
            "requestId": "",
        },
        "viewer": {"ip": address},
        "request": {
            "method": viewer.method,
            "uri": viewer.path,
            "querystring": valued(viewer.query),
            "headers": valued(viewer.headers),
            "cookies": valued(viewer.cookies),
        },
    }
    if response is not None:
        status, headers = response
        made["response"] = {
            "statusCode": status,
            "statusDescription": "",
            "headers": valued((name.lower(), value) for name, value in headers),
            "cookies": {},
        }
    return made


def outcome(viewer: ViewerRequest, returned: Mapping[str, Any]) -> ViewerRequest | Generated:
    """Return the request as a viewer-request function has changed it, or the response that it has made instead."""
    if "statusCode" in returned:
        return generated(returned)
    return ViewerRequest(
        viewer.method,
        str(returned.get("uri", viewer.path)),
        tuple((name.lower(), value) for name, value in pairs_of(returned.get("headers"))),
        pairs_of(returned.get("cookies")),
        pairs_of(returned.get("querystring")),
    )


def generated(returned: Mapping[str, Any]) -> Generated:
    """Return a function's response."""
    body = returned.get("body")
    cookies = tuple(
        (
            "set-cookie",
            "; ".join(
                [f"{name}={cookie.get('value', '')}", *([cookie["attributes"]] if "attributes" in cookie else [])]
            ),
        )
        for name, cookie in (returned.get("cookies") or {}).items()
    )
    return Generated(int(returned["statusCode"]), pairs_of(returned.get("headers")) + cookies, _bytes(body))


def _bytes(body: Any) -> bytes | None:
    if body is None:
        return None
    if isinstance(body, str):
        return body.encode()
    data = str(body.get("data", ""))
    return base64.b64decode(data) if body.get("encoding") == "base64" else data.encode()
