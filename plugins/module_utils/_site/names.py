# Copyright: hasite.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection: this file may change at any time.
"""A live site's names, and the hosted zones in which its records are. Pure.

Where the records are is seen without asking the world. Where they are to be is decided by `_names.deciding`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from .._names.text import within
from .._resource import Resource


@dataclass(frozen=True)
class Wanted:
    """What is known before: the names, the domain first, and the name or the id of the domain's zone."""

    names: Sequence[str] = ()
    zone: str | None = None


@dataclass(frozen=True)
class Known:
    """What tells a site's records from others."""

    targets: frozenset[str]
    """The own names of the load balancer and the distributions."""
    proofs: Mapping[str, str]
    """The names of the records that validate the site's certificates, by the name that they prove."""


@dataclass(frozen=True)
class Found:
    """The names with their zones, and the zones."""

    names: list[Resource]
    domain_zone: Resource | None
    zones: list[Resource]


def plain(name: object) -> str:
    """Return a name in small letters, without its final dot and without the console's `dualstack.`."""
    return str(name or "").rstrip(".").lower().removeprefix("dualstack.")


def certified(certificates: Iterable[Resource]) -> list[str]:
    """Return the names of the site's certificates, those of an issued one first."""
    ordered = sorted(certificates, key=lambda certificate: certificate["status"] != "ISSUED")
    return list(
        dict.fromkeys(
            name
            for certificate in ordered
            for name in (certificate["domain_name"], *certificate["subject_alternative_names"])
        )
    )


def known_of(
    certificates: Iterable[Resource], load_balancer: Resource | None, distributions: Iterable[Resource]
) -> Known:
    """Return what tells the site's records from others."""
    targets = [
        (load_balancer or {}).get("dns_name"),
        *(distribution.get("domain_name") for distribution in distributions),
    ]
    options = [option for certificate in certificates for option in certificate.get("domain_validation_options") or []]
    proofs = {
        option["domain_name"]: plain(option["resource_record"]["name"])
        for option in options
        if option["resource_record"]
    }
    return Known(frozenset(plain(target) for target in targets if target), proofs)


def find(wanted: Wanted, zones: Sequence[Resource], known: Known, certificates: Sequence[Resource]) -> Found:
    """Return the site's names with their zones; without wanted names, those of its certificates."""
    names = list(wanted.names) or certified(certificates)
    former = sorted({name for zone in zones for name in _leading(zone, known)} - set(names))
    hosts = []
    for number, name in enumerate([*names, *former]):
        zone = _zone_of(name, zones, known, wanted.zone if number == 0 else None)
        kind = "former" if number >= len(names) else "alias" if number else "domain"
        hosts.append({"name": name, "kind": kind, "zone_id": zone and zone["id"], "zone_name": zone and zone["name"]})
    used = {host["zone_id"] for host in hosts if host["zone_id"]}
    # What was made for a former name is still the site's to remove: zones, and records in zones of others.
    children = [zone for zone in zones if zone["id"] in used or zone["ours"] or _proves(zone, known)]
    parents = [zone for zone in zones if any(_delegates(zone, child) for child in children)]
    by_id = {zone["id"]: zone for zone in (*children, *parents)}
    # Longest first, so that who removes them removes a child before its parent.
    ordered = sorted(by_id.values(), key=lambda zone: (-len(zone["name"]), zone["id"]))
    return Found(hosts, by_id.get(hosts[0]["zone_id"]) if hosts else None, ordered)


def _zone_of(name: str, zones: Iterable[Resource], known: Known, wanted: str | None) -> Resource | None:
    def rank(zone: Resource) -> tuple[bool, bool, bool, int, bool]:
        records = [record for record in zone["records"] if plain(record["name"]) in (name, known.proofs.get(name))]
        pair = any(plain(record["name"]) == name and _is_failover(record) for record in records)
        proof = any(plain(record["name"]) != name for record in records)
        return pair, proof, wanted in (zone["name"], zone["id"]), len(zone["name"]), zone["ours"]

    return max((zone for zone in zones if within(name, zone["name"])), key=rank, default=None)


def _is_failover(record: Mapping[str, object]) -> bool:
    return record["type"] == "A" and bool(record.get("failover")) and bool(record.get("alias_target"))


def _leading(zone: Resource, known: Known) -> Iterable[str]:
    """Return the names in a zone that fail over between the site's own targets."""
    for record in zone["records"]:
        if _is_failover(record) and plain(record["alias_target"]["dns_name"]) in known.targets:
            yield plain(record["name"])


def _proves(zone: Resource, known: Known) -> bool:
    """Tell whether a zone has a record that validates one of the site's certificates."""
    return any(plain(record["name"]) in known.proofs.values() for record in zone["records"])


def _delegates(zone: Resource, child: Resource) -> bool:
    servers = {plain(server) for server in child["name_servers"]}
    return zone["id"] != child["id"] and any(
        record["type"] == "NS"
        and plain(record["name"]) == child["name"]
        and servers & {plain(value["value"]) for value in record.get("resource_records") or []}
        for record in zone["records"]
    )
