# Copyright: hasite.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection: this file may change at any time.
"""What is known of a site: the live site by AWS's API, a visit from outside, and a look at its machines."""

from __future__ import annotations

import functools
import typing as t
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields
from datetime import UTC, datetime

from .._resource import Resource


def without_nulls(value: t.Any) -> t.Any:
    """Return a value without the nulls in it: what is null was not read, or is not there, and so is left out."""
    if isinstance(value, dict):
        return {key: without_nulls(one) for key, one in value.items() if one is not None}
    if isinstance(value, list):
        return [without_nulls(one) for one in value if one is not None]
    return value


def chosen(kind: type[t.Any], raw: Mapping[str, t.Any]) -> dict[str, t.Any]:
    """Return the part of a dictionary that a dataclass has fields for."""
    return {one.name: raw[one.name] for one in fields(kind) if one.name in raw}


def rows(raw: Mapping[str, t.Any] | None, key: str) -> list[Resource]:
    """Return the list below a key, empty if it is missing."""
    return list((raw or {}).get(key) or [])


# ---- from outside


@dataclass(frozen=True)
class Fetch:
    """One request of a visitor."""

    url: str = ""
    address: str | None = None
    status: int | None = None
    headers: dict[str, str] = field(default_factory=dict)
    """By name in small letters."""
    certificate_names: list[str] | None = None
    certificate_not_after: str | None = None
    """When the certificate ends, as `Nov 25 12:00:00 2027 GMT`."""
    body: str = ""
    """How the answer begins."""
    problem: str | None = None
    """Why there is no answer, in one line."""


@dataclass(frozen=True)
class Delegation:
    """Which name servers the parent zone names for the zone."""

    parent_zone: str | None = None
    answers: list[list[str]] = field(default_factory=list)
    """What each server of the parent zone said."""
    signers: list[str] = field(default_factory=list)
    """The DS records that the parent zone has."""
    problem: str | None = None


@dataclass(frozen=True)
class Authorities:
    """The nearest CAA records of a name, as visitors and Amazon see them."""

    domain: str | None = None
    records: list[str] = field(default_factory=list)
    permitted: bool | None = None
    problem: str | None = None


@dataclass(frozen=True)
class Visit:
    """What a visitor sees."""

    delegation: Delegation | None = None
    authorities: Authorities | None = None
    addresses: dict[str, list[str]] | None = None
    """By type, A and AAAA."""
    page: Fetch | None = None
    plain: Fetch | None = None
    """The page over HTTP."""
    edge: Fetch | None = None
    """The distribution by its own name."""
    edge_alias: Fetch | None = None
    """The distribution by the site's name, as visitors reach it after a failover."""
    aliases: dict[str, Fetch] = field(default_factory=dict)
    """The page by each further name of the site."""


_PARTS: dict[str, type[t.Any]] = {
    "delegation": Delegation,
    "authorities": Authorities,
    "page": Fetch,
    "plain": Fetch,
    "edge": Fetch,
    "edge_alias": Fetch,
}


def visit_from(raw: Mapping[str, t.Any]) -> Visit | None:
    """Return a visit from what the module returned."""
    if not raw:
        return None
    parts = {key: kind(**chosen(kind, raw[key])) for key, kind in _PARTS.items() if raw.get(key)}
    aliases = {
        row["name"]: Fetch(**chosen(Fetch, row.get("page") or {})) for row in rows(raw, "aliases") if "name" in row
    }
    return Visit(addresses=raw.get("addresses"), aliases=aliases, **parts)


# ---- on the machines


@dataclass(frozen=True)
class Unit:
    """A unit of systemd."""

    active: bool = False
    enabled: bool = False
    name: str = ""
    masked: bool = False

    def __str__(self) -> str:
        start = "masked" if self.masked else "enabled" if self.enabled else "disabled"
        return f"{self.name}: {'active' if self.active else 'inactive'}, {start}"


