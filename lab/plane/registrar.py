# SPDX-License-Identifier: GPL-3.0-or-later
"""Stands in for the person at the registrar's console, who copies a hosted zone's name servers into the registry.

What a user of the lab enters there instead (`console`) stays until it is taken back.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence

from lab.context import Context
from lab.world.name_registry import wanted_delegations
from lab.world.names import Names

PATH = "/_lab/registrar"
"""Where the API's server has the registrar's console."""

DELAY = 2.0
"""Lab seconds until a new hosted zone is delegated. (A real registry takes minutes to hours.)"""

_log = logging.getLogger(__name__)


def console(context: Context, entry: Mapping[str, Sequence[str] | None] | None) -> dict[str, tuple[str, ...]]:
    """Enter domains' name servers, or take them back where there are none; return what was entered so far."""
    for domain, servers in (entry or {}).items():
        if servers:
            context.entered[domain] = tuple(servers)
        else:
            context.entered.pop(domain, None)
    if entry:
        context.touch()
    return context.entered


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
        wanted = wanted_delegations(names) | self._context.entered
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
        current = {name: servers for name, servers in new.items() if self._wanted.get(name) == servers}
        if current:
            self._held = {**self._held, **current}
            _log.info("The registrar delegates %s", ", ".join(sorted(current)))
            self._changed()
