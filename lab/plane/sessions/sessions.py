# SPDX-License-Identifier: GPL-3.0-or-later
"""Serves sessions to the controller on the host's loopback, and to agents on the lab's internet."""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import Coroutine
from functools import cache
from typing import Any

import botocore.session
from aiohttp import web

from lab.base import addresses, namespaces
from lab.context import Context
from lab.plane.network import latency_proxy
from lab.plane.sessions.service import SessionService
from lab.world.world import World

SERVICES = ("ssmmessages", "ec2messages")


class Sessions:
    """The session service's listeners."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._service = SessionService(context)
        self._runner = web.AppRunner(self._service.application, access_log=None, shutdown_timeout=1)
        self._wait(self._runner.setup())
        local = socket.create_server(("127.0.0.1", 0))
        context.sessions.stream_base = f"ws://127.0.0.1:{local.getsockname()[1]}"
        far = asyncio.run_coroutine_threadsafe(latency_proxy.put_before(local, context.latency), context.loop).result()
        self._listen(far)
        self._watch = asyncio.run_coroutine_threadsafe(self._service.watch(), context.loop)
        context.sessions.deliver = lambda session: self._begin(self._service.deliver(session))
        context.sessions.run = lambda command, one: self._begin(self._service.run(command, one))
        context.sessions.finish = lambda session: self._begin(self._service.finish(session))
        self._sites: dict[str, web.SockSite] = {}
        """By namespace."""
        self._tls = context.authority.sign(service_names()).context()

    def apply(self, world: World) -> None:
        """Listen on the lab's internet, and in VPCs that have an interface endpoint of the service."""
        wanted = {self._context.place.namespace("internet"): addresses.SESSIONS}
        for interface in world.network.endpoint_interfaces(SERVICES.__contains__):
            wanted[self._context.place.namespace(interface.id)] = str(interface.address)
        for namespace in self._sites.keys() - wanted.keys():
            self._wait(self._sites.pop(namespace).stop())
        for namespace in wanted.keys() - self._sites.keys():
            self._sites[namespace] = self._listen(namespaces.listen(namespace, wanted[namespace], 443), self._tls)

    def close(self) -> None:
        """Hang up on agents and clients."""
        self._watch.cancel()
        self._wait(self._service.close())
        self._wait(self._runner.cleanup())

    def _listen(self, listener: socket.socket, tls: ssl.SSLContext | None = None) -> web.SockSite:
        site = web.SockSite(self._runner, listener, ssl_context=tls)
        self._wait(site.start())
        return site

    def _begin(self, doing: Coroutine[Any, Any, None]) -> None:
        asyncio.run_coroutine_threadsafe(doing, self._context.loop)

    def _wait(self, doing: Coroutine[Any, Any, None]) -> None:
        asyncio.run_coroutine_threadsafe(doing, self._context.loop).result(timeout=15)


@cache
def service_names() -> tuple[str, ...]:
    """Return the service's host name in every region."""
    regions = botocore.session.get_session().get_available_regions("ssm")
    return tuple(f"{service}.{region}.amazonaws.com" for service in SERVICES for region in regions)
