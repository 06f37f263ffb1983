# SPDX-License-Identifier: GPL-3.0-or-later
"""Both ends of a data channel, joined by links that lose, repeat and reorder."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, field

from plugins.plugin_utils._ssm.wire.agent import AgentChannel, Input
from plugins.plugin_utils._ssm.wire.channel import ClientChannel, Event, Output


@dataclass
class Link:
    """One direction of a bad connection."""

    chance: random.Random
    loss: float = 0.0
    doubling: float = 0.0
    delay: float = 0.02
    carried: list[tuple[float, int, bytes]] = field(default_factory=list)
    count: int = 0
    seen: list[bytes] = field(default_factory=list)
    """What a listener on the line has got."""

    def put(self, data: bytes, now: float) -> None:
        self.seen.append(data)
        copies = 0 if self.chance.random() < self.loss else 2 if self.chance.random() < self.doubling else 1
        for _ in range(copies):
            self.count += 1
            self.carried.append((now + self.chance.random() * self.delay, self.count, data))

    def take(self, now: float) -> list[bytes]:
        arrived = sorted(item for item in self.carried if item[0] <= now)
        self.carried = [item for item in self.carried if item[0] > now]
        return [data for _at, _number, data in arrived]


@dataclass
class Pair:
    """A client and an agent."""

    client: ClientChannel = field(default_factory=ClientChannel)
    agent: AgentChannel = field(default_factory=AgentChannel)
    up: Link = field(default_factory=lambda: Link(random.Random(1)))
    down: Link = field(default_factory=lambda: Link(random.Random(2)))
    now: float = 0.0
    at_client: list[Event] = field(default_factory=list)
    at_agent: list[Event] = field(default_factory=list)

    def step(self, seconds: float = 0.01) -> None:
        self.now += seconds
        for data in self.up.take(self.now):
            self.at_agent += self.agent.receive(data, self.now)
        for data in self.down.take(self.now):
            self.at_client += self.client.receive(data, self.now)
        for data in self.client.due(self.now):
            self.up.put(data, self.now)
        for data in self.agent.due(self.now):
            self.down.put(data, self.now)

    def run(self, until: Callable[[], bool], seconds: float = 60) -> None:
        end = self.now + seconds
        while not until():
            assert self.now < end, "the ends came to no end"
            self.step()

    def settle(self) -> None:
        self.run(lambda: not (self.client.waiting or self.agent.waiting))

    @property
    def output(self) -> bytes:
        return b"".join(event.data for event in self.at_client if isinstance(event, Output))

    @property
    def input(self) -> bytes:
        return b"".join(event.data for event in self.at_agent if isinstance(event, Input))
