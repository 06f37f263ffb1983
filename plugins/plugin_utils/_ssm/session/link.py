# Copyright: hasite.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
r"""The controller's end of a session: a channel on its websocket, which is opened again when it is lost.

PRIVATE to the collection. The wire format and its state machine are `_ssm.wire.channel`; here is the I/O.
What opens a websocket, and what speaks to the API when it is lost, is passed in. Nothing happens between
calls; whoever owns a link calls `pump` when `fileno` is readable, and every few seconds.
"""

from __future__ import annotations

import contextlib
import os
import select
import ssl
import time
import typing as t

from ..wire.channel import BreachError, ClientChannel, Event, KeyRequested
from ..wire.cipher import CipherError, HalvesCipher
from ..wire.errors import SessionError, StartError
from ..wire.frames import client_opening

if t.TYPE_CHECKING:
    import socket
    from collections.abc import Callable, Iterator, Sequence

PROBE_SECONDS = 10.0
"""A silent machine is asked for a sign of life this often, if it may be asked at all."""
SILENCE_SECONDS = 30.0
"""A machine that acknowledges nothing for so long is taken for dead."""
PING_SECONDS = 240.0
_RESUME_DELAYS = (0.1, 0.5, 1.0, 2.0, 5.0)


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
    """Asks the API for another token of the session; None when the session is over, StartError when it may not be."""

    def __call__(self) -> str | None:
        """Return the token."""


def open_websocket(url: str, ca_file: str | None, seconds: float) -> WebSocket:
    """Connect to a session's stream; proxies are taken from the environment, redirects are not followed."""
    import websocket

    from .socket import CappedWebSocket, proxy_of

    place = url.split("/v1/", 1)[0]
    try:
        options = {"context": ssl.create_default_context(cafile=ca_file)} if url.startswith("wss:") else {}
    except OSError as error:
        raise SessionError(f"AWS_CA_BUNDLE cannot be read: {error}.", permanent=True) from error
    proxy = proxy_of(url, os.environ)
    try:
        # The token is the first message: whoever takes the place of the service would get it.
        opened = websocket.create_connection(
            url, timeout=seconds, sslopt=options, redirect_limit=0, class_=CappedWebSocket, **proxy
        )
    except (OSError, websocket.WebSocketException) as error:
        reason = f"it answers with status {error.status_code}" if hasattr(error, "status_code") else error
        through = f" through the proxy {proxy['http_proxy_host']}" if proxy else ""
        raise SessionError(f"The session's stream at {place} cannot be opened{through}: {reason}.") from error
    return t.cast("WebSocket", opened)


class MakeKey(t.Protocol):
    """Asks KMS for the data key of an encrypted session; raises an exception whose text says why there is none."""

    def __call__(self, key_id: str, challenge: str) -> tuple[bytes, bytes]:
        """Return the key, and the same as KMS has encrypted it."""


