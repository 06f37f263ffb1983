# SPDX-License-Identifier: GPL-3.0-or-later
"""The edge's way to custom origins: over HTTP or HTTPS, from the edge's addresses, by the names that everybody asks.

https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/RequestAndResponseBehaviorCustomOrigin.html
A connection is made for each request: the keep-alive timeout is kept by the API and has no effect.
"""

from __future__ import annotations

import logging
import secrets
import ssl
from collections.abc import Callable

import aiohttp
from multidict import CIMultiDict
from yarl import URL

from lab.base.clock import Clock
from lab.plane.edge import pages
from lab.plane.edge.origin import Fetch, OriginResponse
from lab.world.edge.edge import CustomOrigin, Distribution, Origin

_log = logging.getLogger(__name__)
_LEAST = 0.5
"""Real seconds that every step is given: a fast lab clock makes neither the network nor TLS faster."""
_AGENT = "Amazon CloudFront"
_NOT_PASSED_ON = frozenset(
    {
        *("connection", "content-length", "expect", "host", "keep-alive", "proxy-authenticate", "proxy-authorization"),
        *("proxy-connection", "te", "trailer", "transfer-encoding", "upgrade", "via", "x-forwarded-for", "x-real-ip"),
    }
)
_LOWEST = {
    "SSLv3": ssl.TLSVersion.TLSv1,
    "TLSv1": ssl.TLSVersion.TLSv1,
    "TLSv1.1": ssl.TLSVersion.TLSv1_1,
    "TLSv1.2": ssl.TLSVersion.TLSv1_2,
}
"""SSLv3 is in no OpenSSL of today."""
_UNRESOLVED = "CloudFront wasn't able to resolve the origin domain name."
_UNCONNECTED = "CloudFront wasn't able to connect to the origin."
_LATE = (
    "CloudFront attempted to establish a connection with the origin, but either the attempt failed or the origin "
    "closed the connection."
)
_REPEATED = ("GET", "HEAD")


class UnresolvedError(OSError):
    """An origin whose name has no address."""


class _UnansweredError(Exception):
    """An origin that gave no answer; the status and the sentence are what the viewer gets."""

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(reason)
        self.status = status


class CustomOrigins:
    """Fetches from servers."""

    def __init__(self, clock: Clock, authority: str, connector: Callable[[], aiohttp.TCPConnector]) -> None:
        """Trust an authority (PEM) and connect by what `connector` makes, which also knows the names."""
        self._clock, self._authority, self._connector = clock, authority, connector

    async def fetch(self, distribution: Distribution, origin: Origin, fetch: Fetch) -> OriginResponse:
        """Return the origin's answer, or CloudFront's page where it gives none."""
        assert origin.custom is not None
        attempts = origin.custom.attempts
        for attempt in range(1, attempts + 1):
            try:
                return await self._ask(origin, origin.custom, fetch)
            except _UnansweredError as error:
                _log.info("%s, origin %s: %s", distribution.id, origin.id, error)
                if attempt == attempts or fetch.method not in _REPEATED:
                    return OriginResponse(
                        error.status, CIMultiDict(pages.HEADERS), pages.page(error.status, str(error))
                    )
        raise AssertionError("an origin is asked at least once")

    async def _ask(self, origin: Origin, custom: CustomOrigin, fetch: Fetch) -> OriginResponse:
        secure = custom.is_secure(secure_viewer=fetch.secure)
        port = custom.https_port if secure else custom.http_port
        headers = _headers(origin, fetch)
        url = URL(
            f"{'https' if secure else 'http'}://{origin.domain_name}:{port}{origin.path}{fetch.path}"
            + (f"?{fetch.query}" if fetch.query else ""),
            encoded=True,
        )
        names = dict.fromkeys([headers["Host"], origin.domain_name]) if secure else {origin.domain_name: None}
        for name in names:
            try:
                return await self._converse(url, headers, fetch, custom, name if secure else None)
            except aiohttp.ClientConnectorCertificateError:
                # The certificate may be for either name:
                # https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/using-https-cloudfront-to-custom-origin.html
                continue
        raise _UnansweredError(502, _UNCONNECTED)

    async def _converse(
        self, url: URL, headers: CIMultiDict[str], fetch: Fetch, custom: CustomOrigin, tls_name: str | None
    ) -> OriginResponse:
        limits = aiohttp.ClientTimeout(
            sock_connect=self._limit(custom.connection_timeout), sock_read=self._limit(custom.read_timeout)
        )
        try:
            async with (
                aiohttp.ClientSession(
                    connector=self._connector(),
                    timeout=limits,
                    auto_decompress=False,
                    skip_auto_headers=("Accept", "Accept-Encoding", "Content-Type", "User-Agent"),
                ) as session,
                session.request(
                    fetch.method,
                    url,
                    headers=headers,
                    data=fetch.body or None,
                    allow_redirects=False,
                    ssl=self._trust(custom) if tls_name else False,
                    server_hostname=tls_name,
                ) as answer,
            ):
                return OriginResponse(answer.status, CIMultiDict(answer.headers), await answer.read())
        except aiohttp.ClientConnectorCertificateError:
            raise
        except aiohttp.ClientConnectorError as error:
            unresolved = isinstance(error.os_error, UnresolvedError)
            raise _UnansweredError(502, _UNRESOLVED if unresolved else _UNCONNECTED) from None
        except TimeoutError:
            raise _UnansweredError(504, _LATE) from None
        except (aiohttp.ClientError, ssl.SSLError, OSError):
            raise _UnansweredError(502, _LATE) from None

    def _limit(self, seconds: float) -> float:
        return max(_LEAST, self._clock.real(seconds))

    def _trust(self, custom: CustomOrigin) -> ssl.SSLContext:
        made = ssl.create_default_context(cadata=self._authority)
        made.minimum_version = min(_LOWEST[name] for name in custom.tls_protocols)
        return made


def _headers(origin: Origin, fetch: Fetch) -> CIMultiDict[str]:
    """Return what the origin is sent: the viewer's chosen headers, CloudFront's own, and those of the origin."""
    sent = CIMultiDict((name, value) for name, value in fetch.headers if name.lower() not in _NOT_PASSED_ON)
    given = CIMultiDict(fetch.headers)
    sent["Host"] = given.get("host", origin.domain_name)
    sent.setdefault("User-Agent", _AGENT)
    sent["Via"] = f"1.1 {secrets.token_hex(16)}.cloudfront.net (CloudFront)"
    sent["X-Amz-Cf-Id"] = secrets.token_urlsafe(40)
    before = given.get("x-forwarded-for", "")
    sent["X-Forwarded-For"] = f"{before}, {fetch.viewer}" if before else fetch.viewer
    for name, value in origin.headers:
        sent[name] = value
    return sent
