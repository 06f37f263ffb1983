# SPDX-License-Identifier: GPL-3.0-or-later
"""The authoritative name servers of the lab's internet, and the registrar that keeps the delegations in them."""

from __future__ import annotations

import asyncio
import random
from typing import TYPE_CHECKING

import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdatatype
import dns.rrset

from lab import addresses
from lab.context import Context
from lab.plane import name_transport
from lab.plane.registrar import Registrar
from lab.world.name_answers import Answer, Line, View, answer
from lab.world.name_registry import zones_at
from lab.world.names import Names, Zone

if TYPE_CHECKING:
    from lab.world import World

SERVERS = (addresses.ROOT_SERVER, addresses.REGISTRAR_SERVER, addresses.AWS_SERVER, *addresses.ROUTE53_SERVERS)


def into_message(query: dns.message.Message, found: Answer) -> dns.message.Message:
    """Return the message that carries an answer."""
    response = dns.message.make_response(query, our_payload=name_transport.PAYLOAD)
    response.set_rcode(dns.rcode.from_text(found.code))
    if found.authoritative:
        response.flags |= dns.flags.AA
    sections = (
        (response.answer, found.answer),
        (response.authority, found.authority),
        (response.additional, found.additional),
    )
    for section, lines in sections:
        section += _sets(lines)
    return response


def _sets(lines: tuple[Line, ...]) -> list[dns.rrset.RRset]:
    grouped: dict[tuple[str, str, int], list[str]] = {}
    for line in lines:
        values = grouped.setdefault((line.name, line.type, line.ttl), [])
        if line.value not in values:
            values.append(line.value)
    return [
        dns.rrset.from_text_list(f"{name}." if name else ".", ttl, "IN", kind, values)
        for (name, kind, ttl), values in grouped.items()
    ]


def question_of(query: dns.message.Message) -> tuple[str, str]:
    """Return the asked name, as the world writes names, and type."""
    asked = query.question[0]
    return asked.name.to_text(omit_final_dot=True).lower() if asked.name != dns.name.root else "", (
        dns.rdatatype.to_text(asked.rdtype)
    )


class NameServers:
    """Serves the newest world's names; health decides at the moment of the question."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._names = Names()
        self._registrar = Registrar(context, self._refresh)
        self._zones: dict[str, dict[str, Zone]] = {}
        self._refresh()
        namespace = context.place.namespace("internet")
        self._servers = [
            name_transport.serve(context.loop, namespace, address, self._handler(address)) for address in SERVERS
        ]

    def apply(self, world: World) -> None:
        """Serve this world from now on."""
        if world.names != self._names:
            self._names = world.names
            self._refresh()
        self._registrar.follow(world.names)

    def close(self) -> None:
        """Stop serving."""
        self._registrar.close()
        for server in self._servers:
            asyncio.run_coroutine_threadsafe(server.close(), self._context.loop).result()

    def _refresh(self) -> None:
        delegations = self._registrar.delegations
        self._zones = {address: zones_at(address, self._names, delegations) for address in SERVERS}

    def _handler(self, address: str) -> name_transport.Handler:
        async def handle(query: dns.message.Message, _peer: str) -> dns.message.Message:
            # Weights and multivalue answers want a draw, not a secret.
            view = View(self._names, self._context.observed, random.random())  # noqa: S311
            return into_message(query, answer(view, self._zones[address], *question_of(query)))

        return handle
