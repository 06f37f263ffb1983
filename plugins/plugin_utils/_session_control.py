# Copyright: hasite.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
r"""The worker's side of a kept session: finds the process that keeps it, or starts one.

PRIVATE to the collection.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import json
import os
import socket
import subprocess
import sys
import typing as t
from dataclasses import dataclass
from pathlib import Path

from . import _session_wire as wire
from ._session_api import Api, Started
from ._session_link import SessionError
from ._session_shell import Password, Result

if t.TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_LONGEST_PATH = 100
"""A local socket's path has at most 107 bytes (unix(7))."""

_RECORD = ".session"
"""A file that bears a session's name for as long as somebody is there to end it."""

_BOOT = (
    "import sys, types; sys.path[:] = sys.argv[2:]; "
    "package = types.ModuleType('hasite_session'); package.__path__ = [sys.argv[1]]; "
    "sys.modules['hasite_session'] = package; from hasite_session._session_keeper import main; main()"
)
"""The keeper's modules, under a package of their own: neither Ansible's loader nor `site` is needed there."""


class NotBegunError(SessionError):
    """The session is gone, and the command has certainly not begun: another session may take it."""


class TimedOutError(SessionError):
    """The command took longer than it may."""


@dataclass(frozen=True)
class Control:
    """One kept session: whose, with which machine, and where its socket is."""

    folder: Path
    api: Api
    target: str
    document: str | None
    idle_seconds: float
    connect_seconds: float
    owner: str = ""
    """Not empty: the session is not shared, but belongs to the process with this name."""

    @property
    def path(self) -> Path:
        """Return the socket: another one for each machine, identity, endpoint and document."""
        identity = [*self.api.as_dict().values(), self.target, self.document, self.owner]
        name = hashlib.sha256(json.dumps(identity).encode()).hexdigest()[:20]
        return self.folder / name

    def ensure(self, start: Callable[[], Started]) -> None:
        """Let there be a session. `start` asks the API for one, if it is needed."""
        self._make_folder()
        if self._is_there():
            return
        with self._alone():
            if self._is_there():
                return  # another worker was first
            self._end_orphans()
            self._keep(start())

    def run(self, command: bytes, stdin: bytes, password: Password | None, seconds: float) -> Result:
        """Run one command in the session."""
        sock = self._connect()
        if not sock:
            raise NotBegunError("The session has ended.")
        header = {
            "request": "run",
            "seconds": seconds,
            "prompts": password.prompts if password else (),
            "success": password.success if password else "",
        }
        with sock:
            answer, parts = self._asked(sock, header, command, stdin, password.text.encode() if password else b"")
        if "error" in answer:
            raise (TimedOutError if answer["timeout"] else SessionError)(answer["error"])
        return Result(answer["status"], parts[0], parts[1])

    def _asked(
        self, sock: socket.socket, header: dict[str, t.Any], *parts: bytes
    ) -> tuple[dict[str, t.Any], list[bytes]]:
        try:
            wire.send(sock, header, *parts)
            wire.receive(sock)
        except (OSError, EOFError) as error:
            # The keeper says that a command begins before it does.
            raise NotBegunError("The session has ended.") from error
        try:
            return wire.receive(sock)
        except (OSError, EOFError) as error:
            self._end_orphans()
            raise SessionError("The process that keeps the session has ended while a command ran.") from error

    def stop(self) -> None:
        """End the session, if there is one, and wait until it has ended."""
        sock = self._connect()
        if not sock:
            return
        with sock, contextlib.suppress(OSError, EOFError):
            sock.settimeout(self.connect_seconds)
            wire.send(sock, {"request": "stop"})
            wire.receive(sock)

    def _end_orphans(self) -> None:
        """End the sessions that a killed process has kept: it has left their names."""
        for record in self.folder.glob(f"{self.path.name}.*{_RECORD}"):
            self.api.terminate(record.name.removeprefix(f"{self.path.name}.").removesuffix(_RECORD))
            record.unlink(missing_ok=True)

    def _is_there(self) -> bool:
        sock = self._connect()
        if sock:
            sock.close()
        return sock is not None

    def _connect(self) -> socket.socket | None:
        sock = socket.socket(socket.AF_UNIX)
        try:
            sock.connect(str(self.path))
        except OSError:
            sock.close()
            return None
        return sock

    def _make_folder(self) -> None:
        if len(os.fsencode(self.path)) > _LONGEST_PATH:
            raise SessionError(f"The path {self.path} is too long for a socket; set control_path_dir to a shorter one.")
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        status = self.folder.stat()
        if status.st_uid != os.geteuid() or status.st_mode & 0o077:
            raise SessionError(f"{self.folder} is open to other users; make it yours alone (chmod 700).")

    @contextlib.contextmanager
    def _alone(self) -> Iterator[None]:
        """Let one worker at a time start a session with a machine."""
        descriptor = os.open(self.path.with_suffix(".lock"), os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield
        finally:
            os.close(descriptor)

    def _keep(self, started: Started) -> None:
        """Start the process that keeps the session, and wait until its shell is ready."""
        record = self.folder / f"{self.path.name}.{started.session}{_RECORD}"
        record.touch(mode=0o600)
        order = {
            "record": str(record),
            "api": self.api.as_dict(),
            "session": started.session,
            "target": self.target,
            "url": started.url,
            "token": started.token,
            "socket": str(self.path),
            "ca_file": os.environ.get("AWS_CA_BUNDLE"),
            "seconds": self.connect_seconds,
            "idle_seconds": self.idle_seconds,
        }
        keeper = subprocess.Popen(
            [sys.executable, "-I", "-S", "-c", _BOOT, str(Path(__file__).parent), *sys.path],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        assert keeper.stdin
        assert keeper.stdout
        # On standard input, for the arguments and the environment of a process can be read by others.
        with contextlib.suppress(BrokenPipeError), keeper.stdin:
            keeper.stdin.write(json.dumps(order).encode())
        with keeper.stdout:
            answer = keeper.stdout.read()
        if not answer:
            self._end_orphans()
            raise SessionError("The process that keeps the session could not start; is websocket-client installed?")
        error = json.loads(answer).get("error")
        if error:
            keeper.wait()
            raise SessionError(error)
