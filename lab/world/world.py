# SPDX-License-Identifier: GPL-3.0-or-later
"""The world that the API's state describes: backends and observations in, one value out."""

from __future__ import annotations

from dataclasses import dataclass

from lab.base.backends import Backends
from lab.base.observed import Observed
from lab.world import withhold
from lab.world.balancer import load_balancer
from lab.world.edge import edge
from lab.world.machines import machines
from lab.world.names import names
from lab.world.network import file_system, network


@dataclass(frozen=True)
class World:
    """Everything that the data plane has to make true."""

    network: network.Network
    machines: tuple[machines.Machine, ...]
    file_systems: tuple[file_system.FileSystem, ...]
    load_balancers: tuple[load_balancer.LoadBalancer, ...]
    edge: edge.Edge
    names: names.Names


def describe(
    backends: Backends, observed: Observed, waiting: withhold.Ids = withhold.NOTHING, before: World | None = None
) -> World:
    """Return the world without what waits still, as AWS would make it wait; the caller holds the API's lock.

    `before` is the world that the plane has now.
    """
    balancers = load_balancer.describe(backends)
    distributions = edge.describe(backends)
    shares = withhold.shares(file_system.describe(backends), waiting)
    return World(
        network=withhold.network(network.describe(backends, observed), waiting),
        machines=tuple(machine for machine in machines.describe(backends) if machine.id not in waiting),
        file_systems=shares,
        load_balancers=tuple(balancer for balancer in balancers if balancer.arn not in waiting),
        edge=withhold.edge(distributions, waiting, before.edge if before else edge.Edge()),
        # A name that leads to what is not there yet is known already.
        names=withhold.names(names.describe(backends, balancers, distributions, shares), waiting),
    )
