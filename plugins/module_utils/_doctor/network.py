# Copyright: hasite.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection: this file may change at any time.
"""Rules: how private machines get out (stumbling block 2)."""

from __future__ import annotations

from collections.abc import Iterator

from .._resource import Resource
from .evidence import Evidence, rows
from .finding import CRITICAL, PROVISION, WARNING, Area, Occurrence, RuleInfo
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
    tables = evidence.network_resources("route_tables")
    for subnet in evidence.network_resources("subnets"):
        if subnet.get("kind") == "private":
            own = (table for table in tables if subnet.get("subnet_id") in (table.get("subnet_ids") or []))
            yield subnet, next(own, None)


def default_route(table: Resource | None) -> Resource | None:
    """Return a table's default route."""
    routes = rows(table, "routes")
    return next((route for route in routes if route.get("destination_cidr_block") == DEFAULT), None)


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
    found = [*evidence.network_resources("nat_gateways"), *evidence.inspected("nat_gateways")]
    return {str(one.get("nat_gateway_id")): one for one in found}


def told(table: Resource, route: Resource) -> str:
    """Return a route as evidence."""
    return f"{table.get('route_table_id')}: {DEFAULT} → {target_of(route)} ({route.get('state') or 'no state'})"


def occurrence(evidence: Evidence, what: str, subnet: Resource, table: Resource | None, proof: str) -> Occurrence:
    """Return an occurrence at a subnet and the machines in it."""
    where = place("route table", table, "route_table_id") if table else place("subnet", subnet, "subnet_id")
    return Occurrence(
        what, where, proof, ids(machines_in(evidence, [subnet.get("subnet_id")])) or frozenset({"nobody"})
    )


def title(subnet: Resource) -> str:
    """Return how to call a subnet in a sentence."""
    return f"{subnet.get('name') or subnet.get('subnet_id')} ({subnet.get('availability_zone')})"


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
    private = {
        resource.get("subnet_id"): resource
        for resource in evidence.network_resources("subnets")
        if resource.get("kind") == "private"
    }
    gateways = nat_gateways(evidence)
    for subnet, table, route in routed(evidence):
        lies_in = (gateways.get(target_of(route)) or {}).get("subnet_id")
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
        state = gateways.get(target, {}).get("state")
        if route.get("state") == "blackhole" or state in ("failed", "deleting", "deleted"):
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
    endpoints = [str(resource.get("service_name")) for resource in evidence.network_resources("endpoints")]
    closed = any(name.endswith(".ssmmessages") for name in endpoints) and not evidence.network_resources("nat_gateways")
    if closed or evidence.unread("ec2: route tables"):
        return
    for subnet, table in private_tables(evidence):
        if not default_route(table):
            what = f"The private subnet {title(subnet)} has no default route."
            found = [row.get("destination_cidr_block") for row in rows(table, "routes")]
            routes = [str(one) for one in found if one]
            proof = f"routes: {', '.join(routes)}" if table else "no route table of its own"
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
    service = f"com.amazonaws.{evidence.site.get('region')}.s3"
    found = [one for one in evidence.network_resources("endpoints") if one.get("service_name") == service]
    led = {str(table) for one in found for table in one.get("route_table_ids") or []}
    for subnet, table in private_tables(evidence) if not evidence.unread("ec2: endpoints") else []:
        identity = str((table or {}).get("route_table_id"))
        if table and identity not in led:
            endpoint = str(found[0].get("vpc_endpoint_id")) if found else ""
            call = f"aws ec2 modify-vpc-endpoint --vpc-endpoint-id {endpoint} --add-route-table-ids {identity}"
            yield Occurrence(
                f"The private subnet {title(subnet)} does not reach S3 by an endpoint.",
                place("route table", table, "route_table_id"),
                f"route tables of {endpoint or 'no endpoint'}: {', '.join(sorted(led)) or 'none'}",
                ids(machines_in(evidence, [subnet.get("subnet_id")])),
                remedy=f"Call: {call}" if endpoint else None,
                severity=None if default_route(table) else CRITICAL,
            )
