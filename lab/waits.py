# SPDX-License-Identifier: GPL-3.0-or-later
"""The waits that a lab imposes: which resource waits for what, and since when.

The plane sees a resource only once AWS would have it usable (`held`, which `lab.world.describe` leaves out). So what
is not ready yet can't be used, and the API goes on saying what the plane has really seen.
"""

from __future__ import annotations

import asyncio
import logging
import threading
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from lab.clock import Clock

if TYPE_CHECKING:
    from lab.world.waits import Imposed, Step

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Entry:
    """One wait, in seconds of lab time since the lab came up."""

    step: Step
    resource: str
    label: str
    began: float
    seconds: float
    needs: tuple[str, ...] = ()
    gives: tuple[str, ...] = ()

    @property
    def ended(self) -> float:
        """Return when it is over."""
        return self.began + self.seconds


def _nothing() -> None:
    """Do nothing at a wait's end."""


@dataclass
class Waits:
    """All waits since the lab came up; nothing is kept, and everything is done at once, where none are imposed.

    `begin`, `pending` and `held` are called with the API's lock held; what a wait's end does is done under it too.
    """

    imposed: Imposed | None
    clock: Clock
    loop: asyncio.AbstractEventLoop
    lock: threading.RLock
    touch: Callable[[], None]
    entries: list[Entry] = field(default_factory=list)
    _holds: dict[Entry, frozenset[str]] = field(default_factory=dict)
    """The waits that have not ended, with the ids that the plane must not see until then."""
    _after: dict[str, list[Callable[[], None]]] = field(default_factory=dict)
    _drawn: Counter[Step] = field(default_factory=Counter)

    def begin(
        self,
        step: Step,
        resource: str,
        *,
        label: str = "",
        holds: Iterable[str] = (),
        needs: Iterable[str] = (),
        gives: Iterable[str] = (),
        then: Callable[[], None] = _nothing,
    ) -> None:
        """Start a resource's wait, and do something when it is over.

        `needs` names what had to be ready before this step could begin, by other resources' ids or by what they
        `give`; the timeline is made of it.
        """
        if self.imposed is None:
            then()
            return
        self._drawn[step] += 1
        entry = Entry(
            step=step,
            resource=resource,
            label=label,
            began=self.clock.monotonic(),
            seconds=self.imposed.seconds(step, self._drawn[step]),
            needs=tuple(needs),
            gives=tuple(gives),
        )
        self.entries.append(entry)
        self._holds[entry] = frozenset(holds)
        asyncio.run_coroutine_threadsafe(self._end(entry, then), self.loop)

    async def sit_out(self, step: Step, resource: str, *, otherwise: float, **more: Any) -> None:
        """Sit a wait out, or, where none are imposed, some lab seconds of the caller's own; called on the loop."""
        if self.imposed is None:
            await self.clock.sleep(otherwise)
            return
        over = asyncio.Event()

        def tell() -> None:
            self.loop.call_soon_threadsafe(over.set)

        with self.lock:
            self.begin(step, resource, **more, then=tell)
        await over.wait()

    async def _end(self, entry: Entry, then: Callable[[], None]) -> None:
        await self.clock.sleep(entry.seconds)
        # The lock may be held for a while: the loop is not to stand still meanwhile.
        await self.loop.run_in_executor(None, self._leave, entry, then)

    def _leave(self, entry: Entry, then: Callable[[], None]) -> None:
        with self.lock:
            del self._holds[entry]
            actions = [] if self.pending(entry.resource) else self._after.pop(entry.resource, [])
            for action in (then, *actions):
                try:
                    action()
                except Exception:  # nobody waits for an answer; the log has it, and the rest is done
                    _log.exception("%s of %s could not be brought to its end", entry.step, entry.resource)
        self.touch()

    def pending(self, resource: str) -> bool:
        """Tell whether a resource waits."""
        return any(entry.resource == resource for entry in self._holds)

    def after(self, resource: str, action: Callable[[], None]) -> None:
        """Do something once a resource does not wait any more: at once, if it does not."""
        if self.pending(resource):
            self._after.setdefault(resource, []).append(action)
        else:
            action()

    def held(self) -> frozenset[str]:
        """Return the ids of what the plane must not see yet."""
        return frozenset().union(*self._holds.values())
