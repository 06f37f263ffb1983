# Copyright: hasite.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection: this file may change at any time.
"""Rules: the public side of the network, by which visitors come in and NAT gateways go out."""

from __future__ import annotations

from collections.abc import Iterator

from .evidence import Evidence
from .finding import CRITICAL, PROVISION, Area, Occurrence, RuleInfo
from .known.network import RouteTable, Subnet
from .network import DEFAULT, default_route, subnet_place, table_place, target_of, title
from .places import balancer_place, display_name, ids

AREA = Area("network")
ALL_BEHIND = (
    *("endpoints-unreachable", "machine-unreachable", "registered-late", "agent-stopped", "balancer-closed"),
    *("page-unavailable", "plain-unavailable", "alias-unavailable", "check-failing"),
)


def public_tables(evidence: Evidence) -> Iterator[tuple[Subnet, RouteTable | None]]:
    """Return the public subnets, each with its route table: its own, or the VPC's main one, which may be unknown."""
    tables = evidence.site.network.route_tables
    main = next((table for table in tables if table.main), None)
    for subnet in evidence.site.network.subnets:
        if subnet.kind == "public":
            own = (table for table in tables if subnet.subnet_id in table.subnet_ids)
            yield subnet, next(own, main)


@AREA.rule(
    RuleInfo(
        "public-route-missing",
        CRITICAL,
        "A public subnet is one whose default route leads to the internet gateway. Without it the load balancer's "
        "answers do not come to visitors, and the NAT gateway there does not get out.",
        f"Associate the subnet with the public route table, and route 0.0.0.0/0 to the internet gateway: {PROVISION}",
        ALL_BEHIND,
    ),
    "ec2: subnets",
    "ec2: route tables",
)
def public_route_missing(evidence: Evidence) -> Iterator[Occurrence]:
    """A public subnet has no route to the internet gateway."""
    for subnet, table in [] if evidence.unread("ec2: route tables") else public_tables(evidence):
        route = default_route(table)
        if route and target_of(route).startswith("igw-") and route.state != "blackhole":
            continue
        led = f"{DEFAULT} → {target_of(route)}" if route else f"no route for {DEFAULT}"
        proof = f"{table.route_table_id}: {led}" if table else "no route table of its own, so the VPC's main one"
        what = f"The public subnet {title(subnet)} has no route to the internet gateway."
        where = table_place(table) if table else subnet_place(subnet)
        yield Occurrence(what, where, proof)


@AREA.rule(
    RuleInfo(
        "balancer-in-private-subnets",
        CRITICAL,
        "An internet-facing load balancer's node answers visitors by its subnet's default route, which in a private "
        "subnet leads to a NAT gateway.",
        f"Give the load balancer the public subnets: {PROVISION}",
        ("balancer-closed", "page-unavailable", "plain-unavailable", "alias-unavailable", "check-failing"),
    ),
    "ec2: subnets",
    "elbv2: load balancers",
)
def balancer_in_private_subnets(evidence: Evidence) -> Iterator[Occurrence]:
    """The load balancer lies in private subnets."""
    balancer = evidence.balancer
    lies_in = [zone.subnet_id for zone in balancer.availability_zones if zone.subnet_id] if balancer else []
    private = {subnet.subnet_id: subnet for subnet in evidence.site.network.subnets if subnet.kind == "private"}
    found = [private[subnet] for subnet in lies_in if subnet in private]
    if balancer and found:
        what = f"The load balancer lies in {' and '.join(map(title, found))}."
        yield Occurrence(what, balancer_place(balancer), f"subnets: {', '.join(lies_in)}")


@AREA.rule(
    RuleInfo(
        "balancer-zone-missing",
        CRITICAL,
        "A load balancer sends requests only to targets in the zones that are enabled for it.",
        f"Give the load balancer the public subnet of each machine's zone: {PROVISION}",
        ("target-unhealthy",),
    ),
    "ec2: instances",
    "elbv2: load balancers",
)
def balancer_zone_missing(evidence: Evidence) -> Iterator[Occurrence]:
    """The load balancer is not in a machine's zone."""
    balancer = evidence.balancer
    if not balancer:
        return
    enabled = {zone.zone_name for zone in balancer.availability_zones if zone.zone_name}
    machines = [instance for instance in evidence.site.instances if instance.availability_zone]
    for zone in sorted({machine.availability_zone for machine in machines} - enabled) if enabled else []:
        concerned = [machine for machine in machines if machine.availability_zone == zone]
        what = f"The load balancer is not in {zone}, where {' and '.join(map(display_name, concerned))} is."
        proof = f"enabled zones: {', '.join(sorted(enabled))}"
        yield Occurrence(what, balancer_place(balancer), proof, ids(concerned))
