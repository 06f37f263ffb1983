# SPDX-License-Identifier: GPL-3.0-or-later
"""The networks that the EC2 API describes: VPCs with interfaces, their routes, groups and access lists.

A VPC without any interface carries no packets and is left out: every region has a default VPC.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from ipaddress import IPv4Network
from typing import Any, Literal

from lab.base import words
from lab.base.backends import Backends
from lab.base.observed import Observed

_ALIVE = ("pending", "running", "stopping", "shutting-down")
"""An instance's states in which its interfaces carry packets; a machine boots while it is pending."""


@dataclass(frozen=True)
class Vpc:
    """A VPC; `internet_gateway` is the id of the one that is attached."""

    id: str
    region: str
    cidrs: tuple[str, ...]
    dns_support: bool
    dns_hostnames: bool
    internet_gateway: str | None

    def __post_init__(self) -> None:
        """Refuse what must not become configuration (`lab.base.words`), as the other classes here do."""
        for cidr in self.cidrs:
            words.block(cidr)

    @property
    def cidr(self) -> str:
        """Return the primary block."""
        return self.cidrs[0]

    @property
    def resolver(self) -> str:
        """Return the resolver's address: the primary block's base plus two.

        https://docs.aws.amazon.com/vpc/latest/userguide/AmazonDNS-concepts.html
        """
        return str(IPv4Network(self.cidr)[2])


@dataclass(frozen=True)
class Subnet:
    """A subnet with the route table and the access list that count for it, associated or the VPC's main ones."""

    id: str
    vpc_id: str
    cidr: str
    zone: str
    route_table_id: str
    acl_id: str

    def __post_init__(self) -> None:
        """See Vpc."""
        words.block(self.cidr)
        words.identifier(self.acl_id)

    @property
    def gateway(self) -> str:
        """Return the router's address in the subnet: its base plus one."""
        return str(IPv4Network(self.cidr)[1])


@dataclass(frozen=True)
class Interface:
    """A network interface. `up`: its owner runs. `filtered`: security groups count for it.

    `checked`: it sends and gets only what is its own (the source/destination check).
    """

    id: str
    vpc_id: str
    subnet_id: str
    zone: str
    address: str
    public_address: str | None
    groups: tuple[str, ...]
    up: bool
    mac: str
    owner: str
    filtered: bool = True
    checked: bool = True

    def __post_init__(self) -> None:
        """See Vpc."""
        for id_ in (self.id, *self.groups):
            words.identifier(id_)
        words.name(self.mac)
        for address in (self.address, *([] if self.public_address is None else [self.public_address])):
            words.address(address)


RouteKind = Literal["internet", "interface", "endpoint", "blackhole"]


@dataclass(frozen=True)
class Route:
    """Where packets to some blocks go; `target` is an interface's id for the kind `interface`.

    The local route is not among them: every router has it.
    """

    cidrs: tuple[str, ...]
    kind: RouteKind
    target: str = ""


@dataclass(frozen=True)
class RouteTable:
    """A route table."""

    id: str
    vpc_id: str
    routes: tuple[Route, ...]


@dataclass(frozen=True)
class GroupRule:
    """One rule of a security group: a protocol (`-1` is all), its ports, and one kind of peer."""

    protocol: str
    first: int | None
    last: int | None
    cidr: str = ""
    group: str = ""
    prefix_list: str = ""

    def __post_init__(self) -> None:
        """See Vpc."""
        words.protocol(self.protocol)
        words.identifier(self.group)
        words.identifier(self.prefix_list)
        if self.cidr:
            words.block(self.cidr)


@dataclass(frozen=True)
class Group:
    """A security group."""

    id: str
    vpc_id: str
    ingress: tuple[GroupRule, ...]
    egress: tuple[GroupRule, ...]


@dataclass(frozen=True)
class AclEntry:
    """One numbered entry of a network access list."""

    number: int
    allow: bool
    protocol: str
    cidr: str
    first: int | None
    last: int | None

    def __post_init__(self) -> None:
        """See Vpc."""
        words.protocol(self.protocol)
        words.block(self.cidr)


@dataclass(frozen=True)
class Acl:
    """A network access list, its entries in the order in which they count."""

    id: str
    vpc_id: str
    ingress: tuple[AclEntry, ...]
    egress: tuple[AclEntry, ...]


@dataclass(frozen=True)
class Endpoint:
    """A VPC endpoint: of kind `interface` with interfaces of its own, or `gateway` with routes."""

    id: str
    vpc_id: str
    region: str
    service: str
    kind: Literal["interface", "gateway"]
    interfaces: tuple[str, ...]
    private_dns: bool


