# Copyright: hasite.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Many TCP connections in one port session: the framing of smux, version 1, as AWS's two programs use it.

PRIVATE to the collection. Pure: bytes in, values out; on a machine it is imported as a plain module of
Python 3.9 or later. https://github.com/xtaci/smux describes the format.

    mux = Mux(client=True)
    number, data = mux.open()           # a new stream; what its other end must hear
    data = mux.data(number, b"...")     # what carries bytes
    data = mux.finish(number)           # the stream's end, in both directions
    for number, piece in mux.feed(...): # from the other end: None opens the stream, b"" ends it
"""

from __future__ import annotations

import struct
import typing as t

_HEADER = struct.Struct("<BBHI")
_VERSION = 1
_OPEN, _FINISH, _DATA, _NOTHING = range(4)
_LARGEST = 32768
"""The bytes that a frame of data has by default at most; the length could tell more."""


class MuxError(ValueError):
    """Bytes that are no frames: the session cannot go on."""


class Mux:
    """One end; keeps which streams are open, and what is not a whole frame yet."""

    def __init__(self, *, client: bool) -> None:
        self._kept = bytearray()
        self._open: set[int] = set()
        # The client's streams have odd numbers, and it begins at 3.
        self._next = 3 if client else 2

    def open(self) -> tuple[int, bytes]:
        """Return a new stream's number, and what opens it."""
        number = self._next
        self._next += 2
        self._open.add(number)
        return number, _frame(_OPEN, number)

    def data(self, number: int, data: bytes) -> bytes:
        """Return what carries a stream's bytes; nothing when it has ended."""
        if number not in self._open:
            return b""
        pieces = (data[start : start + _LARGEST] for start in range(0, len(data), _LARGEST))
        return b"".join(_frame(_DATA, number, piece) for piece in pieces)

    def finish(self, number: int) -> bytes:
        """Return what ends a stream; nothing when it has ended already."""
        if number not in self._open:
            return b""
        self._open.discard(number)
        return _frame(_FINISH, number)

    def feed(self, data: bytes) -> t.Iterator[tuple[int, bytes | None]]:
        """Take bytes from the other end; yield what they mean for which stream."""
        self._kept += data
        while len(self._kept) >= _HEADER.size:
            version, command, length, number = _HEADER.unpack_from(self._kept)
            if version != _VERSION or command > _NOTHING:
                raise MuxError(f"The port session's streams are damaged: version {version}, command {command}.")
            end = _HEADER.size + length
            if len(self._kept) < end:
                return
            payload = bytes(self._kept[_HEADER.size : end])
            del self._kept[:end]
            yield from self._take(command, number, payload)

    def _take(self, command: int, number: int, payload: bytes) -> t.Iterator[tuple[int, bytes | None]]:
        if command == _OPEN and number not in self._open:
            self._open.add(number)
            yield number, None
        elif command == _DATA and payload and number in self._open:
            yield number, payload
        elif command == _FINISH and number in self._open:
            self._open.discard(number)
            yield number, b""


def _frame(command: int, number: int, payload: bytes = b"") -> bytes:
    return _HEADER.pack(_VERSION, command, len(payload), number) + payload
