# SPDX-License-Identifier: GPL-3.0-or-later
"""Route tables as policy routing. Pure: a network in, arguments of `ip` out.

A VPC's router looks first where the VPC's own addresses are (AWS's local route), then into the route
table of the sender's subnet. Senders are told apart by their address: the source check has seen to it.
Routes to a part of the VPC come before the local one, but for the sender's own subnet:
https://docs.aws.amazon.com/vpc/latest/userguide/route-tables-priority.html
Addresses of the transit between a router and the internet are the same in every VPC but for one, so
that VPCs with the same blocks do not meet.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from ipaddress import IPv4Network

from lab.base import addresses
from lab.world.network.network import Network, Route, Vpc
from lab.world.network.packet_rules import ENDPOINT_DEVICE, INTERNET_DEVICE, VPC_RESOLVER, device

INTERNET_SIDE = "169.254.0.1"
ROUTER_SIDE = "169.254.0.2"
_TRANSIT = IPv4Network("100.126.0.0/16")
"""What a gateway endpoint's packets leave a VPC with, one address a VPC (RFC 6598's shared space)."""
_LOCAL_TABLE = 100


def transit(number: int) -> str:
    """Return the address under which the VPC with this number uses gateway endpoints."""
    return str(_TRANSIT[number])


@dataclass(frozen=True)
class Plan:
    """What a VPC's router has; each line is what follows `ip … add`, `replace` or `del`."""

    addresses: tuple[str, ...]
    rules: tuple[str, ...]
    routes: tuple[str, ...]


def router(network: Network, vpc: Vpc) -> Plan:
    """Return the plan of a VPC's router."""
    subnets = sorted(
        (subnet for subnet in network.subnets.values() if subnet.vpc_id == vpc.id), key=lambda each: each.id
    )
    own = {ROUTER_SIDE, vpc.resolver, VPC_RESOLVER, str(addresses.METADATA), *(subnet.gateway for subnet in subnets)}
    tables = sorted({subnet.route_table_id for subnet in subnets if subnet.route_table_id})
    return Plan(
        addresses=tuple(f"{address}/32 dev lo" for address in sorted(own)),
        rules=(
            *_narrower(network, vpc),
            f"pref 100 lookup {_LOCAL_TABLE}",
            *(f"pref 200 from {subnet.cidr} lookup {_number(subnet.route_table_id)}" for subnet in subnets),
            # What no route knows is lost in silence, as it is on AWS.
            "pref 3000 blackhole",
        ),
        routes=(*_local(network, vpc), *(line for table in tables for line in _table(network, table))),
    )


def _narrower(network: Network, vpc: Vpc) -> Iterator[str]:
    for member in network.members(vpc.id):
        subnet = network.subnets[member.subnet_id]
        for route in network.route_tables[subnet.route_table_id].routes if member.up else ():
            for block in map(_block, route.cidrs):
                if any(block.subnet_of(_block(cidr)) for cidr in vpc.cidrs) and not block.overlaps(_block(subnet.cidr)):
                    yield f"pref 50 iif {device(member.id)} to {block} lookup {_number(subnet.route_table_id)}"


def _block(cidr: str) -> IPv4Network:
    return IPv4Network(cidr, strict=False)


def _local(network: Network, vpc: Vpc) -> Iterator[str]:
    for cidr in vpc.cidrs:
        yield f"blackhole {_block(cidr)} table {_LOCAL_TABLE}"
    for member in network.members(vpc.id):
        if member.up:
            yield f"{member.address}/32 dev {device(member.id)} table {_LOCAL_TABLE}"


def _number(table_id: str) -> int:
    """Return the kernel's number of a route table: from its own id, so that it never changes."""
    return 1000 + int(table_id[-7:], 16)


def _table(network: Network, table_id: str) -> Iterator[str]:
    for route in network.route_tables[table_id].routes:
        for cidr in route.cidrs:
            yield f"{_route(network, route, str(_block(cidr)))} table {_number(table_id)}"


def _route(network: Network, route: Route, cidr: str) -> str:
    if route.kind == "internet":
        return f"{cidr} via {INTERNET_SIDE} dev {INTERNET_DEVICE} onlink"
    if route.kind == "endpoint":
        return f"{cidr} via {INTERNET_SIDE} dev {ENDPOINT_DEVICE} onlink"
    target = network.interfaces.get(route.target)
    if route.kind == "interface" and target and target.up:
        return f"{cidr} via {target.address} dev {device(target.id)} onlink"
    return f"blackhole {cidr}"


def public(network: Network, vpc: Vpc, link: str) -> tuple[str, ...]:
    """Return the internet's routes to a VPC's public addresses: without an internet gateway there are none."""
    if not vpc.internet_gateway:
        return ()
    found = (member.public_address for member in network.members(vpc.id) if member.public_address and member.up)
    return tuple(f"{address}/32 via {ROUTER_SIDE} dev {link} onlink" for address in found)
