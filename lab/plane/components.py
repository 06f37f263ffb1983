# SPDX-License-Identifier: GPL-3.0-or-later
"""The parts of the data plane, in the order in which they look at a new world."""

from __future__ import annotations

from lab.api.serving.server import Api
from lab.context import Component, Context
from lab.plane.balancer.load_balancer import LoadBalancers
from lab.plane.checks.health_checkers import HealthCheckers
from lab.plane.edge.edge import Edge
from lab.plane.endpoints import Endpoints
from lab.plane.file_system import FileSystems
from lab.plane.machines.machines import Machines
from lab.plane.machines.metadata import Metadata
from lab.plane.names.name_server import NameServers
from lab.plane.names.resolver import Resolvers
from lab.plane.network.internet import Internet
from lab.plane.network.network import Networks
from lab.plane.sessions.sessions import Sessions


def start(context: Context, api: Api) -> list[Component]:
    """Start every part; those that others stand on come first."""
    return [
        Internet(context),
        Networks(context),
        NameServers(context),
        Resolvers(context),
        Sessions(context),
        Endpoints(context, api),
        Metadata(context),
        FileSystems(context),
        Machines(context),
        LoadBalancers(context),
        Edge(context, api),
        HealthCheckers(context),
    ]
