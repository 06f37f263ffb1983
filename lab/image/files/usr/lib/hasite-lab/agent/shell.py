# SPDX-License-Identifier: GPL-3.0-or-later
"""A session with a terminal: a shell, or an interactive command."""

from __future__ import annotations

import asyncio
import fcntl
import os
import struct
import termios
from typing import Any

from .pipe import READ_SIZE, Outlet, readable, write_all
from .users import User
from .utf8_quirks import Utf8Filter

_FIRST_READ = 1.0
"""AWS's agent sleeps this long before it first reads the terminal."""


class Shell:
    """A process at a pseudo-terminal."""

    handshake = False

    def __init__(self, user: User, command: str = "", profile: str = "") -> None:
        """Prepare a shell that is typed the profile first, or one that runs a command."""
        self._user = user
        self._command = command
        self._profile = profile
        self._main = -1
        self._process: asyncio.subprocess.Process | None = None
        self._inputs: asyncio.Queue[bytes] = asyncio.Queue()

    async def run(self, outlet: Outlet) -> int | None:
        """Run until the process has ended; a terminal's status is told to nobody."""
        self._main, terminal = os.openpty()
        writer = None
        try:
            try:
                await self._start(terminal)
            finally:
                os.close(terminal)
            os.set_blocking(self._main, False)
            if self._profile:
                self._inputs.put_nowait(f"{self._profile}\n".encode())
            writer = asyncio.create_task(self._write())
            await asyncio.sleep(_FIRST_READ)
            await self._read(outlet)
        finally:
            if writer:
                writer.cancel()
            self.kill()
            # The session's other processes get SIGHUP as their terminal goes.
            os.close(self._main)
            self._main = -1
            if self._process:
                await self._process.wait()
        return None

    async def _start(self, terminal: int) -> None:
        if os.geteuid() == 0:
            os.fchown(terminal, self._user.uid, -1)
        arguments: dict[str, Any] = self._user.process()
        self._process = await asyncio.create_subprocess_exec(
            "/bin/sh",
            *(["-c", self._command] if self._command else []),
            stdin=terminal,
            stdout=terminal,
            stderr=terminal,
            env=self._user.environment(),
            start_new_session=True,
            preexec_fn=_control_terminal,
            **arguments,
        )

    async def _read(self, outlet: Outlet) -> None:
        utf8 = Utf8Filter()
        while True:
            await readable(self._main)
            try:
                data = os.read(self._main, READ_SIZE)
            except BlockingIOError:
                continue
            except OSError:
                # Linux says EIO when the last process has closed the terminal.
                return
            if not data:
                return
            filtered = utf8.feed(data)
            if filtered:
                await outlet.put(filtered)

    async def _write(self) -> None:
        while True:
            await write_all(self._main, await self._inputs.get())

    def input(self, data: bytes) -> None:
        """Type something."""
        self._inputs.put_nowait(data)

    def resize(self, columns: int, rows: int) -> None:
        """Set the terminal's size."""
        if self._main >= 0:
            fcntl.ioctl(self._main, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def flag(self, value: int) -> None:
        """Ignore a port session's flag."""

    def kill(self) -> None:
        """End the process itself; its children see their terminal go."""
        if self._process and self._process.returncode is None:
            self._process.kill()


def _control_terminal() -> None:
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)
