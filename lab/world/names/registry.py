# SPDX-License-Identifier: GPL-3.0-or-later
"""Who serves what in the lab's internet: the root, the registries, AWS's own zones, Route 53's name servers."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cache

from lab.base import addresses
from lab.world.names import key_signing
from lab.world.names.key_signing import ZoneKeys
from lab.world.names.names import Alias, Names, Record, Zone, ancestors

RESERVED_SUFFIXES = frozenset({"test", "example"})
"""Kept out of the real internet by RFC 2606; so what the lab does not have there, nobody has."""

SUFFIXES = (*sorted(RESERVED_SUFFIXES), "aws", "com", "dev", "info", "io", "jp", "net", "org", "uk", "co.jp", "co.uk")
"""The registries under which the lab's registrar delegates."""

AWS_SUFFIX = "amazonaws.com"
REGISTRY_TTL = 172800
SIGNER_TTL = 60
"""Of DS records in the registries' zones. (That of a registry of the real internet is from minutes to a day.)"""
REGIONS = (
    *("us-east-1", "us-east-2", "us-west-1", "us-west-2", "ca-central-1", "sa-east-1", "af-south-1", "me-south-1"),
    *("eu-central-1", "eu-west-1", "eu-west-2", "eu-west-3", "eu-north-1", "eu-south-1"),
    *("ap-northeast-1", "ap-northeast-2", "ap-northeast-3", "ap-southeast-1", "ap-southeast-2", "ap-south-1"),
    "ap-east-1",
)
_TTL = 60
_NEGATIVE_TTL = 5
_ROOT_DOMAIN = "root-servers.net"
_ROOT_NAME = f"a.{_ROOT_DOMAIN}"
_GLOBAL = (
    *("iam", "sts", "route53", "route53domains.us-east-1", "cloudfront", "ec2", "sns", "sqs", "organizations"),
    *("elasticloadbalancing", "email", "monitoring", "waf", "shield", "importexport", "budgets", "support"),
)
"""The services with a name outside the regions."""
_GROUPS = ("com", "net", "org", "co.uk")
_GROUP_SIZE = 512
_DOMAIN_SIZE = 8
_ADDRESSES_EACH = len(addresses.ROUTE53_SERVERS) // len(_GROUPS)


def name_server(group: int, index: int) -> str:
    """Return the name of one of Route 53's servers, numbered as AWS does: 512 under each of four domains."""
    number = group * _GROUP_SIZE + index
    return f"ns-{number}.awsdns-{index // _DOMAIN_SIZE:02d}.{_GROUPS[group]}"


def address_of(server: str) -> str | None:
    """Return the address that a Route 53 name server has in the lab."""
    label, _, domain = server.partition(".")
    if not label.startswith("ns-") or not domain.startswith("awsdns-") or not label[3:].isdigit():
        return None
    group, index = divmod(int(label[3:]), _GROUP_SIZE)
    if group >= len(_GROUPS) or name_server(group, index) != server:
        return None
    return addresses.ROUTE53_SERVERS[group * _ADDRESSES_EACH + index % _ADDRESSES_EACH]


def pick_name_servers(seed: str, taken: Iterable[str]) -> tuple[str, ...] | None:
    """Return four servers for a zone, one in each domain, none at an address that is taken; None if there are none.

    Zones of the same name must not share a server, and their number is limited for that reason:
    https://docs.aws.amazon.com/Route53/latest/APIReference/API_CreateHostedZone.html (DelegationSetNotAvailable)
    """
    occupied = {address_of(server) for server in taken}
    digest = hashlib.sha256(seed.encode()).digest()
    chosen = []
    for group in range(len(_GROUPS)):
        start = int.from_bytes(digest[2 * group : 2 * group + 2], "big") % _GROUP_SIZE
        candidates = (name_server(group, (start + step) % _GROUP_SIZE) for step in range(_ADDRESSES_EACH))
        free = next((candidate for candidate in candidates if address_of(candidate) not in occupied), None)
        if free is None:
            return None
        chosen.append(free)
    return tuple(chosen)


