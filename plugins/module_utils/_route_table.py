# Copyright: hasite.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection: this file may change at any time.
"""Route tables, and the subnets that they are for.

A subnet goes from one table to another by ReplaceRouteTableAssociation, so that it has its routes at each moment: one
that is associated with none has those of the VPC's main table.
https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_ReplaceRouteTableAssociation.html
"""

from __future__ import annotations

import typing as t
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from ._aws import (
    UNKNOWN,
    ChangeResult,
    Tags,
    acceptor,
    aws_call,
    compare_tags,
    failure,
    pages,
    tag_dict,
    tag_list,
    waited,
)
from ._resource import Resource

TARGETS = {
    "igw": "GatewayId",
    "vgw": "GatewayId",
    "nat": "NatGatewayId",
    "eni": "NetworkInterfaceId",
    "pcx": "VpcPeeringConnectionId",
    "tgw": "TransitGatewayId",
    "eigw": "EgressOnlyInternetGatewayId",
    "vpce": "VpcEndpointId",
}
"""By what a target's ID begins with, the parameter that names it:
https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateRoute.html"""
_SEEN_SECONDS = 60

# ---- pure


def normalize(table: Mapping[str, t.Any]) -> Resource:
    """Return a described route table the way the module returns it."""
    own = [one for one in table.get("Associations", []) if not one.get("Main") and one.get("SubnetId")]
    return {
        "route_table_id": table["RouteTableId"],
        "vpc_id": table["VpcId"],
        "routes": sorted_routes(route(one) for one in table.get("Routes", []) if by_hand(one)),
        "subnet_ids": sorted(one["SubnetId"] for one in own),
        "tags": tag_dict(table.get("Tags")),
    }


def by_hand(described: Mapping[str, t.Any]) -> bool:
    """Tell whether somebody has made a route: the VPC's own, endpoints' and propagated ones are not for this module."""
    return described.get("Origin") == "CreateRoute" and _destination(described) is not None


def route(described: Mapping[str, t.Any]) -> Resource:
    """Return a described route in short: where to, and by what."""
    target = next((described[key] for key in dict.fromkeys(TARGETS.values()) if described.get(key)), None)
    return {"destination": _destination(described), "target": target or described.get("InstanceId")}


def _destination(described: Mapping[str, t.Any]) -> str | None:
    return described.get("DestinationCidrBlock") or described.get("DestinationIpv6CidrBlock")


def sorted_routes(routes: Iterable[Resource]) -> list[Resource]:
    """Return routes in one order."""
    return sorted(routes, key=lambda one: str(one["destination"]))


def find(tables: Sequence[Mapping[str, t.Any]], params: Mapping[str, t.Any]) -> Resource:
    """Return the table that is meant, empty if there is none.

    It is known by its name. One that has lost its name is known by a subnet that it is for and another of its tags, so
    that no second table is made beside it.
    """
    subnets, tags = set(params["subnet_ids"]), {**(params["tags"] or {}), "Name": params["name"]}
    found = [normalize(one) for one in tables]
    named = [one for one in found if one["tags"].get("Name") == params["name"]]
    nameless = [
        one
        for one in found
        if "Name" not in one["tags"] and subnets & set(one["subnet_ids"]) and one["tags"].items() & tags.items()
    ]
    ours = sorted(named or nameless, key=lambda one: -len(subnets & set(one["subnet_ids"])))
    return ours[0] if ours else {}


@dataclass(frozen=True)
class Steps:
    """What has to be done to a table's routes and subnets."""

    create: list[Resource]
    replace: list[Resource]
    delete: list[str]
    join: list[str]
    leave: list[str]

    @property
    def any(self) -> bool:
        """Whether there is something to do."""
        return bool(self.create or self.replace or self.delete or self.join or self.leave)


def steps(before: Mapping[str, t.Any], after: Mapping[str, t.Any]) -> Steps:
    """Compare a table with what it is to be."""
    there = {one["destination"]: one["target"] for one in before.get("routes", [])}
    wanted = {one["destination"]: one["target"] for one in after["routes"]}
    subnets = set(before.get("subnet_ids", []))
    return Steps(
        create=[one for one in after["routes"] if one["destination"] not in there],
        replace=[one for one in after["routes"] if there.get(one["destination"], one["target"]) != one["target"]],
        delete=sorted(set(there) - set(wanted)),
        join=sorted(set(after["subnet_ids"]) - subnets),
        leave=sorted(subnets - set(after["subnet_ids"])),
    )


def arguments(destination: str, target: str = "") -> dict[str, str]:
    """Return a route as EC2 wants it."""
    given = {"DestinationIpv6CidrBlock" if ":" in destination else "DestinationCidrBlock": destination}
    if target:
        kind = target.partition("-")[0]
        if kind not in TARGETS:
            known = ", ".join(f"{one}-" for one in TARGETS)
            raise failure(f"The route to {destination} has the target {target}; name one whose ID begins with {known}.")
        given[TARGETS[kind]] = target
    return given


