# Copyright: hasite.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection: this file may change at any time.
"""The ways on which a site's packets have to go, each judged from what EC2 says. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from .._reachability.judging import Question, judge
from .._reachability.model import Model
from .model import Resource, Site

SESSION_SERVICES = ("ssm", "ssmmessages")
NFS_PORT = 2049
AMAZON_RESOLVER = "AmazonProvidedDNS"
"""What a VPC without DHCP options of its own gives its machines: the resolver at the VPC's base address plus two."""


@dataclass(frozen=True)
class Way:
    """A way that has to be open. The machine is the one that it serves, None for all."""

    purpose: str
    source: str
    destination: str
    port: int
    protocol: str = "tcp"
    machine: Resource | None = None


def needed(site: Site, name_servers: Iterable[str]) -> Iterator[Way]:
    """Return the ways that a site needs, as far as there is something at both of their ends."""
    balancer = (site.load_balancer or {}).get("load_balancer_arn")
    foreign = [one for one in name_servers if one != AMAZON_RESOLVER]
    for one in site.instances:
        if one["state"] in ("running", "pending"):
            yield from _from_machine(site, one, foreign)
            if balancer:
                for group in site.target_groups:
                    yield Way("requests", balancer, one["instance_id"], int(group["port"] or 80), machine=one)
    if balancer:
        for port in (443, 80):
            yield Way("visitors", "internet", balancer, port)


def _from_machine(site: Site, one: Resource, name_servers: Iterable[str]) -> Iterator[Way]:
    source = one["instance_id"]
    for service in SESSION_SERVICES:
        yield Way("session_manager", source, f"com.amazonaws.{site.region}.{service}", 443, machine=one)
    for share in site.file_systems:
        yield Way("share", source, share["file_system_id"], NFS_PORT, machine=one)
    for name_server in name_servers:
        for protocol in ("udp", "tcp"):
            yield Way("names", source, name_server, 53, protocol, one)


def judged(model: Model, ways: Iterable[Way]) -> list[Resource]:
    """Return the ways with what is thought of them."""
    return [_judged(model, one) for one in ways]


def _judged(model: Model, way: Way) -> Resource:
    verdict = judge(model, Question(way.source, way.destination, way.protocol, way.port)).as_dict()
    return {
        "purpose": way.purpose,
        "machine": way.machine["instance_id"] if way.machine else None,
        "machine_name": way.machine["name"] if way.machine else None,
        "from": way.source,
        "to": way.destination,
        "protocol": way.protocol,
        "port": way.port,
        **{key: verdict[key] for key in ("reachable", "blocked_by", "explanation")},
    }
