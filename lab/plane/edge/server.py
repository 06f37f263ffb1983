# SPDX-License-Identifier: GPL-3.0-or-later
"""Answers viewers as CloudFront does: behavior, function, cache, origin, error response, headers, in this order.

https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/HowCloudFrontWorks.html
"""

from __future__ import annotations

import asyncio
import logging
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, replace
from urllib.parse import parse_qsl, urlencode

from aiohttp import web
from multidict import CIMultiDict

from lab.base.clock import Clock
from lab.engines.edge_function import FunctionError, run
from lab.plane.edge import pages
from lab.plane.edge.origin import Fetch, Fetcher, OriginResponse
from lab.plane.edge.store import KeptResponse, Store
from lab.world.edge import requests
from lab.world.edge.cache import error_ttl, object_ttl
from lab.world.edge.edge import Behavior, Distribution, Edge, ErrorResponse
from lab.world.edge.events import Generated, ViewerRequest, event, generated, outcome
from lab.world.edge.requests import Pairs
from lab.world.edge.responses import apply as apply_headers

_log = logging.getLogger(__name__)
_POP = "LAB50-P1"
_COUNTRY = "JP"
"""Where the lab's visitors are."""
_DROPPED = frozenset(
    {"connection", "keep-alive", "transfer-encoding", "content-length", "date", "upgrade", "x-amz-content-sha256"}
)
"""What belongs to the way between edge and origin, not to the answer."""


@dataclass(frozen=True)
class Visit:
    """One viewer's request at one distribution."""

    distribution: Distribution
    behavior: Behavior
    host: str
    address: str
    viewer: ViewerRequest
    body: bytes = b""
    secure: bool = True

    @property
    def names(self) -> tuple[str, str]:
        """Return what an event calls the distribution."""
        return self.distribution.domain_name, self.distribution.id


@dataclass(frozen=True)
class Reply:
    """What goes to the viewer, and what CloudFront says about where it is from."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    cache: str
    age: int | None = None


class EdgeServer:
    """Knows the distributions and what it has cached; lives on the lab's loop."""

    def __init__(self, clock: Clock, origins: Fetcher) -> None:
        self.world = Edge()
        self._clock = clock
        self._origins = origins
        self._store = Store()

    def take(self, world: Edge, invalidated: set[str]) -> None:
        """Serve another world; invalidations that are not in `invalidated` are carried out."""
        self.world = world
        self._store.keep({distribution.id for distribution in world.distributions})
        for invalidation in world.invalidations:
            if invalidation.id not in invalidated:
                self._store.invalidate(invalidation.distribution_id, invalidation.paths)

    async def answer(self, request: web.BaseRequest) -> web.StreamResponse:
        """Answer one request."""
        host = request.host.partition(":")[0].lower()
        found = self.world.of_host(host)
        if found is None:
            return _send(request, _refused(403, "Bad request. We can't connect to the server for this app or website."))
        if not found.geography.admits(_COUNTRY):
            reason = "The Amazon CloudFront distribution is configured to block access from your country."
            return _send(request, _refused(403, reason))
        path, _, query = request.raw_path.partition("?")
        behavior = found.behavior(path)
        if not request.secure and behavior.protocols != "allow-all":
            return _send(request, _to_https(behavior, f"https://{host}{request.raw_path}"))
        if request.method not in behavior.methods:
            reason = "This distribution is not configured to allow the HTTP request method that was used."
            return _send(request, _refused(403, reason))
        viewer = ViewerRequest(request.method, path, *_headers(request), parse_qsl(query, keep_blank_values=True))
        visit = Visit(found, behavior, host, request.remote or "", viewer, await request.read(), request.secure)
        return _send(request, await self._reply(visit), behavior)

    async def _reply(self, visit: Visit) -> Reply:
        try:
            asked = await self._ask_function(visit)
            if isinstance(asked, Generated):
                return Reply(asked.status, _joined(asked), asked.body or b"", "FunctionGeneratedResponse")
            changed = replace(visit, viewer=_with_root(asked, visit.distribution))
            return await self._after_function(changed, await self._look_up(changed))
        except FunctionError as error:
            _log.warning("Distribution %s: %s", visit.distribution.id, error)
            return _refused(503, "The CloudFront function associated with the distribution is invalid.")

    async def _ask_function(self, visit: Visit) -> ViewerRequest | Generated:
        function = visit.behavior.function("viewer-request")
        if function is None:
            return visit.viewer
        asked = event("viewer-request", visit.viewer, visit.address, visit.names)
        return outcome(visit.viewer, await asyncio.to_thread(run, function.code, asked))

    async def _after_function(self, visit: Visit, reply: Reply) -> Reply:
        """Apply a viewer-response function to the headers; it is not asked about errors."""
        function = visit.behavior.function("viewer-response")
        if function is None or reply.status >= 400:
            return reply
        headers = apply_headers(visit.behavior.headers, reply.headers)
        asked = event("viewer-response", visit.viewer, visit.address, visit.names, (reply.status, headers.items()))
        made = generated(await asyncio.to_thread(run, function.code, asked))
        body = reply.body if made.body is None else made.body
        return replace(reply, status=made.status, headers=_joined(made), body=body)

    async def _look_up(self, visit: Visit) -> Reply:
        viewer, behavior = visit.viewer, visit.behavior
        if viewer.method not in behavior.cached_methods:
            return _passed(await self._fetch(visit))
        # A GET's answer serves HEAD, too.
        key = requests.key(
            behavior.cache_key, visit.distribution.id, viewer.path, viewer.headers, viewer.cookies, viewer.query
        )
        now = self._clock.monotonic()
        if entry := self._store.get(key, now):
            cache = "Error" if entry.answer.status >= 400 else "Hit"
            return Reply(entry.answer.status, entry.answer.headers, entry.answer.body, cache, int(now - entry.since))
        answer = await self._fetch(visit)
        wall = self._clock.time()
        if answer.status >= 400:
            configured = visit.distribution.error_response(answer.status)
            seconds = error_ttl(answer.status, answer.headers, wall, configured.caching_min_ttl if configured else None)
            if configured and configured.page:
                answer = await self._error_page(visit, configured)
        else:
            seconds = object_ttl(behavior.ttl, answer.headers, wall)
        if seconds > 0:
            self._store.put(key, KeptResponse(answer, now, now + seconds))
        return _passed(answer)

    async def _error_page(self, visit: Visit, response: ErrorResponse) -> OriginResponse:
        """Return the custom error page; when it cannot be had, the answer is its origin's."""
        behavior = visit.distribution.behavior(response.page)
        viewer = ViewerRequest("GET", response.page, visit.viewer.headers, (), ())
        page = await self._fetch(replace(visit, behavior=behavior, viewer=viewer, body=b""))
        return page if page.status >= 400 else replace(page, status=response.response_code)

    async def _fetch(self, visit: Visit) -> OriginResponse:
        behavior, viewer = visit.behavior, visit.viewer
        chosen = behavior.forwarded
        cookies = requests.chosen(chosen.cookies, viewer.cookies)
        headers = requests.chosen(chosen.headers, viewer.headers)
        if cookies:
            headers.append(("cookie", "; ".join(f"{name}={value}" for name, value in cookies)))
        query = urlencode(requests.chosen(chosen.query, viewer.query))
        method = "GET" if viewer.method == "HEAD" else viewer.method
        fetch = Fetch(method, viewer.path, query, tuple(headers), visit.body, visit.address, visit.secure)
        return await self._origins.fetch(visit.distribution, visit.distribution.origin(behavior.origin_id), fetch)


