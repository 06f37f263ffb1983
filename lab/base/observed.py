# SPDX-License-Identifier: GPL-3.0-or-later
"""What the data plane has seen: the only source of every health, state and status that the API reports."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

TargetState = Literal["initial", "healthy", "unhealthy", "unused", "draining", "unavailable"]
"""https://docs.aws.amazon.com/elasticloadbalancing/latest/application/target-group-health-checks.html"""


@dataclass(frozen=True)
class TargetHealth:
    """What a load balancer's checks found at one target."""

    state: TargetState
    reason: str = ""
    description: str = ""


@dataclass(frozen=True)
class Reading:
    """One health checker's verdict, its last probe, and the last probe that failed."""

    healthy: bool
    status: str
    at: float
    failure: str = ""
    failed_at: float = 0.0


@dataclass
class Observed:
    """Written by the plane's parts, each its own field; read by the API and by the world's description."""

    machines: dict[str, str] = field(default_factory=dict)
    """Instance id to the machine's true state: `pending`, `running`, `stopping`, `stopped`, `terminated`."""
    booted: set[str] = field(default_factory=set)
    """The running machines whose init has come to its end."""
    interfaces: set[str] = field(default_factory=set)
    """Ids of the network interfaces whose namespace and link are there."""
    targets: dict[tuple[str, str], TargetHealth] = field(default_factory=dict)
    """(target group ARN, target id) to health."""
    nodes: dict[tuple[str, str], frozenset[tuple[str, str]]] = field(default_factory=dict)
    """(load balancer's name in DNS, zone) to the targets that its node there finds healthy, as in `targets`."""
    transits: dict[str, str] = field(default_factory=dict)
    """The address with which a VPC's gateway endpoints carry its packets, to the id of the VPC."""
    balancers: set[str] = field(default_factory=set)
    """ARNs of the load balancers all of whose nodes listen."""
    mount_targets: set[str] = field(default_factory=set)
    """Ids of the file systems' mount targets that listen."""
    checks: dict[str, dict[str, Reading]] = field(default_factory=dict)
    """Health check id to each checker's address and its last reading."""
    edge: dict[str, str] = field(default_factory=dict)
    """Distribution id to the revision (its ETag) that the edge serves now."""
    invalidated: set[str] = field(default_factory=set)
    """Ids of the invalidations that the edge has carried out."""