@dataclass(frozen=True)
class Network:
    """All networks of the account, of every region; each dictionary is by id."""

    vpcs: dict[str, Vpc] = field(default_factory=dict)
    subnets: dict[str, Subnet] = field(default_factory=dict)
    interfaces: dict[str, Interface] = field(default_factory=dict)
    route_tables: dict[str, RouteTable] = field(default_factory=dict)
    groups: dict[str, Group] = field(default_factory=dict)
    acls: dict[str, Acl] = field(default_factory=dict)
    endpoints: dict[str, Endpoint] = field(default_factory=dict)
    prefix_lists: dict[str, tuple[str, ...]] = field(default_factory=dict)
    nat_interfaces: frozenset[str] = frozenset()
    """The interfaces of NAT gateways."""

    def __post_init__(self) -> None:
        """See Vpc."""
        for blocks in self.prefix_lists.values():
            for block in blocks:
                words.block(block)

    def members(self, vpc_id: str) -> list[Interface]:
        """Return a VPC's interfaces in the order of their ids."""
        return sorted(
            (interface for interface in self.interfaces.values() if interface.vpc_id == vpc_id),
            key=lambda each: each.id,
        )

    def endpoint_interfaces(self, chosen: Callable[[str], bool]) -> list[Interface]:
        """Return the interfaces of the interface endpoints whose service is chosen by its short name, such as `ssm`."""
        return [
            self.interfaces[interface]
            for endpoint in self.endpoints.values()
            if chosen(endpoint.service.rpartition(".")[2])
            for interface in endpoint.interfaces
            if interface in self.interfaces
        ]


def describe(backends: Backends, observed: Observed) -> Network:
    """Return the networks of all regions; the caller holds the API's lock."""
    network = Network()
    nat_interfaces: set[str] = set()
    for region, backend in backends.regional("ec2"):
        nat_interfaces.update(_describe_region(network, region, backend, observed))
    return Network(**{**vars(network), "nat_interfaces": frozenset(nat_interfaces)})


def _describe_region(network: Network, region: str, backend: Any, observed: Observed) -> set[str]:
    used = {eni.subnet.vpc_id for eni in backend.enis.values()}
    if not used:
        return set()
    nat_interfaces = {
        gateway._eni.id for gateway in backend.nat_gateways.values() if gateway.state in ("pending", "available")
    }
    network.interfaces.update({eni.id: _interface(eni, observed, nat_interfaces) for eni in backend.enis.values()})
    network.vpcs.update({vpc.id: _vpc(vpc, region, backend) for vpc in backend.vpcs.values() if vpc.id in used})
    network.subnets.update(
        {
            subnet.id: _subnet(subnet, backend)
            for subnets in backend.subnets.values()
            for subnet in subnets.values()
            if subnet.vpc_id in used
        }
    )
    network.prefix_lists.update(
        {prefix_list.id: prefixes(prefix_list) for prefix_list in backend.managed_prefix_lists.values()}
    )
    network.route_tables.update(
        {table.id: _route_table(table, network) for table in backend.route_tables.values() if table.vpc_id in used}
    )
    network.groups.update(
        {group.id: _group(group) for vpc_id in used for group in backend.groups.get(vpc_id, {}).values()}
    )
    network.acls.update({acl.id: _acl(acl) for acl in backend.network_acls.values() if acl.vpc_id in used})
    network.endpoints.update(
        {
            point.id: _endpoint(point, region)
            for point in backend.vpc_end_points.values()
            if point.vpc_id in used and point.state in ("pending", "available")
        }
    )
    return nat_interfaces


def truth(value: object) -> bool:
    """Return a flag that moto keeps as a bool or, as it came over the wire, as text."""
    return str(value).lower() == "true"


def _vpc(vpc: Any, region: str, backend: Any) -> Vpc:
    attached = [
        gateway.id for gateway in backend.internet_gateways.values() if gateway.vpc and gateway.vpc.id == vpc.id
    ]
    return Vpc(
        id=vpc.id,
        region=region,
        cidrs=tuple(association["cidr_block"] for association in vpc.get_cidr_block_association_set()),
        dns_support=truth(vpc.enable_dns_support),
        dns_hostnames=truth(vpc.enable_dns_hostnames),
        internet_gateway=attached[0] if attached else None,
    )


def _subnet(subnet: Any, backend: Any) -> Subnet:
    tables = [table for table in backend.route_tables.values() if table.vpc_id == subnet.vpc_id]
    own = [table.id for table in tables if subnet.id in table._associations.values()]
    main = [table.id for table in tables if table.main_association_id]
    lists = [acl for acl in backend.network_acls.values() if acl.vpc_id == subnet.vpc_id]
    acls = [acl.id for acl in lists if any(association.subnet_id == subnet.id for association in acl.associations)]
    default = [acl.id for acl in lists if acl.default]
    return Subnet(
        id=subnet.id,
        vpc_id=subnet.vpc_id,
        cidr=str(IPv4Network(subnet.cidr_block, strict=False)),
        zone=subnet.availability_zone,
        route_table_id=(own + main + [""])[0],
        acl_id=(acls + default + [""])[0],
    )


