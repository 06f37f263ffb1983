# SPDX-License-Identifier: GPL-3.0-or-later
"""All faults: the modules in which they are, one a topic."""

from __future__ import annotations

from lab.faults import (
    balancer,
    bombs,
    certificates,
    edge,
    identity,
    inside,
    login,
    machines,
    names,
    packets,
    pages,
    routes,
    share,
    signing,
    stores,
    visitors,
)
from lab.faults.fault import known

MODULES = (
    *(login, routes, balancer, certificates, names, pages, share, edge, machines, visitors, bombs),
    *(identity, packets, stores, inside, signing),
)
FAULTS = known()
"""By name."""
