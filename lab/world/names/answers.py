# SPDX-License-Identifier: GPL-3.0-or-later
"""What an authoritative name server answers: RFC 1034 (4.3.2), RFC 4592's wildcards, and Route 53's aliases."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

from lab.base import addresses
from lab.base.observed import Observed
from lab.world.names.health import balancer_addresses, balancer_name, record_is_healthy
from lab.world.names.names import CLOUDFRONT_ZONE, Names, Record, Zone, ancestors
from lab.world.names.routing import choose

ALIAS_TTL = 60
"""An alias answers with the TTL of its target, 60 s for load balancers and distributions:
https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/resource-record-sets-choosing-alias-non-alias.html"""

_DEPTH = 10


NO_NAME = "NXNAME"
"""The type that says, among those that a proof tells of, that there is no such name: RFC 9824, section 3.1."""


@dataclass(frozen=True)
class Line:
    """One resource record of a message; the value is in the form of a zone file."""

    name: str
    ttl: int
    type: str
    value: str

    @property
    def covers(self) -> str:
        """Return the type that a signature is about; nothing for other records."""
        return self.value.partition(" ")[0] if self.type == "RRSIG" else ""


@dataclass(frozen=True)
class DnsAnswer:
    """What a server says to one question."""

    code: Literal["NOERROR", "NXDOMAIN", "REFUSED", "SERVFAIL"] = "NOERROR"
    authoritative: bool = True
    answer: tuple[Line, ...] = ()
    authority: tuple[Line, ...] = ()
    additional: tuple[Line, ...] = ()
    signatures: tuple[Line, ...] = ()
    """The RRSIG records about the answer and the authority, of those who ask for them."""
    foreign: bool = False
    """Whether the host's resolver has found the answer in the real internet."""
    secure: bool = False
    """Whether a validating resolver has found the answer signed by a chain from the root on."""


@dataclass(frozen=True)
class View:
    """What the answers depend on besides the zones; `chance` is the draw for weighted and multivalue records."""

    names: Names = field(default_factory=Names)
    observed: Observed = field(default_factory=Observed)
    chance: float = 0.0


def answer(view: View, zones: Mapping[str, Zone], name: str, kind: str) -> DnsAnswer:
    """Answer from the closest of a server's zones, given by name; a name in none of them is refused."""
    zone = responsible(zones, name, kind)
    if zone is None:
        return DnsAnswer(code="REFUSED", authoritative=False)
    cut = _delegation(zone, name)
    if cut and not (kind == "DS" and cut[0].name == name):
        glue = _addresses_of(view, zone, cut)
        signers = _lines(view, zone.nodes[cut[0].name].get("DS", ()), cut[0].name)
        return DnsAnswer(authoritative=False, authority=(*_lines(view, cut, cut[0].name), *signers), additional=glue)
    return _inside(view, zone, name, kind)


def responsible(zones: Mapping[str, Zone], name: str, kind: str) -> Zone | None:
    """Return the zone that answers a question: DS records are the parent zone's, all others that of the name.

    A server that has only the zone itself says that there is none (RFC 4035, section 3.1.4.1).
    """
    above = closest(zones, name.partition(".")[2]) if kind == "DS" and name else None
    return above or closest(zones, name)


def closest(zones: Mapping[str, Zone], name: str) -> Zone | None:
    """Return the zone that a name is in: the one with the longest name."""
    for ancestor in (name, *ancestors(name)):
        if ancestor in zones:
            return zones[ancestor]
    return None


def _delegation(zone: Zone, name: str) -> tuple[Record, ...]:
    """Return the name server records of the highest cut between the zone's top and the name, if there is one."""
    path = [ancestor for ancestor in (name, *ancestors(name)) if len(ancestor) > len(zone.name)]
    for ancestor in reversed(path):
        servers = zone.nodes.get(ancestor, {}).get("NS", ())
        if servers:
            return servers
    return ()


def _inside(view: View, zone: Zone, name: str, kind: str, depth: int = _DEPTH) -> DnsAnswer:
    node = _node(zone, name)
    if node is None:
        return DnsAnswer(code="NXDOMAIN", authority=start_of_authority(zone))
    if "CNAME" in node and kind != "CNAME" and depth:
        lines = _lines(view, node["CNAME"], name)
        target = lines[0].value.lower().rstrip(".") if lines else ""
        if lines and closest({zone.name: zone}, target) and not _delegation(zone, target):
            rest = _inside(view, zone, target, kind, depth - 1)
            return replace(rest, answer=(*lines, *rest.answer))
        return DnsAnswer(answer=lines)
    lines = _lines(view, node.get(kind, ()), name)
    if not lines:
        return DnsAnswer(authority=start_of_authority(zone))
    additional = _addresses_of(view, zone, node[kind]) if kind in {"NS", "MX"} else ()
    return DnsAnswer(answer=lines, additional=additional)


def _node(zone: Zone, name: str) -> Mapping[str, tuple[Record, ...]] | None:
    """Return the records by type at a name, or of the wildcard next to its closest ancestor that exists."""
    if name in zone.nodes:
        return zone.nodes[name]
    for above in ancestors(name):
        if above in zone.nodes:
            return zone.nodes.get(f"*.{above}" if above else "*")
    return None


def _lines(view: View, records: Sequence[Record], owner: str, depth: int = _DEPTH) -> tuple[Line, ...]:
    chosen = choose(records, lambda record: record_is_healthy(record, view.names, view.observed), view.chance)
    found: list[Line] = []
    for record in chosen:
        if record.alias and depth:
            found += [replace(line, name=owner) for line in _target(view, record, depth - 1)]
        else:
            found += [Line(owner, record.ttl, record.type, value) for value in record.values]
    return tuple(found)


def _target(view: View, record: Record, depth: int) -> tuple[Line, ...]:
    """Return what an alias's target answers; the lab has no IPv6, so AAAA aliases of AWS's own names are empty."""
    alias = record.alias
    assert alias
    if alias.zone_id == CLOUDFRONT_ZONE:
        found = addresses.EDGE if alias.name in view.names.distributions else ()
        return _own(record, found)
    balancer = view.names.balancer_by_name.get(balancer_name(alias.name))
    if balancer and balancer.zone_id == alias.zone_id:
        return _own(record, balancer_addresses(balancer, view.observed))
    zone = view.names.zone_by_id.get(alias.zone_id)
    if zone is None:
        return ()
    node = _node(zone, alias.name) or {}
    return _lines(view, node.get(record.type, ()), record.name, depth)


def _own(record: Record, found: Sequence[str]) -> tuple[Line, ...]:
    return tuple(Line(record.name, ALIAS_TTL, "A", address) for address in found) if record.type == "A" else ()


def _addresses_of(view: View, zone: Zone, records: Sequence[Record]) -> tuple[Line, ...]:
    """Return the addresses that the zone itself knows for the servers that the records name."""
    found: list[Line] = []
    for record in records:
        for value in record.values:
            target = value.split()[-1].lower().rstrip(".")
            found += _lines(view, zone.nodes.get(target, {}).get("A", ()), target)
    return tuple(found)


def start_of_authority(zone: Zone) -> tuple[Line, ...]:
    """Return the zone's SOA as a negative answer carries it, with the answer's own TTL (RFC 2308, section 5)."""
    for record in zone.nodes[zone.name].get("SOA", ()):
        minimum = int(record.values[0].split()[-1])
        return (Line(zone.name, min(record.ttl, minimum), "SOA", record.values[0]),)
    return ()
