# Copyright: hasite.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection: this file may change at any time.
"""How long health checkers need to agree, and until caches have let go of an answer: exact, without simulation.

Each of N checkers asks in its own rhythm, so the moment of its next question is uniform in the interval. A check turns
when the m-th of them has changed its mind: the m-th smallest of N uniform variables has a beta distribution, which for
whole numbers is a sum of binomial terms. An answer of the name server lives in caches for its TTL, and its age there is
uniform too, so a visitor with a cache sees the change after the sum of both.
"""

from __future__ import annotations

import math
import typing as t
from dataclasses import dataclass

from .._route53 import HEALTHY_PERCENT

_STEPS = 50


class Spread(t.NamedTuple):
    """A duration of which only the distribution is known, in seconds."""

    median: float
    p95: float
    longest: float


@dataclass(frozen=True)
class Checkers:
    """Route 53's health checkers of one endpoint."""

    interval: float
    threshold: int
    count: int = 16

    def to_turn(self, *, down: bool) -> int:
        """Return how many must have changed their mind for the check to turn unhealthy, or healthy again."""
        enough = self.count * HEALTHY_PERCENT // 100 + 1
        return self.count - enough + 1 if down else enough


@dataclass(frozen=True)
class _Smallest:
    """The m-th smallest of N variables that are uniform between 0 and 1."""

    rank: int
    size: int

    def cdf(self, x: float) -> float:
        """Return the probability that it is at most x."""
        if x <= 0:
            return 0.0
        if x >= 1:
            return 1.0
        hits = range(self.rank, self.size + 1)
        return math.fsum(math.comb(self.size, hit) * x**hit * (1 - x) ** (self.size - hit) for hit in hits)

    def area(self, x: float) -> float:
        """Return the integral of the probability from 0 to x."""
        if x <= 0:
            return 0.0
        inside, mean = min(x, 1.0), self.rank / (self.size + 1)
        next_one = _Smallest(self.rank + 1, self.size + 1)
        return inside * self.cdf(inside) - mean * next_one.cdf(inside) + (x - inside)


def time_to_turn(checkers: Checkers, response: float, ttl: float = 0, *, down: bool) -> Spread:
    """Return how long it takes from the endpoint's change until it is seen with an answer cached for the TTL.

    A checker turns with its `threshold`-th answer in a row, each of which takes `response` seconds; its interval runs
    from an answer to the next question.
    """
    mind = _Smallest(checkers.to_turn(down=down), checkers.count)
    sure = (checkers.threshold - 1) * checkers.interval + checkers.threshold * response

    def cdf(seconds: float) -> float:
        late, early = (seconds - sure) / checkers.interval, (seconds - sure - ttl) / checkers.interval
        return (mind.area(late) - mind.area(early)) * checkers.interval / ttl if ttl else mind.cdf(late)

    longest = sure + checkers.interval + ttl

    def quantile(share: float) -> float:
        low, high = 0.0, longest
        for dummy in range(_STEPS):
            middle = (low + high) / 2
            low, high = (middle, high) if cdf(middle) < share else (low, middle)
        return high

    return Spread(quantile(0.5), quantile(0.95), longest)
