# SPDX-License-Identifier: GPL-3.0-or-later
"""The running lab: puts the parts together and keeps the world true."""

from __future__ import annotations

import asyncio
import logging
import threading
from dataclasses import asdict, dataclass, field
from functools import partial

from lab import calls, status, timeline
from lab.api import extensions
from lab.api.server import Api, Page
from lab.context import Context, Part
from lab.plane import parts, registrar
from lab.world import World, describe, inventory

_log = logging.getLogger(__name__)


@dataclass
class Lab:
    """One lab, from its first look at the world to its end."""

    context: Context
    api: Api = field(init=False)
    world: World | None = None
    _dirty: threading.Event = field(default_factory=threading.Event)
    _ending: threading.Event = field(default_factory=threading.Event)
    _parts: list[Part] = field(default_factory=list)
    _thread: threading.Thread | None = None

    def __post_init__(self) -> None:
        """Extend moto before its applications are made: they read its URLs once."""
        self.context.touch = self._dirty.set
        extensions.extend(self.context)
        console = partial(registrar.console, self.context)
        pages: dict[str, Page] = {status.PATH: self.status, registrar.PATH: console, timeline.PATH: self.timeline}
        pages |= {calls.PATH: self.context.calls.page}
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

    def start(self) -> None:
        """Start the parts and begin to follow the API's state."""
        self._parts = parts.start(self.context, self.api)
        self._dirty.set()
        self._thread = threading.Thread(target=self._follow, name="world", daemon=True)
        self._thread.start()

    def _follow(self) -> None:
        while not self._ending.is_set():
            self._dirty.wait()
            self._dirty.clear()
            if self._ending.is_set():
                return
            if not self._follow_once():
                asyncio.run_coroutine_threadsafe(self._again(), self.context.loop)

    def _follow_once(self) -> bool:
        """Apply the world as it is now; one part's trouble is logged and hides nothing of the others' world."""
        try:
            with self.context.lock:
                self.world = world = describe(
                    self.context.backends, self.context.observed, self.context.waits.held(), self.world
                )
        except Exception:  # the API's state can't be read: it is looked at again, and the log says why
            _log.exception("the world could not be described")
            return False
        followed = True
        for part in self._parts:
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
