# SPDX-License-Identifier: GPL-3.0-or-later
"""A basic port session: one TCP connection at a time, as AWS-StartSSHSession has it."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable

from wire.frames import Flag

from .pipe import READ_SIZE, Outlet


class Port:
    """A connection to a port of the machine."""

    handshake = True

    def __init__(self, port: int, tell: Callable[[int], None]) -> None:
        """Prepare a connection, made when the session begins; `tell` sends the client a flag."""
        self._port = port
        self._tell = tell
        self._inputs: asyncio.Queue[bytes] = asyncio.Queue()
        self._ended = asyncio.Event()

    async def run(self, outlet: Outlet) -> int | None:
        """Carry bytes until the machine's side closes."""
        try:
            reader, writer = await asyncio.open_connection("localhost", self._port)
        except OSError:
            self._tell(Flag.CONNECT_TO_PORT_ERROR)
            return None
        tasks = [
            asyncio.create_task(coroutine)
            for coroutine in (self._down(reader, outlet), self._up(writer), self._ended.wait())
        ]
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in tasks:
                task.cancel()
            writer.close()
        return None

    async def _down(self, reader: asyncio.StreamReader, outlet: Outlet) -> None:
        with contextlib.suppress(OSError):
            while data := await reader.read(READ_SIZE):
                await outlet.put(data)

    async def _up(self, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            while True:
                writer.write(await self._inputs.get())
                await writer.drain()

    def input(self, data: bytes) -> None:
        """Send bytes to the port."""
        self._inputs.put_nowait(data)

    def resize(self, columns: int, rows: int) -> None:
        """Ignore the size: there is no terminal."""

    def flag(self, value: int) -> None:
        """End when the client says that its side is closed."""
        if value in (Flag.DISCONNECT_TO_PORT, Flag.TERMINATE_SESSION):
            self._ended.set()

    def kill(self) -> None:
        """Hang up."""
        self._ended.set()
