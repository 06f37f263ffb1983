# SPDX-License-Identifier: GPL-3.0-or-later
"""What every part of a running lab is given."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from lab.base import key
from lab.base.authority import Authority
from lab.base.backends import Backends
from lab.base.calls import Calls
from lab.base.clock import Clock
from lab.base.history import History
from lab.base.key import Key
from lab.base.latency import Latency
from lab.base.observed import Observed
from lab.base.paths import LabPaths
from lab.session_registry import SessionRegistry
from lab.waiting.waits import Waits
from lab.world.names.key_signing import ZoneKeys
from lab.world.names.registry import draw_keys

if TYPE_CHECKING:
    from lab.waiting.table import WaitPolicy
    from lab.world.account.consistency import Lateness
    from lab.world.account.token_buckets import TokenBuckets
    from lab.world.world import World


@dataclass
class Context:
    """The running lab, as its parts see it.

    `lock` is held while an API call is served and while the world is read from the backends: moto
    itself does not guard its state. `mark_dirty` asks for another look at the world, soon. `loop` is
    where servers and timers run; blocking work belongs into `Component.apply` or a thread.
    """

    place: LabPaths
    clock: Clock
    authority: Authority
    observed: Observed
    loop: asyncio.AbstractEventLoop
    backends: Backends = field(default_factory=Backends)
    sessions: SessionRegistry = field(default_factory=SessionRegistry)
    """The machines' agents and the sessions with them."""
    lock: threading.RLock = field(default_factory=threading.RLock)
    mark_dirty: Callable[[], None] = lambda: None
    endpoint_url: str = ""
    """The API's address on the host's loopback."""
    registrar_overrides: dict[str, tuple[str, ...]] = field(default_factory=dict)
    """What was entered at the registrar's console by hand: domains with name servers other than their zones' own."""
    delegations: dict[str, tuple[str, ...]] = field(default_factory=dict)
    """The registries' domains with their name servers, as the registrar has entered them."""
    signer_overrides: dict[str, tuple[str, ...]] = field(default_factory=dict)
    """What was entered at the registrar's console by hand: domains with their DS records, as zone files write them."""
    registry_keys: dict[str, ZoneKeys] = field(default_factory=draw_keys)
    """What the root and the registries' zones are signed with; the root's are what resolvers of the lab trust."""
    forgeries: dict[str, str] = field(default_factory=dict)
    """The names about whose address a forger on the way from the name servers lies, with the address that he says."""
    newer_images: dict[str, int] = field(default_factory=dict)
    """How many newer images each system's publisher has put behind its public parameter, by the systems' names."""
    owner: Key = field(default_factory=key.draw)
    """What the lab's owner signs with."""
    wait_policy: WaitPolicy | None = None
    """The AWS-like waits; None imposes none."""
    throttling: TokenBuckets | None = None
    """How many calls the account has left in each bucket; None counts none."""
    lateness: Lateness | None = None
    """How late EC2's changes are seen by other calls; None is at once."""
    quotas: Mapping[str, float] = field(default_factory=dict)
    """The account's quotas that are not the lab's own, by their codes, until it asks for more."""
    latency: Latency = field(default_factory=Latency)
    """How far away AWS is from the controller."""
    calls: Calls = field(default_factory=Calls)
    """Who has called which actions."""
    history: History = field(default_factory=History)
    """Each call, for those who ask AWS what was called."""
    over: bool = False
    """Whether the world has been moved away: no call is answered any more."""
    waits: Waits = field(init=False)

    def __post_init__(self) -> None:
        """Run the waits by this lab's clock, under its lock."""
        self.waits = Waits(self.wait_policy, self.clock, self.loop, self.lock, lambda: self.mark_dirty())


class Component(Protocol):
    """A part of the data plane."""

    def apply(self, world: World) -> None:
        """Make this machine look like the world; called again, does only what has changed."""

    def close(self) -> None:
        """End what the part has started."""
