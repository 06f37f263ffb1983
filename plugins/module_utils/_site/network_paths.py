# Copyright: hasite.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection: this file may change at any time.
"""The paths on which a site's packets have to go, each judged from what EC2 says. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from .._reachability.judging import Question, judge
from .._reachability.model import Model
from .._resource import Resource
from .model import Site

SESSION_SERVICES = ("ssm", "ssmmessages")
NFS_PORT = 2049
AMAZON_RESOLVER = "AmazonProvidedDNS"
"""What a VPC without DHCP options of its own gives its machines: the resolver at the VPC's base address plus two."""


@dataclass(frozen=True)
class NetworkPath:
    """A path that has to be open. The machine is the one that it serves, None for all."""

    purpose: str
    source: str
    destination: str
    port: int
    protocol: str = "tcp"
    machine: Resource | None = None


def needed(site: Site, name_servers: Iterable[str]) -> Iterator[NetworkPath]:
    """Return the paths that a site needs, as far as there is something at both of their ends."""
    balancer = (site.load_balancer or {}).get("load_balancer_arn")
    foreign = [server for server in name_servers if server != AMAZON_RESOLVER]
    for instance in site.instances:
        if instance["state"] in ("running", "pending"):
            yield from _from_machine(site, instance, foreign)
            if balancer:
                for group in site.target_groups:
                    yield NetworkPath(
                        "requests", balancer, instance["instance_id"], int(group["port"] or 80), machine=instance
                    )
    if balancer:
        for port in (443, 80):
            yield NetworkPath("visitors", "internet", balancer, port)


def _from_machine(site: Site, instance: Resource, name_servers: Iterable[str]) -> Iterator[NetworkPath]:
    source = instance["instance_id"]
    for service in SESSION_SERVICES:
        yield NetworkPath("session_manager", source, f"com.amazonaws.{site.region}.{service}", 443, machine=instance)
    for share in site.file_systems:
        yield NetworkPath("share", source, share["file_system_id"], NFS_PORT, machine=instance)
    for name_server in name_servers:
        for protocol in ("udp", "tcp"):
            yield NetworkPath("names", source, name_server, 53, protocol, instance)


def judged(model: Model, paths: Iterable[NetworkPath]) -> list[Resource]:
    """Return the paths with the verdict of the reachability analysis on each."""
    return [_judged(model, path) for path in paths]


def _judged(model: Model, path: NetworkPath) -> Resource:
    verdict = judge(model, Question(path.source, path.destination, path.protocol, path.port)).as_dict()
    return {
        "purpose": path.purpose,
        "machine": path.machine["instance_id"] if path.machine else None,
        "machine_name": path.machine["name"] if path.machine else None,
        "source": path.source,
        "destination": path.destination,
        "protocol": path.protocol,
        "port": path.port,
        **{key: verdict[key] for key in ("reachable", "blocked_by", "explanation")},
    }
