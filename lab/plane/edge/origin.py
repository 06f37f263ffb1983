# SPDX-License-Identifier: GPL-3.0-or-later
"""The edge's way to its origins: by their kind; to S3 in this process, as CloudFront or as nobody.

With an origin access control CloudFront signs as its service principal, and S3 lets the bucket's policy
decide; without one the request is anonymous.
https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/private-content-restricting-access-to-s3.html
"""

from __future__ import annotations

import asyncio
import io
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Protocol
from urllib.parse import unquote

from multidict import CIMultiDict

from lab.api.callers.s3_authorization import SOURCE_ARN
from lab.api.callers.s3_callers import CALLER
from lab.world.access.bucket_access import Caller
from lab.world.access.permissions import Principal
from lab.world.edge.edge import Distribution, Origin

Application = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]
_SERVICE = Caller(Principal(service="cloudfront.amazonaws.com"))


@dataclass(frozen=True)
class OriginResponse:
    """What an origin answered."""

    status: int
    headers: CIMultiDict[str]
    body: bytes


@dataclass(frozen=True)
class Fetch:
    """What is asked of an origin; the path is as the viewer sent it, encoded."""

    method: str
    path: str
    query: str = ""
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""
    viewer: str = ""
    """The viewer's address."""
    secure: bool = True
    """Whether the viewer came by HTTPS."""


class Fetcher(Protocol):
    """Fetches from origins of one kind, or of all."""

    async def fetch(self, distribution: Distribution, origin: Origin, fetch: Fetch) -> OriginResponse:
        """Return the origin's answer."""


@dataclass(frozen=True)
class Origins:
    """Fetches from each origin by its kind."""

    buckets: Fetcher
    servers: Fetcher

    async def fetch(self, distribution: Distribution, origin: Origin, fetch: Fetch) -> OriginResponse:
        """Return the origin's answer."""
        return await (self.servers if origin.custom else self.buckets).fetch(distribution, origin, fetch)


class S3Origins:
    """Reads buckets by the same application that serves S3's endpoints, so all of S3's rules hold."""

    def __init__(self, application: Application) -> None:
        self._application = application

    async def fetch(self, distribution: Distribution, origin: Origin, fetch: Fetch) -> OriginResponse:
        """Return the origin's answer."""
        return await asyncio.to_thread(self._call, distribution, origin, fetch)

    def _call(self, distribution: Distribution, origin: Origin, fetch: Fetch) -> OriginResponse:
        status: list[str] = []
        headers: CIMultiDict[str] = CIMultiDict()

        def start(line: str, pairs: list[tuple[str, str]], *_: object) -> None:
            status.append(line)
            headers.extend(pairs)

        body = b"".join(self._application(_environ(distribution, origin, fetch), start))
        headers.setdefault("Server", "AmazonS3")
        return OriginResponse(int(status[0].split()[0]), headers, body)


def _caller(origin: Origin) -> Caller:
    if origin.signed:
        return _SERVICE
    if origin.identity is None:
        return Caller()
    return Caller(Principal(arns=(origin.identity.arn,), canonical_user=origin.identity.canonical_user))


def _environ(distribution: Distribution, origin: Origin, fetch: Fetch) -> dict[str, Any]:
    path = origin.path + fetch.path
    environ: dict[str, Any] = {
        "REQUEST_METHOD": fetch.method,
        "PATH_INFO": unquote(path, "latin-1"),
        "RAW_URI": path + (f"?{fetch.query}" if fetch.query else ""),
        "QUERY_STRING": fetch.query,
        "SERVER_NAME": origin.domain_name,
        "SERVER_PORT": "443",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "SCRIPT_NAME": "",
        "REMOTE_ADDR": "",
        "CONTENT_LENGTH": str(len(fetch.body)),
        "wsgi.url_scheme": "https",
        "wsgi.input": io.BytesIO(fetch.body),
        "wsgi.errors": io.StringIO(),
        "wsgi.version": (1, 0),
        "wsgi.multithread": True,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
        # Whatever the viewer has sent as credentials, the edge asks as itself.
        CALLER: _caller(origin),
    }
    if origin.signed:
        environ[SOURCE_ARN] = distribution.arn
    for name, value in (*fetch.headers, *origin.headers):
        if name.lower() not in ("host", "authorization", "content-length"):
            environ[f"HTTP_{name.upper().replace('-', '_')}"] = value
    environ["HTTP_HOST"] = origin.domain_name
    return environ