def _interface(eni: Any, observed: Observed, nat_interfaces: set[str]) -> Interface:
    is_nat = eni.id in nat_interfaces
    return Interface(
        id=eni.id,
        vpc_id=eni.subnet.vpc_id,
        subnet_id=eni.subnet.id,
        zone=eni.subnet.availability_zone,
        address=eni.private_ip_address,
        public_address=eni.public_ip,
        groups=tuple(sorted({group.id for group in eni.group_set})),
        up=_runs(eni.instance, observed),
        mac=eni.mac_address,
        owner=eni.instance.id if eni.instance else eni.description,
        # A NAT gateway has no security group: https://docs.aws.amazon.com/vpc/latest/userguide/nat-gateway-basics.html
        filtered=not is_nat,
        checked=not is_nat and truth(eni.source_dest_check),
    )


def _runs(instance: Any, observed: Observed) -> bool:
    if instance is None:
        return True
    state = observed.machines.get(instance.id) or instance._state.name
    return state in _ALIVE


def prefixes(prefix_list: Any) -> tuple[str, ...]:
    """Return the IPv4 blocks of a prefix list's newest version."""
    versions = list(prefix_list.entries.values())
    blocks = [entry["Cidr"] for entry in versions[-1] or ()] if versions else []
    return tuple(block for block in blocks if ":" not in block)


def _route_table(table: Any, network: Network) -> RouteTable:
    routes = (_route(route, network) for route in table.routes if not route.local)
    return RouteTable(table.id, table.vpc_id, tuple(route for route in routes if route.cidrs))


def _route(route: Any, network: Network) -> Route:
    if route.destination_prefix_list:
        cidrs = network.prefix_lists.get(route.destination_prefix_list.id, ())
    else:
        cidrs = (route.destination_cidr_block,) if route.destination_cidr_block else ()
    vpc = network.vpcs[route.route_table.vpc_id]
    gateway = route.gateway_id or ""
    if gateway.startswith("igw-") and gateway == vpc.internet_gateway:
        return Route(cidrs, "internet")
    if gateway.startswith("vpce-"):
        return Route(cidrs, "endpoint")
    target = _target(route)
    if target and target in network.interfaces:
        return Route(cidrs, "interface", target)
    return Route(cidrs, "blackhole")


def _target(route: Any) -> str | None:
    """Return the interface that a route leads to: a NAT gateway's, one of its own, or an instance's first one."""
    if route.nat_gateway:
        alive = route.nat_gateway.state in ("pending", "available")
        return str(route.nat_gateway._eni.id) if alive else None
    if route.interface:
        return str(route.interface.id)
    if route.instance and route.instance.nics:
        return str(route.instance.nics[min(route.instance.nics)].id)
    return None


def _rules(rules: Iterable[Any]) -> Iterator[GroupRule]:
    for rule in rules:
        found = GroupRule(
            protocol=str(rule.ip_protocol),
            first=rule.from_port,
            last=rule.to_port,
            cidr=rule.ip_range.get("CidrIp") or "",
            group=rule.source_group.get("GroupId") or "",
            prefix_list=rule.prefix_list_id or "",
        )
        # What is left has IPv6 peers, which the lab's networks do not have.
        if found.cidr or found.group or found.prefix_list:
            yield found


def _group(group: Any) -> Group:
    return Group(group.id, group.vpc_id, tuple(_rules(group.ingress_rules)), tuple(_rules(group.egress_rules)))


def _acl(acl: Any) -> Acl:
    entries = sorted(
        (entry for entry in acl.network_acl_entries if entry.cidr_block), key=lambda each: int(each.rule_number)
    )
    return Acl(
        acl.id,
        acl.vpc_id,
        ingress=tuple(_entry(entry) for entry in entries if not truth(entry.egress)),
        egress=tuple(_entry(entry) for entry in entries if truth(entry.egress)),
    )


def _entry(entry: Any) -> AclEntry:
    def number(value: Any) -> int | None:
        return None if value is None else int(value)

    protocol = str(entry.protocol)
    icmp = protocol in ("1", "icmp")
    return AclEntry(
        number=int(entry.rule_number),
        allow=entry.rule_action == "allow",
        protocol=protocol,
        cidr=entry.cidr_block,
        first=number(entry.icmp_type if icmp else entry.port_range_from),
        last=number(entry.icmp_code if icmp else entry.port_range_to),
    )


def _endpoint(endpoint: Any, region: str) -> Endpoint:
    interface = str(endpoint.vpc_endpoint_type).lower() == "interface"
    return Endpoint(
        id=endpoint.id,
        vpc_id=endpoint.vpc_id,
        region=region,
        service=endpoint.service_name,
        kind="interface" if interface else "gateway",
        interfaces=tuple(endpoint.network_interface_ids or ()),
        private_dns=interface and truth(endpoint.private_dns_enabled),
    )
