# Copyright: hasite.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A session at this process's terminal: a shell, or a command with or without a terminal of its own.

PRIVATE to the collection.
"""

from __future__ import annotations

import contextlib
import math
import os
import signal
import termios
import time
import tty
import typing as t

from ..wire.channel import Event, ExitCode, Output
from .loop import HIGH_WATER, READ_SIZE, TYPED, SessionLoop, Signals

if t.TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from ..session.link import Link

_END_OF_TRANSMISSION = b"\x04"
_FIRST_PAUSE = 1.0
_LONGEST_PAUSE = 60.0
_NO_TERMINAL = (300, 100)
"""Columns and rows where output goes to no terminal, as AWS's own program has them."""


class Terminal(SessionLoop):
    """Standard input is typed at the machine, and its output shown."""

    def __init__(self, link: Link, signals: Signals, *, interactive: bool, shell: bool) -> None:
        """Prepare; not `interactive` is a command that has neither a terminal nor input. A `shell` reads lines."""
        super().__init__(link, signals)
        self._interactive = interactive
        self._shell = shell
        self._reading = True
        self._last = b"\n"
        self._pause = _FIRST_PAUSE
        self._again_at = math.inf

    def run(self, events: Iterable[Event] = ()) -> bool:
        """Serve the session with the terminal in raw mode: every key is the machine's."""
        if self._interactive:
            self.channel.resize(*_terminal_size())
        with _raw():
            return super().run(events)

    def sources(self) -> Sequence[int]:
        """Read what is typed, unless too much of it is on its way."""
        return [0] if self._reading and self.channel.waiting < HIGH_WATER else []

    def pause(self) -> float:
        """Come back when the end of input is to be told again."""
        return min(60.0, max(0.0, self._again_at - time.monotonic()))

    def tick(self) -> None:
        """Tell again that input has ended: a file says so to each of its readers, a terminal to one."""
        if time.monotonic() >= self._again_at:
            self.channel.send(_END_OF_TRANSMISSION)
            self._pause = min(_LONGEST_PAUSE, self._pause * 2)
            self._again_at = time.monotonic() + self._pause

    def on_ready(self, source: int) -> None:
        """Send what was typed. Where input ends, a terminal's reader is told so, as ssh does."""
        data = os.read(source, READ_SIZE)
        if data:
            self._last = data[-1:]
            self.channel.send(data)
            return
        self._reading = False
        if self._interactive:
            self.channel.send(self._ending())
            self._again_at = time.monotonic() + self._pause

    def _ending(self) -> bytes:
        """Return the keys that end input: after half a line, the first Ctrl-D only hands that to its reader.

        A shell's half line is ended, for an editor of lines takes Ctrl-D in it as another key. Any other reader
        gets no byte that was not there.
        """
        if self._last == b"\n":
            return _END_OF_TRANSMISSION
        return (b"\n" if self._shell else _END_OF_TRANSMISSION) + _END_OF_TRANSMISSION

    def on_event(self, event: Event) -> None:
        """Show output."""
        if isinstance(event, Output):
            self.show(2 if event.kind == "stderr" else 1, event.data)
        elif isinstance(event, ExitCode):
            self.show(1, f"EXIT_CODE: {event.code}".encode())

    def on_signal(self, number: int) -> None:
        """Send the key that makes the signal, or the terminal's new size."""
        if number in TYPED:
            self.channel.send(TYPED[signal.Signals(number)])
        elif number == signal.SIGWINCH and self._interactive:
            self.channel.resize(*_terminal_size())
        else:
            super().on_signal(number)


def _terminal_size() -> tuple[int, int]:
    try:
        size = os.get_terminal_size(1)
    except OSError:
        return _NO_TERMINAL
    return size.columns, size.lines


@contextlib.contextmanager
def _raw() -> Iterator[None]:
    """Put the terminal at standard input, if it is one, into raw mode."""
    if not os.isatty(0):
        yield
        return
    before = termios.tcgetattr(0)
    tty.setraw(0, termios.TCSADRAIN)
    try:
        yield
    finally:
        termios.tcsetattr(0, termios.TCSADRAIN, before)
