# Copyright: hasite.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection: this file may change at any time.
"""Naming the things that findings are about, and asking how machines reach what they need."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from .evidence import Evidence
from .finding import PROVISION, Occurrence, Where
from .known.balancing import Listener, LoadBalancer
from .known.machines import Instance
from .known.network import Path, Stop


def place(kind: str, identity: str, name: str = "") -> Where:
    """Return where a thing is, whose ID may be unknown."""
    return Where(kind, identity or "?", name)


def machine(instance: Instance) -> Where:
    """Return where a machine is."""
    return place("instance", instance.instance_id, instance.name)


def balancer_place(balancer: LoadBalancer) -> Where:
    """Return where the load balancer is."""
    return place("load balancer", balancer.load_balancer_arn, balancer.name)


def https_listener(listener: Listener) -> Where:
    """Return where an HTTPS listener is."""
    return place("listener", listener.listener_arn, "HTTPS")


def display_name(instance: Instance) -> str:
    """Return how to call a machine in a sentence."""
    return instance.name or instance.instance_id or "a machine"


def on(
    instance: Instance, what: str, evidence: str, *, remedy: str | None = None, severity: str | None = None
) -> Occurrence:
    """Return the occurrence at one machine, which affects that one alone."""
    return Occurrence(what, machine(instance), evidence, ids([instance]), remedy, severity)


def ids(machines: Iterable[Instance]) -> frozenset[str]:
    """Return machines as the machines that an occurrence affects."""
    return frozenset(instance.instance_id for instance in machines)


def machines_in(evidence: Evidence, subnet: str) -> list[Instance]:
    """Return the machines of a subnet."""
    return [instance for instance in evidence.site.instances if instance.subnet_id == subnet]


def blocked(evidence: Evidence, purpose: str) -> Iterator[tuple[Path, Stop]]:
    """Return the paths of a purpose that are known to lead nowhere, with what stops them."""
    for path in evidence.details.paths:
        if path.purpose == purpose and path.reachable is False and path.blocked_by:
            yield path, path.blocked_by


def stopped_by(stop: Stop, kind: str, direction: str = "") -> bool:
    """Tell whether a path is stopped by this kind of thing, in this direction."""
    return stop.kind == kind and direction in ("", stop.direction)


def where_of(stop: Stop) -> Where:
    """Return where the thing is that stops a path."""
    return place((stop.kind or "?").replace("_", " "), stop.id, stop.name)


def acl_remedy(stop: Stop) -> str | None:
    """Return what to do about a network ACL; None if something else stops the path.

    The playbooks keep the entries of the VPC's default one, and leave another one and its subnets alone.
    """
    if not stopped_by(stop, "network_acl"):
        return None
    return (
        f"give the subnet back to the VPC's default network ACL (aws ec2 replace-network-acl-association), or let the "
        f"port and the ephemeral ports 1024-65535 of the answers pass in {stop.id}. The playbooks keep the "
        f"default one only: if {stop.id} is that one, {PROVISION}"
    )


def by_stop(paths: Iterable[tuple[Path, Stop]]) -> list[tuple[Path, Stop, frozenset[str]]]:
    """Join paths that the same thing stops: the first of them, what stops it, and all machines concerned."""
    joined: dict[tuple[str, str], tuple[Path, Stop, frozenset[str]]] = {}
    for path, stop in paths:
        # A missing endpoint bears the service's name: the three of Systems Manager are one thing to mend.
        key = (stop.kind, "" if stop.kind == "endpoint" else stop.id)
        first, dummy, touched = joined.get(key, (path, stop, frozenset()))
        joined[key] = (first, stop, touched | (frozenset({path.machine}) if path.machine else frozenset()))
    return list(joined.values())
