# Copyright: hasite.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection: this file may change at any time.
"""The network, its groups, and the paths through it."""

from __future__ import annotations

from dataclasses import dataclass

from .rights import Policy


@dataclass(frozen=True)
class Vpc:
    """The VPC."""

    vpc_id: str = ""
    name: str = ""
    cidr_block: str = ""


@dataclass(frozen=True)
class Subnet:
    """A subnet; its kind is public or private."""

    subnet_id: str = ""
    name: str = ""
    kind: str = ""
    availability_zone: str = ""
    map_public_ip_on_launch: bool = False


@dataclass(frozen=True)
class Route:
    """A route, with the one target that it has."""

    destination_cidr_block: str = ""
    state: str = ""
    nat_gateway_id: str = ""
    gateway_id: str = ""
    network_interface_id: str = ""
    transit_gateway_id: str = ""
    instance_id: str = ""


@dataclass(frozen=True)
class RouteTable:
    """A route table, and the subnets that name it."""

    route_table_id: str = ""
    name: str = ""
    main: bool = False
    routes: tuple[Route, ...] = ()
    subnet_ids: tuple[str, ...] = ()


@dataclass(frozen=True)
class NatGateway:
    """A NAT gateway."""

    nat_gateway_id: str = ""
    state: str = ""
    subnet_id: str = ""


@dataclass(frozen=True)
class Endpoint:
    """An endpoint of the VPC."""

    vpc_endpoint_id: str = ""
    name: str = ""
    service_name: str = ""
    route_table_ids: tuple[str, ...] = ()
    policy: Policy | None = None


@dataclass(frozen=True)
class NetworkInterface:
    """A network interface."""

    network_interface_id: str = ""
    groups: tuple[str, ...] | None = None


@dataclass(frozen=True)
class FlowLog:
    """A flow log."""

    flow_log_status: str = ""


@dataclass(frozen=True)
class Network:
    """The VPC and all that is in it but machines."""

    vpc: Vpc | None = None
    subnets: tuple[Subnet, ...] = ()
    route_tables: tuple[RouteTable, ...] = ()
    nat_gateways: tuple[NatGateway, ...] = ()
    endpoints: tuple[Endpoint, ...] = ()
    flow_logs: tuple[FlowLog, ...] = ()
    network_interfaces: tuple[NetworkInterface, ...] = ()


@dataclass(frozen=True)
class Block:
    """Addresses that a rule admits."""

    cidr_ip: str = ""
    cidr_ipv6: str = ""


@dataclass(frozen=True)
class GroupPair:
    """A group that a rule admits."""

    group_id: str = ""


@dataclass(frozen=True)
class Permission:
    """A rule of a security group."""

    ip_protocol: str = ""
    from_port: int | None = None
    to_port: int | None = None
    ip_ranges: tuple[Block, ...] = ()
    ipv6_ranges: tuple[Block, ...] = ()
    user_id_group_pairs: tuple[GroupPair, ...] = ()


@dataclass(frozen=True)
class SecurityGroup:
    """A security group."""

    group_id: str = ""
    group_name: str = ""
    name: str = ""
    part: str = ""
    ip_permissions: tuple[Permission, ...] = ()
    ip_permissions_egress: tuple[Permission, ...] = ()


@dataclass(frozen=True)
class Stop:
    """What stops a path."""

    kind: str = ""
    id: str = ""
    name: str = ""
    direction: str = ""


@dataclass(frozen=True)
class Path:
    """A path that the site needs; the machine is the one that it serves, empty for all."""

    purpose: str = ""
    machine: str = ""
    machine_name: str = ""
    destination: str = ""
    port: int | None = None
    reachable: bool | None = None
    blocked_by: Stop | None = None
    explanation: str = ""
