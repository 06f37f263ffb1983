# SPDX-License-Identifier: GPL-3.0-or-later
"""The names that the API's state describes: hosted zones, their records, health checks, and what aliases may target.

Names here are in small letters and without the last dot, so the root is "".
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal

from lab.world.names import key_signing

if TYPE_CHECKING:
    from lab.base.backends import Backends
    from lab.world.balancer.load_balancer import HealthyMinimum, LoadBalancer
    from lab.world.edge.edge import Edge
    from lab.world.names.key_signing import ZoneKeys
    from lab.world.network.file_system import FileSystem

CLOUDFRONT_ZONE = "Z2FDTNDATAQYW2"
"""The hosted zone of every distribution: https://docs.aws.amazon.com/Route53/latest/APIReference/API_AliasTarget.html"""

_NAMING = frozenset({"CNAME", "MX", "NS", "PTR", "SRV"})

Failover = Literal["PRIMARY", "SECONDARY"]


def plain(name: str) -> str:
    r"""Return a name as it is kept here, also from Route 53's way to write one (`\052.example.com.`)."""
    return name.lower().rstrip(".").replace("\\052", "*")


@dataclass(frozen=True)
class Alias:
    """What an alias record points to instead of holding values."""

    zone_id: str
    name: str
    evaluate: bool


@dataclass(frozen=True)
class Record:
    """A resource record set: the values of one name and type, or one of several that share them by a routing policy."""

    name: str
    type: str
    ttl: int = 0
    values: tuple[str, ...] = ()
    alias: Alias | None = None
    identifier: str = ""
    failover: Failover | None = None
    weight: int | None = None
    multivalue: bool = False
    check: str = ""


@dataclass(frozen=True)
class Zone:
    """One zone: a hosted zone, or one that the lab's internet itself has."""

    name: str
    records: tuple[Record, ...]
    id: str = ""
    nameservers: tuple[str, ...] = ()
    private: bool = False
    vpcs: tuple[str, ...] = ()
    query_log: str = ""
    """The log group in us-east-1 that queries are logged to."""
    keys: ZoneKeys | None = None
    """What the zone's answers are signed with; None if they are not signed."""

    @cached_property
    def nodes(self) -> Mapping[str, Mapping[str, tuple[Record, ...]]]:
        """Return the records by name and type, and every name between a record and the top (RFC 4592, 2.2.2)."""
        found: dict[str, dict[str, tuple[Record, ...]]] = {self.name: {}}
        for record in self.records:
            types = found.setdefault(record.name, {})
            types[record.type] = (*types.get(record.type, ()), record)
            for above in ancestors(record.name):
                if len(above) <= len(self.name):
                    break
                found.setdefault(above, {})
        return found


@dataclass(frozen=True)
class HealthCheck:
    """What Route 53's checkers ask, and how their answers count."""

    id: str
    type: str
    address: str = ""
    port: int = 80
    host: str = ""
    path: str = ""
    search: str = ""
    interval: int = 30
    threshold: int = 3
    inverted: bool = False
    disabled: bool = False
    sni: bool = False
    regions: tuple[str, ...] = ()
    children: tuple[str, ...] = ()
    healthy_children: int = 0


@dataclass(frozen=True)
class Needed:
    """How many healthy targets a target group has to have for DNS, of how many."""

    minimum: HealthyMinimum
    registered: int


@dataclass(frozen=True)
class Balancer:
    """A load balancer as its name's answers need it: its nodes' zones and addresses, and its target groups.

    `zonal` has the target groups without cross-zone balancing: group to target to the target's zone.
    """

    dns_name: str
    zone_id: str
    nodes: tuple[tuple[str, str], ...]
    groups: Mapping[str, Needed]
    zonal: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    away_from: str = ""
    """The zone that a zonal shift keeps visitors away from."""


@dataclass(frozen=True)
class Share:
    """A file system's addresses in one VPC, by availability zone."""

    id: str
    region: str
    vpc_id: str
    addresses: Mapping[str, str]


