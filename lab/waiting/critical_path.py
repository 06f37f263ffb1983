# SPDX-License-Identifier: GPL-3.0-or-later
"""Which wait needed which, and the critical path through them: the least time any tool could need. Pure.

A step begins when the tool asks for it, but no earlier than what it refers to is ready:

| step | needs |
| --- | --- |
| mount target | its file system available |
| record in sync | of a proof: the certificate's records known; of an alias: what its distribution needed to be made |
| certificate issued | its zone and its proofs in sync |
| distribution | its certificate issued |
| instance | its profile visible to EC2 |
| agent online | its instance running, and the NAT gateway or the interface endpoints that its subnet's routes lead to |

Everything else needs only what a call makes at once. The critical path counts AWS's waits alone: no call, no look
whether something is ready yet, and no computing takes any time in it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from lab.waiting.waits import ImposedWait


@dataclass(frozen=True)
class Timeline:
    """The waits as they were, when each could have begun at the earliest, and the path that bounds them all."""

    entries: tuple[ImposedWait, ...]
    earliest: Mapping[ImposedWait, float]
    """Seconds from the start, for a tool that never loses a moment."""
    critical: tuple[ImposedWait, ...]
    now: float = 0.0
    """Lab seconds since the lab came up, when it was asked."""

    @property
    def seconds(self) -> float:
        """Return the length of the critical path."""
        return sum(entry.seconds for entry in self.critical)

    @property
    def took(self) -> float:
        """Return the time from the first wait's begin to the last one's end."""
        if not self.entries:
            return 0.0
        return max(entry.ended for entry in self.entries) - min(entry.began for entry in self.entries)

    def data(self) -> dict[str, Any]:
        """Return all of it as plain data."""
        return {
            "critical_path_seconds": round(self.seconds, 3),
            "took_seconds": round(self.took, 3),
            "now": round(self.now, 3),
            "waits": [
                {**asdict(entry), "earliest": round(self.earliest[entry], 3), "critical": entry in self.critical}
                for entry in self.entries
            ],
        }


def timeline(entries: Sequence[ImposedWait], since: float = 0.0, now: float = 0.0) -> Timeline:
    """Return the timeline of the waits that began at a time or later."""
    kept = tuple(entry for entry in sorted(entries, key=lambda each: each.began) if entry.began >= since)
    earliest: dict[ImposedWait, float] = {}
    before: dict[ImposedWait, ImposedWait | None] = {}
    for number, entry in enumerate(kept):
        last = max(_needed(entry, kept[:number]), key=lambda each: earliest[each] + each.seconds, default=None)
        before[entry] = last
        earliest[entry] = earliest[last] + last.seconds if last else 0.0
    path: list[ImposedWait] = []
    step = max(kept, key=lambda each: earliest[each] + each.seconds, default=None)
    while step:
        path.insert(0, step)
        step = before[step]
    return Timeline(kept, earliest, tuple(path), now)


def ways_out(ec2: Any, instance_id: str) -> Iterator[str]:
    """Yield the NAT gateways and interface endpoints over which an instance's agent reaches its service."""
    instance = ec2.get_instance_by_id(instance_id)
    if instance is None or not instance.nics:
        return
    subnet = instance.nics[0].subnet
    tables = [table for table in ec2.route_tables.values() if table.vpc_id == subnet.vpc_id]
    own = [table for table in tables if subnet.id in table._associations.values()]
    for table in own or [table for table in tables if table.main_association_id]:
        yield from (route.nat_gateway.id for route in table.routes if route.nat_gateway)
    for endpoint in ec2.vpc_end_points.values():
        if endpoint.vpc_id == subnet.vpc_id and endpoint.vpc_endpoint_type == "Interface":
            yield endpoint.id


def _needed(entry: ImposedWait, earlier: Sequence[ImposedWait]) -> list[ImposedWait]:
    """Return the waits that an entry needed: of each named thing those that began before it."""
    return [wait for wait in earlier if not {wait.resource, *wait.provides}.isdisjoint(entry.needs)]
