# SPDX-License-Identifier: GPL-3.0-or-later
"""DNS messages over UDP and TCP: serving them at an address of a namespace, and asking from one."""

from __future__ import annotations

import asyncio
import logging
import random
import socket
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Literal, NamedTuple, cast

import dns.exception
import dns.flags
import dns.message
import dns.opcode
import dns.rcode

from lab.base import namespaces

PORT = 53
PAYLOAD = 1232
"""The largest UDP answer: what DNS Flag Day 2020 found to pass everywhere unfragmented."""

_IDLE = 10.0
_LARGEST = 65535
_log = logging.getLogger(__name__)


class Peer(NamedTuple):
    """Who asks, and how."""

    address: str
    protocol: Literal["UDP", "TCP"]


Handler = Callable[[dns.message.Message, Peer], Awaitable[dns.message.Message]]
"""Answers a question."""


async def _respond(wire: bytes, peer: Peer, handler: Handler) -> tuple[dns.message.Message, int] | None:
    """Return the answer to a message and how large its asker can take it by UDP; None where silence is right."""
    try:
        query = dns.message.from_wire(wire)
    except dns.exception.DNSException:
        return None
    if query.flags & dns.flags.QR:
        return None
    size = max(512, min(query.payload, PAYLOAD)) if query.edns >= 0 else 512
    response = dns.message.make_response(query, our_payload=PAYLOAD)
    if query.opcode() != dns.opcode.QUERY:
        response.set_rcode(dns.rcode.NOTIMP)
        return response, size
    if len(query.question) != 1:
        response.set_rcode(dns.rcode.FORMERR)
        return response, size
    try:
        return await handler(query, peer), size
    except Exception:  # a server goes on serving; the asker is told, the log has the cause
        _log.exception("The name %s could not be answered", query.question[0])
        response.set_rcode(dns.rcode.SERVFAIL)
        return response, size


class _Datagrams(asyncio.DatagramProtocol):
    def __init__(self, handler: Handler) -> None:
        self._handler = handler
        self._tasks: set[asyncio.Task[None]] = set()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # Python 3.11's own datagram transport is no asyncio.DatagramTransport by class, only by what it does.
        self._transport = cast("asyncio.DatagramTransport", transport)

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        task = asyncio.get_running_loop().create_task(self._answer(data, addr))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _answer(self, data: bytes, addr: tuple[str, int]) -> None:
        answered = await _respond(data, Peer(addr[0], "UDP"), self._handler)
        if answered and not self._transport.is_closing():
            response, size = answered
            self._transport.sendto(response.to_wire(max_size=size, prefer_truncation=True), addr)


@dataclass
class Server:
    """A name server at one address; its sockets are closed with it."""

    handler: Handler
    _datagrams: list[asyncio.BaseTransport] = field(default_factory=list)
    _streams: list[asyncio.Server] = field(default_factory=list)

    async def start(self, datagrams: socket.socket, stream: socket.socket) -> None:
        """Serve on a bound UDP and a listening TCP socket."""
        loop = asyncio.get_running_loop()
        transport, _ = await loop.create_datagram_endpoint(lambda: _Datagrams(self.handler), sock=datagrams)
        self._datagrams.append(transport)
        self._streams.append(await asyncio.start_server(self._converse, sock=stream))

    async def close(self) -> None:
        """Stop serving."""
        for transport in self._datagrams:
            transport.close()
        for server in self._streams:
            server.close()

    async def _converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        peer = Peer(writer.get_extra_info("peername")[0], "TCP")
        with suppress(asyncio.IncompleteReadError, TimeoutError, OSError):
            while True:
                length = int.from_bytes(await asyncio.wait_for(reader.readexactly(2), _IDLE), "big")
                wire = await asyncio.wait_for(reader.readexactly(length), _IDLE)
                answered = await _respond(wire, peer, self.handler)
                if answered is None:
                    break
                writer.write(answered[0].to_wire(max_size=_LARGEST, prepend_length=True))
                await writer.drain()
        writer.close()


def serve(loop: asyncio.AbstractEventLoop, namespace: str, address: str, handler: Handler) -> Server:
    """Serve at an address of a namespace; call it from outside the loop."""
    server = Server(handler)
    datagrams = namespaces.datagrams(namespace, address, PORT)
    try:
        stream = namespaces.listen(namespace, address, PORT)
    except OSError:
        datagrams.close()
        raise
    asyncio.run_coroutine_threadsafe(server.start(datagrams, stream), loop).result()
    return server


async def ask(
    query: dns.message.Message,
    server: str,
    timeout: float,
    namespace: str | None = None,
    source: str | None = None,
) -> dns.message.Message:
    """Return a server's answer, by TCP if the one by UDP was cut off; OSError or TimeoutError when there is none.

    Each question goes out by a socket, and so a port, of its own, with a number of its own (RFC 5452).
    """
    query.id = random.SystemRandom().randrange(1 << 16)
    async with asyncio.timeout(timeout):
        response = await _by_datagram(query, server, namespace, source)
        if response.flags & dns.flags.TC:
            response = await _by_stream(query, server, namespace, source)
        return response


def _socket(kind: socket.SocketKind, namespace: str | None, source: str | None) -> socket.socket:
    made = namespaces.make_socket(namespace, kind) if namespace else socket.socket(socket.AF_INET, kind)
    made.setblocking(False)
    if source:
        made.bind((source, 0))
    return made


async def _by_datagram(
    query: dns.message.Message, server: str, namespace: str | None, source: str | None
) -> dns.message.Message:
    loop = asyncio.get_running_loop()
    with _socket(socket.SOCK_DGRAM, namespace, source) as made:
        await loop.sock_connect(made, (server, PORT))
        await loop.sock_sendall(made, query.to_wire())
        while True:
            wire = await loop.sock_recv(made, 65535)
            with suppress(dns.exception.DNSException):
                response = dns.message.from_wire(wire, ignore_trailing=True)
                if query.is_response(response):
                    return response


async def _by_stream(
    query: dns.message.Message, server: str, namespace: str | None, source: str | None
) -> dns.message.Message:
    loop = asyncio.get_running_loop()
    made = _socket(socket.SOCK_STREAM, namespace, source)
    try:
        await loop.sock_connect(made, (server, PORT))
        reader, writer = await asyncio.open_connection(sock=made)
    except BaseException:
        made.close()
        raise
    try:
        writer.write(query.to_wire(prepend_length=True))
        length = int.from_bytes(await reader.readexactly(2), "big")
        return dns.message.from_wire(await reader.readexactly(length))
    except asyncio.IncompleteReadError as error:
        raise OSError(f"The name server {server} ended the conversation.") from error
    finally:
        writer.close()
