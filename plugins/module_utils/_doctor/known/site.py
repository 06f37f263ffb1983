# Copyright: hasite.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection: this file may change at any time.
"""The whole site, in the shape of site_info."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from .balancing import ListenerRule, LoadBalancer, TargetGroup, WebAcl
from .edge import CachePolicy, Distribution, HeadersPolicy
from .machines import Instance, StatusChecks
from .names import Certificate, HealthCheck, Name, Signing, Zone
from .network import NatGateway, Network, Path, SecurityGroup
from .rights import Document, Key, LogGroup, Policy, Role, RolePolicies
from .stores import Bucket, BucketSettings, ContentState, ErrorObject, FileSystem


@dataclass(frozen=True)
class Unreadable:
    """A reading that failed, and why."""

    service: str = ""
    error: str = ""


@dataclass(frozen=True)
class Details:
    """What only a diagnosis needs."""

    dns_support: bool | None = None
    dns_hostnames: bool | None = None
    dhcp_name_servers: tuple[str, ...] = ()
    nat_gateways: tuple[NatGateway, ...] = ()
    paths: tuple[Path, ...] = ()
    status_checks: Mapping[str, StatusChecks] = field(default_factory=dict)
    load_balancer_attributes: Mapping[str, str] = field(default_factory=dict)
    target_group_attributes: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    web_acl: WebAcl | None = None
    listener_certificates: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    listener_rules: Mapping[str, tuple[ListenerRule, ...]] = field(default_factory=dict)
    used_health_checks: Mapping[str, bool] = field(default_factory=dict)
    zone_signing: Mapping[str, Signing] = field(default_factory=dict)
    contents: Mapping[str, ContentState] = field(default_factory=dict)
    error_objects: Mapping[str, ErrorObject | None] = field(default_factory=dict)
    """By place; None is one that is not there."""
    file_system_policies: Mapping[str, Policy] = field(default_factory=dict)
    file_system_backups: Mapping[str, bool] = field(default_factory=dict)
    bucket_policies: Mapping[str, Policy] = field(default_factory=dict)
    bucket_settings: Mapping[str, BucketSettings] = field(default_factory=dict)
    role_policies: Mapping[str, RolePolicies] = field(default_factory=dict)
    cache_policies: Mapping[str, CachePolicy] = field(default_factory=dict)


@dataclass(frozen=True)
class Site:
    """Everything that belongs to a site."""

    name: str = ""
    region: str = ""
    network: Network = field(default_factory=Network)
    security_groups: tuple[SecurityGroup, ...] = ()
    instances: tuple[Instance, ...] = ()
    file_systems: tuple[FileSystem, ...] = ()
    buckets: tuple[Bucket, ...] = ()
    load_balancer: LoadBalancer | None = None
    target_groups: tuple[TargetGroup, ...] = ()
    names: tuple[Name, ...] = ()
    hosted_zone: Zone | None = None
    hosted_zones: tuple[Zone, ...] = ()
    health_checks: tuple[HealthCheck, ...] = ()
    certificates: tuple[Certificate, ...] = ()
    distributions: tuple[Distribution, ...] = ()
    response_headers_policies: tuple[HeadersPolicy, ...] = ()
    roles: tuple[Role, ...] = ()
    documents: tuple[Document, ...] = ()
    log_groups: tuple[LogGroup, ...] = ()
    kms_keys: tuple[Key, ...] = ()
    alarms: tuple[object, ...] = ()
    topics: tuple[object, ...] = ()
    details: Details = Details()
    unreadable: tuple[Unreadable, ...] = ()
