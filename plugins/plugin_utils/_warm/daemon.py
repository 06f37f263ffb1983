# Copyright: hasite.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The background process that keeps an interpreter warm behind a local socket.

PRIVATE to the collection. Runs under any Python from 3.9. Started by `_warm.control` on the controller, and by
`_warm.client` on a machine.

Who asks sends a module's payload and surroundings, and with them the descriptors that the module writes to.
The answer is the way in which the module's process has ended; output never passes through here. A module that cannot
be run here, for Python or ansible-core lacks what that needs, is refused before anything of it has run. When who asked
goes away before, as at the end of a session, its module is ended.
"""

from __future__ import annotations

import contextlib
import json
import os
import select
import signal
import socket
import sys
import time
import typing as t
from pathlib import Path

from .._ipc import framing as wire
from .._ipc.background import Listener, report_ready
from . import private_python as python
from .interpreter import Interpreter, Running, exit_status
from .memory import OtherBaseError, OutdatedError
from .task import Task, unpacked

_GREETING_SECONDS = 5.0
_LOOK_SECONDS = 1.0


class _InterpreterDaemon:
    """Serves workers until it is to end."""

    def __init__(self, door: Listener, idle_seconds: float, parent_session: str | None) -> None:
        self._door = door
        self._idle_seconds = idle_seconds
        self._parent_session = parent_session
        self._interpreter = Interpreter()
        self._missing = python.missing()
        self._pieces: dict[str, bytes] = {}
        self._running: dict[int, tuple[Running, socket.socket]] = {}
        self._ended, waker = os.pipe()
        os.set_blocking(self._ended, False)
        os.set_blocking(waker, False)
        signal.signal(signal.SIGCHLD, lambda _number, _frame: None)
        signal.set_wakeup_fd(waker)
        self._open = True

    def serve(self) -> None:
        """Serve until nobody has asked for anything for a while, or somebody asked for the end."""
        used = time.monotonic()
        while self._open or self._running:
            clients = [client for _running, client in self._running.values() if client.fileno() >= 0]
            waited_for: list[t.Any] = [self._ended, *([self._door.listener] if self._open else []), *clients]
            readable = select.select(waited_for, [], [], _LOOK_SECONDS)[0]
            if not readable:
                if not self._running and self._is_over(used):
                    return
                continue
            if self._ended in readable:
                self._answer_ended()
            self._end_abandoned(readable)
            if self._open and self._door.listener in readable:
                self._serve_one()
            used = time.monotonic()

    def _is_over(self, used: float) -> bool:
        gone = self._parent_session and not os.path.exists(self._parent_session)  # noqa: PTH110
        return bool(gone) or time.monotonic() - used > self._idle_seconds

    def _serve_one(self) -> None:
        client = self._door.accept()
        if not client:
            return
        client.settimeout(_GREETING_SECONDS)
        descriptors: list[int] = []
        try:
            _greeting, descriptors, _flags, _from = socket.recv_fds(client, 1, 2)
            header, parts = wire.receive(client)
            if header["request"] == "stop":
                self._close()
                wire.send(client, {})
            else:
                self._start(client, header, parts, descriptors)
        except (OSError, EOFError, ValueError):
            client.close()  # who asked has gone
        finally:
            for descriptor in descriptors:
                os.close(descriptor)

    def _start(
        self, client: socket.socket, header: dict[str, t.Any], parts: list[bytes], descriptors: list[int]
    ) -> None:
        if self._missing:
            wire.send(client, {"refused": self._missing})
            return
        environ, cwd, *pieces = parts
        payload = self._complete(pieces, header["digests"])
        if payload is None:
            wire.send(client, {"needed": True})
            return
        try:
            self._interpreter.preload(payload)
        except (OtherBaseError, OutdatedError):
            # Another process takes the place, before who asks hears that it is to ask again.
            self._close()
            wire.send(client, {"again": True})
            return
        except Exception as error:  # whatever another ansible-core lets fail: the module has not been run
            wire.send(client, {"refused": f"{type(error).__name__}: {error}"})
            return
        # Said first: who hears nothing may ask another process, and a module must not be run twice.
        wire.send(client, {"begun": True})
        running = self._interpreter.start(Task(payload, unpacked(environ), cwd, header["umask"]), *descriptors)
        self._running[running.pid] = running, client

    def _complete(self, pieces: list[bytes], digests: list[str]) -> bytes | None:
        """Return a payload of which pieces may be named by their digests only; None if one of these is not known."""
        for piece, digest in zip(pieces, digests):
            if piece and digest:
                self._pieces[digest] = piece
        whole = [piece or self._pieces.get(digest) for piece, digest in zip(pieces, digests)]
        return b"".join(piece for piece in whole if piece) if None not in whole else None

    def _answer_ended(self) -> None:
        with contextlib.suppress(BlockingIOError):
            os.read(self._ended, 1024)
        for pid, (running, client) in list(self._running.items()):
            ended, status = os.waitpid(pid, os.WNOHANG)
            if not ended:
                continue
            del self._running[pid]
            with contextlib.suppress(OSError), client:  # who asked may have gone
                wire.send(client, {"status": exit_status(status)})
            self._interpreter.finished(running)

    def _end_abandoned(self, readable: list[t.Any]) -> None:
        """End the modules that nobody waits for any more, with what they have started: a client says nothing more."""
        for pid, (_running, client) in self._running.items():
            if client in readable and client.fileno() >= 0:
                client.close()
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGTERM)  # it may not lead its process group yet
                    os.killpg(pid, signal.SIGTERM)

    def _close(self) -> None:
        self._open = False
        self._door.close()


def main() -> None:
    """Keep an interpreter warm behind the socket that standard input names."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    order = json.load(sys.stdin)
    path = Path(order["socket"])
    try:
        door = Listener(path)
    except OSError as error:
        report_ready({"error": f"No socket can be made at {path}: {error}."})
        return
    os.chdir("/")
    report_ready({"ready": True})
    try:
        _InterpreterDaemon(door, order["idle_seconds"], order.get("parent_session")).serve()
    finally:
        # The folder stays: between its end and its return another user could make it.
        door.close()
