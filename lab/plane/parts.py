# SPDX-License-Identifier: GPL-3.0-or-later
"""The parts of the data plane, in the order in which they look at a new world."""

from __future__ import annotations

from lab.api.server import Api
from lab.context import Context, Part
from lab.plane.edge import Edge
from lab.plane.endpoints import Endpoints
from lab.plane.file_system import FileSystems
from lab.plane.health_checkers import HealthCheckers
from lab.plane.internet import Internet
from lab.plane.load_balancer import LoadBalancers
from lab.plane.machines import Machines
from lab.plane.metadata import Metadata
from lab.plane.name_server import NameServers
from lab.plane.network import Networks
from lab.plane.resolver import Resolvers
from lab.plane.sessions import Sessions


def start(context: Context, api: Api) -> list[Part]:
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
