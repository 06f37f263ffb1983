# SPDX-License-Identifier: GPL-3.0-or-later
"""The recursive resolvers: one for everybody outside, which validates signatures, and one in each VPC.

Those in VPCs do not validate, as on AWS unless it is switched on:
https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/resolver-dnssec-validation.html
"""

from __future__ import annotations

import asyncio
import logging
import random
from dataclasses import replace
from typing import TYPE_CHECKING

import dns.flags
import dns.message

from lab.base import addresses
from lab.context import Context
from lab.engines import dns_transport
from lab.engines.recursor import Recursor, follow
from lab.engines.validator import Validator
from lab.plane.names.name_server import into_message, question_of
from lab.world.names.answers import NO_NAME, DnsAnswer, View
from lab.world.names.private import Inside, answer_inside

if TYPE_CHECKING:
    from lab.world.network.network import Vpc
    from lab.world.world import World

VPC_RESOLVER = "169.254.169.253"
"""The address of the VPC's resolver that is the same in every VPC; the other is the third of its block.
https://docs.aws.amazon.com/vpc/latest/userguide/AmazonDNS-concepts.html"""

_log = logging.getLogger(__name__)


def _recursive(query: dns.message.Message, found: DnsAnswer) -> dns.message.Message:
    response = into_message(query, found)
    response.flags |= dns.flags.RA
    response.flags &= ~dns.flags.AA
    wants_signatures = bool(query.ednsflags & dns.flags.DO)
    if wants_signatures:
        response.ednsflags |= dns.flags.DO
    if found.secure and (wants_signatures or query.flags & dns.flags.AD):
        response.flags |= dns.flags.AD
    return response


def plainly(found: DnsAnswer) -> DnsAnswer:
    """Return an answer for somebody who has not asked for signatures (RFC 4035, section 3.2.1).

    Whoever does not read the proof is told by the answer's code if there is no such name (RFC 9824, section 5).
    """
    missing = any(line.type == "NSEC" and NO_NAME in line.value.split() for line in found.authority)
    return replace(
        found,
        code="NXDOMAIN" if missing else found.code,
        authority=tuple(line for line in found.authority if line.type != "NSEC"),
        signatures=(),
    )


class Resolvers:
    """Resolves names for the client, for machines, and for whoever else asks."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._world: World | None = None
        self._in_vpc: dict[str, list[dns_transport.Server]] = {}
        self._public = dns_transport.serve(
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

    def _stop(self, servers: list[dns_transport.Server]) -> None:
        for server in servers:
            asyncio.run_coroutine_threadsafe(server.close(), self._context.loop).result()

    def _serve(self, vpc: Vpc) -> list[dns_transport.Server]:
        namespace = self._context.place.namespace(vpc.id)
        handler = self._inside(vpc.id)
        started: list[dns_transport.Server] = []
        try:
            for address in (vpc.resolver, VPC_RESOLVER):
                started.append(dns_transport.serve(self._context.loop, namespace, address, handler))
        except OSError:
            self._stop(started)
            raise
        return started

    def _outside(self) -> dns_transport.Handler:
        recursor = Recursor(self._context, signatures=True)
        validator = Validator(recursor, self._context.registry_keys[""], self._context.clock)

        async def handle(query: dns.message.Message, _peer: dns_transport.Peer) -> dns.message.Message:
            # Who sets CD checks answers himself (RFC 4035, section 3.2.2).
            lookup = recursor.lookup if query.flags & dns.flags.CD else validator.lookup
            found = await follow(lookup, *question_of(query))
            return _recursive(query, found if query.ednsflags & dns.flags.DO else plainly(found))

        return handle

    def _inside(self, vpc_id: str) -> dns_transport.Handler:
        recursor = Recursor(self._context)

        async def handle(query: dns.message.Message, peer: dns_transport.Peer) -> dns.message.Message:
            async def lookup(name: str, kind: str) -> DnsAnswer:
                world = self._world
                if world and vpc_id in world.network.vpcs:
                    view = View(world.names, self._context.observed, random.random())  # noqa: S311
                    found = answer_inside(view, _seen_from(world, vpc_id, peer.address), name, kind)
                    if found:
                        return found
                return await recursor.lookup(name, kind)

            return _recursive(query, await follow(lookup, *question_of(query)))

        return handle


def _seen_from(world: World, vpc_id: str, peer: str) -> Inside:
    vpc = world.network.vpcs[vpc_id]
    members = [interface for interface in world.network.interfaces.values() if interface.vpc_id == vpc_id]
    return Inside(
        vpc_id=vpc_id,
        region=vpc.region,
        hostnames=vpc.dns_hostnames,
        addresses=frozenset(member.address for member in members),
        zone=next((member.zone for member in members if member.address == peer), ""),
    )
