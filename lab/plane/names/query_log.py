# SPDX-License-Identifier: GPL-3.0-or-later
"""Writes what Route 53's name servers are asked to CloudWatch Logs, a moment later and many lines at once."""

from __future__ import annotations

import asyncio
from collections import defaultdict

from lab.base.backends import ACCOUNT
from lab.context import Context
from lab.world.names import query_logs
from lab.world.names.query_logs import Query

DELAY = 1.0
"""Lab seconds until lines are written. (AWS takes some minutes.)"""
_Line = tuple[str, Query, float]


class QueryLog:
    """Keeps lines until they are written."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._lines: list[_Line] = []
        self._writing: asyncio.Task[None] | None = None

    def note(self, group: str, query: Query) -> None:
        """Log a query to a log group; call it in the loop."""
        self._lines.append((group, query, self._context.clock.time()))
        if self._writing is None or self._writing.done():
            self._writing = asyncio.get_running_loop().create_task(self._write_soon())

    def close(self) -> None:
        """Forget what is not written yet."""
        if self._writing is not None:
            self._context.loop.call_soon_threadsafe(self._writing.cancel)

    async def _write_soon(self) -> None:
        while self._lines:
            await self._context.clock.sleep(DELAY)
            lines, self._lines = self._lines, []
            await asyncio.to_thread(self._write, lines)

    def _write(self, lines: list[_Line]) -> None:
        """Write the lines that the resource policies allow, to log groups that are there; AWS says nothing either."""
        events: dict[tuple[str, str, str], list[dict[str, object]]] = defaultdict(list)
        for group, query, moment in lines:
            event = {"timestamp": int(moment * 1000), "message": query_logs.line(query, moment)}
            events[group, query.zone_id, query_logs.stream(query)].append(event)
        with self._context.lock:
            logs = self._context.backends.at("logs", query_logs.REGION)
            policies = [policy.policy_document for policy in logs.resource_policies.values()]
            for (group, zone_id, stream), found in events.items():
                if group in logs.groups and query_logs.may_write(policies, zone_id, group, ACCOUNT):
                    logs.ensure_log_stream(group, stream)
                    # Past the check of the time: that of a lab may be far ahead.
                    logs.groups[group].put_log_events(stream, found)