@dataclass(frozen=True)
class ServiceEndpoint:
    """An interface endpoint with private DNS: its VPC sees the service's own name at these addresses."""

    name: str
    vpc_id: str
    addresses: tuple[str, ...]


@dataclass(frozen=True)
class Names:
    """Everything that name servers, resolvers and health checkers need to know. `zones` are in order of creation."""

    zones: tuple[Zone, ...] = ()
    checks: Mapping[str, HealthCheck] = field(default_factory=dict)
    balancers: tuple[Balancer, ...] = ()
    distributions: frozenset[str] = frozenset()
    shares: tuple[Share, ...] = ()
    endpoints: tuple[ServiceEndpoint, ...] = ()
    domains: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """The domains registered in Route 53 itself, with the name servers that they list."""
    signers: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """The DS records of the domains registered in Route 53 itself, as zone files write them."""

    @cached_property
    def zone_by_id(self) -> Mapping[str, Zone]:
        """Return the hosted zones by id."""
        return {zone.id: zone for zone in self.zones}

    @cached_property
    def balancer_by_name(self) -> Mapping[str, Balancer]:
        """Return the load balancers by DNS name."""
        return {balancer.dns_name: balancer for balancer in self.balancers}


def ancestors(name: str) -> Iterator[str]:
    """Yield the names above a name, the root last."""
    while name:
        name = name.partition(".")[2]
        yield name


def describe(
    backends: Backends, balancers: Sequence[LoadBalancer], distributions: Edge, shares: Sequence[FileSystem]
) -> Names:
    """Return the names of the API's state; the caller holds its lock."""
    return collect(
        backends, balancers, [distribution.domain_name for distribution in distributions.distributions], shares
    )


def collect(
    backends: Backends, balancers: Sequence[LoadBalancer], distributions: Iterable[str], shares: Sequence[FileSystem]
) -> Names:
    """Return the names, given those of the distributions."""
    route53 = backends.at("route53", "aws")
    logged = {
        config.hosted_zone_id: config.cloud_watch_logs_log_group_arn.removesuffix(":*").rpartition(":log-group:")[2]
        for config in route53.query_logging_configs.values()
    }
    return Names(
        zones=tuple(
            _zone(zone, logged.get(zone.resource_id, ""), key_signing.zone_keys(zone, backends))
            for zone in route53.zones.values()
        ),
        checks={check.id: _check(check) for check in route53.health_checks.values()},
        balancers=tuple(_balancer(balancer) for balancer in balancers),
        distributions=frozenset(plain(name) for name in distributions),
        shares=tuple(_shares(shares)),
        endpoints=tuple(_endpoints(backends)),
        domains=dict(_domains(backends)),
        signers=dict(_signers(backends)),
    )


def _zone(zone: Any, query_log: str, keys: ZoneKeys | None) -> Zone:
    name = plain(zone.name)
    dnskeys = (Record(name, "DNSKEY", key_signing.DNSKEY_TTL, keys.dnskeys),) if keys else ()
    return Zone(
        name=name,
        id=zone.resource_id,
        records=(*(_record(record) for record in _served(zone)), *dnskeys),
        nameservers=tuple(plain(name) for name in zone.delegation_set.name_servers) if zone.delegation_set else (),
        private=bool(zone.private_zone),
        vpcs=tuple(vpc["vpc_id"] for vpc in zone.vpcs),
        query_log=query_log,
        keys=keys,
    )


def _served(zone: Any) -> Iterable[Any]:
    """Return the records that the name servers have: not yet those of a change that is still on its way to them."""
    served: Iterable[Any] | None = getattr(zone, "served", None)
    return zone.rrsets if served is None else served


def _record(record: Any) -> Record:
    alias = record.alias_target
    return Record(
        name=plain(record.name),
        type=record.type,
        ttl=int(record.ttl or 0),
        values=tuple(_absolute(record.type, value) for value in record.records or ()),
        alias=alias and Alias(alias["HostedZoneId"], plain(alias["DNSName"]), _true(alias.get("EvaluateTargetHealth"))),
        identifier=record.set_identifier or "",
        failover=record.failover or None,
        weight=None if record.weight is None else int(record.weight),
        multivalue=_true(record.multi_value_answer),
        check=record.health_check_id or "",
    )


