# Copyright: hasite.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
r"""A session whose shell takes commands, one at a time.

PRIVATE to the collection. The commands' framing is `_ssm.session.shell`, the connection `_ssm.session.link`.
"""

from __future__ import annotations

import contextlib
import time
import typing as t

from ..wire.channel import Closed, Event, Output, Ready
from ..wire.errors import SessionError
from .guard import SESSION
from .link import Link, MakeKey, Resume, WebSocket
from .shell import LOOP, ShellCommand, ShellError, ShellHandover, quit_request

if t.TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from .result import Password, Result

_LEAVE_SECONDS = 2.0
_SHELLS = ("", "Standard_Stream")
"""What a session with a shell says of itself: one that is not encrypted says nothing."""
_LARGEST_UNREAD = 64 << 20
"""Above what may have come out of order at once."""


class CommandTimeoutError(SessionError):
    """A command took longer than it may."""


class Abandoned(SessionError):  # noqa: N818 (not a fault, but the end of interest)
    """Nobody waits for the command's answer any more."""


class Watched(t.Protocol):
    """What is looked after while a command runs."""

    def fileno(self) -> int:
        """Return what to wait for."""

    def on_readable(self) -> None:
        """Do what is to be done then; SessionError ends the command with its session."""


class Session:
    """An open session whose shell takes commands.

    Nothing happens between calls; whoever owns it calls `pump` when `fileno` is readable, and every
    few seconds, so that messages are acknowledged and the end is noticed.
    """

    def __init__(
        self, connect: Callable[[], WebSocket], token: str, resume: Resume, make_key: MakeKey, required_key: str = ""
    ) -> None:
        # The size means nothing to the loop, but the agent has to acknowledge it.
        self._link = Link(
            connect, token, resume, make_key, lambda: self._channel.resize(200, 50), required_key=required_key
        )
        self._channel = self._link.channel
        self._output = bytearray()
        self._loop = 0
        self.over = False
        """True when the service has said that the session is over: it need not be ended any more."""

    @property
    def heard(self) -> float:
        """Return when anything came from the machine or the service."""
        return self._link.heard

    def fileno(self) -> int:
        """Return what to wait for."""
        return self._link.fileno()

    @property
    def link(self) -> Link:
        """Return the connection, for what another script than the shell's loop says."""
        return self._link

    def start(self, seconds: float, script: bytes = LOOP) -> None:
        """Turn the session's shell into one that takes commands, or into another `script`."""
        deadline = time.monotonic() + seconds
        opening = ShellHandover(script)
        while not self._channel.ready or not self._output:
            self._before(deadline, "the shell's first output", opening.shown)
        self._channel.send(opening.line)
        while not opening.feed(self._take()):
            self._before(deadline, "the terminal's change to raw", opening.shown)
        self._loop = opening.process
        self._channel.send(opening.script)
        self._channel.resize(200, 50)

    def _before(self, deadline: float, what: str, shown: bytes) -> None:
        left = deadline - time.monotonic()
        if left <= 0:
            seen = bytes(shown or self._output)[-200:].decode(errors="replace").strip()
            # What shows something and takes no command will not do it the next time either.
            raise SessionError(
                f"The session did not begin in time (connection_timeout): waited for {what}, saw {seen!r}.",
                permanent=bool(seen),
            )
        self.pump(min(left, 1.0))

    def run(
        self,
        command: bytes,
        stdin: bytes = b"",
        password: Password | None = None,
        seconds: float = 0.0,
        watch: Sequence[Watched] = (),
    ) -> Result:
        """Run one command. `seconds` of 0 means without end; `watch` is what else is looked after meanwhile."""
        deadline = time.monotonic() + seconds if seconds else float("inf")
        request = ShellCommand(command.replace(SESSION.encode(), b"/proc/%d" % self._loop), stdin, password)
        self._output.clear()
        self._channel.send(request.data())
        while True:
            try:
                result = request.feed(self._take())
            except ShellError as error:
                raise SessionError(str(error)) from error
            if result:
                return result
            now = time.monotonic()
            if now >= deadline:
                raise CommandTimeoutError(f"The command did not end within {seconds:g} s; its session is ended.")
            self.pump(min(deadline - now, 5.0), watch)

    def alive(self, seconds: float) -> bool:
        """Tell whether the machine's shell answers."""
        try:
            return self.run(b":", seconds=seconds).status == 0
        except SessionError:
            return False

    def leave(self) -> None:
        """End the machine's shell, which then clears up, if it listens, and drop the connection."""
        self._channel.send(quit_request())
        deadline = time.monotonic() + _LEAVE_SECONDS
        with contextlib.suppress(SessionError):  # its end is what is waited for
            while time.monotonic() < deadline:
                self.pump(deadline - time.monotonic())
        self.close()

    def close(self) -> None:
        """Drop the connection; the session itself is ended by the API."""
        self._link.close()

    def pump(self, seconds: float, watch: Sequence[Watched] = ()) -> None:
        """Send what is due, wait for a message for at most so long, and take what has come."""
        events, readable = self._link.pump(seconds, watch)
        for event in events:
            self._on(event)
        for other in readable:
            other.on_readable()

    def _on(self, event: Event) -> None:
        if isinstance(event, Output):
            self._output += event.data
            if len(self._output) > _LARGEST_UNREAD:
                raise SessionError(f"The machine sent {len(self._output)} bytes that nobody had asked for.")
        elif isinstance(event, Ready):
            if event.session_type not in _SHELLS:
                raise SessionError(
                    f"The session's document is of type {event.session_type}, which has no shell; "
                    "set ansible_aws_ssm_document to one of type Standard_Stream.",
                    permanent=True,
                )
        elif isinstance(event, Closed):
            self.over = True
            reason = f": {event.output.strip()}" if event.output.strip() else ""
            raise SessionError(f"The session was ended by the service{reason}.")

    def _take(self) -> bytes:
        data = bytes(self._output)
        self._output.clear()
        return data
