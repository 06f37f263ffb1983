# Copyright: hasite.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection: this file may change at any time.
"""Rules: how private machines get out (stumbling block 2)."""

from __future__ import annotations

from collections.abc import Iterator

from .evidence import Evidence, Resource, rows
from .finding import CRITICAL, PROVISION, Area, Case, Kind
from .places import ids, machines_in, place

AREA = Area("network")
DEFAULT = "0.0.0.0/0"
WAY_OUT = (
    "A private machine's own requests, to Systems Manager and for packages, leave by the NAT gateway that its subnet's "
    "route table names."
)
FOLLOWS = ("endpoints-unreachable", "machine-unreachable")


def private_tables(evidence: Evidence) -> Iterator[tuple[Resource, Resource | None]]:
    """Return the private subnets, each with its route table if it has one of its own."""
    tables = evidence.networked("route_tables")
    for subnet in evidence.networked("subnets"):
        if subnet.get("kind") == "private":
            own = (one for one in tables if subnet.get("subnet_id") in (one.get("subnet_ids") or []))
            yield subnet, next(own, None)


def default_route(table: Resource | None) -> Resource | None:
    """Return a table's default route."""
    routes = rows(table, "routes")
    return next((one for one in routes if one.get("destination_cidr_block") == DEFAULT), None)


def target_of(route: Resource) -> str:
    """Return where a route leads."""
    keys = ("nat_gateway_id", "gateway_id", "network_interface_id", "transit_gateway_id", "instance_id")
    return str(next((route[key] for key in keys if route.get(key)), "nothing"))


def routed(evidence: Evidence) -> Iterator[tuple[Resource, Resource, Resource]]:
    """Return the private subnets that have a default route, with their tables and that route."""
    for subnet, table in private_tables(evidence):
        route = default_route(table)
        if table and route:
            yield subnet, table, route


def nat_gateways(evidence: Evidence) -> dict[str, Resource]:
    """Return the NAT gateways by their ids: the site's, and all others that its routes may lead to."""
    found = [*evidence.networked("nat_gateways"), *evidence.detailed("nat_gateways")]
    return {str(one.get("nat_gateway_id")): one for one in found}


def told(table: Resource, route: Resource) -> str:
    """Return a route as evidence."""
    return f"{table.get('route_table_id')}: {DEFAULT} → {target_of(route)} ({route.get('state') or 'no state'})"


def case(evidence: Evidence, what: str, subnet: Resource, table: Resource | None, proof: str) -> Case:
    """Return a case of a subnet and the machines in it."""
    where = place("route table", table, "route_table_id") if table else place("subnet", subnet, "subnet_id")
    return Case(what, where, proof, ids(machines_in(evidence, [subnet.get("subnet_id")])) or frozenset({"nobody"}))


def title(subnet: Resource) -> str:
    """Return how to call a subnet in a sentence."""
    return f"{subnet.get('name') or subnet.get('subnet_id')} ({subnet.get('availability_zone')})"


@AREA.rule(
    Kind(
        "private-route-to-internet-gateway",
        CRITICAL,
        "The internet gateway only serves machines with a public address, and these have none: their packets are "
        f"dropped there. {WAY_OUT}",
        f"Point the default route to the NAT gateway of the zone: {PROVISION}",
        FOLLOWS,
    ),
    "ec2: subnets",
    "ec2: route tables",
)
def private_route_to_internet_gateway(evidence: Evidence) -> Iterator[Case]:
    """A private subnet's default route leads to the internet gateway."""
    for subnet, table, route in routed(evidence):
        if target_of(route).startswith("igw-"):
            what = f"The default route of the private subnet {title(subnet)} leads to the internet gateway."
            yield case(evidence, what, subnet, table, told(table, route))


@AREA.rule(
    Kind(
        "nat-in-private-subnet",
        CRITICAL,
        "A NAT gateway sends on what it gets by its own subnet's default route, and in a private subnet that leads "
        "back to a NAT gateway instead of to the internet.",
        f"Make the NAT gateway in the zone's public subnet and route to that one: {PROVISION}",
        FOLLOWS,
    ),
    "ec2: subnets",
    "ec2: route tables",
    "ec2: NAT gateways of the VPC",
)
def nat_in_private_subnet(evidence: Evidence) -> Iterator[Case]:
    """A NAT gateway lies in a private subnet."""
    private = {one.get("subnet_id"): one for one in evidence.networked("subnets") if one.get("kind") == "private"}
    gateways = nat_gateways(evidence)
    for subnet, table, route in routed(evidence):
        lies_in = (gateways.get(target_of(route)) or {}).get("subnet_id")
        if lies_in and lies_in in private:
            lies = title(private[lies_in])
            what = f"{title(subnet)} goes out by the NAT gateway {target_of(route)}, which lies in the private {lies}."
            yield case(evidence, what, subnet, table, f"{told(table, route)}; its subnet_id={lies_in}")


@AREA.rule(
    Kind(
        "nat-missing",
        CRITICAL,
        WAY_OUT,
        f"Make a NAT gateway in the zone's public subnet and route to it: {PROVISION}",
        FOLLOWS,
    ),
    "ec2: subnets",
    "ec2: route tables",
    "ec2: NAT gateways of the VPC",
)
def nat_missing(evidence: Evidence) -> Iterator[Case]:
    """A private subnet's NAT gateway is gone."""
    gateways = nat_gateways(evidence)
    for subnet, table, route in routed(evidence):
        target = target_of(route)
        state = gateways.get(target, {}).get("state")
        if route.get("state") == "blackhole" or state in ("failed", "deleting", "deleted"):
            state = state or "gone"
            what = f"The default route of {title(subnet)} leads nowhere: {target} is {state}."
            yield case(evidence, what, subnet, table, told(table, route))


@AREA.rule(
    Kind(
        "default-route-missing",
        CRITICAL,
        WAY_OUT,
        f"Route 0.0.0.0/0 to the NAT gateway of the zone: {PROVISION}",
        FOLLOWS,
    ),
    "ec2: subnets",
    "ec2: route tables",
    "ec2: endpoints",
    "ec2: NAT gateways",
)
def default_route_missing(evidence: Evidence) -> Iterator[Case]:
    """A private subnet has no default route."""
    endpoints = [str(one.get("service_name")) for one in evidence.networked("endpoints")]
    closed = any(name.endswith(".ssmmessages") for name in endpoints) and not evidence.networked("nat_gateways")
    if closed or evidence.unread("ec2: route tables"):
        return
    for subnet, table in private_tables(evidence):
        if not default_route(table):
            what = f"The private subnet {title(subnet)} has no default route."
            found = [one.get("destination_cidr_block") for one in rows(table, "routes")]
            routes = [str(one) for one in found if one]
            proof = f"routes: {', '.join(routes)}" if table else "no route table of its own"
            yield case(evidence, what, subnet, table, proof)
