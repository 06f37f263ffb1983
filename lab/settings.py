# SPDX-License-Identifier: GPL-3.0-or-later
"""How a lab behaves for as long as it is up: what the user of `lab up` wishes."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from functools import cached_property

from lab.latency import Latency
from lab.world.waits import Imposed, imposed


@dataclass(frozen=True)
class Settings:
    """The wishes as they were written."""

    speed: float = 1.0
    waits: str = "none"
    seed: int = 0
    latency: str = ""

    def __post_init__(self) -> None:
        """Refuse what can't be read."""
        _ = self.imposed, self.distance

    @cached_property
    def imposed(self) -> Imposed | None:
        """Return the waits to impose."""
        return imposed(self.waits, self.seed)

    @cached_property
    def distance(self) -> Latency:
        """Return how far away AWS is."""
        return Latency.read(self.latency)

    def words(self) -> list[str]:
        """Return the options of `lab serve` that say the same."""
        return [f"--{name}={value}" for name, value in asdict(self).items()]
