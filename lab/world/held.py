# SPDX-License-Identifier: GPL-3.0-or-later
"""What the plane must not see yet, since AWS would not have it usable yet. Pure.

Held are ids: of interfaces, endpoints, machines, mount targets, load balancers, zones, health checks, distributions
and invalidations. What is held is left out, except a distribution that is served already: its edge goes on as before.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from lab.world.edge import Distribution, Edge
from lab.world.file_system import FileSystem
from lab.world.names import Names
from lab.world.network import Network, Route, RouteTable

Ids = frozenset[str]
NOTHING: Ids = frozenset()


def network(found: Network, held: Ids) -> Network:
    """Return the networks without what is held; routes to it lead nowhere."""
    return replace(
        found,
        interfaces={id_: each for id_, each in found.interfaces.items() if id_ not in held},
        endpoints={id_: each for id_, each in found.endpoints.items() if id_ not in held},
        translators=found.translators - held,
        route_tables={id_: _table(table, held) for id_, table in found.route_tables.items()},
    )


def _table(table: RouteTable, held: Ids) -> RouteTable:
    routes = (Route(route.cidrs, "blackhole") if route.target in held else route for route in table.routes)
    return replace(table, routes=tuple(routes))


def shares(found: Iterable[FileSystem], held: Ids) -> tuple[FileSystem, ...]:
    """Return the file systems without the mount targets that are held."""
    return tuple(
        replace(system, mount_targets=tuple(each for each in system.mount_targets if each.id not in held))
        for system in found
    )


def edge(found: Edge, held: Ids, served: Edge) -> Edge:
    """Return the edge; a distribution that is held is the one that is served already, if there is one."""
    before = {one.id: one for one in served.distributions}
    return replace(
        found,
        distributions=tuple(_present(found.distributions, held, before)),
        invalidations=tuple(one for one in found.invalidations if one.id not in held),
    )


def _present(found: Iterable[Distribution], held: Ids, before: dict[str, Distribution]) -> Iterable[Distribution]:
    for one in found:
        if one.id not in held:
            yield one
        elif one.id in before:
            yield before[one.id]


def names(found: Names, held: Ids) -> Names:
    """Return the names without the zones and health checks that are held."""
    return replace(
        found,
        zones=tuple(zone for zone in found.zones if zone.id not in held),
        checks={id_: check for id_, check in found.checks.items() if id_ not in held},
    )
