# SPDX-License-Identifier: GPL-3.0-or-later
"""A websocket client (RFC 6455) on asyncio, as far as the session service needs one."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import os
import ssl
import struct
from urllib.parse import urlsplit

TEXT, BINARY, CLOSE, PING, PONG = 1, 2, 8, 9, 10
_CONTINUATION = 0
_GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
_LARGEST = 4 << 20
"""No message of the protocol comes near this."""
_HIGH_WATER = 64 << 10
_LONGEST_REASON = 2000
_GOODBYE = 2.0
"""Seconds that the last bytes may take."""


class DisconnectedError(Exception):
    """The websocket has come to its end, or could not be opened."""


class RefusedError(DisconnectedError):
    """The server answered the upgrade with another status."""

    def __init__(self, status: int, reason: str = "") -> None:
        super().__init__(f"The service answered {status} instead of opening a websocket. {reason}".rstrip())
        self.status = status


def mask(data: bytes, key: bytes) -> bytes:
    """Return the data as a client sends it, or the other way round."""
    if not data:
        return data
    pattern = (key * (len(data) // 4 + 1))[: len(data)]
    return (int.from_bytes(data, "big") ^ int.from_bytes(pattern, "big")).to_bytes(len(data), "big")


def frame(opcode: int, payload: bytes, key: bytes) -> bytes:
    """Return one whole frame, masked as a client's must be."""
    length = len(payload)
    if length < 126:
        head = struct.pack(">BB", 0x80 | opcode, 0x80 | length)
    elif length < 1 << 16:
        head = struct.pack(">BBH", 0x80 | opcode, 0x80 | 126, length)
    else:
        head = struct.pack(">BBQ", 0x80 | opcode, 0x80 | 127, length)
    return head + key + mask(payload, key)


class WebSocket:
    """An open websocket; messages of any type are bytes."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer
        self._closed = False
        writer.transport.set_write_buffer_limits(high=_HIGH_WATER)

    async def send(self, opcode: int, payload: bytes) -> None:
        """Send a message; waits while the connection does not take any more."""
        try:
            self._writer.write(frame(opcode, payload, os.urandom(4)))
            await self._writer.drain()
        except OSError as error:
            raise DisconnectedError(str(error)) from error

    async def receive(self) -> bytes:
        """Return the next message; pings are answered, and pongs are messages without bytes."""
        message = b""
        while True:
            final, opcode, payload = await self._frame()
            if opcode == PING:
                await self.send(PONG, payload)
            elif opcode == PONG:
                return b""
            elif opcode == CLOSE:
                raise DisconnectedError("The service has closed the websocket.")
            else:
                message += payload
                if len(message) > _LARGEST:
                    raise DisconnectedError("The service sent a message without end.")
                if final:
                    return message

    async def _frame(self) -> tuple[bool, int, bytes]:
        try:
            first, second = await self._reader.readexactly(2)
            length = second & 0x7F
            if length == 126:
                (length,) = struct.unpack(">H", await self._reader.readexactly(2))
            elif length == 127:
                (length,) = struct.unpack(">Q", await self._reader.readexactly(8))
            if length > _LARGEST:
                raise DisconnectedError("The service sent a frame without end.")
            key = await self._reader.readexactly(4) if second & 0x80 else b""
            payload = await self._reader.readexactly(length)
        except (OSError, asyncio.IncompleteReadError) as error:
            raise DisconnectedError(str(error)) from error
        return bool(first & 0x80), first & 0x0F, mask(payload, key) if key else payload

    def close(self) -> None:
        """Say goodbye and hang up, without waiting: who has gone away would not answer."""
        if self._closed:
            return
        self._closed = True
        transport = self._writer.transport
        if not transport.is_closing():
            self._writer.write(frame(CLOSE, struct.pack(">H", 1000), os.urandom(4)))
            self._writer.close()
        asyncio.get_running_loop().call_later(_GOODBYE, transport.abort)

    def abort(self) -> None:
        """Hang up at once: the other end is dead."""
        self._closed = True
        self._writer.transport.abort()


async def connect(url: str, headers: dict[str, str], context: ssl.SSLContext | None) -> WebSocket:
    """Open a websocket."""
    parts = urlsplit(url)
    secure = parts.scheme == "wss"
    port = parts.port or (443 if secure else 80)
    try:
        reader, writer = await asyncio.open_connection(parts.hostname, port, ssl=context if secure else None)
    except OSError as error:
        raise DisconnectedError(f"{parts.hostname}:{port} is not reachable: {error}.") from error
    try:
        await _upgrade(
            reader, writer, parts.netloc, f"{parts.path}?{parts.query}" if parts.query else parts.path, headers
        )
    except BaseException:
        writer.transport.abort()
        raise
    return WebSocket(reader, writer)


async def _reason(reader: asyncio.StreamReader, head: list[str]) -> str:
    """Return what the service says besides its status, as far as it comes at once."""
    lengths = [line.partition(":")[2].strip() for line in head if line.lower().startswith("content-length:")]
    if not lengths or not lengths[0].isdigit():
        return ""
    try:
        async with asyncio.timeout(_GOODBYE):
            return (await reader.readexactly(min(int(lengths[0]), _LONGEST_REASON))).decode(errors="replace")
    except (TimeoutError, OSError, asyncio.IncompleteReadError):
        return ""


async def _upgrade(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, host: str, target: str, headers: dict[str, str]
) -> None:
    nonce = base64.b64encode(os.urandom(16)).decode()
    lines = [
        f"GET {target} HTTP/1.1",
        f"Host: {host}",
        "Upgrade: websocket",
        "Connection: Upgrade",
        "Sec-WebSocket-Version: 13",
        f"Sec-WebSocket-Key: {nonce}",
        *(f"{name}: {value}" for name, value in headers.items()),
    ]
    writer.write(("\r\n".join(lines) + "\r\n\r\n").encode())
    try:
        answer = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
    except (OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError) as error:
        raise DisconnectedError(f"The service did not answer: {error}.") from error
    words = answer[0].split()
    status = int(words[1]) if len(words) > 1 and words[1].isdigit() else 0
    if status != 101:
        raise RefusedError(status, await _reason(reader, answer))
    fields = dict(line.lower().partition(":")[::2] for line in answer[1:] if line)
    expected = base64.b64encode(hashlib.sha1((nonce + _GUID).encode(), usedforsecurity=False).digest()).decode()
    if fields.get("sec-websocket-accept", "").strip() != expected.lower():
        raise DisconnectedError("The service did not prove that it speaks websocket.")