@dataclass(frozen=True)
class Registrations:
    """What registries keep: name servers and DS records by domain, and the keys that they and the root sign with."""

    delegations: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    signers: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    keys: Mapping[str, ZoneKeys] = field(default_factory=dict)


def draw_keys() -> dict[str, ZoneKeys]:
    """Return new keys for the root and the registries' zones."""
    return {name: key_signing.draw() for name in ("", *SUFFIXES)}


def wanted_delegations(names: Names) -> dict[str, tuple[str, ...]]:
    """Return what is to be delegated: the hosted zones right under a registry's zone, the newest of each name.

    A domain registered in Route 53 is delegated as it says itself, whatever hosted zones there are.
    """
    zones = {
        zone.name: zone.nameservers
        for zone in names.zones
        if not zone.private and zone.nameservers and next(ancestors(zone.name), "") in SUFFIXES
    }
    domains = {name: servers for name, servers in names.domains.items() if next(ancestors(name), "") in SUFFIXES}
    return zones | domains


def zones_at(address: str, names: Names, registered: Registrations) -> dict[str, Zone]:
    """Return the zones that the server at an address is authoritative for."""
    if address == addresses.ROOT_SERVER:
        return _signed(_root(), registered.keys)
    if address == addresses.REGISTRAR_SERVER:
        return _signed(registries(registered.delegations, registered.signers), registered.keys)
    if address == addresses.AWS_SERVER:
        return {**_name_server_zones(), **{zone.name: zone for zone in _aws_zones(names)}}
    return {
        zone.name: zone
        for zone in names.zones
        if not zone.private and any(address_of(server) == address for server in zone.nameservers)
    }


def _zone(name: str, server: str, address: str, records: Iterable[Record] = ()) -> Zone:
    """Return a zone with its SOA, its one server and that server's address.

    What is not there is soon asked for again (the SOA's last number): these zones change with the lab.
    """
    own = [
        Record(name, "SOA", 900, (f"{server}. hostmaster.{name or 'nic'}. 1 7200 900 1209600 {_NEGATIVE_TTL}",)),
        Record(name, "NS", REGISTRY_TTL, (f"{server}.",)),
        Record(server, "A", REGISTRY_TTL, (address,)),
    ]
    return Zone(name, (*own, *records))


def _delegation(name: str, server: str, address: str) -> tuple[Record, Record]:
    """Return what the zone above says about a zone whose server lies inside it: its name, and glue."""
    return Record(name, "NS", REGISTRY_TTL, (f"{server}.",)), Record(server, "A", REGISTRY_TTL, (address,))


def _registry_server(suffix: str) -> str:
    return f"ns.nic.{suffix}"


def _aws_server(domain: str) -> str:
    return f"g-ns.{domain}"


@cache
def _root() -> dict[str, Zone]:
    below = [
        record
        for suffix in SUFFIXES
        if "." not in suffix
        for record in _delegation(suffix, _registry_server(suffix), addresses.REGISTRAR_SERVER)
    ]
    return {
        "": _zone("", _ROOT_NAME, addresses.ROOT_SERVER, below),
        _ROOT_DOMAIN: _zone(_ROOT_DOMAIN, _ROOT_NAME, addresses.ROOT_SERVER),
    }


def _signed(zones: Mapping[str, Zone], keys: Mapping[str, ZoneKeys]) -> dict[str, Zone]:
    """Return zones that are signed with these keys, with the DS records of those below them that are, too."""
    return {name: _signed_zone(zone, keys) for name, zone in zones.items()}


def _signed_zone(zone: Zone, keys: Mapping[str, ZoneKeys]) -> Zone:
    own = keys.get(zone.name)
    if own is None:
        return zone
    below = {record.name for record in zone.records if record.type == "NS" and record.name != zone.name}
    signed = [Record(name, "DS", SIGNER_TTL, keys[name].signers(name)) for name in sorted(below & keys.keys())]
    dnskey = Record(zone.name, "DNSKEY", key_signing.DNSKEY_TTL, own.dnskeys)
    return replace(zone, records=(*zone.records, dnskey, *signed), keys=own)


