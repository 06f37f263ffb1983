# SPDX-License-Identifier: GPL-3.0-or-later
"""The agent's websockets: the protocol is the library's, the bytes go through asyncio's streams.

Of what Debian 12 has, the protocol without I/O is the fastest: a frame of 1.1 KB that is answered costs 17 us of CPU;
in websockets' own client for asyncio 29 us, in wsproto 37 us, and in code of our own it cost 15 us.
"""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from collections import deque
from collections.abc import Callable

from websockets.exceptions import InvalidStatus, InvalidURI, WebSocketException
from websockets.frames import Close, Frame, Opcode
from websockets.uri import parse_uri

try:
    from websockets.client import ClientProtocol
except ImportError:
    # Its name before websockets 11; Debian 12 has 10.4.
    from websockets.client import ClientConnection as ClientProtocol

_LARGEST = 4 << 20
"""No message of the session protocol comes near this number of bytes."""
_HIGH_WATER = 64 << 10
_LONGEST_REASON = 2000
_LINGER = 2.0
"""Seconds that the last bytes may take."""


class DisconnectedError(Exception):
    """The websocket has come to its end, or could not be opened."""


class RefusedError(DisconnectedError):
    """The server answered the upgrade with another status."""

    def __init__(self, status: int, reason: str = "") -> None:
        super().__init__(f"The service answered {status} instead of opening a websocket. {reason}".rstrip())
        self.status = status


class WebSocket:
    """An open websocket. Its calls may be cancelled: no byte is lost by that."""

    def __init__(self, protocol: ClientProtocol, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._protocol = protocol
        self._reader = reader
        self._writer = writer
        self._events: deque[object] = deque()
        self._message = b""
        """The fragments of a message that is not complete."""
        writer.transport.set_write_buffer_limits(high=_HIGH_WATER)

    async def send(self, message: bytes) -> None:
        """Send a binary message; waits while the connection does not take any more."""
        await self._send(self._protocol.send_binary, message)

    async def send_text(self, message: bytes) -> None:
        """Send a message of text, encoded as UTF-8."""
        await self._send(self._protocol.send_text, message)

    async def ping(self) -> None:
        """Ask for a sign of life, with the words of AWS's agent; it comes as a message without bytes."""
        await self._send(self._protocol.send_ping, b"keepalive")

    async def receive(self) -> bytes:
        """Return the next message, of any type; pings are answered, and pongs are messages without bytes."""
        while True:
            frame = await self.event()
            assert isinstance(frame, Frame), "after the response there are frames alone"
            if frame.opcode is Opcode.PONG:
                return b""
            if frame.opcode is Opcode.CLOSE:
                raise DisconnectedError(f"The service has closed the websocket: {Close.parse(frame.data)}.")
            if frame.opcode is not Opcode.PING:
                self._message += frame.data
                if frame.fin:
                    message, self._message = self._message, b""
                    return message

    async def event(self) -> object:
        """Return the next frame, or the response that comes before them all."""
        while not self._events:
            error: Exception | None = None
            try:
                data = await self._reader.read(_HIGH_WATER)
                if data:
                    self._protocol.receive_data(data)
                else:
                    self._protocol.receive_eof()
                self._events.extend(self._protocol.events_received())
                # What the protocol says by itself: pongs, and why it gives up.
                await self.flush()
            except (OSError, EOFError, WebSocketException, LookupError, ValueError, NotImplementedError) as caught:
                error = caught
            if not self._events and (error or not data or self._protocol.close_expected()):
                reason = self._protocol.handshake_exc or self._protocol.parser_exc or error
                raise DisconnectedError(f"The websocket has broken: {reason}.") from reason
        return self._events.popleft()

    async def flush(self) -> None:
        """Write what the protocol has to say; waits while the connection does not take any more."""
        self._writer.write(b"".join(self._protocol.data_to_send()))
        await self._writer.drain()

    async def _send(self, put: Callable[[bytes], None], message: bytes) -> None:
        try:
            put(message)
            await self.flush()
        except (OSError, WebSocketException) as error:
            raise DisconnectedError(str(error)) from error

    def close(self) -> None:
        """Say goodbye and hang up, without waiting: who has gone away would not answer."""
        transport = self._writer.transport
        if transport.is_closing():
            return
        with contextlib.suppress(WebSocketException):  # The service was first.
            self._protocol.send_close(1000)
        self._writer.write(b"".join(self._protocol.data_to_send()))
        self._writer.close()
        asyncio.get_running_loop().call_later(_LINGER, transport.abort)

    def abort(self) -> None:
        """Hang up at once: the other end is dead."""
        self._writer.transport.abort()


async def connect(url: str, headers: dict[str, str], context: ssl.SSLContext | None) -> WebSocket:
    """Open a websocket, over TLS with this context where the URL begins with `wss`; never through a proxy."""
    try:
        uri = parse_uri(url)
    except InvalidURI as error:
        raise DisconnectedError(f"{url} is no URL of a websocket.") from error
    protocol = ClientProtocol(uri, max_size=_LARGEST)
    request = protocol.connect()
    request.headers.update(headers)
    protocol.send_request(request)
    try:
        reader, writer = await asyncio.open_connection(uri.host, uri.port, ssl=context if uri.secure else None)
    except OSError as error:
        raise DisconnectedError(f"{uri.host}:{uri.port} is not reachable: {error}.") from error
    socket = WebSocket(protocol, reader, writer)
    try:
        await socket.flush()
        await socket.event()
        if protocol.handshake_exc:
            raise _refusal(protocol.handshake_exc) from protocol.handshake_exc
    except BaseException:
        socket.abort()
        raise
    return socket


def _refusal(error: Exception) -> DisconnectedError:
    if isinstance(error, InvalidStatus):
        reason = (error.response.body or b"")[:_LONGEST_REASON].decode(errors="replace")
        return RefusedError(error.response.status_code, reason)
    return DisconnectedError(f"The service did not prove that it speaks websocket: {error}.")
