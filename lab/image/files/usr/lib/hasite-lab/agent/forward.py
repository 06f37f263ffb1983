# SPDX-License-Identifier: GPL-3.0-or-later
"""A forwarding port session: many TCP connections to a port of the machine, or of a host it reaches."""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
import re
import socket
from collections.abc import Callable
from pathlib import Path

from wire.frames import Flag
from wire.mux import Mux, MuxError

from .pipe import READ_SIZE, Outlet


class ForbiddenHostError(ValueError):
    """A host that an agent forwards nothing to."""


class Forward:
    """Each stream that the client opens becomes a connection."""

    handshake = True

    def __init__(self, host: str, port: int, tell: Callable[[int], None]) -> None:
        """Prepare; `tell` sends the client a flag."""
        self._host = host
        self._port = port
        self._tell = tell
        self._mux = Mux(client=False)
        self._inputs: dict[int, asyncio.Queue[bytes]] = {}
        self._streams: set[asyncio.Task[None]] = set()
        self._outlet: Outlet | None = None
        self._ended = asyncio.Event()

    async def run(self, outlet: Outlet) -> int | None:
        """Serve streams until the session ends."""
        self._outlet = outlet
        try:
            await self._ended.wait()
        finally:
            for stream in self._streams:
                stream.cancel()
            await asyncio.gather(*self._streams, return_exceptions=True)
        return None

    def input(self, data: bytes) -> None:
        """Take what the client's streams carry."""
        try:
            for number, piece in self._mux.feed(data):
                if piece is None:
                    self._inputs[number] = asyncio.Queue()
                    stream = asyncio.create_task(self._serve(number))
                    self._streams.add(stream)
                    stream.add_done_callback(self._streams.discard)
                elif number in self._inputs:
                    self._inputs[number].put_nowait(piece)
        except MuxError:
            self._ended.set()

    async def _serve(self, number: int) -> None:
        assert self._outlet
        writer = None
        try:
            reader, writer = await asyncio.open_connection(self._host, self._port)
            up = asyncio.create_task(self._up(number, writer))
            down = asyncio.create_task(self._down(number, reader))
            try:
                await asyncio.wait({up, down}, return_when=asyncio.FIRST_COMPLETED)
            finally:
                up.cancel()
                down.cancel()
        except OSError:
            self._tell(Flag.CONNECT_TO_PORT_ERROR)
        finally:
            self._inputs.pop(number, None)
            if writer:
                writer.close()
        await self._outlet.put(self._mux.finish(number))

    async def _up(self, number: int, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            while data := await self._inputs[number].get():
                writer.write(data)
                await writer.drain()

    async def _down(self, number: int, reader: asyncio.StreamReader) -> None:
        assert self._outlet
        with contextlib.suppress(OSError):
            while data := await reader.read(READ_SIZE):
                await self._outlet.put(self._mux.data(number, data))

    def resize(self, columns: int, rows: int) -> None:
        """Ignore the size: there is no terminal."""

    def flag(self, value: int) -> None:
        """Ignore a flag of the basic kind: a stream's end is told in the stream."""

    def kill(self) -> None:
        """Hang up."""
        self._ended.set()


def allowed(host: str, resolv_conf: Path = Path("/etc/resolv.conf")) -> str:
    """Return the host if an agent may forward to it: not to metadata, link-local addresses or the VPC's resolver.

    https://docs.aws.amazon.com/systems-manager/latest/userguide/session-manager-working-with-sessions-start.html
    """
    with contextlib.suppress(OSError):
        resolvers = re.findall(r"(?m)^nameserver\s+(\S+)", resolv_conf.read_text())
        for found in socket.getaddrinfo(host, None, proto=socket.IPPROTO_TCP):
            address = ipaddress.ip_address(str(found[4][0]).partition("%")[0])
            if address.is_link_local or str(address) in resolvers or address == ipaddress.ip_address("fd00:ec2::254"):
                raise ForbiddenHostError(f"Forwarding to {host} is not allowed.")
    return host
