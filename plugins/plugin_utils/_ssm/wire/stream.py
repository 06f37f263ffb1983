# Copyright: hasite.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Session Manager's reliable stream: numbers, acknowledgements, order, repetition. Used by _ssm.wire.channel.

PRIVATE to the collection. Pure: frames in, frames out, and the time (any monotonic seconds) is passed in.

Acknowledgements are selective, one message each. Where AWS's two programs differ, this end is the
more careful one: a duplicate is acknowledged again (the client's silence would leave the agent
repeating for ever), and a repetition counts as the last time of sending (the client forgets that).
"""

from __future__ import annotations

import typing as t
from collections import deque
from dataclasses import dataclass

from .frames import INPUT, OUTPUT, SYN, Frame, acknowledgement, serialise

PAYLOAD_SIZE = 1024
"""Both of AWS's programs put at most this much into one message."""
MESSAGES_PER_SECOND = 900
"""The service is said to pause and disconnect who sends more than about 1000."""
BURST = 64
WINDOW = 2000
"""Messages on their way at once: well below what a peer keeps out of order (a client 10 000)."""
CAPACITY = 10_000
EARLY_BYTES = 32 << 20
"""What is kept out of order at most; what comes beyond is not acknowledged, and so repeated."""

_FIRST_TIMEOUT = 0.2
_LONGEST_TIMEOUT = 1.0
_GRANULARITY = 0.01


@dataclass
class _Sent:
    """A message until its acknowledgement."""

    data: bytes
    first: float = 0.0
    last: float = 0.0


class RoundTrip:
    """When to repeat a message: RFC 6298's estimate with the constants of AWS's programs."""

    def __init__(self) -> None:
        self.timeout = _FIRST_TIMEOUT
        self._smoothed = 0.1
        self._variation = 0.0

    def sample(self, seconds: float) -> None:
        """Learn from one acknowledgement, by the time since its message was last sent."""
        self._variation += (abs(self._smoothed - seconds) - self._variation) / 4
        self._smoothed += (seconds - self._smoothed) / 8
        self.timeout = min(_LONGEST_TIMEOUT, self._smoothed + max(_GRANULARITY, 4 * self._variation))


class Pace:
    """A bucket of permissions to send, filled at a steady rate."""

    def __init__(self, rate: float, burst: int = BURST) -> None:
        self._rate = rate
        self._burst = burst
        self._full_at = float("-inf")
        """When the bucket is full again."""

    def wait(self, now: float) -> float:
        """Return the seconds until a message may be sent; 0 when it may be now."""
        if not self._rate:
            return 0.0
        return max(0.0, self._full_at - (self._burst - 1) / self._rate - now)

    def take(self, now: float) -> None:
        """Use one permission."""
        if self._rate:
            self._full_at = max(self._full_at, now) + 1 / self._rate


