# Copyright: hasite.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection: this file may change at any time.
"""Rules: how private machines get out (stumbling block 2)."""

from __future__ import annotations

from collections.abc import Iterator

from .evidence import Evidence
from .finding import CRITICAL, PROVISION, WARNING, Area, Occurrence, RuleInfo, Where
from .known.network import NatGateway, Route, RouteTable, Subnet
from .places import ids, machines_in, place

AREA = Area("network")
DEFAULT = "0.0.0.0/0"
WAY_OUT = (
    "A private machine's own requests, to Systems Manager and for packages, leave by the NAT gateway that its subnet's "
    "route table names."
)
FOLLOWS = ("endpoints-unreachable", "machine-unreachable")


def private_tables(evidence: Evidence) -> Iterator[tuple[Subnet, RouteTable | None]]:
    """Return the private subnets, each with its route table if it has one of its own."""
    tables = evidence.site.network.route_tables
    for subnet in evidence.site.network.subnets:
        if subnet.kind == "private":
            own = (table for table in tables if subnet.subnet_id in table.subnet_ids)
            yield subnet, next(own, None)


def default_route(table: RouteTable | None) -> Route | None:
    """Return a table's default route."""
    routes = table.routes if table else ()
    return next((route for route in routes if route.destination_cidr_block == DEFAULT), None)


def target_of(route: Route) -> str:
    """Return where a route leads."""
    found = route.nat_gateway_id or route.gateway_id or route.network_interface_id
    return found or route.transit_gateway_id or route.instance_id or "nothing"


def routed(evidence: Evidence) -> Iterator[tuple[Subnet, RouteTable, Route]]:
    """Return the private subnets that have a default route, with their tables and that route."""
    for subnet, table in private_tables(evidence):
        route = default_route(table)
        if table and route:
            yield subnet, table, route


def nat_gateways(evidence: Evidence) -> dict[str, NatGateway]:
    """Return the NAT gateways by their ids: the site's, and all others that its routes may lead to."""
    found = [*evidence.site.network.nat_gateways, *evidence.details.nat_gateways]
    return {gateway.nat_gateway_id: gateway for gateway in found}


def told(table: RouteTable, route: Route) -> str:
    """Return a route as evidence."""
    return f"{table.route_table_id}: {DEFAULT} → {target_of(route)} ({route.state or 'no state'})"


def table_place(table: RouteTable) -> Where:
    """Return where a route table is."""
    return place("route table", table.route_table_id, table.name)


def subnet_place(subnet: Subnet) -> Where:
    """Return where a subnet is."""
    return place("subnet", subnet.subnet_id, subnet.name)


def occurrence(evidence: Evidence, what: str, subnet: Subnet, table: RouteTable | None, proof: str) -> Occurrence:
    """Return an occurrence at a subnet and the machines in it."""
    where = table_place(table) if table else subnet_place(subnet)
    return Occurrence(what, where, proof, ids(machines_in(evidence, subnet.subnet_id)) or frozenset({"nobody"}))


def title(subnet: Subnet) -> str:
    """Return how to call a subnet in a sentence."""
    return f"{subnet.name or subnet.subnet_id} ({subnet.availability_zone})"


@AREA.rule(
    RuleInfo(
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
def private_route_to_internet_gateway(evidence: Evidence) -> Iterator[Occurrence]:
    """A private subnet's default route leads to the internet gateway."""
    for subnet, table, route in routed(evidence):
        if target_of(route).startswith("igw-"):
            what = f"The default route of the private subnet {title(subnet)} leads to the internet gateway."
            yield occurrence(evidence, what, subnet, table, told(table, route))


@AREA.rule(
    RuleInfo(
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
def nat_in_private_subnet(evidence: Evidence) -> Iterator[Occurrence]:
    """A NAT gateway lies in a private subnet."""
    private = {subnet.subnet_id: subnet for subnet in evidence.site.network.subnets if subnet.kind == "private"}
    gateways = nat_gateways(evidence)
    for subnet, table, route in routed(evidence):
        lies_in = gateways.get(target_of(route), NatGateway()).subnet_id
        if lies_in and lies_in in private:
            lies = title(private[lies_in])
            what = f"{title(subnet)} goes out by the NAT gateway {target_of(route)}, which lies in the private {lies}."
            yield occurrence(evidence, what, subnet, table, f"{told(table, route)}; its subnet_id={lies_in}")


@AREA.rule(
    RuleInfo(
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
def nat_missing(evidence: Evidence) -> Iterator[Occurrence]:
    """A private subnet's NAT gateway is gone."""
    gateways = nat_gateways(evidence)
    for subnet, table, route in routed(evidence):
        target = target_of(route)
        state = gateways.get(target, NatGateway()).state
        if route.state == "blackhole" or state in ("failed", "deleting", "deleted"):
            state = state or "gone"
            what = f"The default route of {title(subnet)} leads nowhere: {target} is {state}."
            yield occurrence(evidence, what, subnet, table, told(table, route))


@AREA.rule(
    RuleInfo(
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
def default_route_missing(evidence: Evidence) -> Iterator[Occurrence]:
    """A private subnet has no default route."""
    endpoints = [endpoint.service_name for endpoint in evidence.site.network.endpoints]
    closed = any(name.endswith(".ssmmessages") for name in endpoints) and not evidence.site.network.nat_gateways
    if closed or evidence.unread("ec2: route tables"):
        return
    for subnet, table in private_tables(evidence):
        if not default_route(table):
            what = f"The private subnet {title(subnet)} has no default route."
            blocks = [route.destination_cidr_block for route in table.routes] if table else []
            proof = f"routes: {', '.join(filter(None, blocks))}" if table else "no route table of its own"
            yield occurrence(evidence, what, subnet, table, proof)


@AREA.rule(
    RuleInfo(
        "s3-endpoint-missing",
        WARNING,
        "Releases are fetched from S3. Past the endpoint they take the NAT gateway, where every byte is paid for and "
        "any account's bucket is reached; without one they do not arrive at all.",
        f"Make the VPC's gateway endpoint of S3 for the private route tables: {PROVISION}",
    ),
    "ec2: subnets",
    "ec2: route tables",
    "ec2: endpoints",
)
def s3_endpoint_missing(evidence: Evidence) -> Iterator[Occurrence]:
    """A private subnet does not reach S3 by the VPC's endpoint."""
    service = f"com.amazonaws.{evidence.site.region}.s3"
    found = [candidate for candidate in evidence.site.network.endpoints if candidate.service_name == service]
    led = {table for known in found for table in known.route_table_ids}
    for subnet, table in private_tables(evidence) if not evidence.unread("ec2: endpoints") else []:
        if table and table.route_table_id not in led:
            endpoint = found[0].vpc_endpoint_id if found else ""
            added = f"--vpc-endpoint-id {endpoint} --add-route-table-ids {table.route_table_id}"
            yield Occurrence(
                f"The private subnet {title(subnet)} does not reach S3 by an endpoint.",
                table_place(table),
                f"route tables of {endpoint or 'no endpoint'}: {', '.join(sorted(led)) or 'none'}",
                ids(machines_in(evidence, subnet.subnet_id)),
                remedy=f"Call: aws ec2 modify-vpc-endpoint {added}" if endpoint else None,
                severity=None if default_route(table) else CRITICAL,
            )
