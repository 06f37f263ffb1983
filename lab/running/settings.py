# SPDX-License-Identifier: GPL-3.0-or-later
"""How a lab behaves for as long as it is up: the options of `lab up`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import cached_property

from lab.base.latency import Latency
from lab.base.options import aws_factor
from lab.waiting.table import WaitPolicy, wait_policy
from lab.world.account import quotas
from lab.world.account.consistency import Lateness
from lab.world.account.token_buckets import TokenBuckets


@dataclass(frozen=True)
class Settings:
    """The options of `lab up`, unparsed."""

    speed: float = 1.0
    waits: str = "none"
    seed: int = 0
    latency: str = ""
    throttling: str = "none"
    consistency: str = "none"
    quotas: str = ""

    def __post_init__(self) -> None:
        """Refuse what can't be read."""
        _ = self.wait_policy, self.round_trips, self.buckets, self.lateness, self.limits

    @cached_property
    def wait_policy(self) -> WaitPolicy | None:
        """Return the waits to simulate."""
        return wait_policy(self.waits, self.seed)

    @cached_property
    def round_trips(self) -> Latency:
        """Return how long AWS takes to answer."""
        return Latency.read(self.latency)

    @cached_property
    def buckets(self) -> TokenBuckets | None:
        """Return the tokens of an account that has called nothing yet."""
        share = aws_factor("throttling", self.throttling)
        return TokenBuckets(share) if share else None

    @cached_property
    def lateness(self) -> Lateness | None:
        """Return how late changes are seen."""
        factor = aws_factor("consistency", self.consistency)
        return Lateness(self.seed, factor) if factor else None

    @cached_property
    def limits(self) -> Mapping[str, float]:
        """Return the quotas that differ from the lab's, by their codes."""
        return quotas.read(self.quotas)

    def to_argv(self) -> list[str]:
        """Return the options of `lab serve` that say the same."""
        return [f"--{name}={value}" for name, value in asdict(self).items()]
