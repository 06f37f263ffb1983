# SPDX-License-Identifier: GPL-3.0-or-later
"""Puts a distance between the controller and AWS: every byte over a listener arrives half a round trip later.

What comes in is passed on to the server behind in the order in which it came; only what comes over the host's
loopback takes this way, the machines are in AWS.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket

from lab.base.latency import Latency

_CHUNK = 1 << 16
_WINDOW = 64
"""Chunks under way in one direction: 4 MiB, as a TCP window may be; more have to wait at the sender."""


async def put_before(listener: socket.socket, latency: Latency) -> socket.socket:
    """Return the socket for the server that is to be as far away; the one that is given, if that is not far."""
    if not latency.round_trip:
        return listener
    behind = socket.create_server(("127.0.0.1", 0))
    await _serve(listener, behind.getsockname()[1], latency.round_trip)
    return behind


async def _serve(listener: socket.socket, behind: int, round_trip: float) -> asyncio.Server:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        # The kernel has answered the client's SYN at once; across a distance that takes a round trip.
        await asyncio.sleep(round_trip)
        try:
            far_reader, far_writer = await asyncio.open_connection("127.0.0.1", behind)
        except OSError:
            writer.close()
            return
        await asyncio.gather(_carry(reader, far_writer, round_trip / 2), _carry(far_reader, writer, round_trip / 2))

    return await asyncio.start_server(serve, sock=listener)


async def _carry(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, delay: float) -> None:
    """Carry one direction's bytes, and its end."""
    under_way: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue(_WINDOW)
    arriving = asyncio.create_task(_arrive(under_way, writer))
    clock = asyncio.get_running_loop().time
    with contextlib.suppress(ConnectionError):
        while data := await reader.read(_CHUNK):
            await under_way.put((clock() + delay, data))
    await under_way.put((clock() + delay, b""))
    await arriving


async def _arrive(under_way: asyncio.Queue[tuple[float, bytes]], writer: asyncio.StreamWriter) -> None:
    clock = asyncio.get_running_loop().time
    broken = False
    while True:
        due, data = await under_way.get()
        await asyncio.sleep(max(0.0, due - clock()))
        if not data:
            break
        if broken:
            continue
        try:
            writer.write(data)
            await writer.drain()
        except ConnectionError:
            broken = True
    with contextlib.suppress(OSError, RuntimeError):
        writer.write_eof()
