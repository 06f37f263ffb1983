# SPDX-License-Identifier: GPL-3.0-or-later
"""Response headers policies: what the edge adds to an answer and takes away from it. Pure.

https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/understanding-response-headers-policies.html
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Header:
    """A header to add; one that the origin sent already is kept unless `override`."""

    name: str
    value: str
    override: bool


@dataclass(frozen=True)
class Cors:
    """The answer's CORS headers, sent only to a request with an Origin."""

    origins: tuple[str, ...]
    headers: tuple[Header, ...]
    override: bool


@dataclass(frozen=True)
class HeadersPolicy:
    """A response headers policy."""

    headers: tuple[Header, ...] = ()
    removed: frozenset[str] = frozenset()
    cors: Cors | None = None


def apply(policy: HeadersPolicy | None, answered: Mapping[str, str], origin: str = "") -> dict[str, str]:
    """Return the headers of an answer after the policy; `origin` is the request's Origin header."""
    if policy is None:
        return dict(answered)
    headers = {name: value for name, value in answered.items() if name.lower() not in policy.removed}
    added = list(policy.headers)
    if policy.cors and origin:
        added += _cors(policy.cors, origin)
    for header in added:
        present = [name for name in headers if name.lower() == header.name.lower()]
        if present and not header.override:
            continue
        for name in present:
            del headers[name]
        headers[header.name] = header.value
    return headers


def _cors(cors: Cors, origin: str) -> list[Header]:
    if "*" in cors.origins:
        allowed = "*"
    elif origin in cors.origins:
        allowed = origin
    else:
        return []
    return [Header("Access-Control-Allow-Origin", allowed, cors.override), *cors.headers]
