# SPDX-License-Identifier: GPL-3.0-or-later
"""CloudFront's edge: serves the distributions to the lab's internet, on CloudFront's addresses."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import ssl
from collections.abc import Coroutine
from functools import partial
from typing import TYPE_CHECKING, Any

from aiohttp import web

from lab.api.services.acm import acm
from lab.api.serving.server import Api
from lab.base import addresses, namespaces
from lab.base.authority import KeyPair
from lab.context import Context
from lab.plane.edge.custom_origins import CustomOrigins
from lab.plane.edge.origin import Origins, S3Origins
from lab.plane.edge.reach import connector
from lab.plane.edge.server import EdgeServer
from lab.world.edge.edge import Distribution
from lab.world.edge.edge import Edge as EdgeWorld

if TYPE_CHECKING:
    from lab.world.world import World

_log = logging.getLogger(__name__)
_OWN_NAMES = ("*.cloudfront.net", "cloudfront.net")
_CIPHERS = {"TLSv1.2_2021": "ECDHE+AESGCM:ECDHE+CHACHA20", "TLSv1.2_2025": "ECDHE+AESGCM"}
"""Security policy to TLS 1.2's suites; the older policies have at least what OpenSSL offers by itself.

https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/secure-connections-supported-viewer-protocols-ciphers.html
"""
_IDLE = 60.0
"""Lab seconds after which a viewer's connection that nobody uses is closed. AWS tells no figure; this is the default of
its load balancers."""


class Edge:
    """Follows the distributions; what it serves is what the API calls deployed."""

    def __init__(self, context: Context, api: Api) -> None:
        self._context = context
        internet = context.place.namespace("internet")
        servers = CustomOrigins(context.clock, context.authority.pem, partial(connector, internet))
        self._server = EdgeServer(context.clock, Origins(S3Origins(api.application), servers))
        self._certificates: dict[tuple[str, str], tuple[KeyPair, ssl.SSLContext]] = {}
        """Certificate ARN and security policy to the certificate and the TLS context that presents it."""
        self._default = context.authority.sign(_OWN_NAMES).context()
        self._listening = context.authority.sign(_OWN_NAMES).context()
        self._listening.sni_callback = self._choose
        self._runner: web.ServerRunner | None = None
        self._wait(self._listen())

    async def _listen(self) -> None:
        kept = self._context.clock.real(_IDLE)
        self._runner = web.ServerRunner(web.Server(self._server.answer, access_log=None, keepalive_timeout=kept))
        await self._runner.setup()
        internet = self._context.place.namespace("internet")
        for address in addresses.EDGE:
            for port, tls in ((443, self._listening), (80, None)):
                listener = namespaces.listen(internet, address, port)
                await web.SockSite(self._runner, listener, ssl_context=tls).start()

    def _choose(self, connection: ssl.SSLObject, name: str | None, _context: ssl.SSLContext) -> int | None:
        """Choose the certificate by SNI; a name that no distribution has gets CloudFront's own."""
        found = self._server.world.of_host(name or "")
        alias = found is not None and name is not None and not name.lower().endswith(".cloudfront.net")
        own = self._certificates.get((found.certificate_arn, found.tls_policy)) if found and alias else None
        connection.context = own[1] if own else self._default
        return None

    def apply(self, world: World) -> None:
        """Serve the distributions as they are now, and say so."""
        edge = world.edge
        self._load_certificates(edge)
        self._wait(self._take(edge))
        observed = self._context.observed
        observed.edge = {distribution.id: distribution.revision for distribution in edge.distributions}
        observed.invalidated = {invalidation.id for invalidation in edge.invalidations}

    def _load_certificates(self, edge: EdgeWorld) -> None:
        for distribution in edge.distributions:
            if distribution.certificate_arn:
                self._load(distribution)

    def _load(self, distribution: Distribution) -> None:
        arn = distribution.certificate_arn
        with self._context.lock:
            pair = acm.certificate(arn)
        if pair is None:
            _log.error(
                "The certificate %s of the distribution %s is gone or not issued; its aliases get CloudFront's own.",
                arn,
                distribution.id,
            )
            return
        key = arn, distribution.tls_policy
        if key not in self._certificates or self._certificates[key][0] != pair:
            self._certificates[key] = pair, presenting(pair, distribution.tls_policy)

    async def _take(self, edge: EdgeWorld) -> None:
        self._server.take(edge, self._context.observed.invalidated)

    def close(self) -> None:
        """Stop serving."""
        if self._runner is not None:
            with contextlib.suppress(TimeoutError):
                self._wait(self._runner.cleanup())

    def _wait(self, work: Coroutine[Any, Any, None]) -> None:
        asyncio.run_coroutine_threadsafe(work, self._context.loop).result(10)


def presenting(pair: KeyPair, policy: str) -> ssl.SSLContext:
    """Return the TLS context of a certificate and a security policy."""
    made = pair.context()
    if policy in _CIPHERS:
        made.set_ciphers(_CIPHERS[policy])
    return made
