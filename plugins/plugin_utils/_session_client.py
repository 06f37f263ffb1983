# Copyright: hasite.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
r"""The controller's end of a session: one websocket, and the commands that go through it, one at a time.

PRIVATE to the collection. The wire format and its state machine are `_session_channel`, the commands'
framing `_session_shell`; here is the I/O. What opens a websocket, and what speaks to the API when it is
lost, is passed in.
"""

from __future__ import annotations

import contextlib
import select
import socket
import ssl
import time
import typing as t

from ._session_channel import ClientChannel, Closed, KeyRequested, Output
from ._session_frames import client_opening
from ._session_shell import Opening, Password, Request, Result, ShellError, quit_request

if t.TYPE_CHECKING:
    from collections.abc import Callable, Sequence

PROBE_SECONDS = 10.0
"""A silent machine is asked for a sign of life this often."""
SILENCE_SECONDS = 30.0
"""Without any, the session is taken for dead."""
PING_SECONDS = 240.0
_LEAVE_SECONDS = 2.0
_RESUME_DELAYS = (0.1, 0.5, 1.0, 2.0, 5.0)


class SessionError(Exception):
    """One sentence that says what happened to the session."""


class CommandTimeoutError(SessionError):
    """A command took longer than it may."""


class Abandoned(SessionError):  # noqa: N818 (not a fault, but the end of interest)
    """Nobody waits for the command's answer any more."""


class WebSocket(t.Protocol):
    """What is used of websocket-client's WebSocket."""

    sock: socket.socket

    def send(self, payload: str) -> int:
        """Send a text message."""

    def send_binary(self, payload: bytes) -> int:
        """Send a binary message."""

    def recv(self) -> bytes | str:
        """Receive one message."""

    def ping(self, payload: str = "") -> None:
        """Send a ping."""

    def close(self) -> None:
        """Close the connection."""


class Resume(t.Protocol):
    """Asks the API for another token of the session; None when the session is over."""

    def __call__(self) -> str | None:
        """Return the token."""


def open_websocket(url: str, ca_file: str | None, seconds: float) -> WebSocket:
    """Connect to a session's stream; proxies are taken from the environment."""
    import websocket

    options = {"context": ssl.create_default_context(cafile=ca_file)} if url.startswith("wss:") else {}
    try:
        return t.cast("WebSocket", websocket.create_connection(url, timeout=seconds, sslopt=options))
    except (OSError, websocket.WebSocketException) as error:
        place = url.split("/v1/", 1)[0]
        raise SessionError(f"The session's stream at {place} cannot be opened: {error}.") from error


