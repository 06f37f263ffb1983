# Copyright: hasite.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection: this file may change at any time.
"""The error page's part of CloudFront."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class ErrorResponse:
    """What is answered in place of an error."""

    error_code: int | None = None
    response_page_path: str = ""
    response_code: int | None = None
    error_caching_min_ttl: int = 0


@dataclass(frozen=True)
class CachePolicy:
    """How long the edge keeps answers at least."""

    min_ttl: int = 0


@dataclass(frozen=True)
class Distribution(CachePolicy):
    """A distribution; the caching times are its own where it has no cache policy."""

    id: str = ""
    arn: str = ""
    name: str = ""
    domain_name: str = ""
    aliases: tuple[str, ...] = ()
    enabled: bool | None = None
    certificate_arn: str = ""
    origin_domain_name: str = ""
    origin_access_control_id: str | None = None
    cache_policy_id: str = ""
    response_headers_policy_id: str = ""
    viewer_request_function_arn: str = ""
    viewer_protocol_policy: str = ""
    geo_restriction: str = ""
    geo_countries: tuple[str, ...] = ()
    custom_error_responses: tuple[ErrorResponse, ...] | None = None


@dataclass(frozen=True)
class Header:
    """A header that a policy adds."""

    header: str = ""
    value: str = ""


@dataclass(frozen=True)
class HeadersPolicy:
    """A response headers policy."""

    id: str = ""
    custom_headers: tuple[Header, ...] = ()
