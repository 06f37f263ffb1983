# SPDX-License-Identifier: GPL-3.0-or-later
"""A non-interactive command: no shell, no terminal, no input."""

from __future__ import annotations

import asyncio
import shlex
import signal
import tempfile
from dataclasses import dataclass
from typing import Any

from .pipe import READ_SIZE, Outlet
from .users import User
from .utf8_quirks import LinePrefix

_SIGNALS = {0x03: signal.SIGINT, 0x1C: signal.SIGQUIT}
"""All that input can do: Ctrl-C and Ctrl-\\ become signals."""
_BEFORE_ERROR = 2.0
_AFTER_ERROR = 1.0


@dataclass
class Command:
    """One process; its output is streamed in two kinds with its status after it, or sent at its end."""

    user: User
    text: str
    separate: bool = False
    output_prefix: str = ""
    error_prefix: str = ""
    _process: asyncio.subprocess.Process | None = None

    handshake = True

    async def run(self, outlet: Outlet) -> int | None:
        """Run until the process has ended; return its status if it is to be told."""
        try:
            return await (self._run_separate(outlet) if self.separate else self._run_joined(outlet))
        except (OSError, ValueError) as error:
            # It cannot be started: AWS's agent waits, tells, and waits again.
            await asyncio.sleep(_BEFORE_ERROR)
            await outlet.put(f"Unable to start command: {error}\n".encode(), "stderr")
            await asyncio.sleep(_AFTER_ERROR)
            return 1 if self.separate else None
        finally:
            self.kill()

    async def _start(self, **streams: Any) -> asyncio.subprocess.Process:
        words = shlex.split(self.text)
        if not words:
            raise ValueError("the command is empty")
        self._process = await asyncio.create_subprocess_exec(
            words[0],
            *words[1:],
            stdin=asyncio.subprocess.DEVNULL,
            env=self.user.environment(),
            start_new_session=True,
            **streams,
            **self.user.process(),
        )
        return self._process

    async def _run_joined(self, outlet: Outlet) -> None:
        with tempfile.TemporaryFile() as file:
            process = await self._start(stdout=file, stderr=file)
            await process.wait()
            file.seek(0)
            while data := file.read(READ_SIZE):
                await outlet.put(data)

    async def _run_separate(self, outlet: Outlet) -> int:
        process = await self._start(stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE)
        assert process.stdout
        assert process.stderr
        await asyncio.gather(
            _carry(process.stdout, outlet, "output", self.output_prefix),
            _carry(process.stderr, outlet, "stderr", self.error_prefix),
        )
        return max(-1, await process.wait())

    def input(self, data: bytes) -> None:
        """Turn the two control characters into signals, and drop the rest."""
        for byte in data:
            if byte in _SIGNALS and self._process and self._process.returncode is None:
                self._process.send_signal(_SIGNALS[byte])

    def resize(self, columns: int, rows: int) -> None:
        """Ignore the size: there is no terminal."""

    def flag(self, value: int) -> None:
        """Ignore a port session's flag."""

    def kill(self) -> None:
        """End the process itself."""
        if self._process and self._process.returncode is None:
            self._process.kill()


async def _carry(stream: asyncio.StreamReader, outlet: Outlet, kind: str, prefix: str) -> None:
    lines = LinePrefix(prefix.encode())
    while data := await stream.read(READ_SIZE):
        await outlet.put(lines.feed(data), kind)
