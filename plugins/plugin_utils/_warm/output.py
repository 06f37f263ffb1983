# Copyright: hasite.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a module writes.

PRIVATE to the collection. Runs under any Python from 3.9.
"""

from __future__ import annotations

import fcntl
import os
import select
import termios
import typing as t
from array import array


class Output:
    """The standard output and error of a module, whose end does not wait for what it has left in the background."""

    def __init__(self) -> None:
        self._pipes = (os.pipe(), os.pipe())
        self._data = (bytearray(), bytearray())

    @property
    def writers(self) -> tuple[int, int]:
        """Return what the module is to write to."""
        return self._pipes[0][1], self._pipes[1][1]

    def close_writers(self) -> None:
        """Leave them to the module."""
        for writer in self.writers:
            os.close(writer)

    def read_until(self, end: t.Any) -> tuple[bytes, bytes]:
        """Read until `end` is readable, and then what has been written by then."""
        waiting = {reader: data for (reader, _writer), data in zip(self._pipes, self._data)}
        ended = False
        while not ended:
            ready = select.select([*waiting, end], [], [])[0]
            ended = end in ready
            for reader in [reader for reader in waiting if ended or reader in ready]:
                data = os.read(reader, _available(reader)) if ended else os.read(reader, 1 << 16)
                waiting[reader] += data
                if not data:
                    del waiting[reader]
        return bytes(self._data[0]), bytes(self._data[1])

    def close(self) -> None:
        """Close what is read from."""
        for reader, _writer in self._pipes:
            os.close(reader)


def _available(reader: int) -> int:
    """Return how much a pipe holds now."""
    count = array("i", [0])
    fcntl.ioctl(reader, termios.FIONREAD, count)
    return count[0]
