# SPDX-License-Identifier: GPL-3.0-or-later
"""What AWS's agent does to a terminal's output, good or not, and where separated output gets its prefixes. Pure."""

from __future__ import annotations

_LONGEST = 4
"""Bytes of the longest UTF-8 sequence."""
_REPLACEMENT = "�"


class Utf8Filter:
    """Cuts output between characters, with the faults of AWS's agent.

    The replacement character U+FFFD is shortened to its first byte, as it is taken for an error; up
    to three invalid or incomplete bytes at the end are kept for the next time, and lost if there is none.
    """

    def __init__(self) -> None:
        self._kept = b""

    def feed(self, data: bytes) -> bytes:
        """Return what may be sent."""
        data = self._kept + data
        self._kept = b""
        try:
            if _REPLACEMENT not in data.decode():
                return data
        except UnicodeDecodeError:
            pass
        return self._slowly(data)

    def _slowly(self, data: bytes) -> bytes:
        passed = bytearray()
        at = 0
        while at < len(data):
            length = _rune(data, at)
            if length:
                passed += data[at : at + length]
                at += length
            elif len(data) - at < _LONGEST:
                self._kept = data[at:]
                break
            else:
                passed.append(data[at])
                at += 3 if data[at : at + 3] == _REPLACEMENT.encode() else 1
        return bytes(passed)


def _rune(data: bytes, at: int) -> int:
    """Return how many bytes the character here has; 0 for an error or U+FFFD."""
    for length in range(1, _LONGEST + 1):
        try:
            return 0 if data[at : at + length].decode() == _REPLACEMENT else length
        except UnicodeDecodeError:
            continue
    return 0


class LinePrefix:
    """Puts a text at the start of each line."""

    def __init__(self, prefix: bytes) -> None:
        self._prefix = prefix
        self._at_start = True

    def feed(self, data: bytes) -> bytes:
        """Return the data with its prefixes."""
        if not self._prefix or not data:
            return data
        marked = data.replace(b"\n", b"\n" + self._prefix)
        ended = data.endswith(b"\n")
        if ended:
            marked = marked[: -len(self._prefix)]
        if self._at_start:
            marked = self._prefix + marked
        self._at_start = ended
        return marked
