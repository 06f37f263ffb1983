# Copyright: hasite.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection: this file may change at any time.
"""Rules: the public side of the network, by which visitors come in and NAT gateways go out."""

from __future__ import annotations

from collections.abc import Iterator

from .._resource import Resource
from .evidence import Evidence, rows
from .finding import CRITICAL, PROVISION, Area, Occurrence, RuleInfo
from .network import DEFAULT, default_route, target_of, title
from .places import display_name, ids, place

AREA = Area("network")
ALL_BEHIND = (
    *("endpoints-unreachable", "machine-unreachable", "registered-late", "agent-stopped", "balancer-closed"),
    *("page-unavailable", "plain-unavailable", "alias-unavailable", "check-failing"),
)


def public_tables(evidence: Evidence) -> Iterator[tuple[Resource, Resource | None]]:
    """Return the public subnets, each with its route table: its own, or the VPC's main one, which may be unknown."""
    tables = evidence.network_resources("route_tables")
    main = next((table for table in tables if table.get("main")), None)
    for subnet in evidence.network_resources("subnets"):
        if subnet.get("kind") == "public":
            own = (table for table in tables if subnet.get("subnet_id") in (table.get("subnet_ids") or []))
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
        if route and target_of(route).startswith("igw-") and route.get("state") != "blackhole":
            continue
        led = f"{DEFAULT} → {target_of(route)}" if route else f"no route for {DEFAULT}"
        proof = f"{table.get('route_table_id')}: {led}" if table else "no route table of its own, so the VPC's main one"
        what = f"The public subnet {title(subnet)} has no route to the internet gateway."
        where = place("route table", table, "route_table_id") if table else place("subnet", subnet, "subnet_id")
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
    private = {
        subnet["subnet_id"]: subnet
        for subnet in evidence.network_resources("subnets")
        if subnet.get("kind") == "private" and subnet.get("subnet_id")
    }
    found = [
        private[row["subnet_id"]] for row in rows(balancer, "availability_zones") if row.get("subnet_id") in private
    ]
    if balancer and found:
        names = " and ".join(map(title, found))
        proof = f"subnets: {', '.join(str(row.get('subnet_id')) for row in rows(balancer, 'availability_zones'))}"
        yield Occurrence(
            f"The load balancer lies in {names}.", place("load balancer", balancer, "load_balancer_arn"), proof
        )


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
    enabled = {str(row["zone_name"]) for row in rows(balancer, "availability_zones") if row.get("zone_name")}
    machines = [instance for instance in evidence.resources("instances") if instance.get("availability_zone")]
    for zone in sorted({str(machine["availability_zone"]) for machine in machines} - enabled) if enabled else []:
        concerned = [machine for machine in machines if machine["availability_zone"] == zone]
        what = f"The load balancer is not in {zone}, where {' and '.join(map(display_name, concerned))} is."
        proof = f"enabled zones: {', '.join(sorted(enabled))}"
        yield Occurrence(what, place("load balancer", balancer, "load_balancer_arn"), proof, ids(concerned))
