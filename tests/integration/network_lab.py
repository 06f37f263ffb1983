# SPDX-License-Identifier: GPL-3.0-or-later
"""A lab of networks only, in the tests' own process: the API, the internet and the VPCs, without machines."""

from __future__ import annotations

import socket
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import boto3
from moto.core.base_backend import BackendDict

from lab.api.services.ec2 import instances, network
from lab.api.serving import calls
from lab.api.serving.server import Api
from lab.base import namespaces
from lab.base.backends import Backends
from lab.base.clock import Clock
from lab.base.observed import Observed
from lab.base.paths import LabPaths
from lab.commands.cleanup import sweep_network
from lab.context import Context
from lab.plane.network.internet import Internet
from lab.plane.network.network import Networks
from lab.world.network.network import describe
from tests.integration.labs import place_of

REGION = "ap-northeast-1"
ASK = """
import socket, sys
print(socket.create_connection((sys.argv[1], int(sys.argv[2])), 1.5).recv(99).decode())
"""


@dataclass
class NetworkLab:
    """What these tests need of a lab: its API's address and its place."""

    context: Context
    _turn: threading.Condition = field(default_factory=threading.Condition)
    _begun: int = 0
    _done: int = 0
    _following: threading.Lock = field(default_factory=threading.Lock)

    @property
    def place(self) -> LabPaths:
        return self.context.place

    def ec2(self, region: str = REGION) -> Any:
        return boto3.client(
            "ec2", region, endpoint_url=self.context.endpoint_url,
            aws_access_key_id=self.context.owner.access_key, aws_secret_access_key=self.context.owner.secret_key,
        )  # fmt: skip

    def see(self, machine: str, state: str) -> None:
        """Say what state a machine is seen in: there are no machines in a lab of networks only."""
        with self.context.lock:
            self.context.observed.machines[machine] = state
            instances.settle(self.context.backends, machine, state)
        self.context.mark_dirty()

    def run(self, role: str, *command: str) -> subprocess.CompletedProcess[str]:
        """Run a command in one of the lab's namespaces."""
        words = ["ip", "netns", "exec", self.place.namespace(role), *command]
        return subprocess.run(words, capture_output=True, text=True, timeout=20, check=False)

    def ask(self, role: str, address: str, port: int) -> str:
        """Return the address under which a server saw the caller, or nothing when it was not reached."""
        return self.run(role, "python3", "-c", ASK, address, str(port)).stdout.strip()

    def settle(self) -> None:
        """Wait until the plane has applied a world that was described after this call."""
        with self._turn:
            wanted = self._begun + 1
            self.context.mark_dirty()
            assert self._turn.wait_for(lambda: self._done >= wanted, 60), "the plane does not follow"

    @contextmanager
    def at_rest(self) -> Iterator[None]:
        """Hold the plane while a world is built, which is quicker than to follow each step; then settle."""
        with self._following:
            yield
        self.settle()

    def apply(self, networks: Networks) -> None:
        """Apply the world as it is now."""
        with self._following:
            with self._turn:
                self._begun += 1
                begun = self._begun
            with self.context.lock:
                found = describe(Backends(), self.context.observed)
            networks.apply(SimpleNamespace(network=found))  # type: ignore[arg-type]
        with self._turn:
            self._done = begun
            self._turn.notify_all()


@contextmanager
def networks(role: str) -> Iterator[NetworkLab]:
    """Start such a lab; afterwards nothing of it is left, neither on the host nor in the API's state."""
    place, dirty, ending = place_of(role), threading.Event(), threading.Event()
    sweep_network(place)
    context = Context(place, Clock(), None, Observed(), None, mark_dirty=dirty.set)  # type: ignore[arg-type]
    calls.extend(context)
    network.extend(context)
    instances.extend(context)
    api = Api(context, {})
    listener = socket.create_server(("127.0.0.1", 0))
    context.endpoint_url = f"http://127.0.0.1:{listener.getsockname()[1]}"
    internet, plane, found = Internet(context), Networks(context), NetworkLab(context)

    def follow() -> None:
        while not ending.is_set():
            dirty.wait()
            dirty.clear()
            found.apply(plane)

    thread = threading.Thread(target=follow, daemon=True)
    thread.start()
    api.serve(listener)
    yield found
    ending.set()
    dirty.set()
    thread.join()
    api.close()
    plane.close()
    internet.close()
    BackendDict.reset()
    assert not namespaces.every(place.namespace_prefix)
