# Copyright: hasite.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What stands between a session and the process's own streams: one loop over both, and over signals.

PRIVATE to the collection.
"""

from __future__ import annotations

import contextlib
import os
import select
import signal
import socket
import time
import typing as t

from ..wire.channel import Closed, Event, Ready
from ..wire.frames import Flag

if t.TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from ..session.link import Link

ENDING = (signal.SIGTERM, signal.SIGHUP)
TYPED = {signal.SIGINT: b"\x03", signal.SIGQUIT: b"\x1c", signal.SIGTSTP: b"\x1a"}
"""Signals that a terminal makes of keys, and the keys."""
HIGH_WATER = 512
"""Messages on their way above which no more input is read."""
READ_SIZE = 1 << 16
_FAREWELL_SECONDS = 2.0


class Ended(Exception):  # noqa: N818 (a request to end, not a fault)
    """A signal has asked for the end."""

    def __init__(self, number: int) -> None:
        super().__init__(signal.Signals(number).name)
        self.number = number


class Signals:
    """The process's signals as something to wait for; within `with` they do nothing else."""

    def __init__(self) -> None:
        self._reader, self._writer = socket.socketpair()
        for end in (self._reader, self._writer):
            end.setblocking(False)
        self._before: dict[int, t.Any] = {}

    def __enter__(self) -> Signals:
        for number in (*ENDING, *TYPED, signal.SIGWINCH):
            self._before[number] = signal.signal(number, lambda *_: None)
        signal.set_wakeup_fd(self._writer.fileno(), warn_on_full_buffer=False)
        return self

    def __exit__(self, *_error: object) -> None:
        signal.set_wakeup_fd(-1)
        for number, handler in self._before.items():
            signal.signal(number, handler)
        self._reader.close()
        self._writer.close()

    def fileno(self) -> int:
        """Return what to wait for."""
        return self._reader.fileno()

    def taken(self) -> bytes:
        """Return the numbers of the signals that have come."""
        with contextlib.suppress(BlockingIOError):
            return self._reader.recv(64)
        return b""


class SessionLoop:
    """Serves one session to its end. What it is for is said by those that inherit it."""

    def __init__(self, link: Link, signals: Signals) -> None:
        self.link = link
        self.channel = link.channel
        self._signals = signals
        self._unwritten = {1: bytearray(), 2: bytearray()}

    def run(self, events: Iterable[Event] = ()) -> bool:
        """Serve the session; return True when the service has ended it, False when this side has."""
        while True:
            for event in events:
                if isinstance(event, Closed):
                    self._write_all()
                    if event.output.strip():
                        self.tell(event.output.strip())
                    return True
                self.on_event(event)
            self.tick()
            if self.done():
                self._write_all()
                return self._leave()
            sources = [self._signals, *self.sources()]
            streams = [descriptor for descriptor, data in self._unwritten.items() if data]
            events, ready = self.link.pump(self.pause(), sources, [*self.sinks(), *streams])
            for source in ready:
                if source is self._signals:
                    for number in self._signals.taken():
                        self.on_signal(number)
                elif source in streams:
                    self._write(source, select.PIPE_BUF)
                else:
                    self.on_ready(source)

    def show(self, descriptor: int, data: bytes) -> None:
        """Write to standard output (1) or error (2), when it takes it: who reads slowly holds up no session."""
        self._unwritten[descriptor] += data

    def _write(self, descriptor: int, most: int) -> None:
        data = self._unwritten[descriptor]
        try:
            count = os.write(descriptor, data[:most])
        except BrokenPipeError as error:
            raise Ended(signal.SIGPIPE) from error
        del data[:count]
        self.on_shown(count)

    def _write_all(self) -> None:
        for descriptor, data in self._unwritten.items():
            while data:
                self._write(descriptor, len(data))

    def on_shown(self, count: int) -> None:
        """Hear that so many bytes more were written."""

    def _leave(self) -> bool:
        """Ask for the end of the session, and wait a moment for it."""
        self.channel.flag(Flag.TERMINATE_SESSION)
        deadline = time.monotonic() + _FAREWELL_SECONDS
        while time.monotonic() < deadline:
            if any(isinstance(event, Closed) for event in self.link.pump(deadline - time.monotonic())[0]):
                return True
        return False

    def pause(self) -> float:
        """Return after how many seconds at most `tick` and `done` are to be asked again."""
        return 60.0

    def tick(self) -> None:
        """Do what is due by the clock."""

    def done(self) -> bool:
        """Tell whether this side has come to its end."""
        return False

    def sources(self) -> Sequence[t.Any]:
        """Return what else is to be read, when it is readable."""
        return ()

    def sinks(self) -> Sequence[t.Any]:
        """Return what else is to be written, when it is writable."""
        return ()

    def on_ready(self, source: t.Any) -> None:
        """Read a source, or write to a sink."""

    def on_event(self, event: Event) -> None:
        """Take what came from the session."""

    def on_signal(self, number: int) -> None:
        """Take a signal."""
        if number in (*ENDING, signal.SIGINT):
            raise Ended(number)

    def tell(self, text: str) -> None:
        """Say something to the user."""
        self.show(2, f"\n{text}\n".encode())


def beginning(link: Link, signals: Signals) -> list[Event]:
    """Wait until a session says what it is; return its first events, `Ready` or `Closed` among them."""
    front = SessionLoop(link, signals)
    while True:
        events, ready = link.pump(60.0, [signals])
        for number in signals.taken() if ready else b"":
            front.on_signal(number)
        if any(isinstance(event, (Ready, Closed)) for event in events):
            return events
