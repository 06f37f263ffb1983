# Copyright: hasite.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a worker and the process that keeps a session open say to each other over a local socket.

PRIVATE to the collection. A message is a JSON object, and bytes that belong to it:

    <length of the JSON, 4 bytes, big-endian> <JSON> <bytes, as many as the JSON's lists of `sizes` adds up to>
"""

from __future__ import annotations

import json
import struct
import typing as t

if t.TYPE_CHECKING:
    import socket

_LENGTH = struct.Struct(">I")


def send(sock: socket.socket, header: dict[str, t.Any], *parts: bytes) -> None:
    """Send one message."""
    text = json.dumps({**header, "sizes": [len(part) for part in parts]}).encode()
    sock.sendall(_LENGTH.pack(len(text)) + text + b"".join(parts))


def receive(sock: socket.socket) -> tuple[dict[str, t.Any], list[bytes]]:
    """Return one message; EOFError when the other end has gone."""
    (length,) = _LENGTH.unpack(_exactly(sock, _LENGTH.size))
    header: dict[str, t.Any] = json.loads(_exactly(sock, length))
    return header, [_exactly(sock, size) for size in header.pop("sizes")]


def _exactly(sock: socket.socket, count: int) -> bytes:
    data = bytearray()
    while len(data) < count:
        piece = sock.recv(min(count - len(data), 1 << 20))
        if not piece:
            raise EOFError
        data += piece
    return bytes(data)
