# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs the machines, each kept by a thread of its own, so that two boot at the same time."""

from __future__ import annotations

import functools

from lab.api import ec2_instances
from lab.context import Context
from lab.image.recipe import Recipe
from lab.place import Place
from lab.plane import runtime, watches
from lab.plane.container import Container
from lab.plane.keeper import Keeper
from lab.world import World


class Machines:
    """The containers of a lab's instances."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._image = Recipe().image
        self._keepers: dict[str, Keeper] = {}

    def apply(self, world: World) -> None:
        """Tell every keeper what its machine should be; the work is done in the keepers' threads."""
        watches.allow(len(world.machines))
        for machine in world.machines:
            if machine.id not in self._keepers:
                container = Container(self._context.place, machine.id)
                authority = self._context.authority.path
                self._keepers[machine.id] = Keeper(container, self._image, authority, self._report)
            self._keepers[machine.id].want(machine)
        for gone in self._keepers.keys() - {machine.id for machine in world.machines}:
            self._keepers.pop(gone).end()

    def _report(self, instance_id: str, state: str, reason: str = "") -> None:
        observed = self._context.observed
        if state == "booted":
            observed.booted.add(instance_id)
            return
        with self._context.lock:
            observed.machines[instance_id] = state
            observed.booted.discard(instance_id)
            settle = functools.partial(ec2_instances.settle, self._context.backends, instance_id, state, reason)
            self._context.waits.after(instance_id, settle)
        self._context.touch()

    def close(self) -> None:
        """Cut all machines off and remove them."""
        for keeper in self._keepers.values():
            keeper.end()
        for keeper in self._keepers.values():
            keeper.join()
        sweep(self._context.place)


def sweep(place: Place) -> None:
    """Remove all containers that bear the lab's name, whoever started them."""
    if names := runtime.containers(place.container_prefix):
        runtime.podman("rm", "--force", "--ignore", "--time=0", "--volumes", *names)
    if not runtime.containers(""):
        runtime.unmount_storage()
        watches.restore()
