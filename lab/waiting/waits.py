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

from lab.base.clock import Clock

if TYPE_CHECKING:
    from lab.waiting.table import Step, WaitPolicy

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class ImposedWait:
    """One wait, in seconds of lab time since the lab came up."""

    step: Step
    resource: str
    label: str
    began: float
    seconds: float
    needs: tuple[str, ...] = ()
    provides: tuple[str, ...] = ()

    @property
    def ended(self) -> float:
        """Return when it is over."""
        return self.began + self.seconds


@dataclass(frozen=True)
class SavedWaits:
    """The waits of a world that is saved."""

    entries: list[ImposedWait]
    pending: dict[ImposedWait, tuple[frozenset[str], Callable[[], None]]]
    """Those that have not ended: what the plane must not see until then, and what is to be done then."""
    after: dict[str, list[Callable[[], None]]]
    drawn: Counter[Step]


def _nothing() -> None:
    """Do nothing at a wait's end."""


@dataclass
class Waits:
    """All waits since the lab came up; nothing is kept, and everything is done at once, where none are simulated.

    `begin`, `pending` and `held` are called with the API's lock held; what a wait's end does is done under it too.
    """

    wait_policy: WaitPolicy | None
    clock: Clock
    loop: asyncio.AbstractEventLoop
    lock: threading.RLock
    mark_dirty: Callable[[], None]
    entries: list[ImposedWait] = field(default_factory=list)
    _withholds: dict[ImposedWait, frozenset[str]] = field(default_factory=dict)
    """The waits that have not ended, with the ids that the plane must not see until then."""
    _then: dict[ImposedWait, Callable[[], None]] = field(default_factory=dict)
    """What is done at the ends of these; not of those that somebody sits out, who does not outlive the process."""
    _after: dict[str, list[Callable[[], None]]] = field(default_factory=dict)
    _drawn: Counter[Step] = field(default_factory=Counter)

    def begin(
        self,
        step: Step,
        resource: str,
        *,
        label: str = "",
        withholds: Iterable[str] = (),
        needs: Iterable[str] = (),
        provides: Iterable[str] = (),
        then: Callable[[], None] = _nothing,
        lasting: bool = True,
    ) -> None:
        """Start a resource's wait, and do something when it is over; one that is not lasting is in no saved world.

        `needs` names what had to be ready before this step could begin, by other resources' ids or by what they
        `give`; the timeline is made of it.
        """
        if self.wait_policy is None:
            then()
            return
        self._drawn[step] += 1
        entry = ImposedWait(
            step=step,
            resource=resource,
            label=label,
            began=self.clock.monotonic(),
            seconds=self.wait_policy.seconds(step, self._drawn[step]),
            needs=tuple(needs),
            provides=tuple(provides),
        )
        self.entries.append(entry)
        self._withholds[entry] = frozenset(withholds)
        if lasting:
            self._then[entry] = then
        asyncio.run_coroutine_threadsafe(self._end(entry, entry.seconds, then), self.loop)

    def save(self) -> SavedWaits:
        """Return all that is known of waits, for a world that is saved; called with the lock held."""
        pending = {entry: (self._withholds[entry], then) for entry, then in self._then.items()}
        entries = [entry for entry in self.entries if entry in pending or entry not in self._withholds]
        return SavedWaits(entries, pending, self._after, self._drawn)

    def resume(self, saved: SavedWaits) -> None:
        """Wait on for what was waited for when a world was saved; without waits, it is over at once."""
        self._drawn.update(saved.drawn)
        self.entries.extend(saved.entries)
        self._after.update(saved.after)
        now = self.clock.monotonic()
        for entry, (withholds, then) in saved.pending.items():
            left = max(entry.ended - now, 0.0) if self.wait_policy else 0.0
            self._withholds[entry], self._then[entry] = withholds, then
            asyncio.run_coroutine_threadsafe(self._end(entry, left, then), self.loop)

    async def wait(self, step: Step, resource: str, *, otherwise: float, **more: Any) -> None:
        """Sit a wait out, or, where none are simulated, some lab seconds of the caller's own; called on the loop."""
        if self.wait_policy is None:
            await self.clock.sleep(otherwise)
            return
        over = asyncio.Event()

        def tell() -> None:
            self.loop.call_soon_threadsafe(over.set)

        with self.lock:
            self.begin(step, resource, **more, then=tell, lasting=False)
        await over.wait()

    async def _end(self, entry: ImposedWait, seconds: float, then: Callable[[], None]) -> None:
        await self.clock.sleep(seconds)
        # The lock may be held for a while: the loop is not to stand still meanwhile.
        await self.loop.run_in_executor(None, self._leave, entry, then)

    def _leave(self, entry: ImposedWait, then: Callable[[], None]) -> None:
        with self.lock:
            del self._withholds[entry]
            self._then.pop(entry, None)
            actions = [] if self.pending(entry.resource) else self._after.pop(entry.resource, [])
            for action in (then, *actions):
                try:
                    action()
                except Exception:  # nobody waits for an answer; the log has it, and the rest is done
                    _log.exception("%s of %s could not be brought to its end", entry.step, entry.resource)
        self.mark_dirty()

    def pending(self, resource: str) -> bool:
        """Tell whether a resource waits."""
        return any(entry.resource == resource for entry in self._withholds)

    def after(self, resource: str, action: Callable[[], None]) -> None:
        """Do something once a resource does not wait any more: at once, if it does not."""
        if self.pending(resource):
            self._after.setdefault(resource, []).append(action)
        else:
            action()

    def withheld(self) -> frozenset[str]:
        """Return the ids of what the plane must not see yet."""
        return frozenset().union(*self._withholds.values())
