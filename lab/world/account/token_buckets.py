# SPDX-License-Identifier: GPL-3.0-or-later
"""The buckets of tokens by which AWS counts an account's calls. Pure: the time comes from outside.

https://docs.aws.amazon.com/ec2/latest/devguide/ec2-api-throttling.html#throttling-how
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from lab.world.account.request_rates import Demand


@dataclass
class _Bucket:
    tokens: float
    filled: float
    """When it was looked at last, in seconds."""


@dataclass
class TokenBuckets:
    """One account's buckets, by region, service and name; each is full before it is first taken from."""

    share: float = 1.0
    """How much of each rate is left to the account's user by whoever else calls there."""
    _buckets: dict[tuple[str, ...], _Bucket] = field(default_factory=dict)

    def take(self, place: tuple[str, ...], demands: Iterable[Demand], now: float) -> bool:
        """Take a call's tokens, and tell whether all were there; if not, none is taken."""
        wanted = [(self._filled(place, demand, now), demand) for demand in demands]
        if any(bucket.tokens < demand.tokens for bucket, demand in wanted):
            return False
        for bucket, demand in wanted:
            bucket.tokens -= demand.tokens
        return True

    def _filled(self, place: tuple[str, ...], demand: Demand, now: float) -> _Bucket:
        # A bucket that holds less than a call takes would never let one through.
        capacity = max(demand.rate.capacity * self.share, demand.tokens)
        bucket = self._buckets.setdefault((*place, demand.bucket), _Bucket(capacity, now))
        bucket.tokens = min(capacity, bucket.tokens + (now - bucket.filled) * demand.rate.refill * self.share)
        bucket.filled = now
        return bucket
