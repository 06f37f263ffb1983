# Copyright: hasite.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection: this file may change at any time.
"""What a live site is: the shape that `site_info` returns."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field

from .._resource import Resource


@dataclass(frozen=True)
class Network:
    """The VPC and all that is in it but machines."""

    vpc: Resource | None = None
    subnets: list[Resource] = field(default_factory=list)
    public_subnet_ids: list[str] = field(default_factory=list)
    private_subnet_ids: list[str] = field(default_factory=list)
    route_tables: list[Resource] = field(default_factory=list)
    nat_gateways: list[Resource] = field(default_factory=list)
    elastic_ips: list[Resource] = field(default_factory=list)
    internet_gateway: Resource | None = None
    endpoints: list[Resource] = field(default_factory=list)
    flow_logs: list[Resource] = field(default_factory=list)
    network_interfaces: list[Resource] = field(default_factory=list)


@dataclass(frozen=True)
class Unreadable:
    """A reading that failed, and why."""

    service: str
    error: str


@dataclass(frozen=True)
class Details:
    """What only a diagnosis needs: it is read on request, by a second round of questions. None is what was not read."""

    dns_support: bool | None = None
    dns_hostnames: bool | None = None
    dhcp_name_servers: list[str] | None = None
    nat_gateways: list[Resource] | None = None
    paths: list[Resource] | None = None
    status_checks: dict[str, Resource] | None = None
    load_balancer_attributes: dict[str, str] | None = None
    target_group_attributes: dict[str, dict[str, str]] | None = None
    web_acl: Resource | None = None
    listener_certificates: dict[str, list[str]] | None = None
    listener_rules: dict[str, list[Resource]] | None = None
    used_health_checks: dict[str, bool] | None = None
    zone_signing: dict[str, Resource] | None = None
    contents: dict[str, Resource] | None = None
    error_objects: dict[str, Resource] | None = None
    file_system_policies: dict[str, Resource] | None = None
    file_system_backups: dict[str, bool] | None = None
    bucket_policies: dict[str, Resource] | None = None
    bucket_settings: dict[str, Resource] | None = None
    role_policies: dict[str, Resource] | None = None
    cache_policies: dict[str, Resource] | None = None


@dataclass(frozen=True)
class Site:
    """Everything that belongs to a site."""

    name: str
    region: str
    account_id: str | None = None
    network: Network = field(default_factory=Network)
    security_groups: list[Resource] = field(default_factory=list)
    security_groups_by_part: dict[str, str] = field(default_factory=dict)
    instances: list[Resource] = field(default_factory=list)
    file_systems: list[Resource] = field(default_factory=list)
    buckets: list[Resource] = field(default_factory=list)
    load_balancer: Resource | None = None
    target_groups: list[Resource] = field(default_factory=list)
    names: list[Resource] = field(default_factory=list)
    hosted_zone: Resource | None = None
    hosted_zones: list[Resource] = field(default_factory=list)
    health_checks: list[Resource] = field(default_factory=list)
    certificates: list[Resource] = field(default_factory=list)
    distributions: list[Resource] = field(default_factory=list)
    origin_access_controls: list[Resource] = field(default_factory=list)
    functions: list[Resource] = field(default_factory=list)
    response_headers_policies: list[Resource] = field(default_factory=list)
    log_groups: list[Resource] = field(default_factory=list)
    alarms: list[Resource] = field(default_factory=list)
    topics: list[Resource] = field(default_factory=list)
    dashboards: list[Resource] = field(default_factory=list)
    roles: list[Resource] = field(default_factory=list)
    documents: list[Resource] = field(default_factory=list)
    kms_keys: list[Resource] = field(default_factory=list)
    details: Details | None = None
    unreadable: list[Unreadable] = field(default_factory=list)

    def as_dict(self) -> Resource:
        """Return the site as plain dictionaries and lists."""
        return asdict(self)
