# Copyright: hasite.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One line at the bottom of the terminal that gives way to any other output.

Ansible writes from several threads, and other callbacks may print. So the line is erased where all of that comes
through: in front of each write to the process's standard streams. No terminal mode is changed, and the cursor stays
visible, so that nothing is left to be restored when the process is killed.
"""

from __future__ import annotations

import contextlib
import os
import sys
import threading
import typing as t

_ERASE = b"\r\x1b[K"
"""Carriage return, and "erase in line" from the cursor to the end (ECMA-48, 8.3.41)."""


_UNKNOWN = 80
"""The width of a terminal that does not tell it."""


def can_erase(environment: t.Mapping[str, str]) -> bool:
    """Whether a terminal with these environment variables takes back what was written, and a person looks at it."""
    return environment.get("TERM", "") not in ("", "dumb") and not {"NO_COLOR", "CI"} & {*environment}


class Screen:
    """The line on a terminal. `lock` is Ansible's own for its output, which it also holds when it forks."""

    def __init__(self, lock: threading.RLock) -> None:
        self._lock = lock
        self._stdout = sys.stdout.buffer
        self._write = self._stdout.write
        self._shown = ""
        self._at_start = True
        self._forked = False
        sys.stdout.flush()
        self._give_way(sys.stdout)
        if sys.stderr.isatty():
            self._give_way(sys.stderr)
        os.register_at_fork(after_in_child=self._leave)

    def show(self, compose: t.Callable[[int], str]) -> None:
        """Draw the line `compose` returns for a number of columns; an empty one erases what is there.

        Nothing is drawn while somebody else writes, asks a question, or has not ended a line.
        """
        if not self._lock.acquire(blocking=False):
            return
        try:
            if not self._at_start:
                return
            # A terminal wraps when its last column is written, so that one stays free.
            columns = os.get_terminal_size(sys.stdout.fileno()).columns or _UNKNOWN
            line = compose(max(1, columns - 1))
            if line != self._shown:
                self._draw(line)
        except (OSError, ValueError):
            self._shown = ""  # the terminal is gone; what runs does not depend on it
        finally:
            self._lock.release()

    def erase(self) -> None:
        """Erase the line, if there is one."""
        with self._lock, contextlib.suppress(OSError, ValueError):
            self._draw("")

    def _draw(self, line: str) -> None:
        if self._shown or line:
            self._write((_ERASE if self._shown else b"") + line.encode(errors="replace"))
            self._stdout.flush()
        self._shown = line

    def _give_way(self, stream: t.TextIO) -> None:
        write = stream.buffer.write

        def writing(data: t.Any) -> int:
            if self._forked:
                return write(data)
            with self._lock:
                self.erase()
                written = write(data)
                if len(data):
                    self._at_start = bytes(data[-1:]) == b"\n"
                return written

        stream.buffer.write = writing  # type: ignore[method-assign]

    def _leave(self) -> None:
        """Leave the terminal to the parent: a child has a copy of the line's state, and no thread that draws it."""
        self._forked = True


class Ticker:
    """A thread that calls `tick` each `seconds` until it is stopped."""

    def __init__(self, tick: t.Callable[[], None], seconds: float = 1.0) -> None:
        self._tick = tick
        self._seconds = seconds
        self._over = threading.Event()
        threading.Thread(target=self._run, name="progress", daemon=True).start()

    def stop(self) -> None:
        """Begin no further tick. Idempotent; one that runs may still end."""
        self._over.set()

    def _run(self) -> None:
        while not self._over.wait(self._seconds):
            self._tick()
