# Copyright: hasite.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
r"""The worker's side of a kept session: finds the process that keeps it, or starts one.

PRIVATE to the collection.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import socket
import sys
import typing as t
from dataclasses import dataclass, field
from pathlib import Path

from ..._ipc import framing as wire
from ..._ipc.background import BackgroundError, NoAnswerError, SocketPath, start
from ..session.result import Result
from ..wire.errors import SessionError

if t.TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from ..session.api import Api, Started
    from ..session.result import Password

_NAME_LENGTH = 20
_GREETING_SECONDS = 1.0
_RECORD = ".session"
"""A file that bears a session's name for as long as somebody is there to end it."""


class NotBegunError(SessionError):
    """The session is gone, and the command has certainly not begun: another session may take it."""


class BusyError(SessionError):
    """Another command runs in the session."""


class TimedOutError(SessionError):
    """The command took longer than it may."""


def fits(folder: Path) -> bool:
    """Tell whether the sockets of sessions may be in a folder: a socket's path is short."""
    return SocketPath(folder, "0" * _NAME_LENGTH).fits


@dataclass(frozen=True)
class SessionControl:
    """One kept session: whose, with which machine, and where its socket is."""

    folder: Path
    identity: dict[str, str | None] = field(repr=False)
    """How the API is reached, and as whom: the fields of an `Api`."""
    target: str
    document: str | None
    idle_seconds: float
    connect_seconds: float
    required_key: str = ""
    """That of a `ClientChannel`: a session that was begun without it is another one."""
    owner: str = ""
    """Not empty: the session is not shared, but belongs to the process with this name."""
    number: int = 0
    """Which one of the sessions that are otherwise the same."""

    @property
    def place(self) -> SocketPath:
        """Return where the session is: another place for each machine, identity, endpoint and document."""
        names = [*self.identity.values(), self.target, self.document, self.required_key, self.owner, self.number]
        name = hashlib.sha256(json.dumps(names).encode()).hexdigest()[:_NAME_LENGTH]
        return SocketPath(self.folder, name)

    @property
    def api(self) -> Api:
        """Return the API. Most workers find a session that is kept, and do not need it."""
        from ..session.api import Api

        return Api(**self.identity)

    def ensure(self, begin: Callable[[], Started], *, wait: bool = True) -> bool:
        """Ensure a session. `begin` asks the API for one, if it is needed.

        Return False, if another worker does that now and it is not to be waited for.
        """

        def keep() -> None:
            self._end_orphans()
            self._keep(begin())

        try:
            return self.place.ensure(keep, wait=wait)
        except NoAnswerError as error:
            self._end_orphans()
            raise SessionError(
                "The process that keeps the session could not start; is websocket-client installed?"
            ) from error
        except BackgroundError as error:
            raise SessionError(str(error), permanent=error.permanent) from error

    def run(self, command: bytes, stdin: bytes, password: Password | None, seconds: float) -> Result:
        """Run one command in the session, if it is free."""
        sock = self._greeted()
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

    def _greeted(self) -> socket.socket:
        """Return a connection to a daemon that waits for a request: one that runs a command says so at once."""
        sock = self._connected()
        if not sock:
            raise NotBegunError("The session has ended.")
        sock.settimeout(_GREETING_SECONDS)
        try:
            free = "free" in wire.receive(sock)[0]
        except TimeoutError:
            free = False
        except (OSError, EOFError) as error:
            sock.close()
            raise NotBegunError("The session has ended.") from error
        if not free:
            sock.close()
            raise BusyError("Another command runs in the session.")
        sock.settimeout(None)
        return sock

    def _connected(self) -> socket.socket | None:
        try:
            return self.place.connect()
        except BackgroundError as error:
            raise SessionError(str(error)) from error

    def _asked(
        self, sock: socket.socket, header: dict[str, t.Any], *parts: bytes
    ) -> tuple[dict[str, t.Any], list[bytes]]:
        try:
            wire.send(sock, header, *parts)
            wire.receive(sock)
        except (OSError, EOFError) as error:
            # The daemon says that a command begins before it does.
            raise NotBegunError("The session has ended.") from error
        try:
            return wire.receive(sock)
        except (OSError, EOFError) as error:
            self._end_orphans()
            raise SessionError("The process that keeps the session has ended while a command ran.") from error

    def stop(self) -> None:
        """End the session, if there is one, and wait until it has ended; one that runs a command ends after that.

        It is not waited for then, as ssh's `ControlMaster` does not wait: nobody finds it any more.
        """
        try:
            sock = self._greeted()
        except NotBegunError:
            return
        except BusyError:
            # Its name goes first: the next session's beginning would end it as an orphan.
            for record in self._records():
                record.unlink(missing_ok=True)
            self.place.path.unlink(missing_ok=True)
            return
        with sock, contextlib.suppress(OSError, EOFError):
            sock.settimeout(self.connect_seconds)
            wire.send(sock, {"request": "stop"})
            wire.receive(sock)

    def _end_orphans(self) -> None:
        """End the sessions that a killed process has kept: it has left their names."""
        for record in self._records():
            self.api.terminate(record.name.removeprefix(f"{self.place.name}.").removesuffix(_RECORD))
            record.unlink(missing_ok=True)

    def _records(self) -> Iterable[Path]:
        return self.folder.glob(f"{self.place.name}.*{_RECORD}")

    def _keep(self, started: Started) -> None:
        """Start the process that keeps the session, and wait until its shell is ready."""
        record = self.folder / f"{self.place.name}.{started.session}{_RECORD}"
        try:
            record.touch(mode=0o600)
            self._start_daemon(started, record)
        except OSError as error:  # what begins no process leaves no session either
            self.api.terminate(started.session)
            record.unlink(missing_ok=True)
            raise SessionError(
                f"The session cannot be kept: {error.strerror} ({error.filename or 'fork'}).", permanent=True
            ) from error

    def _start_daemon(self, started: Started, record: Path) -> None:
        order = {
            "record": str(record),
            "api": self.identity,
            "session": started.session,
            "target": self.target,
            "required_key": self.required_key,
            "url": started.url,
            "token": started.token,
            "socket": str(self.place.path),
            "ca_file": os.environ.get("AWS_CA_BUNDLE"),
            "seconds": self.connect_seconds,
            "idle_seconds": self.idle_seconds,
        }
        # The daemon needs no `site`: without it, it is smaller by some megabytes.
        start("_ssm.daemon.daemon", order, path=sys.path)
