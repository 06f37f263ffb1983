# SPDX-License-Identifier: GPL-3.0-or-later
"""The running lab: puts the parts together and keeps the world true."""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from functools import partial

from lab.api import extensions
from lab.api.services import zonal_autoshift
from lab.api.services.ec2 import amis
from lab.api.serving.server import Api, Page
from lab.base import calls
from lab.context import Component, Context
from lab.image import agent_package
from lab.plane import components
from lab.plane.balancer.load_balancer import LoadBalancers
from lab.plane.checks.health_checkers import HealthCheckers
from lab.plane.machines.machines import Machines
from lab.plane.machines.user_namespace import UserNamespace
from lab.plane.names import forger, registrar
from lab.running import status
from lab.running.saved import orders
from lab.running.saved.restoring import Restoring
from lab.running.saved.saving import Saver
from lab.running.settings import Settings
from lab.waiting import timeline
from lab.world.account import inventory
from lab.world.world import World, describe

_log = logging.getLogger(__name__)
_LOOK_SECONDS = 10
"""How long a restored world's visitors wait for the first checks of its balancers' targets."""
_BOOT_SECONDS = 30
"""How long the balancers and health checkers of a restored world wait for its machines."""


@dataclass
class Lab:
    """One lab, from its first look at the world to its end."""

    context: Context
    settings: Settings = field(default_factory=Settings)
    api: Api = field(init=False)
    world: World | None = None
    _dirty: threading.Event = field(default_factory=threading.Event)
    _ending: threading.Event = field(default_factory=threading.Event)
    _parts: list[Component] = field(default_factory=list)
    _following: threading.Lock = field(default_factory=threading.Lock)
    """Held while a world is applied."""
    _thread: threading.Thread | None = None
    _saver: Saver = field(init=False)

    def __post_init__(self) -> None:
        """Extend moto before its applications are made: they read its URLs once."""
        self.context.mark_dirty = self._dirty.set
        extensions.extend(self.context)
        console = partial(registrar.console, self.context)
        pages: dict[str, Page] = {status.PATH: self.status, registrar.PATH: console, timeline.PATH: self.timeline}
        pages |= {calls.PATH: self.context.calls.page, forger.PATH: partial(forger.console, self.context)}
        pages[zonal_autoshift.PATH] = partial(zonal_autoshift.console, self.context)
        pages[amis.PATH] = partial(amis.publisher, self.context)
        pages[orders.PATH] = lambda order: self._saver.page(order)
        pages[registrar.SIGNERS_PATH] = partial(registrar.signers_console, self.context)
        self.api = Api(self.context, pages)

    def status(self, _sent: object = None) -> dict[str, object]:
        """Return what `lab status` shows."""
        with self.context.lock:
            rows = [asdict(resource) for resource in inventory.resources(self.context.backends)]
        return {"name": self.context.place.name, "endpoint_url": self.context.endpoint_url, "resources": rows}

    def timeline(self, _sent: object = None) -> dict[str, object]:
        """Return what `lab timeline` shows."""
        with self.context.lock:
            return timeline.data(self.context.waits)

    def start(self, restored: Restoring | None = None) -> None:
        """Start the parts and begin to follow the API's state; a restored world's machines have booted by then."""
        agent_package.publish(self.context.place.public)
        self._parts = components.start(self.context, self.api)
        machines = next(part for part in self._parts if isinstance(part, Machines))
        self._saver = Saver(self.context, self.settings, machines, self._following)
        if restored:
            restored.check_users(UserNamespace(self.context.place))
            self._bring_machines_back()
            self._look_at_machines()
        self._dirty.set()
        self._thread = threading.Thread(target=self._follow, name="world", daemon=True)
        self._thread.start()

    def _bring_machines_back(self) -> None:
        """Boot the machines before anybody looks at them from outside: for all others they have never been away."""
        early = [part for part in self._parts if not isinstance(part, (LoadBalancers, HealthCheckers))]
        began = time.monotonic()
        deadline = began + _BOOT_SECONDS
        while time.monotonic() < deadline:
            self._dirty.clear()
            self._follow_once(early)
            running = (
                {machine.id for machine in self.world.machines if machine.desired == "running"} if self.world else set()
            )
            while not self._dirty.is_set() and time.monotonic() < deadline:
                if running <= self.context.observed.booted:
                    _log.info("the machines have booted after %.1f s", time.monotonic() - began)
                    return
                self._dirty.wait(0.05)
        _log.warning("not all machines have booted within %d s; the others go on meanwhile", _BOOT_SECONDS)

    def _look_at_machines(self) -> None:
        """Have the balancers find their targets before Route 53's checkers begin: names lead to them from the first."""
        early = [part for part in self._parts if not isinstance(part, HealthCheckers)]
        deadline = time.monotonic() + _LOOK_SECONDS
        seen = False
        while not seen and time.monotonic() < deadline:
            seen = self._targets_known()
            self._dirty.clear()
            self._follow_once(early)
            self._dirty.wait(0.05)

    def _targets_known(self) -> bool:
        """Tell whether all balancers listen, and no target is to be checked for the first time."""
        observed = self.context.observed
        balancers = {balancer.arn for balancer in self.world.load_balancers} if self.world else set()
        waiting = [health for health in observed.targets.values() if health.state == "initial"]
        return balancers <= observed.balancers and not waiting

    def _follow(self) -> None:
        while not self._ending.is_set():
            self._dirty.wait()
            self._dirty.clear()
            if self._ending.is_set():
                return
            with self._following:
                followed = self._follow_once(self._parts)
            if not followed:
                asyncio.run_coroutine_threadsafe(self._again(), self.context.loop)

    def _follow_once(self, parts: Iterable[Component]) -> bool:
        """Apply the world as it is now; one part's trouble is logged and hides nothing of the others' world."""
        try:
            with self.context.lock:
                self.world = world = describe(
                    self.context.backends, self.context.observed, self.context.waits.withheld(), self.world
                )
        except Exception:  # the API's state can't be read: it is looked at again, and the log says why
            _log.exception("the world could not be described")
            return False
        followed = True
        for part in parts:
            try:
                part.apply(world)
            except Exception:  # as above
                _log.exception("%s could not follow the API", type(part).__name__)
                followed = False
        return followed

    async def _again(self) -> None:
        await asyncio.sleep(1)
        self._dirty.set()

    def stop(self) -> None:
        """End the parts, the last one first, and the API."""
        self._ending.set()
        self._dirty.set()
        if self._thread:
            self._thread.join()
        for part in reversed(self._parts):
            part.close()
        self.api.close()