# ---- EC2


@aws_call("list the route tables of {vpc_id}")
def _tables(client: t.Any, vpc_id: str) -> list[Resource]:
    inside = [{"Name": "vpc-id", "Values": [vpc_id]}]
    return t.cast("list[Resource]", pages(client, "describe_route_tables", Filters=inside)["RouteTables"])


@aws_call("create a route table in {vpc_id}")
def _create(client: t.Any, vpc_id: str, tags: Mapping[str, str]) -> str:
    given = [{"ResourceType": "route-table", "Tags": tag_list(tags)}]
    return t.cast("str", client.create_route_table(VpcId=vpc_id, TagSpecifications=given)["RouteTable"]["RouteTableId"])


@aws_call("{operation} in route table {table}")
def _route(client: t.Any, operation: str, table: str, given: dict[str, str]) -> None:
    getattr(client, operation)(RouteTableId=table, **given)


@aws_call("associate {subnet} with route table {table}")
def _associate(client: t.Any, table: str, subnet: str, present: str | None) -> None:
    if present:
        client.replace_route_table_association(AssociationId=present, RouteTableId=table)
    else:
        client.associate_route_table(RouteTableId=table, SubnetId=subnet)


@aws_call("end the association {association} of a route table")
def _disassociate(client: t.Any, association: str) -> None:
    client.disassociate_route_table(AssociationId=association)


@aws_call("change the tags of route table {table}")
def _tag(client: t.Any, table: str, tags: Tags) -> None:
    if tags.to_unset:
        client.delete_tags(Resources=[table], Tags=[{"Key": key} for key in tags.to_unset])
    if tags.to_set:
        client.create_tags(Resources=[table], Tags=tags.to_set_list)


def _associations(tables: Iterable[Mapping[str, t.Any]]) -> dict[str, str]:
    """Return each subnet's association, whatever table it is with."""
    return {
        one["SubnetId"]: one["RouteTableAssociationId"]
        for table in tables
        for one in table.get("Associations", [])
        if one.get("SubnetId") and one.get("AssociationState", {}).get("State") != "disassociated"
    }


def ensure(client: t.Any, params: Mapping[str, t.Any], check_mode: bool) -> ChangeResult:
    """Have the route table with these routes, for these subnets and no others."""
    tables = _tables(client, params["vpc_id"])
    before = find(tables, params)
    wanted_tags = {**(params["tags"] or {}), "Name": params["name"]}
    tags = compare_tags(before.get("tags", {}), wanted_tags, params["purge_tags"])
    after = {
        "route_table_id": before.get("route_table_id", UNKNOWN),
        "vpc_id": params["vpc_id"],
        "routes": sorted_routes({key: one[key] for key in ("destination", "target")} for one in params["routes"]),
        "subnet_ids": sorted(params["subnet_ids"]),
        "tags": tags.after,
    }
    todo = steps(before, after)
    changed = not before or todo.any or tags.changed
    for one in after["routes"]:
        arguments(one["destination"], one["target"])
    if changed and not check_mode:
        # Its tags first: they may be what allows the caller to change its routes.
        if before:
            _tag(client, before["route_table_id"], tags)
        after["route_table_id"] = before.get("route_table_id") or _made(client, params["vpc_id"], tags.after)
        _apply(client, after["route_table_id"], todo, _associations(tables))
    return ChangeResult(changed, before, after)


def _made(client: t.Any, vpc_id: str, tags: Mapping[str, str]) -> str:
    """Create a table and return its ID, when EC2 shows it: what it makes, other calls may see a moment later."""
    table = _create(client, vpc_id, tags)
    seen = [acceptor("length(RouteTables) > `0`")]
    # By a filter: an ID that is not known yet would be an error.
    named = [{"Name": "route-table-id", "Values": [table]}]
    if not waited(client, "DescribeRouteTables", seen, _SEEN_SECONDS, 1, Filters=named):
        raise failure(f"EC2 has made the route table {table} and does not show it; run this again.")
    return table


def _apply(client: t.Any, table: str, todo: Steps, associations: Mapping[str, str]) -> None:
    """Change routes first: a subnet that comes finds them."""
    for one in todo.create:
        _route(client, "create_route", table, arguments(one["destination"], one["target"]))
    for one in todo.replace:
        _route(client, "replace_route", table, arguments(one["destination"], one["target"]))
    for destination in todo.delete:
        _route(client, "delete_route", table, arguments(destination))
    for subnet in todo.join:
        _associate(client, table, subnet, associations.get(subnet))
    for subnet in todo.leave:
        _disassociate(client, associations[subnet])
