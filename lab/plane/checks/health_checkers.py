# SPDX-License-Identifier: GPL-3.0-or-later
"""Route 53's health checkers: each probes on its own, from its own address, and keeps its own verdict."""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from lab.base.observed import Reading
from lab.context import Context
from lab.plane.checks.probe import ProbeResult, probe
from lab.world.names.checker_regions import checkers_of
from lab.world.names.health import check_is_healthy
from lab.world.names.names import HealthCheck, Names

if TYPE_CHECKING:
    from lab.world.world import World

_log = logging.getLogger(__name__)


@dataclass
class CheckerStatus:
    """One checker's view of an endpoint, which only a row of equal outcomes changes.

    https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/dns-failover-determining-health-of-endpoints.html
    """

    threshold: int
    healthy: bool | None = None
    _row: int = 0

    def hear(self, good: bool) -> bool:
        """Return the verdict after one more outcome; the very first outcome decides at once."""
        if self.healthy is None:
            self.healthy = good
        if good == self.healthy:
            self._row = 0
        else:
            self._row += 1
            if self._row >= self.threshold:
                self.healthy, self._row = good, 0
        return self.healthy


class HealthCheckers:
    """Keeps each health check's checkers at work."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._names = Names()
        self._healthy: dict[str, bool] = {}
        self._running: dict[HealthCheck, asyncio.Task[None]] = {}

    def apply(self, world: World) -> None:
        """Begin and end checks as the world says; a changed check starts over from the verdicts it had."""
        asyncio.run_coroutine_threadsafe(self._follow(world.names), self._context.loop).result()

    def close(self) -> None:
        """End all checks."""
        asyncio.run_coroutine_threadsafe(self._follow(Names()), self._context.loop).result()

    async def _follow(self, names: Names) -> None:
        self._names = names
        wanted = {check for check in names.checks.values() if not check.disabled and check.type != "CALCULATED"}
        for check in self._running.keys() - wanted:
            self._running.pop(check).cancel()
        for check in wanted - self._running.keys():
            self._running[check] = asyncio.create_task(self._watch(check), name=f"health check {check.id}")
        probed = {check.id for check in wanted}
        for check_id in self._context.observed.checks.keys() - probed:
            del self._context.observed.checks[check_id]
        self._healthy = {check_id: good for check_id, good in self._verdicts() if check_id in names.checks}

    def _verdicts(self) -> Iterator[tuple[str, bool]]:
        for check in self._names.checks.values():
            yield check.id, check_is_healthy(check, self._names, self._context.observed)

    async def _watch(self, check: HealthCheck) -> None:
        sources = checkers_of(check.regions)
        readings = self._context.observed.checks.get(check.id, {})
        self._context.observed.checks[check.id] = {source: readings[source] for source in sources if source in readings}
        async with asyncio.TaskGroup() as group:
            for source in sources:
                group.create_task(self._check_from(source, check))

    async def _check_from(self, source: str, check: HealthCheck) -> None:
        """Probe for ever; the interval runs from one answer to the next question, and each checker began when it began.

        https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/dns-failover-determining-health-of-endpoints.html
        Each question has a moment at which it is due. One that a busy machine asks late delays none of the next: all
        that were due in such a pause would go on asking together, while the real ones know nothing of each other.
        """
        clock = self._context.clock
        before = self._context.observed.checks[check.id].get(source)
        verdict = CheckerStatus(check.threshold, before.healthy if before else None)
        due = clock.monotonic() + random.uniform(0, check.interval)  # noqa: S311  # a phase, not a secret
        while True:
            await clock.sleep(max(0, due - clock.monotonic()))
            asked = clock.monotonic()
            outcome = await self._probe(source, check)
            self._note(source, check, verdict.hear(outcome.good), outcome)
            due += clock.monotonic() - asked + check.interval

    async def _probe(self, source: str, check: HealthCheck) -> ProbeResult:
        try:
            return await probe(self._context, source, check)
        except Exception as error:  # a checker never stops; what it could not do counts as a failure
            _log.exception("The checker %s failed at %s", source, check.id)
            return ProbeResult(False, f"Failure: {type(error).__name__}")

    def _note(self, source: str, check: HealthCheck, healthy: bool, outcome: ProbeResult) -> None:
        observed = self._context.observed
        now = self._context.clock.time()
        before = observed.checks.get(check.id, {}).get(source)
        failure, failed_at = (outcome.status, now) if not outcome.good else ("", 0.0)
        if outcome.good and before:
            failure, failed_at = before.failure, before.failed_at
        reading = Reading(healthy, outcome.status, now, failure, failed_at)
        # Replaced, not changed: others read it while they are at it in their own threads.
        observed.checks[check.id] = {**observed.checks.get(check.id, {}), source: reading}
        verdicts = dict(self._verdicts())
        if verdicts != self._healthy:
            self._healthy = verdicts
            self._context.mark_dirty()
