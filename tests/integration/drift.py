# SPDX-License-Identifier: GPL-3.0-or-later
"""What people change by hand at a site, and how it is seen that it is repaired."""

from __future__ import annotations

from tests.integration.drifts import access, balancer, edge, names, network, stores
from tests.integration.drifts.account import Drift

DRIFTS: tuple[Drift, ...] = (
    *network.DRIFTS,
    *stores.DRIFTS,
    *access.DRIFTS,
    *balancer.DRIFTS,
    *edge.DRIFTS,
    *names.DRIFTS,
)
SHOWN = 3
"""How many differences a row shows (`SHOWN` of the plan's rows)."""


def batches() -> list[list[Drift]]:
    """Return them in rounds in which a plan tells each of them: by a row of its own, or by what a row shows."""
    rounds: list[list[Drift]] = []
    for drift in DRIFTS:
        room = next((each for each in rounds if _told_apart(drift, each)), None)
        if room is None:
            rounds.append(room := [])
        room.append(drift)
    return rounds


def _told_apart(drift: Drift, others: list[Drift]) -> bool:
    same = [other for other in others if other.told == drift.told]
    shown = {other.shown for other in same} | {drift.shown}
    differences = sum(each.differences for each in [*same, drift])
    return not same or ("" not in shown and len(shown) == len(same) + 1 and differences <= SHOWN)
