# SPDX-License-Identifier: GPL-3.0-or-later
"""Stands in for the person at the registrar's console, who copies a hosted zone's name servers into the registry.

What a user of the lab enters there instead (`console`) stays until it is taken back.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence

from lab.context import Context
from lab.world.names.names import Names
from lab.world.names.registry import wanted_delegations

PATH = "/_lab/registrar"
"""Where the API's server has the registrar's console."""

SIGNERS_PATH = "/_lab/signers"
"""Where it has that console's page of DS records."""

DELAY = 2.0
"""Lab seconds until a new hosted zone is delegated. (A real registry takes minutes to hours.)"""

_log = logging.getLogger(__name__)


def console(context: Context, entry: Mapping[str, Sequence[str] | None] | None) -> dict[str, tuple[str, ...]]:
    """Enter domains' name servers, or take them back where there are none; return what was entered so far."""
    for domain, servers in (entry or {}).items():
        if servers:
            context.registrar_overrides[domain] = tuple(servers)
        else:
            context.registrar_overrides.pop(domain, None)
    if entry:
        context.mark_dirty()
    return context.registrar_overrides


def signers_console(context: Context, entry: Mapping[str, Sequence[str] | None] | None) -> dict[str, tuple[str, ...]]:
    """Enter domains' DS records, or take them out where there are none; return what was entered so far."""
    for domain, records in (entry or {}).items():
        if records:
            context.signer_overrides[domain] = tuple(records)
        else:
            context.signer_overrides.pop(domain, None)
    if entry:
        context.mark_dirty()
    return context.signer_overrides


class Registrar:
    """Keeps the delegations; a deleted zone's stays, as it would, and leads nowhere.

    DS records are entered only by hand, or by Route 53 as the registrar: whoever copies name servers unasked would harm
    nobody, but a DS record without a signed zone takes all names of the domain away.
    """

    def __init__(self, context: Context, changed: Callable[[], None]) -> None:
        self._context = context
        self._changed = changed
        self._wanted: dict[str, tuple[str, ...]] = dict(context.delegations)
        self._signers: dict[str, tuple[str, ...]] = {}
        self._visits: set[asyncio.Task[None]] = set()

    @property
    def delegations(self) -> Mapping[str, tuple[str, ...]]:
        """Return the name servers of each delegated domain."""
        return self._context.delegations

    @property
    def signers(self) -> Mapping[str, tuple[str, ...]]:
        """Return the DS records of each domain that has some."""
        return self._signers

    def follow(self, names: Names) -> None:
        """See to it that what this world's zones ask for becomes delegations, after a moment."""
        wanted = wanted_delegations(names) | self._context.registrar_overrides
        new = {name: servers for name, servers in wanted.items() if self._wanted.get(name) != servers}
        self._wanted = wanted
        signers = {**names.signers, **self._context.signer_overrides}
        if signers != self._signers:
            self._signers = signers
            self._changed()
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
            self._context.delegations = {**self._context.delegations, **current}
            _log.info("The registrar delegates %s", ", ".join(sorted(current)))
            self._changed()
