# Copyright: hasite.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The worker's side of `warm_local`: finds the interpreter that is warm for this task, or starts one.

PRIVATE to the collection.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import resource
import signal
import socket
import typing as t
from dataclasses import dataclass
from pathlib import Path

from .._ipc import framing as wire
from .._ipc.background import BackgroundError, SocketPath, start
from .command import startup_environ
from .output import Output
from .task import Task, packed

_STOP_SECONDS = 10.0


class NotRunError(Exception):
    """One sentence that says why the module has not been run; it may be run in another way."""


class RefusedError(NotRunError):
    """A clause that says why this Python or this ansible-core cannot be kept warm; to be told once a run."""


class LostError(Exception):
    """The interpreter's process has ended while the module ran."""


@dataclass(frozen=True)
class InterpreterControl:
    """Where the warm interpreters of this user are, and how long they stay."""

    folder: Path
    idle_seconds: float

    def run(self, interpreter: str, task: Task) -> tuple[int, bytes, bytes]:
        """Run a module; return its exit status, its standard output and its standard error."""
        environ = startup_environ(task.environ)
        place = SocketPath(self.folder, _name(interpreter, environ))
        try:
            for _attempt in range(2):
                place.ensure(lambda: self._start(place, interpreter, environ))
                result = self._ask(place, task)
                if result:
                    return result
        except BackgroundError as error:
            raise NotRunError(f"No interpreter can be kept warm: {error}") from error
        raise NotRunError("The warm interpreter ends.")

    def stop(self) -> None:
        """End all of them."""
        for path in [path for path in self.folder.glob("*") if path.is_socket()]:
            try:
                self._stop(SocketPath(self.folder, path.name))
            except (OSError, EOFError, BackgroundError):
                path.unlink(missing_ok=True)  # its process was killed, or is not ours

    @staticmethod
    def _stop(place: SocketPath) -> None:
        sock = place.connect()
        if not sock:
            raise EOFError
        with sock:
            sock.settimeout(_STOP_SECONDS)
            _send(sock, [], {"request": "stop"})
            wire.receive(sock)

    def _start(self, place: SocketPath, interpreter: str, environ: dict[bytes, bytes]) -> None:
        order = {"socket": str(place.path), "idle_seconds": self.idle_seconds}
        start("_warm.daemon", order, interpreter, {b"PATH": os.fsencode(os.defpath), **environ})

    def _ask(self, place: SocketPath, task: Task) -> tuple[int, bytes, bytes] | None:
        """Have the interpreter run a module; return None if it has not begun, since the process ends."""
        sock = place.connect()
        if not sock:
            return None
        output = Output()
        with sock, contextlib.closing(output):
            try:
                header = {"request": "run", "umask": task.umask, "digests": [""]}
                _send(sock, output.writers, header, packed(task.environ), task.cwd, task.payload)
                answer = wire.receive(sock)[0]
            except (OSError, EOFError):
                answer = {}
            output.close_writers()
            if "refused" in answer:
                raise RefusedError(answer["refused"])
            if "begun" not in answer:
                return None
            stdout, stderr = output.read_until(sock)
            try:
                status = wire.receive(sock)[0]["status"]
            except (OSError, EOFError) as error:
                raise LostError("The process that keeps the interpreter warm has ended while a module ran.") from error
        return status, stdout, stderr


def _send(sock: socket.socket, descriptors: t.Sequence[int], header: dict[str, t.Any], *parts: bytes) -> None:
    socket.send_fds(sock, [b"."], descriptors)
    wire.send(sock, header, *parts)


def _name(interpreter: str, environ: dict[bytes, bytes]) -> str:
    """Return one name for all tasks whose processes would begin alike but for what a fork can set."""
    here = Path("/proc/self")
    surroundings = [
        interpreter,
        packed(environ).decode("latin-1"),
        [path.stat().st_mtime_ns for path in sorted(Path(__file__).parents[1].glob("_[iw]*/*.py"))],
        [os.getuid(), os.geteuid(), os.getgid(), os.getegid(), os.getgroups(), os.getpriority(os.PRIO_PROCESS, 0)],
        [resource.getrlimit(getattr(resource, name)) for name in dir(resource) if name.startswith("RLIMIT_")],
        [number for number in signal.valid_signals() if signal.getsignal(number) == signal.SIG_IGN],
        [path.readlink().name for path in sorted(here.glob("ns/*"))],
        str((here / "root").readlink()) if here.exists() else "/",
    ]
    return hashlib.sha256(json.dumps(surroundings).encode()).hexdigest()[:20]