class Link:
    """A session's channel and the websocket that carries it."""

    def __init__(
        self,
        connect: Callable[[], WebSocket],
        token: str,
        resume: Resume,
        make_key: MakeKey,
        probe: Callable[[], None] | None = None,
        required_key: str = "",
    ) -> None:
        """Connect. `probe` sends any message that the agent itself has to acknowledge, and that changes nothing.

        `required_key` is that of a `ClientChannel`.
        """
        self._connect = connect
        self._resume = resume
        self._make_key = make_key
        self._probe = probe
        self.channel = ClientChannel(required_key=required_key)
        self._websocket = connect()
        self._websocket.send(client_opening(token))
        self.heard = time.monotonic()
        """When anything came from the machine or the service."""
        self._probed = self.heard
        self._pinged = self.heard

    def fileno(self) -> int:
        """Return what to wait for."""
        return self._websocket.sock.fileno()

    def pump(
        self, seconds: float, others: Sequence[t.Any] = (), sinks: Sequence[t.Any] = ()
    ) -> tuple[list[Event], list[t.Any]]:
        """Send what is due, wait for a message for at most so long, and return what has come.

        That is the channel's events, and which of the `others` are readable or of the `sinks` writable.
        """
        sent = self._send_due()
        now = time.monotonic()
        wait = self.channel.wait(now)
        self._look_after(now)
        longest = min(seconds, PROBE_SECONDS, seconds if wait is None else wait)
        # A connection that takes nothing any more may still hold the service's last word.
        ready = self._wait(longest, others, sinks) if sent else [self]
        events = list(self._receive()) if self in ready else []
        self._send_due()
        return events, [file for file in ready if file is not self]

    def close(self) -> None:
        """Drop the connection; the session itself is ended by the API."""
        with contextlib.suppress(Exception):
            self._websocket.close()

    def _wait(self, seconds: float, others: Sequence[t.Any], sinks: Sequence[t.Any]) -> list[t.Any]:
        decrypted = self._pending()
        longest = 0.0 if decrypted else max(0.0, seconds)
        readable, writable, dummy = select.select([self, *others], sinks, [], longest)
        ready: list[t.Any] = [*readable, *(file for file in writable if file not in readable)]
        return [self, *ready] if decrypted else ready

    def _pending(self) -> bool:
        """Tell whether TLS has decrypted more than was read; select does not see that."""
        sock = self._websocket.sock
        return isinstance(sock, ssl.SSLSocket) and sock.pending() > 0

    def _receive(self) -> Iterator[Event]:
        while True:
            try:
                data = self._websocket.recv()
            except Exception as error:  # websocket-client and ssl raise many kinds, all meaning the same
                self._reconnect(error)
                return
            if not data:
                self._reconnect(None)
                return
            now = self.heard = time.monotonic()
            try:
                events = self.channel.receive(data.encode() if isinstance(data, str) else data, now)
            except (BreachError, CipherError) as error:
                raise SessionError(str(error), permanent=True) from error
            for event in events:
                if isinstance(event, KeyRequested):
                    self._answer(event)
                yield event
            if not self._pending():
                return

    def _answer(self, request: KeyRequested) -> None:
        """Encrypt the session, or let the agent end it."""
        try:
            key, encrypted = self._make_key(request.key_id, request.challenge)
            self.channel.use_key(HalvesCipher(key, client=True), encrypted)
        except (StartError, CipherError) as error:
            self.channel.refuse_key(str(error))
            self._send_due()
            raise SessionError(str(error), permanent=getattr(error, "permanent", True)) from error

    def _send_due(self) -> bool:
        """Send what is due; return False when the connection is broken."""
        try:
            for data in self.channel.due(time.monotonic()):
                self._websocket.send_binary(data)
        except Exception:  # as in _receive
            return False
        return True

    def _look_after(self, now: float) -> None:
        """Notice a machine that has silently gone, and keep the connection open."""
        if now - self._pinged > PING_SECONDS:
            self._pinged = now
            with contextlib.suppress(Exception):  # a dead connection is noticed where it is read
                self._websocket.ping("keepalive")
        if not self.channel.ready or self.channel.paused:
            return
        if self.channel.oldest(now) > SILENCE_SECONDS:
            raise SessionError(f"The machine has not answered for {SILENCE_SECONDS:g} s.")
        if self._probe and now - max(self.heard, self._probed) > PROBE_SECONDS:
            self._probed = now
            self._probe()

    def _reconnect(self, error: Exception | None) -> None:
        """Go on where the lost connection ended; the session's two ends have kept what was on its way."""
        self.close()
        for delay in _RESUME_DELAYS:
            try:
                token = self._resume()
                if token is None:
                    break
                self._websocket = self._connect()
                self._websocket.send(client_opening(token))
            except (StartError, SessionError, OSError) as again:
                error = again
                if getattr(again, "permanent", False):
                    break
                time.sleep(delay)
                continue
            self.channel.reconnected()
            return
        raise SessionError(f"The session's connection is lost: {error or 'the service closed it'}.")
