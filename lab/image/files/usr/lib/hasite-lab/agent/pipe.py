# SPDX-License-Identifier: GPL-3.0-or-later
"""What a session's process and its channel have between them."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable

READ_SIZE = 1024
"""AWS's agent reads, and sends, at most this much at once."""
HIGH_WATER = 256
"""Messages on their way above which nothing more is read from the process."""


class Outlet:
    """Where a process's output goes; the session gives it its functions."""

    def __init__(self, send: Callable[[bytes, str], None], room: Callable[[], bool], freed: asyncio.Event) -> None:
        self._send = send
        self._room = room
        self._freed = freed

    async def put(self, data: bytes, kind: str = "output") -> None:
        """Send output; comes back when there is room for more."""
        self._send(data, kind)
        while not self._room():
            self._freed.clear()
            await self._freed.wait()


async def readable(descriptor: int) -> None:
    """Wait until a non-blocking descriptor has something to read."""
    loop = asyncio.get_running_loop()
    ready = asyncio.Event()
    loop.add_reader(descriptor, ready.set)
    try:
        await ready.wait()
    finally:
        loop.remove_reader(descriptor)


async def writable(descriptor: int) -> None:
    """Wait until a non-blocking descriptor takes something."""
    loop = asyncio.get_running_loop()
    ready = asyncio.Event()
    loop.add_writer(descriptor, ready.set)
    try:
        await ready.wait()
    finally:
        loop.remove_writer(descriptor)


async def write_all(descriptor: int, data: bytes) -> None:
    """Write to a non-blocking descriptor, as fast as it takes it."""
    while data:
        try:
            data = data[os.write(descriptor, data) :]
        except BlockingIOError:
            await writable(descriptor)
