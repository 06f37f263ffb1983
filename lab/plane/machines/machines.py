# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs the machines, each kept by a thread of its own, so that two boot at the same time."""

from __future__ import annotations

import functools
import logging
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from lab.api.services.ec2 import amis, instances
from lab.base import container_runtime
from lab.base.paths import LabPaths
from lab.context import Context
from lab.image.build import ensure
from lab.image.recipe import recipe_of
from lab.plane.machines import disk, inotify_limit
from lab.plane.machines.container import Container
from lab.plane.machines.supervisor import MachineSupervisor
from lab.world.world import World

_log = logging.getLogger(__name__)


class Machines:
    """The containers of a lab's instances."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._supervisors: dict[str, MachineSupervisor] = {}

    def apply(self, world: World) -> None:
        """Tell every supervisor what its machine should be; the work is done in the supervisors' threads."""
        inotify_limit.allow(len(world.machines))
        for machine in world.machines:
            if machine.id not in self._supervisors:
                container = Container(self._context.place, machine.id)
                authority = self._context.authority.path
                edition = amis.edition_of(machine.image_id, machine.region, self._context.newer_images)
                recipe = recipe_of(edition.image.system, newer=edition.number > 0)
                image = functools.partial(ensure, self._context.place, _log.info, recipe)
                self._supervisors[machine.id] = MachineSupervisor(container, image, authority, self._report)
            self._supervisors[machine.id].want(machine)
        for gone in self._supervisors.keys() - {machine.id for machine in world.machines}:
            self._supervisors.pop(gone).end()

    def _report(self, instance_id: str, state: str, reason: str = "") -> None:
        observed = self._context.observed
        if state == "booted":
            observed.booted.add(instance_id)
            return
        with self._context.lock:
            observed.machines[instance_id] = state
            observed.booted.discard(instance_id)
            settle = functools.partial(instances.settle, self._context.backends, instance_id, state, reason)
            self._context.waits.after(instance_id, settle)
        self._context.mark_dirty()

    @contextmanager
    def at_rest(self) -> Iterator[list[Container]]:
        """Yield the containers of all machines, to which nothing is done meanwhile; no world may be applied then."""
        with ExitStack() as stack:
            yield [stack.enter_context(supervisor.at_rest()) for supervisor in self._supervisors.values()]

    def close(self) -> None:
        """Cut all machines off and remove them."""
        for supervisor in self._supervisors.values():
            supervisor.end()
        for supervisor in self._supervisors.values():
            supervisor.join()
        sweep(self._context.place)


def sweep(place: LabPaths) -> None:
    """Remove all containers that bear the lab's name, whoever started them."""
    if names := container_runtime.containers(place.container_prefix):
        disk.throw_away(names)
        container_runtime.remove(*names)
    if not container_runtime.containers(""):
        container_runtime.unmount_storage()
        inotify_limit.restore()
