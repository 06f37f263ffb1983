# SPDX-License-Identifier: GPL-3.0-or-later
"""Stands in for the person at the registrar's console, who copies a hosted zone's name servers into the registry."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping

from lab.context import Context
from lab.world.name_registry import wanted_delegations
from lab.world.names import Names

DELAY = 2.0
"""Lab seconds until a new hosted zone is delegated. (A real registry takes minutes to hours.)"""

KEEPS_OLD_NAMESERVERS = "registrar-keeps-nameservers"
"""The fault in which nobody goes to the console: a name's delegation stays as it is."""

_log = logging.getLogger(__name__)


class Registrar:
    """Keeps the delegations; a deleted zone's stays, as it would, and leads nowhere."""

    def __init__(self, context: Context, changed: Callable[[], None]) -> None:
        self._context = context
        self._changed = changed
        self._wanted: dict[str, tuple[str, ...]] = {}
        self._held: dict[str, tuple[str, ...]] = {}
        self._visits: set[asyncio.Task[None]] = set()

    @property
    def delegations(self) -> Mapping[str, tuple[str, ...]]:
        """Return the name servers of each delegated domain."""
        return self._held

    def follow(self, names: Names) -> None:
        """See to it that the wishes of this world's zones become delegations, after a moment."""
        wanted = wanted_delegations(names)
        new = {name: servers for name, servers in wanted.items() if self._wanted.get(name) != servers}
        self._wanted = wanted
        if new:
            self._context.loop.call_soon_threadsafe(self._begin, new)

    def close(self) -> None:
        """Cancel what has not happened yet."""
        self._context.loop.call_soon_threadsafe(lambda: [visit.cancel() for visit in self._visits])

    def _begin(self, new: Mapping[str, tuple[str, ...]]) -> None:
        visit = self._context.loop.create_task(self._visit(new))
        self._visits.add(visit)
        visit.add_done_callback(self._visits.discard)

    async def _visit(self, new: Mapping[str, tuple[str, ...]]) -> None:
        await self._context.clock.sleep(DELAY)
        while KEEPS_OLD_NAMESERVERS in self._context.faults:
            await self._context.clock.sleep(DELAY)
        current = {name: servers for name, servers in new.items() if self._wanted.get(name) == servers}
        if current:
            self._held = {**self._held, **current}
            _log.info("The registrar delegates %s", ", ".join(sorted(current)))
            self._changed()