def _headers(request: web.BaseRequest) -> tuple[Pairs, Pairs]:
    """Return the request's headers, and its cookies apart."""
    headers = [(name.lower(), value) for name, value in request.headers.items() if name.lower() != "cookie"]
    return headers, list(request.cookies.items())


def _with_root(viewer: ViewerRequest, distribution: Distribution) -> ViewerRequest:
    """Put the default root object in the place of the root, and of nothing else.

    https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/DefaultRootObject.html
    """
    if viewer.path not in ("", "/") or not distribution.default_root_object:
        return viewer
    return replace(viewer, path=f"/{distribution.default_root_object}")


def _joined(made: Generated) -> CIMultiDict[str]:
    return CIMultiDict(made.headers)


def _passed(answer: OriginResponse) -> Reply:
    return Reply(answer.status, answer.headers, answer.body, "Error" if answer.status >= 400 else "Miss")


def _refused(status: int, reason: str) -> Reply:
    return Reply(status, pages.HEADERS, pages.page(status, reason), "Error")


def _to_https(behavior: Behavior, target: str) -> Reply:
    if behavior.protocols == "https-only":
        return _refused(403, "This distribution is not configured to allow HTTP.")
    headers = {"Server": "CloudFront", "Content-Type": "text/html", "Location": target}
    return Reply(301, headers, b"<html><head><title>301 Moved Permanently</title></head></html>\n", "Redirect")


def _send(request: web.BaseRequest, reply: Reply, behavior: Behavior | None = None) -> web.Response:
    policy = behavior.headers if behavior else None
    given = {name: value for name, value in reply.headers.items() if name.lower() not in _DROPPED}
    headers = CIMultiDict(apply_headers(policy, given, request.headers.get("Origin", "")))
    server = secrets.token_hex(16)
    headers["X-Cache"] = f"{reply.cache} from cloudfront"
    headers["Via"] = f"1.1 {server}.cloudfront.net (CloudFront)"
    headers["X-Amz-Cf-Pop"] = _POP
    headers["X-Amz-Cf-Id"] = secrets.token_urlsafe(40)
    if reply.age is not None:
        headers["Age"] = str(reply.age)
    if reply.status == 200 and headers.get("ETag") and request.headers.get("If-None-Match") == headers["ETag"]:
        return web.Response(status=304, headers=headers)
    return web.Response(status=reply.status, headers=headers, body=reply.body)
