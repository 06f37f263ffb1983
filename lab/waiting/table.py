# SPDX-License-Identifier: GPL-3.0-or-later
"""How long AWS takes for what it does not do at once: the table, and one draw from it. Pure.

AWS promises none of these figures. They were read from public logs of deployments and from timed trials;
`measured` says whether a step's typical figure was, or is an estimate between the bounds that its documentation
and its SDK's waiters give. What AWS does within a call (a subnet, a rule, a route) is no wait: see `--latency`.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import Literal

from lab.base.options import aws_factor

Step = Literal[
    "NAT gateway",
    "NAT gateway, deletion",
    "gateway endpoint",
    "interface endpoint",
    "interface endpoint, deletion",
    "load balancer",
    "load balancer, deletion of its interfaces",
    "instance profile, visible to EC2",
    "instance",
    "instance, stop",
    "instance, start",
    "instance, termination",
    "agent online",
    "file system",
    "file system, deletion",
    "mount target",
    "mount target, deletion",
    "zone in sync",
    "record in sync",
    "health check, first status",
    "certificate, records to prove",
    "certificate issued",
    "distribution",
    "distribution, update",
    "distribution, disabled",
    "invalidation",
]


@dataclass(frozen=True)
class Wait:
    """Seconds that a step takes: half of the time less than `typical`, never less than `least` or more than `most`."""

    typical: float
    least: float
    most: float
    measured: bool = True

    def draw(self, chance: random.Random) -> float:
        """Return one duration: `typical` is the median, and long ones are rare (a third power towards `most`)."""
        share = 2 * chance.random()
        if share < 1:
            return self.least + (self.typical - self.least) * share
        return self.typical + float((self.most - self.typical) * (share - 1) ** 3)


WAITS: dict[Step, Wait] = {
    "NAT gateway": Wait(105, 85, 126),
    "NAT gateway, deletion": Wait(56, 37, 79),
    "gateway endpoint": Wait(6, 3, 7),
    "interface endpoint": Wait(100, 60, 180),
    "interface endpoint, deletion": Wait(90, 30, 300, measured=False),
    "load balancer": Wait(150, 135, 187),
    "load balancer, deletion of its interfaces": Wait(150, 5, 300),
    "instance profile, visible to EC2": Wait(8, 1.5, 120),
    "instance": Wait(17, 5, 52),
    "instance, stop": Wait(40, 15, 120, measured=False),
    "instance, start": Wait(16.4, 10, 60),
    "instance, termination": Wait(45, 30, 120),
    "agent online": Wait(60, 30, 370),
    "file system": Wait(12, 5, 19),
    "file system, deletion": Wait(5, 5, 120, measured=False),
    "mount target": Wait(85, 60, 600),
    "mount target, deletion": Wait(20, 5, 120, measured=False),
    "zone in sync": Wait(40, 30, 72),
    "record in sync": Wait(35, 30, 61),
    "health check, first status": Wait(45, 1, 120, measured=False),
    "certificate, records to prove": Wait(5, 1, 30, measured=False),
    "certificate issued": Wait(90, 60, 532),
    "distribution": Wait(180, 156, 473),
    "distribution, update": Wait(180, 68, 900),
    "distribution, disabled": Wait(440, 240, 900),
    "invalidation": Wait(60, 5, 300),
}


@dataclass(frozen=True)
class WaitPolicy:
    """AWS-like waits: all of them shortened or lengthened by one factor, and drawn by one seed."""

    factor: float = 1.0
    seed: int = 0

    def seconds(self, step: Step, ordinal: int) -> float:
        """Return how long the n-th step of its kind takes; it does not depend on what happens in between."""
        # A draw, not a secret.
        return WAITS[step].draw(random.Random(f"{self.seed}/{step}/{ordinal}")) * self.factor  # noqa: S311


def wait_policy(option: str, seed: int) -> WaitPolicy | None:
    """Read `none`, `aws` or `aws:FACTOR`; raise the sentence for the user."""
    factor = aws_factor("waits", option)
    return WaitPolicy(factor, seed) if factor else None
