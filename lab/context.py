# SPDX-License-Identifier: GPL-3.0-or-later
"""What every part of a running lab is given."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

from moto.backends import get_backend

from lab import key
from lab.authority import Authority
from lab.calls import Calls
from lab.clock import Clock
from lab.history import History
from lab.key import Key
from lab.latency import Latency
from lab.observed import Observed
from lab.place import Place
from lab.session_book import Book
from lab.waits import Waits

if TYPE_CHECKING:
    from lab.world import World
    from lab.world.waits import Imposed

ACCOUNT = "123456789012"
"""The lab's one AWS account."""


class Backends:
    """The API's state: moto's backends of the lab's account."""

    def regional(self, service: str) -> Iterator[tuple[str, Any]]:
        """Yield (region, backend) of each region in which the service has been used."""
        yield from list(get_backend(service)[ACCOUNT].items())

    def at(self, service: str, region: str) -> Any:
        """Return one region's backend; the region of global services is `aws`."""
        return get_backend(service)[ACCOUNT][region]


@dataclass
class Context:
    """The running lab, as its parts see it.

    `lock` is held while an API call is served and while the world is read from the backends: moto
    itself does not guard its state. `touch` asks for another look at the world, soon. `loop` is
    where servers and timers run; blocking work belongs into `Part.apply` or a thread.
    """

    place: Place
    clock: Clock
    authority: Authority
    observed: Observed
    loop: asyncio.AbstractEventLoop
    backends: Backends = field(default_factory=Backends)
    sessions: Book = field(default_factory=Book)
    """The machines' agents and the sessions with them."""
    lock: threading.RLock = field(default_factory=threading.RLock)
    touch: Callable[[], None] = lambda: None
    endpoint_url: str = ""
    """The API's address on the host's loopback."""
    entered: dict[str, tuple[str, ...]] = field(default_factory=dict)
    """What was entered at the registrar's console by hand: domains with name servers other than their zones' own."""
    owner: Key = field(default_factory=key.draw)
    """What the lab's owner signs with."""
    imposed: Imposed | None = None
    """The wish for AWS-like waits."""
    distance: Latency = field(default_factory=Latency)
    """How far away AWS is from the controller."""
    calls: Calls = field(default_factory=Calls)
    """Who has called which actions."""
    history: History = field(default_factory=History)
    """Each call, for those who ask AWS what was called."""
    waits: Waits = field(init=False)

    def __post_init__(self) -> None:
        """Run the waits by this lab's clock, under its lock."""
        self.waits = Waits(self.imposed, self.clock, self.loop, self.lock, lambda: self.touch())


class Part(Protocol):
    """A part of the data plane."""

    def apply(self, world: World) -> None:
        """Make this machine look like the world; called again, does only what has changed."""

    def close(self) -> None:
        """End what the part has started."""
