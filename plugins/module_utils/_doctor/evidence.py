# Copyright: hasite.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection: this file may change at any time.
"""What is known of a site: the live site by AWS's API, a visit from outside, and a look at its machines."""

from __future__ import annotations

import functools
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

from .known.balancing import Listener, LoadBalancer, Target, TargetGroup
from .known.edge import Distribution
from .known.machines import Instance, Machine
from .known.names import Record, Zone
from .known.rights import Role
from .known.shape import shape, shape_of_any
from .known.site import Details, Site
from .known.visit import Visit

Raw = Mapping[str, object]


@dataclass(frozen=True)
class Evidence:
    """All that is known. Of the site there may be any part."""

    domain: str
    site: Site
    given: frozenset[str] = frozenset()
    """The details that were read: of the others, nothing there means nothing."""
    visit: Visit | None = None
    machines: Mapping[str, Machine] = field(default_factory=dict)
    """By instance id, those that could be asked."""
    silent: Mapping[str, str] = field(default_factory=dict)
    """By instance id, why a machine was not reached."""
    failed: Mapping[str, str] = field(default_factory=dict)
    """By instance id, why a machine that was reached could not be looked at."""
    now: datetime = field(default_factory=lambda: datetime.now(UTC))
    """When all of this was read."""

    @property
    def details(self) -> Details:
        """What only a diagnosis needs of the site."""
        return self.site.details

    def unread(self, *services: str) -> bool:
        """Tell whether one of these readings failed, so that nothing found does not mean nothing there."""
        return any(failure.service in services for failure in self.site.unreadable)

    @property
    def outside(self) -> Visit:
        """What a visitor sees; without a visit, nothing."""
        return self.visit or Visit()

    @property
    def balancer(self) -> LoadBalancer | None:
        """The load balancer."""
        return self.site.load_balancer

    @property
    def listeners(self) -> tuple[Listener, ...]:
        """The load balancer's listeners."""
        return self.balancer.listeners if self.balancer else ()

    @property
    def group(self) -> TargetGroup | None:
        """The site's target group."""
        return next(iter(self.site.target_groups), None)

    @property
    def targets(self) -> list[tuple[TargetGroup, Target]]:
        """Each target with its group."""
        return [(group, target) for group in self.site.target_groups for target in group.targets]

    @functools.cached_property
    def zone(self) -> Zone | None:
        """The hosted zone: of several with one name, the one to which the parent zone delegates."""
        told = self.site.hosted_zone
        twins = [zone for zone in self.site.hosted_zones if told and same_name(zone.name, told.name)]
        return next((twin for twin in twins if self._delegated(twin)), told)

    def _delegated(self, zone: Zone) -> bool:
        told, servers = self.outside.delegation, set(map(plain, zone.name_servers))
        return any(set(map(plain, answer)) == servers for answer in told.answers) if told and servers else False

    @property
    def aliases(self) -> list[str]:
        """The further names of the site, which redirect to its domain."""
        return [host.name for host in self.site.names if host.kind == "alias" and host.name]

    @functools.cached_property
    def zones(self) -> list[Zone]:
        """The hosted zones of all names, that of the domain first; not another one of its name, which nobody asks."""
        first = [self.zone] if self.zone else []
        names = [zone.name for zone in first]
        return [*first, *(zone for zone in self.site.hosted_zones if zone.name not in names)]

    def zones_of(self, name: str) -> list[Zone]:
        """Return the zone in which a name of the site has its records, or else all zones."""
        wanted = [host.zone_id for host in self.site.names if same_name(host.name, name)]
        told = [zone for zone in self.zones if zone.id in wanted]
        if self.zone and self.site.hosted_zone and self.site.hosted_zone.id in wanted:
            return [self.zone]
        return told or self.zones

    @property
    def distribution(self) -> Distribution | None:
        """The error page's distribution."""
        return next(iter(self.site.distributions), None)

    @property
    def running(self) -> list[Instance]:
        """The machines that run."""
        return [instance for instance in self.site.instances if instance.state == "running"]

    def instance(self, identity: str) -> Instance:
        """Return a machine by its ID; one that is not the site's with nothing but that."""
        found = (instance for instance in self.site.instances if instance.instance_id == identity)
        return next(found, Instance(identity))

    def asked(self) -> Iterable[tuple[Instance, Machine]]:
        """Return the running machines that could be asked, with what they told."""
        for instance in self.running:
            if told := self.machines.get(instance.instance_id):
                yield instance, told

    def records(self, name: str, kind: str | None = None) -> list[Record]:
        """Return the zones' records of a name, of one type or all."""
        return [
            record
            for zone in self.zones_of(name)
            for record in zone.records
            if same_name(record.name, name) and kind in (None, record.type)
        ]

    def groups_of(self, part: str) -> dict[str, str]:
        """Return the names of the security groups of a part by their IDs."""
        return {group.group_id: group.group_name for group in self.site.security_groups if group.part == part}

    @property
    def web_roles(self) -> list[Role]:
        """The machines' role, if it was found."""
        return [role for role in self.site.roles if role.role_name.endswith("-web")]

    @property
    def content_buckets(self) -> list[str]:
        """The names of the content buckets."""
        return [bucket.name for bucket in self.site.buckets if bucket.part == "content"]


def evidence_from(
    domain: str,
    site: Raw,
    visit: Raw | None = None,
    machines: Raw | None = None,
    silent: Raw | None = None,
    failed: Raw | None = None,
) -> Evidence:
    """Return the evidence that the modules' results are."""
    details = site.get("details")
    given = details.items() if isinstance(details, Mapping) else ()
    return Evidence(
        domain,
        shape(Site, site),
        frozenset(str(key) for key, value in given if value is not None),
        shape_of_any(Visit, visit),
        {key: shape(Machine, told) for key, told in (machines or {}).items() if told},
        {key: str(why) for key, why in (silent or {}).items()},
        {key: str(why) for key, why in (failed or {}).items()},
    )


def plain(name: str) -> str:
    """Return a name in small letters, without its final dot."""
    return name.rstrip(".").lower()


def same_name(name: str, other: str) -> bool:
    """Tell whether two names are the same name."""
    return plain(name) == plain(other)


def alias_of(record: Record) -> str:
    """Return the name that an alias record points to, without its final dot."""
    return plain(record.alias_target.dns_name)


def same_target(record: Record, name: str) -> bool:
    """Tell whether an alias points to a name; the console puts `dualstack.` before a load balancer's."""
    return same_name(alias_of(record).removeprefix("dualstack."), name)
