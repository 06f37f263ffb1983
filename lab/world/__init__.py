# SPDX-License-Identifier: GPL-3.0-or-later
"""The world that the API's state describes. Pure: backends and observations in, dataclasses out."""

from __future__ import annotations

from dataclasses import dataclass

from lab.context import Backends
from lab.observed import Observed
from lab.world import edge, file_system, load_balancer, machines, names, network


@dataclass(frozen=True)
class World:
    """Everything that the data plane has to make true."""

    network: network.Network
    machines: tuple[machines.Machine, ...]
    file_systems: tuple[file_system.FileSystem, ...]
    load_balancers: tuple[load_balancer.LoadBalancer, ...]
    edge: edge.Edge
    names: names.Names


def describe(backends: Backends, observed: Observed) -> World:
    """Return the world; the caller holds the API's lock."""
    balancers = load_balancer.describe(backends)
    distributions = edge.describe(backends)
    shares = file_system.describe(backends)
    return World(
        network=network.describe(backends, observed),
        machines=machines.describe(backends),
        file_systems=shares,
        load_balancers=balancers,
        edge=distributions,
        names=names.describe(backends, balancers, distributions, shares),
    )