@dataclass(frozen=True)
class Machine:
    """What a machine told. None is what it could not tell."""

    units: dict[str, Unit] = field(default_factory=dict)
    """By role: agent, web_server, php, mount_timer, mount. A unit that is not installed is not there."""
    configurations: dict[str, Resource] = field(default_factory=dict)
    """What web_server and php say of their written configurations: valid, complaint."""
    up_seconds: float | None = None
    """For how long it runs."""
    disks: list[Resource] = field(default_factory=list)
    """The local file systems: path, bytes, free_bytes, inodes, free_inodes."""
    share: str = ""
    """The share's mount point."""
    fstab: Resource | None = None
    """The share's line with source, type, options."""
    mount: Resource | None = None
    """What is mounted there, with source, type and read_only."""
    turn: Resource | None = None
    """Who has the turn to install updates: holder, and since, in seconds since 1970."""
    document_root: str | None = None
    document_root_exists: bool | None = None
    document_root_mount: str | None = None
    """The mount point below which the document root's files lie."""
    release: str | None = None
    unreadable: str | None = None
    """The first path in the release that the web server cannot read; empty if there is none."""
    health: Fetch | None = None
    """The target group's health page, asked on the machine."""
    keep_alive_seconds: int | None = None
    """0 if connections are not kept."""
    name_servers: list[str] | None = None
    listening: list[str] | None = None
    """Where TCP is listened, as `address:port`."""
    clock: float | None = None
    """The machine's time in seconds since 1970."""
    php: dict[str, str] | None = None
    """PHP's settings."""


def machine_from(raw: Mapping[str, t.Any]) -> Machine:
    """Return a machine from what the module returned."""
    plain = chosen(Machine, raw)
    plain["units"] = {key: Unit(**chosen(Unit, one)) for key, one in (raw.get("units") or {}).items()}
    plain["health"] = Fetch(**chosen(Fetch, raw["health"])) if raw.get("health") else None
    return Machine(**plain)


# ---- all of it


