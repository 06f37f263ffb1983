# SPDX-License-Identifier: GPL-3.0-or-later
"""Makes the VPCs' networks: one namespace for each interface, one router for each VPC."""

from __future__ import annotations

import logging
from itertools import count
from typing import TYPE_CHECKING

from lab.base import namespaces
from lab.base.errors import LabError
from lab.context import Context
from lab.plane.machines.user_namespace import UserNamespace
from lab.plane.network.router import Router
from lab.world.network.network import Network
from lab.world.network.routing import transit

if TYPE_CHECKING:
    from lab.world.world import World

_log = logging.getLogger(__name__)


class Networks:
    """Follows the networks of the world."""

    def __init__(self, context: Context) -> None:
        self._place = context.place
        self._observed = context.observed
        self._mark_dirty = context.mark_dirty
        self._routers: dict[str, Router] = {}
        self._interfaces: set[str] = set()
        self._users = UserNamespace(context.place)
        try:
            self._users.make()
        except (LabError, OSError) as error:
            _log.warning("machines share the host's users: %s", error)

    def apply(self, world: World) -> None:
        """Make the networks so; a VPC that fails does not keep the others from being made."""
        network, before = world.network, set(self._observed.interfaces)
        self._add(network.interfaces.keys() - self._interfaces)
        for vpc_id in self._routers.keys() - network.vpcs.keys():
            self._routers.pop(vpc_id).remove()
            self._tell_transits()
        failures = [failure for vpc_id in network.vpcs if (failure := self._follow(network, vpc_id))]
        self._remove(self._interfaces - network.interfaces.keys())
        ends = {interface.id for interface in network.endpoint_interfaces(bool)}
        if ends & self._observed.interfaces - before:
            self._mark_dirty()  # an endpoint whose interfaces are there is available, and its names lead to it
        if failures:
            raise failures[0]

    def _follow(self, network: Network, vpc_id: str) -> Exception | None:
        router = self._routers.get(vpc_id) or self._router(vpc_id)
        ids = {member.id for member in network.members(vpc_id)}
        try:
            router.follow(network, network.vpcs[vpc_id])
        except Exception as error:  # raised by apply(), once the other VPCs are made
            self._observed.interfaces -= ids
            return error
        self._observed.interfaces |= ids
        return None

    def _router(self, vpc_id: str) -> Router:
        taken = {router.number for router in self._routers.values()}
        number = next(number for number in count(1) if number not in taken)
        self._routers[vpc_id] = Router(self._place, vpc_id, number)
        self._tell_transits()
        return self._routers[vpc_id]

    def _tell_transits(self) -> None:
        self._observed.transits = {transit(router.number): vpc for vpc, router in self._routers.items()}

    def _add(self, interface_ids: set[str]) -> None:
        there = set(namespaces.every(self._place.namespace("eni-")))
        names = [self._place.namespace(id_) for id_ in sorted(interface_ids)]
        new = [name for name in names if name not in there]
        if self._users.there:
            self._users.add_networks(new)
        else:
            namespaces.ip_batch([f"netns add {name}" for name in new])
        self._interfaces |= interface_ids

    def _remove(self, interface_ids: set[str]) -> None:
        namespaces.ip_batch([f"netns del {self._place.namespace(id_)}" for id_ in sorted(interface_ids)], force=True)
        self._interfaces -= interface_ids
        self._observed.interfaces -= interface_ids

    def close(self) -> None:
        """Remove all networks."""
        for router in self._routers.values():
            router.remove()
        self._routers.clear()
        self._remove(set(self._interfaces))
        self._users.remove()
