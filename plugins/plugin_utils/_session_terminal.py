# Copyright: hasite.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A session at this process's terminal: a shell, or a command with or without a terminal of its own.

PRIVATE to the collection.
"""

from __future__ import annotations

import contextlib
import os
import signal
import termios
import tty
import typing as t

from ._session_channel import Event, ExitCode, Output
from ._session_front import HIGH_WATER, READ_SIZE, TYPED, Front, Signals, write_all

if t.TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from ._session_link import Link

_END_OF_TRANSMISSION = b"\x04"
_NO_TERMINAL = (300, 100)
"""Columns and rows where output goes to no terminal, as AWS's own program has them."""


class Terminal(Front):
    """Standard input is typed at the machine, and its output shown."""

    def __init__(self, link: Link, signals: Signals, *, interactive: bool) -> None:
        """Prepare; not `interactive` is a command that has neither a terminal nor input."""
        super().__init__(link, signals)
        self._interactive = interactive
        self._reading = True

    def run(self, events: Iterable[Event] = ()) -> bool:
        """Serve the session with the terminal in raw mode: every key is the machine's."""
        if self._interactive:
            self.channel.resize(*_terminal_size())
        with _raw():
            return super().run(events)

    def sources(self) -> Sequence[int]:
        """Read what is typed, unless too much of it is on its way."""
        return [0] if self._reading and self.channel.waiting < HIGH_WATER else []

    def on_ready(self, source: int) -> None:
        """Send what was typed. Where input ends, a terminal's reader is told so, as ssh does."""
        data = os.read(source, READ_SIZE)
        self._reading = bool(data)
        if self._interactive or data:
            self.channel.send(data or _END_OF_TRANSMISSION)

    def on_event(self, event: Event) -> None:
        """Show output."""
        if isinstance(event, Output):
            write_all(2 if event.kind == "stderr" else 1, event.data)
        elif isinstance(event, ExitCode):
            write_all(1, f"EXIT_CODE: {event.code}".encode())

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
    """Let the terminal at standard input, if it is one, pass every byte as it is."""
    if not os.isatty(0):
        yield
        return
    before = termios.tcgetattr(0)
    tty.setraw(0, termios.TCSADRAIN)
    try:
        yield
    finally:
        termios.tcsetattr(0, termios.TCSADRAIN, before)