@dataclass(frozen=True)
class Evidence:
    """All that is known. The site has the shape of site_info, whatever part of it there is."""

    domain: str
    site: Resource
    visit: Visit | None = None
    machines: dict[str, Machine] = field(default_factory=dict)
    """By instance id, those that could be asked."""
    silent: dict[str, str] = field(default_factory=dict)
    """By instance id, why a machine was not reached."""
    failed: dict[str, str] = field(default_factory=dict)
    """By instance id, why a machine that was reached could not be looked at."""
    now: datetime = field(default_factory=lambda: datetime.now(UTC))
    """When all of this was read."""

    def resources(self, key: str) -> list[Resource]:
        """Return the site's resources of a kind."""
        return rows(self.site, key)

    def network_resources(self, key: str) -> list[Resource]:
        """Return a kind of things in the network."""
        return rows(self.site.get("network"), key)

    def inspected(self, key: str) -> list[Resource]:
        """Return a detail that is a list."""
        return rows(self.site.get("details"), key)

    def documents(self, key: str) -> dict[str, Resource]:
        """Return a detail that holds dictionaries by the name of what they belong to."""
        return dict(self.detail(key) or {})

    def detail(self, key: str) -> t.Any:
        """Return a detail, None if it was not read."""
        return (self.site.get("details") or {}).get(key)

    def unread(self, *services: str) -> bool:
        """Tell whether one of these readings failed, so that nothing found does not mean nothing there."""
        failed = [str(resource.get("service")) for resource in self.resources("unreadable")]
        return any(service in failed for service in services)

    @property
    def balancer(self) -> Resource | None:
        """The load balancer."""
        return self.site.get("load_balancer") or None

    @functools.cached_property
    def zone(self) -> Resource | None:
        """The hosted zone: of several with one name, the one to which the parent zone delegates."""
        told: Resource | None = self.site.get("hosted_zone") or None
        twins = [
            resource
            for resource in self.resources("hosted_zones")
            if told and same_name(resource.get("name"), told.get("name"))
        ]
        return next((twin for twin in twins if self._delegated(twin)), told)

    def _delegated(self, zone: Resource) -> bool:
        answers = self.visit.delegation.answers if self.visit and self.visit.delegation else []
        servers = {plain(server) for server in zone.get("name_servers") or []}
        return bool(servers) and any({plain(one) for one in answer} == servers for answer in answers)

    @property
    def aliases(self) -> list[str]:
        """The further names of the site, which redirect to its domain."""
        return [
            str(resource["name"])
            for resource in self.resources("names")
            if resource.get("kind") == "alias" and resource.get("name")
        ]

    @functools.cached_property
    def zones(self) -> list[Resource]:
        """The hosted zones of all names, that of the domain first; not another one of its name, which nobody asks."""
        first = [self.zone] if self.zone else []
        names = [str(one.get("name")) for one in first]
        return [
            *first,
            *(resource for resource in self.resources("hosted_zones") if str(resource.get("name")) not in names),
        ]

    def zones_of(self, name: str) -> list[Resource]:
        """Return the zone in which a name of the site has its records, or else all zones."""
        wanted = [
            resource.get("zone_id") for resource in self.resources("names") if same_name(resource.get("name"), name)
        ]
        told = [zone for zone in self.zones if zone.get("id") in wanted]
        if self.zone and (self.site.get("hosted_zone") or {}).get("id") in wanted:
            return [self.zone]
        return told or self.zones

    @property
    def distribution(self) -> Resource | None:
        """The error page's distribution."""
        return next(iter(self.resources("distributions")), None)

    @property
    def running(self) -> list[Resource]:
        """The machines that run."""
        return [resource for resource in self.resources("instances") if resource.get("state") == "running"]

    def asked(self) -> Iterable[tuple[Resource, Machine]]:
        """Return the running machines that could be asked, with what they told."""
        for one in self.running:
            told = self.machines.get(str(one.get("instance_id")))
            if told:
                yield one, told

    def records(self, name: str, kind: str | None = None) -> list[Resource]:
        """Return the zones' records of a name, of one type or all."""
        return [
            row
            for zone in self.zones_of(name)
            for row in rows(zone, "records")
            if same_name(row.get("name"), name) and (kind is None or row.get("type") == kind)
        ]

    def groups_of(self, part: str) -> list[Resource]:
        """Return the security groups of a part."""
        return [resource for resource in self.resources("security_groups") if resource.get("part") == part]


def evidence_from(
    domain: str,
    site: Mapping[str, t.Any],
    visit: Mapping[str, t.Any] | None = None,
    machines: Mapping[str, t.Any] | None = None,
    silent: Mapping[str, t.Any] | None = None,
    failed: Mapping[str, t.Any] | None = None,
) -> Evidence:
    """Return the evidence that the modules' results are."""
    return Evidence(
        domain,
        without_nulls(dict(site)),
        visit_from(without_nulls(dict(visit or {}))),
        {key: machine_from(without_nulls(one)) for key, one in (machines or {}).items() if one},
        {key: str(one) for key, one in (silent or {}).items()},
        {key: str(one) for key, one in (failed or {}).items()},
    )


def plain(name: object) -> str:
    """Return a name in small letters, without its final dot."""
    return str(name or "").rstrip(".").lower()


def same_name(one: object, other: object) -> bool:
    """Tell whether two names are the same name."""
    return plain(one) == plain(other)


def alias_of(record: Mapping[str, t.Any]) -> str:
    """Return the name that an alias record points to, without its final dot."""
    return str((record.get("alias_target") or {}).get("dns_name") or "").rstrip(".").lower()


def same_target(record: Mapping[str, t.Any], name: object) -> bool:
    """Tell whether an alias points to a name; the console puts `dualstack.` before a load balancer's."""
    return same_name(alias_of(record).removeprefix("dualstack."), name)