class Sender:
    """The outgoing half: numbers messages, repeats them until they are acknowledged."""

    def __init__(self, kind: str, pace: Pace, window: int = WINDOW) -> None:
        self.paused = False
        self._kind = kind
        self._pace = pace
        self._window = window
        self._round_trip = RoundTrip()
        self._unacknowledged: dict[int, _Sent] = {}
        """By sequence number, in order."""
        self._count = 0
        self._next = 0
        """The first number that this connection has not carried yet."""

    def put(self, payload_type: int, payload: bytes) -> None:
        """Give a message its number and keep it to be sent."""
        flags = SYN if self._kind == OUTPUT and self._count == 0 else 0
        frame = Frame(self._kind, self._count, flags, payload_type, payload)
        self._unacknowledged[self._count] = _Sent(serialise(frame))
        self._count += 1

    def acknowledge(self, sequence: int, now: float) -> None:
        """Forget a message that has arrived."""
        sent = self._unacknowledged.get(sequence)
        if sent is None or sequence >= self._next:
            return
        del self._unacknowledged[sequence]
        self._round_trip.sample(now - sent.last)

    def reconnected(self) -> None:
        """Send everything that is not acknowledged again, for the connection is a new one."""
        self.paused = False
        self._next = next(iter(self._unacknowledged), self._count)

    def due(self, now: float) -> t.Iterator[bytes]:
        """Yield what is to be sent now: new messages at the allowed pace, then the oldest one if it is late."""
        if self.paused:
            return
        head = self._late_head(now)
        while self._may_send_new() and not self._pace.wait(now):
            sent = self._unacknowledged.get(self._next)
            self._next += 1
            if sent:
                self._pace.take(now)
                sent.first = sent.first or now
                sent.last = now
                yield sent.data
        if head:
            head.last = now
            yield head.data

    def wait(self, now: float) -> float | None:
        """Return the seconds until something may be due; None when only an event can change that."""
        if self.paused:
            return None
        waits = []
        if self._may_send_new():
            waits.append(self._pace.wait(now))
        head = self._head()
        if head:
            waits.append(max(0.0, head.last + self._round_trip.timeout - now))
        return min(waits, default=None)

    @property
    def waiting(self) -> int:
        """Return how many messages are not acknowledged."""
        return len(self._unacknowledged)

    def oldest(self, now: float) -> float:
        """Return for how many seconds the oldest message has been on its way; 0 when none is."""
        head = self._head()
        return now - head.first if head else 0.0

    def _may_send_new(self) -> bool:
        return self._next < self._count and self._next - next(iter(self._unacknowledged), self._next) < self._window

    def _head(self) -> _Sent | None:
        """Return the oldest message that is on its way."""
        number = next(iter(self._unacknowledged), None)
        return None if number is None or number >= self._next else self._unacknowledged[number]

    def _late_head(self, now: float) -> _Sent | None:
        head = self._head()
        return head if head and now - head.last >= self._round_trip.timeout else None


class Receiver:
    """The incoming half: puts messages in order, each once, and acknowledges them."""

    def __init__(self, kind: str, capacity: int = CAPACITY) -> None:
        self._kind = kind
        self._capacity = capacity
        self._expected = 0
        self._early: dict[int, Frame] = {}
        self._early_bytes = 0
        self._acknowledgements: deque[bytes] = deque()

    def take(self, frame: Frame, handle: t.Callable[[Frame], bool]) -> None:
        """Handle a message in its turn; one whose handler is not ready is left to the sender's repetition."""
        if frame.sequence < self._expected or frame.sequence in self._early:
            self._acknowledge(frame)
        elif frame.sequence > self._expected:
            if len(self._early) < self._capacity and self._early_bytes + len(frame.payload) <= EARLY_BYTES:
                self._early_bytes += len(frame.payload)
                self._early[frame.sequence] = frame
                self._acknowledge(frame)
        elif handle(frame):
            self._acknowledge(frame)
            self._expected += 1
            self.drain(handle)

    def drain(self, handle: t.Callable[[Frame], bool]) -> None:
        """Handle the messages that came early and are next now."""
        while self._expected in self._early and handle(self._early[self._expected]):
            self._early_bytes -= len(self._early.pop(self._expected).payload)
            self._expected += 1

    def due(self) -> t.Iterator[bytes]:
        """Yield the acknowledgements to send."""
        while self._acknowledgements:
            yield self._acknowledgements.popleft()

    @property
    def waiting(self) -> bool:
        """Tell whether acknowledgements are to be sent."""
        return bool(self._acknowledgements)

    def _acknowledge(self, frame: Frame) -> None:
        self._acknowledgements.append(serialise(acknowledgement(frame)))


def halves(client: bool, pace: Pace) -> tuple[Sender, Receiver]:
    """Return the two halves of the client's end or the agent's."""
    if client:
        return Sender(INPUT, pace), Receiver(OUTPUT)
    return Sender(OUTPUT, pace), Receiver(INPUT, capacity=10 * CAPACITY)
