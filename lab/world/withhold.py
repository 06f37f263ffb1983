# SPDX-License-Identifier: GPL-3.0-or-later
"""What the plane must not see yet, since AWS would not have it usable yet. Pure.

Withheld are ids: of interfaces, endpoints, machines, mount targets, load balancers, zones, health checks, distributions
and invalidations. They are left out, except a distribution that is served already: its edge serves as before.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from lab.world.edge.edge import Distribution, Edge
from lab.world.names.names import Names
from lab.world.network.file_system import FileSystem
from lab.world.network.network import Network, Route, RouteTable

Ids = frozenset[str]
NOTHING: Ids = frozenset()


def network(found: Network, withheld: Ids) -> Network:
    """Return the networks without what is withheld; routes to it lead nowhere."""
    return replace(
        found,
        interfaces={id_: interface for id_, interface in found.interfaces.items() if id_ not in withheld},
        endpoints={id_: endpoint for id_, endpoint in found.endpoints.items() if id_ not in withheld},
        nat_interfaces=found.nat_interfaces - withheld,
        route_tables={id_: _table(table, withheld) for id_, table in found.route_tables.items()},
    )


def _table(table: RouteTable, withheld: Ids) -> RouteTable:
    routes = (Route(route.cidrs, "blackhole") if route.target in withheld else route for route in table.routes)
    return replace(table, routes=tuple(routes))


def shares(found: Iterable[FileSystem], withheld: Ids) -> tuple[FileSystem, ...]:
    """Return the file systems without the mount targets that are withheld."""
    return tuple(
        replace(system, mount_targets=tuple(target for target in system.mount_targets if target.id not in withheld))
        for system in found
    )


def edge(found: Edge, withheld: Ids, served: Edge) -> Edge:
    """Return the edge; a distribution that is withheld is the one that is served already, if there is one."""
    before = {distribution.id: distribution for distribution in served.distributions}
    return replace(
        found,
        distributions=tuple(_present(found.distributions, withheld, before)),
        invalidations=tuple(invalidation for invalidation in found.invalidations if invalidation.id not in withheld),
    )


def _present(found: Iterable[Distribution], withheld: Ids, before: dict[str, Distribution]) -> Iterable[Distribution]:
    for distribution in found:
        if distribution.id not in withheld:
            yield distribution
        elif distribution.id in before:
            yield before[distribution.id]


def names(found: Names, withheld: Ids) -> Names:
    """Return the names without the zones and health checks that are withheld."""
    return replace(
        found,
        zones=tuple(zone for zone in found.zones if zone.id not in withheld),
        checks={id_: check for id_, check in found.checks.items() if id_ not in withheld},
    )
