# SPDX-License-Identifier: GPL-3.0-or-later
"""How the edge reaches servers: from its own address on the lab's internet, by the names that its resolver knows."""

from __future__ import annotations

import random
import socket
from typing import Any

import aiohttp
import dns.exception
import dns.message
import dns.rdatatype
from aiohttp.abc import AbstractResolver, ResolveResult

from lab.base import addresses, namespaces
from lab.engines import dns_transport
from lab.plane.edge.custom_origins import UnresolvedError

_SECONDS = 8.0


class _Resolver(AbstractResolver):
    def __init__(self, namespace: str) -> None:
        self._namespace = namespace

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        query = dns.message.make_query(f"{host}.", "A", use_edns=0, payload=dns_transport.PAYLOAD)
        try:
            response = await dns_transport.ask(query, addresses.RESOLVER, _SECONDS, self._namespace, addresses.EDGE[0])
        except (OSError, TimeoutError, dns.exception.DNSException) as error:
            raise UnresolvedError(f"{host}: the resolver gave no answer") from error
        found = [item.to_text() for rrset in response.answer if rrset.rdtype == dns.rdatatype.A for item in rrset]
        if not found:
            raise UnresolvedError(f"{host}: no address")
        random.shuffle(found)
        return [
            ResolveResult(hostname=host, host=address, port=port, family=family, proto=0, flags=0) for address in found
        ]

    async def close(self) -> None:
        """Nothing is kept."""


def connector(namespace: str) -> aiohttp.TCPConnector:
    """Return what makes connections in a namespace; it is used for one request."""

    def make(_address: Any) -> socket.socket:
        made = namespaces.make_socket(namespace)
        made.bind((addresses.EDGE[0], 0))
        return made

    return aiohttp.TCPConnector(
        resolver=_Resolver(namespace), socket_factory=make, family=socket.AF_INET, use_dns_cache=False, force_close=True
    )
