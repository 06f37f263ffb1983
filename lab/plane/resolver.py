# SPDX-License-Identifier: GPL-3.0-or-later
"""The recursive resolvers: one for everybody outside, one in each VPC."""

from __future__ import annotations

import asyncio
import logging
import random
from typing import TYPE_CHECKING

import dns.flags
import dns.message

from lab import addresses
from lab.context import Context
from lab.plane import name_transport
from lab.plane.name_server import into_message, question_of
from lab.plane.recursor import Recursor, follow
from lab.world.name_answers import Answer, View
from lab.world.name_private import Inside, answer_inside

if TYPE_CHECKING:
    from lab.world import World
    from lab.world.network import Vpc

VPC_RESOLVER = "169.254.169.253"
"""The address of the VPC's resolver that is the same in every VPC; the other is the third of its block.
https://docs.aws.amazon.com/vpc/latest/userguide/AmazonDNS-concepts.html"""

_log = logging.getLogger(__name__)


def _recursive(query: dns.message.Message, found: Answer) -> dns.message.Message:
    response = into_message(query, found)
    response.flags |= dns.flags.RA
    response.flags &= ~dns.flags.AA
    return response


class Resolvers:
    """Resolves names for the client, for machines, and for whoever else asks."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._world: World | None = None
        self._in_vpc: dict[str, list[name_transport.Server]] = {}
        self._public = name_transport.serve(
            context.loop, context.place.namespace("internet"), addresses.RESOLVER, self._outside()
        )

    def apply(self, world: World) -> None:
        """Serve each VPC that has DNS support, and no other."""
        self._world = world
        wanted = {vpc.id: vpc for vpc in world.network.vpcs.values() if vpc.dns_support}
        for vpc_id in self._in_vpc.keys() - wanted.keys():
            self._stop(self._in_vpc.pop(vpc_id))
        for vpc_id in wanted.keys() - self._in_vpc.keys():
            self._in_vpc[vpc_id] = self._serve(wanted[vpc_id])

    def close(self) -> None:
        """Stop all resolvers."""
        self._stop([self._public, *(server for servers in self._in_vpc.values() for server in servers)])
        self._in_vpc.clear()

    def _stop(self, servers: list[name_transport.Server]) -> None:
        for server in servers:
            asyncio.run_coroutine_threadsafe(server.close(), self._context.loop).result()

    def _serve(self, vpc: Vpc) -> list[name_transport.Server]:
        namespace = self._context.place.namespace(vpc.id)
        handler = self._inside(vpc.id)
        started: list[name_transport.Server] = []
        try:
            for address in (vpc.resolver, VPC_RESOLVER):
                started.append(name_transport.serve(self._context.loop, namespace, address, handler))
        except OSError:
            self._stop(started)
            raise
        return started

    def _outside(self) -> name_transport.Handler:
        recursor = Recursor(self._context)

        async def handle(query: dns.message.Message, _peer: str) -> dns.message.Message:
            return _recursive(query, await follow(recursor.lookup, *question_of(query)))

        return handle

    def _inside(self, vpc_id: str) -> name_transport.Handler:
        recursor = Recursor(self._context)

        async def handle(query: dns.message.Message, peer: str) -> dns.message.Message:
            async def lookup(name: str, kind: str) -> Answer:
                world = self._world
                if world and vpc_id in world.network.vpcs:
                    view = View(world.names, self._context.observed, random.random())  # noqa: S311
                    found = answer_inside(view, _seen_from(world, vpc_id, peer), name, kind)
                    if found:
                        return found
                return await recursor.lookup(name, kind)

            return _recursive(query, await follow(lookup, *question_of(query)))

        return handle


def _seen_from(world: World, vpc_id: str, peer: str) -> Inside:
    vpc = world.network.vpcs[vpc_id]
    members = [each for each in world.network.interfaces.values() if each.vpc_id == vpc_id]
    return Inside(
        vpc_id=vpc_id,
        region=vpc.region,
        hostnames=vpc.dns_hostnames,
        addresses=frozenset(each.address for each in members),
        zone=next((each.zone for each in members if each.address == peer), ""),
    )