class Session:
    """An open session whose shell takes commands.

    Nothing happens between calls; whoever owns it calls `pump` when `fileno` is readable, and every
    few seconds, so that messages are acknowledged and the end is noticed.
    """

    def __init__(self, connect: Callable[[], WebSocket], token: str, resume: Resume) -> None:
        self._connect = connect
        self._resume = resume
        self._channel = ClientChannel()
        self._websocket = connect()
        self._websocket.send(client_opening(token))
        self._output = bytearray()
        self.heard = time.monotonic()
        """When anything came from the machine or the service."""
        self._probed = self.heard
        self._pinged = self.heard

    def fileno(self) -> int:
        """Return what to wait for."""
        return self._websocket.sock.fileno()

    def start(self, seconds: float) -> None:
        """Turn the session's shell into one that takes commands."""
        deadline = time.monotonic() + seconds
        opening = Opening()
        while not self._channel.ready or not self._output:
            self._before(deadline, "the shell's first output", opening.shown)
        self._channel.send(opening.line)
        while not opening.feed(self._take()):
            self._before(deadline, "the terminal's change to raw", opening.shown)
        self._channel.send(opening.loop)
        self._channel.resize(200, 50)

    def _before(self, deadline: float, what: str, shown: bytes) -> None:
        left = deadline - time.monotonic()
        if left <= 0:
            seen = bytes(shown or self._output)[-200:].decode(errors="replace").strip()
            raise SessionError(f"The session did not begin in time: waited for {what}, saw {seen!r}.")
        self.pump(min(left, 1.0))

    def run(
        self,
        command: bytes,
        stdin: bytes = b"",
        password: Password | None = None,
        seconds: float = 0.0,
        watch: socket.socket | None = None,
    ) -> Result:
        """Run one command. `seconds` of 0 means without end; `watch` is who waits for it: when it goes, so do we."""
        deadline = time.monotonic() + seconds if seconds else float("inf")
        request = Request(command, stdin, password)
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
            self.pump(min(deadline - now, 5.0), [watch] if watch else [])

    def alive(self, seconds: float) -> bool:
        """Tell whether the machine's shell answers."""
        try:
            return self.run(b":", seconds=seconds).status == 0
        except SessionError:
            return False

    def leave(self) -> None:
        """Let the machine's shell end and clear up, if it listens, and drop the connection."""
        self._channel.send(quit_request())
        deadline = time.monotonic() + _LEAVE_SECONDS
        with contextlib.suppress(SessionError):  # its end is what is waited for
            while time.monotonic() < deadline:
                self.pump(deadline - time.monotonic())
        self.close()

    def close(self) -> None:
        """Drop the connection; the session itself is ended by the API."""
        with contextlib.suppress(Exception):
            self._websocket.close()

    def pump(self, seconds: float, watch: Sequence[socket.socket] = ()) -> None:
        """Send what is due, wait for a message for at most so long, and take what has come."""
        self._send_due()
        now = time.monotonic()
        wait = self._channel.wait(now)
        self._look_after(now)
        readable = self._wait(min(seconds, PROBE_SECONDS, seconds if wait is None else wait), watch)
        for other in watch:
            if other in readable and not other.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT):
                raise Abandoned("Who asked for the command has gone.")
        if self in readable:
            self._receive()
        self._send_due()

    def _wait(self, seconds: float, watch: Sequence[socket.socket]) -> list[t.Any]:
        if self._pending():
            return [self]
        waited_for: list[t.Any] = [self, *watch]
        return select.select(waited_for, [], [], max(0.0, seconds))[0]

    def _pending(self) -> bool:
        """Tell whether TLS has decrypted more than was read; select does not see that."""
        sock = self._websocket.sock
        return isinstance(sock, ssl.SSLSocket) and sock.pending() > 0

    def _receive(self) -> None:
        while True:
            try:
                data = self._websocket.recv()
            except Exception as error:  # websocket-client and ssl raise many kinds, all meaning the same
                self._reconnect(error)
                return
            if not data:
                self._reconnect(None)
                return
            self.heard = time.monotonic()
            self._take_message(data.encode() if isinstance(data, str) else data)
            if not self._pending():
                return

    def _take_message(self, data: bytes) -> None:
        for event in self._channel.receive(data, time.monotonic()):
            if isinstance(event, Output):
                self._output += event.data
            elif isinstance(event, Closed):
                reason = f": {event.output.strip()}" if event.output.strip() else ""
                raise SessionError(f"The session was ended by the service{reason}.")
            elif isinstance(event, KeyRequested):
                self._channel.refuse_key("This client does not encrypt with KMS.")
                self._send_due()
                raise SessionError(
                    "The session's document asks for KMS encryption, which this connection cannot do yet; "
                    "name another document (ssm_document)."
                )

    def _take(self) -> bytes:
        data = bytes(self._output)
        self._output.clear()
        return data

    def _send_due(self) -> None:
        try:
            for data in self._channel.due(time.monotonic()):
                self._websocket.send_binary(data)
        except Exception as error:  # as in _receive
            self._reconnect(error)

    def _look_after(self, now: float) -> None:
        """Notice a machine that has silently gone, and keep the connection open."""
        if now - self._pinged > PING_SECONDS:
            self._pinged = now
            with contextlib.suppress(Exception):  # a dead connection is noticed where it is read
                self._websocket.ping("keepalive")
        if not self._channel.ready or self._channel.paused:
            return
        if self._channel.oldest(now) > SILENCE_SECONDS:
            raise SessionError(f"The machine has not answered for {SILENCE_SECONDS:g} s.")
        if now - max(self.heard, self._probed) > PROBE_SECONDS:
            # Any message will do that the agent itself has to acknowledge; the size means nothing to the loop.
            self._probed = now
            self._channel.resize(200, 50)

    def _reconnect(self, error: Exception | None) -> None:
        """Go on where the lost connection ended; the session's two ends have kept what was on its way."""
        self.close()
        for delay in _RESUME_DELAYS:
            token = self._resume()
            if token is None:
                break
            try:
                self._websocket = self._connect()
                self._websocket.send(client_opening(token))
            except (SessionError, OSError) as again:
                error = again
                time.sleep(delay)
                continue
            self._channel.reconnected()
            return
        raise SessionError(f"The session's connection is lost: {error or 'the service closed it'}.")
