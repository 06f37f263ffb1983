# SPDX-License-Identifier: GPL-3.0-or-later
"""The authoritative name servers of the lab's internet, and the registrar that keeps the delegations in them."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Iterable
from dataclasses import replace
from typing import TYPE_CHECKING

import dns.edns
import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdatatype
import dns.rrset

from lab.base import addresses
from lab.context import Context
from lab.engines import dns_transport
from lab.engines.dns_signer import Signer
from lab.plane.names.forger import forged
from lab.plane.names.query_log import QueryLog
from lab.plane.names.registrar import Registrar
from lab.world.names import query_logs
from lab.world.names.answers import DnsAnswer, Line, View, answer, responsible
from lab.world.names.names import Names, Zone
from lab.world.names.registry import Registrations, zones_at

if TYPE_CHECKING:
    from lab.world.world import World

SERVERS = (addresses.ROOT_SERVER, addresses.REGISTRAR_SERVER, addresses.AWS_SERVER, *addresses.ROUTE53_SERVERS)


def into_message(query: dns.message.Message, found: DnsAnswer) -> dns.message.Message:
    """Return the message that carries an answer."""
    response = dns.message.make_response(query, our_payload=dns_transport.PAYLOAD)
    response.set_rcode(dns.rcode.from_text(found.code))
    if found.authoritative:
        response.flags |= dns.flags.AA
    said = {(line.name, line.type) for line in found.answer}
    of_answer = [line for line in found.signatures if (line.name, line.covers) in said]
    sections = (
        (response.answer, (*found.answer, *of_answer)),
        (response.authority, (*found.authority, *(line for line in found.signatures if line not in of_answer))),
        (response.additional, found.additional),
    )
    for section, lines in sections:
        section += _sets(lines)
    return response


def _sets(lines: Iterable[Line]) -> list[dns.rrset.RRset]:
    grouped: dict[tuple[str, str, int, str], list[str]] = {}
    for line in lines:
        values = grouped.setdefault((line.name, line.type, line.ttl, line.covers), [])
        if line.value not in values:
            values.append(line.value)
    return [
        dns.rrset.from_text_list(f"{name}." if name else ".", ttl, "IN", kind, values)
        for (name, kind, ttl, _covers), values in grouped.items()
    ]


def question_of(query: dns.message.Message) -> tuple[str, str]:
    """Return the asked name, as the world writes names, and type."""
    asked = query.question[0]
    return asked.name.to_text(omit_final_dot=True).lower() if asked.name != dns.name.root else "", (
        dns.rdatatype.to_text(asked.rdtype)
    )


def _subnet(query: dns.message.Message) -> str:
    """Return the part of the client's address that a resolver has passed on (RFC 7871), or nothing."""
    found = next((option for option in query.options if isinstance(option, dns.edns.ECSOption)), None)
    return f"{found.address}/{found.srclen}" if found else ""


class NameServers:
    """Serves the newest world's names; health decides at the moment of the question."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._names = Names()
        self._registrar = Registrar(context, self._refresh)
        self._zones: dict[str, dict[str, Zone]] = {}
        self._log = QueryLog(context)
        self._signer = Signer()
        self._refresh()
        namespace = context.place.namespace("internet")
        self._servers = [
            dns_transport.serve(context.loop, namespace, address, self._handler(address)) for address in SERVERS
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
        self._log.close()
        for server in self._servers:
            asyncio.run_coroutine_threadsafe(server.close(), self._context.loop).result()

    def _refresh(self) -> None:
        registrar = self._registrar
        registered = Registrations(registrar.delegations, registrar.signers, self._context.registry_keys)
        self._zones = {address: zones_at(address, self._names, registered) for address in SERVERS}

    def _handler(self, address: str) -> dns_transport.Handler:
        location = query_logs.location_of(address)

        async def handle(query: dns.message.Message, peer: dns_transport.Peer) -> dns.message.Message:
            # Weights and multivalue answers want a draw, not a secret.
            view = View(self._names, self._context.observed, random.random())  # noqa: S311
            name, kind = question_of(query)
            found = answer(view, self._zones[address], name, kind)
            zone = responsible(self._zones[address], name, kind)
            if zone and zone.query_log:
                asked = query_logs.Query(zone.id, name, kind, found.code, peer.protocol, location, peer.address)
                self._log.note(zone.query_log, replace(asked, subnet=_subnet(query)))
            response = into_message(query, found)
            if zone and zone.keys and query.ednsflags & dns.flags.DO:
                self._signer.complete(response, zone)
            return forged(response, self._context.forgeries)

        return handle
