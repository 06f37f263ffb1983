# SPDX-License-Identifier: GPL-3.0-or-later
"""The one clock of a lab: every wait, check interval and TTL is told by it."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Clock:
    """Lab time, which runs `speed` times as fast as real time, for all parts alike.

    All durations are in seconds of lab time.
    """

    speed: float = 1.0
    _started: float = field(default_factory=time.monotonic)
    _epoch: float = field(default_factory=time.time)

    @classmethod
    def resumed(cls, speed: float, monotonic: float, wall: float) -> Clock:
        """Return the clock of a world that comes back, as that of a computer that was suspended.

        Durations go on where they stood; the wall clock never goes back, and is never behind the host's.
        """
        return cls(speed, time.monotonic() - monotonic / speed, max(wall, time.time()) - monotonic)

    def monotonic(self) -> float:
        """Return the seconds of lab time since the lab came up."""
        return (time.monotonic() - self._started) * self.speed

    def time(self) -> float:
        """Return the lab's wall clock as seconds since 1970."""
        return self._epoch + self.monotonic()

    def real(self, seconds: float) -> float:
        """Return how many real seconds the given lab seconds last."""
        return seconds / self.speed

    async def sleep(self, seconds: float) -> None:
        """Wait for the given lab seconds."""
        await asyncio.sleep(self.real(seconds))
