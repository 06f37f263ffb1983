# Copyright: hasite.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection: this file may change at any time.
"""Rules: the public side of the network, by which visitors come in and NAT gateways go out."""

from __future__ import annotations

from collections.abc import Iterator

from .evidence import Evidence, Resource, rows
from .finding import CRITICAL, PROVISION, Area, Case, Kind
from .network import DEFAULT, default_route, target_of, title
from .places import place

AREA = Area("network")
ALL_BEHIND = (
    *("endpoints-unreachable", "machine-unreachable", "registered-late", "agent-stopped", "balancer-closed"),
    *("page-unavailable", "plain-unavailable", "alias-unavailable", "check-failing"),
)


def public_tables(evidence: Evidence) -> Iterator[tuple[Resource, Resource | None]]:
    """Return the public subnets, each with its route table: its own, or the VPC's main one, which may be unknown."""
    tables = evidence.networked("route_tables")
    main = next((one for one in tables if one.get("main")), None)
    for subnet in evidence.networked("subnets"):
        if subnet.get("kind") == "public":
            own = (one for one in tables if subnet.get("subnet_id") in (one.get("subnet_ids") or []))
            yield subnet, next(own, main)


@AREA.rule(
    Kind(
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
def public_route_missing(evidence: Evidence) -> Iterator[Case]:
    """A public subnet has no route to the internet gateway."""
    for subnet, table in [] if evidence.unread("ec2: route tables") else public_tables(evidence):
        route = default_route(table)
        if route and target_of(route).startswith("igw-") and route.get("state") != "blackhole":
            continue
        led = f"{DEFAULT} → {target_of(route)}" if route else f"no route for {DEFAULT}"
        proof = f"{table.get('route_table_id')}: {led}" if table else "no route table of its own, so the VPC's main one"
        what = f"The public subnet {title(subnet)} has no route to the internet gateway."
        where = place("route table", table, "route_table_id") if table else place("subnet", subnet, "subnet_id")
        yield Case(what, where, proof)


@AREA.rule(
    Kind(
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
def balancer_in_private_subnets(evidence: Evidence) -> Iterator[Case]:
    """The load balancer lies in private subnets."""
    balancer = evidence.balancer
    private = {one.get("subnet_id"): one for one in evidence.networked("subnets") if one.get("kind") == "private"}
    found = [
        private[row["subnet_id"]] for row in rows(balancer, "availability_zones") if row.get("subnet_id") in private
    ]
    if balancer and found:
        names = " and ".join(map(title, found))
        proof = f"subnets: {', '.join(str(row.get('subnet_id')) for row in rows(balancer, 'availability_zones'))}"
        yield Case(f"The load balancer lies in {names}.", place("load balancer", balancer, "load_balancer_arn"), proof)
