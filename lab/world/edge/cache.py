# SPDX-License-Identifier: GPL-3.0-or-later
"""How long CloudFront keeps an answer. Pure.

https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/Expiration.html
https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/HTTPStatusCodes.html
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime

ERROR_CACHING_MIN_TTL = 10
"""Seconds for which an error is kept when its custom error response says nothing else."""
_ALWAYS_CACHED_ERRORS = frozenset({404, 414, 500, 501, 502, 503, 504})
_ERRORS_CACHED_WHEN_ASKED = frozenset({400, 403, 405, 412, 415})
_UNCACHEABLE = frozenset({"no-cache", "no-store", "private"})


@dataclass(frozen=True)
class Ttl:
    """A behavior's bounds, in seconds."""

    minimum: int
    default: int
    maximum: int


def directives(cache_control: str) -> dict[str, str]:
    """Return the directives of a Cache-Control header (RFC 9111, section 5.2)."""
    found = {}
    for part in cache_control.split(","):
        name, _, value = part.strip().partition("=")
        if name:
            found[name.lower()] = value.strip('"')
    return found


def lifetime(headers: Mapping[str, str], now: float) -> int | None:
    """Return the seconds that the origin asks for: `s-maxage`, else `max-age`, else `Expires`; None if it does not."""
    asked = directives(headers.get("Cache-Control", ""))
    for name in ("s-maxage", "max-age"):
        if asked.get(name, "").isdigit():
            return int(asked[name])
    if "Expires" not in headers:
        return None
    try:
        return max(0, int(parsedate_to_datetime(headers["Expires"]).timestamp() - now))
    except ValueError:  # RFC 9111, section 5.3: an invalid date is in the past
        return 0


def object_ttl(bounds: Ttl, headers: Mapping[str, str], now: float) -> int:
    """Return for how many seconds a good answer is kept; 0 is not at all."""
    if _UNCACHEABLE & directives(headers.get("Cache-Control", "")).keys():
        return bounds.minimum
    asked = lifetime(headers, now)
    if asked is None:
        return max(bounds.minimum, bounds.default)
    return max(bounds.minimum, min(asked, bounds.maximum))


def error_ttl(status: int, headers: Mapping[str, str], now: float, configured: int | None) -> int:
    """Return for how many seconds an origin's error is kept.

    `configured` is the error caching minimum TTL of the custom error response for this status, None
    if there is none. The origin's own lifetime counts when it is longer.
    """
    asked = lifetime(headers, now)
    if configured is not None:
        return max(configured, asked or 0)
    if status in _ALWAYS_CACHED_ERRORS:
        return max(ERROR_CACHING_MIN_TTL, asked or 0)
    if status in _ERRORS_CACHED_WHEN_ASKED and asked is not None:
        return max(ERROR_CACHING_MIN_TTL, asked)
    return 0