def registries(delegations: Mapping[str, tuple[str, ...]], signers: Mapping[str, tuple[str, ...]]) -> dict[str, Zone]:
    """Return the registries' zones with what is delegated in them."""
    below: dict[str, list[Record]] = {suffix: [] for suffix in SUFFIXES}
    for domain in _aws_domains():
        below[next(ancestors(domain))] += _delegation(domain, _aws_server(domain), addresses.AWS_SERVER)
    below["net"] += _delegation(_ROOT_DOMAIN, _ROOT_NAME, addresses.ROOT_SERVER)
    for suffix in SUFFIXES:
        above = suffix.partition(".")[2]
        if above:
            below[above] += _delegation(suffix, _registry_server(suffix), addresses.REGISTRAR_SERVER)
    for name, servers in delegations.items():
        values = tuple(f"{server}." for server in servers)
        below[next(ancestors(name))].append(Record(name, "NS", REGISTRY_TTL, values))
        if signers.get(name):
            below[next(ancestors(name))].append(Record(name, "DS", SIGNER_TTL, signers[name]))
    return {
        suffix: _zone(suffix, _registry_server(suffix), addresses.REGISTRAR_SERVER, records)
        for suffix, records in below.items()
    }


@cache
def _aws_domains() -> tuple[str, ...]:
    return (AWS_SUFFIX, "cloudfront.net", "acm-validations.aws", *_name_server_zones())


@cache
def _name_server_zones() -> dict[str, Zone]:
    zones = {}
    for group, suffix in enumerate(_GROUPS):
        for first in range(0, _GROUP_SIZE, _DOMAIN_SIZE):
            domain = f"awsdns-{first // _DOMAIN_SIZE:02d}.{suffix}"
            servers = [name_server(group, index) for index in range(first, first + _DOMAIN_SIZE)]
            records = [Record(server, "A", REGISTRY_TTL, (address_of(server) or "",)) for server in servers]
            zones[domain] = _zone(domain, _aws_server(domain), addresses.AWS_SERVER, records)
    return zones


def _aws_zones(names: Names) -> Iterator[Zone]:
    edge = [Record(name, "A", _TTL, addresses.EDGE) for name in sorted(names.distributions)]
    yield _zone("cloudfront.net", _aws_server("cloudfront.net"), addresses.AWS_SERVER, edge)
    yield _zone("acm-validations.aws", _aws_server("acm-validations.aws"), addresses.AWS_SERVER)
    balancers = [
        Record(name, "A", alias=Alias(balancer.zone_id, balancer.dns_name, False))
        for balancer in names.balancers
        for name in (balancer.dns_name, f"dualstack.{balancer.dns_name}")
    ]
    yield _zone(AWS_SUFFIX, _aws_server(AWS_SUFFIX), addresses.AWS_SERVER, [*_endpoints(), *balancers])


@cache
def _endpoints() -> tuple[Record, ...]:
    """Return the names of AWS's services.

    File systems have names below `efs.<region>` only inside VPCs; the record there keeps the region's
    wildcard away from them (RFC 4592, section 4.3).
    """

    def at(name: str, *found: str) -> Record:
        return Record(f"{name}.{AWS_SUFFIX}", "A", _TTL, found)

    records = [at(name, addresses.API) for name in _GLOBAL]
    records += [at(name, addresses.S3) for name in ("s3", "*.s3")]
    for region in REGIONS:
        records += [at(f"*.{region}", addresses.API), at(f"efs.{region}", addresses.API)]
        records += [at(f"{service}.{region}", addresses.SESSIONS) for service in ("ssmmessages", "ec2messages")]
        for name in (f"s3.{region}", f"s3.dualstack.{region}", f"s3-{region}"):
            records += [at(name, addresses.S3), at(f"*.{name}", addresses.S3)]
    return tuple(records)