def _absolute(kind: str, value: str) -> str:
    """Return a value whose last word is a whole name: Route 53 takes it for one also without its last dot."""
    return value if kind not in _NAMING or value.endswith(".") else f"{value}."


def _true(value: object) -> bool:
    return str(value).lower() == "true"


def _check(check: Any) -> HealthCheck:
    return HealthCheck(
        id=check.id,
        type=check.type_,
        address=check.ip_address or "",
        port=int(check.port or 80),
        host=check.fqdn or "",
        path=check.resource_path or "",
        search=check.search_string or "",
        interval=int(check.request_interval),
        threshold=int(check.failure_threshold),
        inverted=_true(check.inverted),
        disabled=_true(check.disabled),
        sni=_true(check.enable_sni),
        regions=tuple(check.regions or ()),
        children=tuple(check.children or ()),
        healthy_children=int(check.health_threshold or 0),
    )


def _balancer(balancer: LoadBalancer) -> Balancer:
    """Return what resolves for a load balancer: only an active one's name has addresses."""
    nodes = [
        (node.zone, (node.address if balancer.scheme == "internal" else node.public_address) or "")
        for node in balancer.nodes
        if balancer.state == "active"
    ]
    return Balancer(
        dns_name=plain(balancer.dns_name),
        zone_id=balancer.canonical_zone_id,
        nodes=tuple((zone, address) for zone, address in nodes if address),
        groups={group.arn: Needed(group.dns_minimum, len(group.targets)) for group in balancer.target_groups},
        zonal={
            group.arn: {target.id: target.zone for target in group.targets}
            for group in balancer.target_groups
            if not group.cross_zone
        },
        away_from=balancer.away_from,
    )


def _shares(shares: Iterable[FileSystem]) -> Iterator[Share]:
    for share in shares:
        for vpc_id in sorted({target.vpc_id for target in share.mount_targets}):
            addresses = {target.zone: target.address for target in share.mount_targets if target.vpc_id == vpc_id}
            yield Share(share.id, share.region, vpc_id, addresses)


def _endpoints(backends: Backends) -> Iterator[ServiceEndpoint]:
    for region, ec2 in backends.regional("ec2"):
        for endpoint in ec2.vpc_end_points.values():
            private = endpoint.vpc_endpoint_type == "Interface" and _true(endpoint.private_dns_enabled)
            if not private or endpoint.state != "available":
                continue
            interfaces = [ec2.enis[id_] for id_ in endpoint.network_interface_ids or () if id_ in ec2.enis]
            # com.amazonaws.<region>.<service>; a service of several labels is written the other way round in names.
            service = endpoint.service_name.split(f".{region}.", 1)[-1].split(".")
            yield ServiceEndpoint(
                name=".".join([*reversed(service), region, "amazonaws.com"]),
                vpc_id=endpoint.vpc_id,
                addresses=tuple(interface.private_ip_address for interface in interfaces),
            )


def _domains(backends: Backends) -> Iterator[tuple[str, tuple[str, ...]]]:
    for domain in _registered(backends):
        yield plain(domain.domain_name), tuple(plain(server.name) for server in domain.nameservers)


def _signers(backends: Backends) -> Iterator[tuple[str, tuple[str, ...]]]:
    for domain in _registered(backends):
        keys = getattr(domain, "dnssec_keys", ())
        if keys:
            name = plain(domain.domain_name)
            yield name, tuple(key_signing.ds_text(name, key.flags, key.public_key) for key in keys)


def _registered(backends: Backends) -> Iterable[Any]:
    # moto keeps them in a private attribute, and its list method only in pages.
    found: Iterable[Any] = backends.at("route53domains", "aws")._Route53DomainsBackend__domains.values()
    return found
