# SPDX-License-Identifier: GPL-3.0-or-later
"""Which of the records that share a name and type are answered.

https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/health-checks-how-route-53-chooses-records.html
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from lab.world.names.names import Record

MOST_VALUES = 8
"""A multivalue answer has up to eight records."""


def choose(records: Sequence[Record], healthy: Callable[[Record], bool], chance: float) -> tuple[Record, ...]:
    """Return the records to answer with; `chance`, from 0 to below 1, decides where the policy leaves it open.

    When no record is healthy, all count as healthy.
    """
    if not records:
        return ()
    if any(record.failover for record in records):
        return (_failover(records, healthy),)
    good = [record for record in records if healthy(record)] or list(records)
    if any(record.weight is not None for record in records):
        return (_weighted(records, good, chance),)
    if any(record.multivalue for record in records):
        start = int(chance * len(good))
        return tuple([*good[start:], *good[:start]][:MOST_VALUES])
    return tuple(records[:1])


def _failover(records: Sequence[Record], healthy: Callable[[Record], bool]) -> Record:
    """Return the primary, or a healthy secondary while the primary is not; with both bad, the primary.

    https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/dns-failover-problems.html
    """
    primary = next((record for record in records if record.failover == "PRIMARY"), None)
    secondary = next((record for record in records if record.failover == "SECONDARY"), None)
    if primary and secondary:
        return secondary if healthy(secondary) and not healthy(primary) else primary
    only = primary or secondary
    assert only
    return only


def _weighted(records: Sequence[Record], good: Sequence[Record], chance: float) -> Record:
    """Return one by its share of the weights; records of weight 0 only when all with a weight are bad.

    https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/health-checks-how-route-53-chooses-records.html
    """
    total = sum(record.weight or 0 for record in good)
    if not total:
        zero = [record for record in good if record.weight == 0] or list(records)
        return zero[int(chance * len(zero))]
    point = chance * total
    for record in good:
        point -= record.weight or 0
        if point < 0:
            return record
    return good[-1]
