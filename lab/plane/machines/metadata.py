# SPDX-License-Identifier: GPL-3.0-or-later
"""The instance metadata service: answers at 169.254.169.254 in each VPC, to each machine about itself.

https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/configuring-instance-metadata-service.html
"""

from __future__ import annotations

import asyncio
import datetime
import logging
import socket
from typing import Any

from aiohttp import web

from lab.api.callers.role_credentials import RoleCredentials, profile_of
from lab.base import namespaces
from lab.base.addresses import METADATA
from lab.base.backends import ACCOUNT
from lab.context import Context
from lab.world.machines.metadata import Options, look_up, options, tree
from lab.world.machines.metadata_tokens import Tokens, lifetime
from lab.world.world import World

_log = logging.getLogger(__name__)
_TOKEN = "X-aws-ec2-metadata-token"  # noqa: S105  the name of a header
_TTL = f"{_TOKEN}-ttl-seconds"
_HOPS = 64
_CREDENTIALS = "meta-data/iam/security-credentials"
_TEXT = {400: "Bad Request", 401: "Unauthorized", 403: "Forbidden", 404: "Not Found"}


class Metadata:
    """One listener for each VPC; an asker is known by its address, which no other machine of the VPC can have."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._tokens = Tokens()
        self._credentials = RoleCredentials(context.backends)
        self._runners: dict[str, web.AppRunner] = {}
        self._instances: dict[tuple[str, str], tuple[str, str]] = {}
        """(VPC, address) to (region, instance id)."""

    def apply(self, world: World) -> None:
        """Listen in the VPCs that there are now."""
        vpcs = {interface.vpc_id for interface in world.network.interfaces.values()}
        interfaces = world.network.interfaces
        self._instances = {
            (interfaces[machine.interface_id].vpc_id, machine.address): (machine.region, machine.id)
            for machine in world.machines
            if machine.interface_id in interfaces
        }
        for vpc_id in vpcs - self._runners.keys():
            listener = namespaces.listen(self._context.place.namespace(vpc_id), str(METADATA), 80)
            self._runners[vpc_id] = self._wait(self._serve(vpc_id, listener))
        for vpc_id in self._runners.keys() - vpcs:
            self._wait(self._runners.pop(vpc_id).cleanup())

    def close(self) -> None:
        """Stop answering."""
        while self._runners:
            self._wait(self._runners.popitem()[1].cleanup())

    def _wait(self, doing: Any) -> Any:
        return asyncio.run_coroutine_threadsafe(doing, self._context.loop).result(timeout=10)

    async def _serve(self, vpc_id: str, listener: socket.socket) -> web.AppRunner:
        application = web.Application()

        async def handle(request: web.Request) -> web.StreamResponse:
            return await self._answer(vpc_id, request)

        application.router.add_route("*", "/{path:.*}", handle)
        runner = web.AppRunner(application, access_log=None)
        await runner.setup()
        await web.SockSite(runner, listener).start()
        return runner

    async def _answer(self, vpc_id: str, request: web.Request) -> web.StreamResponse:
        region, instance_id = self._instances.get((vpc_id, request.remote or ""), ("", ""))
        if not instance_id:
            return _refuse(404)
        said = await asyncio.to_thread(self._options, region, instance_id)
        if said is None or not said.enabled:
            return _refuse(403)
        _limit_hops(request, said.hop_limit if request.method == "PUT" else _HOPS)
        if request.method == "PUT":
            return self._issue(request, instance_id)
        if request.method not in ("GET", "HEAD"):
            return _refuse(405)
        token = request.headers.get(_TOKEN)
        if token is None and said.token_required:
            return _refuse(401)
        if token is not None and not self._tokens.valid(token, instance_id, self._context.clock.monotonic()):
            return _refuse(401)
        return await self._document(request, region, instance_id)

    def _issue(self, request: web.Request, instance_id: str) -> web.Response:
        # A request that went through a proxy may not have been made by the machine itself.
        if "X-Forwarded-For" in request.headers:
            return _refuse(403)
        if request.path != "/latest/api/token":
            return _refuse(404 if request.path.startswith("/latest/") else 405)
        seconds = lifetime(request.headers.get(_TTL))
        if seconds is None:
            return _refuse(400)
        token = self._tokens.issue(instance_id, seconds, self._context.clock.monotonic())
        return web.Response(text=token, headers={_TTL: str(seconds)})

    async def _document(self, request: web.Request, region: str, instance_id: str) -> web.Response:
        version, _, path = request.path.strip("/").partition("/")
        if not version:
            return web.Response(text="latest")
        if version != "latest":
            return _refuse(404)
        found = await asyncio.to_thread(self._find, region, instance_id, path)
        if found is None:
            return _refuse(404)
        return web.Response(body=found.encode(errors="surrogateescape"), content_type="text/plain")

    def _instance(self, region: str, instance_id: str) -> Any:
        return self._context.backends.at("ec2", region).get_instance_by_id(instance_id)

    def _options(self, region: str, instance_id: str) -> Options | None:
        with self._context.lock:
            instance = self._instance(region, instance_id)
            return options(instance) if instance else None

    def _find(self, region: str, instance_id: str, path: str) -> str | None:
        now = f"{datetime.datetime.now(datetime.UTC):%Y-%m-%dT%H:%M:%SZ}"
        with self._context.lock:
            instance = self._instance(region, instance_id)
            if instance is None or not instance.nics:
                return None
            profile = profile_of(instance)
            documents = tree(instance, ACCOUNT, profile, now)
            if profile and profile.role:
                name = f"{_CREDENTIALS}/{profile.role}"
                documents[name] = ""
                if path.strip("/") == name:
                    return self._credentials.document(instance, profile.role)
            return look_up(documents, path)


def _limit_hops(request: web.Request, hops: int) -> None:
    """Send the answer to a token's request no further than its instance says: a container may be too far."""
    transport = request.transport
    connection = transport.get_extra_info("socket") if transport else None
    if connection is not None:
        connection.setsockopt(socket.IPPROTO_IP, socket.IP_TTL, hops)


def _refuse(status: int) -> web.Response:
    text = _TEXT.get(status, "Error")
    page = f"<html><head><title>{status} - {text}</title></head><body><h1>{status} - {text}</h1></body></html>\n"
    return web.Response(status=status, text=page, content_type="text/html")
