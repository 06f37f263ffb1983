# Copyright: hasite.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection: this file may change at any time.
"""The network as EC2 describes it, reduced to what decides about packets."""

from __future__ import annotations

import typing as t
from collections.abc import Mapping
from dataclasses import dataclass, field
from ipaddress import IPv4Address, IPv4Network


class Address(t.NamedTuple):
    """A private address of an interface, and the public one that the internet gateway translates to it."""

    private: IPv4Address
    public: IPv4Address | None = None


@dataclass(frozen=True)
class Vpc:
    """A VPC; `internet_gateway` is the id of the one that is attached, `dns_support` None if it could not be read.

    `edge_table_id` is the route table for what comes in through the internet gateway, if there is one:
    https://docs.aws.amazon.com/vpc/latest/userguide/gateway-route-tables.html
    """

    id: str
    cidrs: tuple[IPv4Network, ...]
    name: str = ""
    internet_gateway: str = ""
    dns_support: bool | None = True
    edge_table_id: str = ""


@dataclass(frozen=True)
class Subnet:
    """A subnet with the route table and the network ACL that count for it: its own or the VPC's main ones."""

    id: str
    vpc_id: str
    cidr: IPv4Network
    zone: str
    route_table_id: str = ""
    acl_id: str = ""
    name: str = ""


@dataclass(frozen=True)
class Interface:
    """A network interface. `attached`: somebody uses it. `checked`: it gets only what is for its own addresses."""

    id: str
    vpc_id: str
    subnet_id: str
    zone: str
    addresses: tuple[Address, ...]
    groups: tuple[str, ...] = ()
    """Empty for those that no security group guards, such as a NAT gateway's."""
    instance_id: str = ""
    device_index: int = 0
    description: str = ""
    attached: bool = True
    checked: bool = True
    name: str = ""

    @property
    def private(self) -> IPv4Address:
        """The primary address."""
        return self.addresses[0].private

    @property
    def public(self) -> IPv4Address | None:
        """The first public address."""
        return next((address.public for address in self.addresses if address.public), None)


@dataclass(frozen=True)
class Instance:
    """A machine."""

    id: str
    state: str
    windows: bool = False
    metadata: bool = True
    """Whether the instance metadata service answers it."""
    name: str = ""


@dataclass(frozen=True)
class Route:
    """A route; `target` is `local`, an id, or empty for one whose kind is not known. `prefix_list` is its origin."""

    cidrs: tuple[IPv4Network, ...]
    target: str
    blackhole: bool = False
    prefix_list: str = ""


@dataclass(frozen=True)
class RouteTable:
    """A route table."""

    id: str
    routes: tuple[Route, ...]
    name: str = ""


@dataclass(frozen=True)
class GroupRule:
    """One rule of a security group: protocol and ports, for one kind of peer.

    The protocol is a number, None for all; `ports` are of ICMP a type and a code; None are all.
    """

    protocol: int | None
    ports: tuple[int, int] | None = None
    cidr: IPv4Network | None = None
    group: str = ""
    prefix_list: str = ""


@dataclass(frozen=True)
class Group:
    """A security group."""

    id: str
    ingress: tuple[GroupRule, ...] = ()
    egress: tuple[GroupRule, ...] = ()
    name: str = ""


@dataclass(frozen=True)
class AclEntry:
    """One numbered entry of a network ACL; protocol and ports as in a `Rule`."""

    number: int
    allow: bool
    protocol: int | None
    cidr: IPv4Network
    ports: tuple[int, int] | None = None


@dataclass(frozen=True)
class Acl:
    """A network ACL, its entries in the order in which they count."""

    id: str
    ingress: tuple[AclEntry, ...] = ()
    egress: tuple[AclEntry, ...] = ()
    name: str = ""


@dataclass(frozen=True)
class NatGateway:
    """A NAT gateway with the interface that it has in its subnet."""

    id: str
    state: str
    interface_id: str
    subnet_id: str = ""
    public: bool = True
    name: str = ""


@dataclass(frozen=True)
class Endpoint:
    """A VPC endpoint; `kind` is AWS's word, such as `Interface` or `Gateway`."""

    id: str
    vpc_id: str
    service: str
    kind: str
    state: str
    interfaces: tuple[str, ...] = ()
    private_dns: bool = False
    name: str = ""


@dataclass(frozen=True)
class Peering:
    """A peering connection between two VPCs."""

    id: str
    state: str
    vpcs: tuple[str, str]
    name: str = ""


@dataclass(frozen=True)
class PrefixList:
    """A prefix list."""

    id: str
    name: str
    cidrs: tuple[IPv4Network, ...]


@dataclass(frozen=True)
class Model:
    """All of it; each mapping is by id. `unreadable` has the kinds that could not be read, and why."""

    vpcs: Mapping[str, Vpc] = field(default_factory=dict)
    subnets: Mapping[str, Subnet] = field(default_factory=dict)
    interfaces: Mapping[str, Interface] = field(default_factory=dict)
    instances: Mapping[str, Instance] = field(default_factory=dict)
    route_tables: Mapping[str, RouteTable] = field(default_factory=dict)
    security_groups: Mapping[str, Group] = field(default_factory=dict)
    network_acls: Mapping[str, Acl] = field(default_factory=dict)
    nat_gateways: Mapping[str, NatGateway] = field(default_factory=dict)
    endpoints: Mapping[str, Endpoint] = field(default_factory=dict)
    peerings: Mapping[str, Peering] = field(default_factory=dict)
    prefix_lists: Mapping[str, PrefixList] = field(default_factory=dict)
    unreadable: Mapping[str, str] = field(default_factory=dict)

    def interface_at(self, vpc_id: str, address: IPv4Address) -> Interface | None:
        """Return the interface of a VPC that has this private address."""
        for interface in self.interfaces.values():
            if interface.vpc_id == vpc_id and any(own.private == address for own in interface.addresses):
                return interface
        return None

    def interface_behind(self, public: IPv4Address) -> tuple[Interface, Address] | None:
        """Return the interface that has this public address, and which of its addresses it belongs to."""
        for interface in self.interfaces.values():
            for address in interface.addresses:
                if address.public == public:
                    return interface, address
        return None

    def nat_gateway_at(self, interface_id: str) -> NatGateway | None:
        """Return the NAT gateway whose interface this is."""
        return next((gateway for gateway in self.nat_gateways.values() if gateway.interface_id == interface_id), None)

    def peering_between(self, one: str, other: str) -> Peering | None:
        """Return an active peering connection of two VPCs."""
        wanted = {one, other}
        return next(
            (
                peering
                for peering in self.peerings.values()
                if peering.state == "active" and set(peering.vpcs) == wanted
            ),
            None,
        )
