# SPDX-License-Identifier: GPL-3.0-or-later
"""What exists in the lab's account, one row a resource: what `lab status` shows.

To show another kind of resource, add a line to `_KINDS`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from lab.base.backends import Backends
from lab.world.balancer.zonal_shift import autoshift_of

_GONE = ("deleted", "terminated")


@dataclass(frozen=True)
class Resource:
    """One thing that a user made, or that AWS made for one of them."""

    kind: str
    region: str
    id: str
    name: str = ""
    state: str = ""
    detail: str = ""


def _tags(thing: Any) -> dict[str, str]:
    found = thing.get_tags() if hasattr(thing, "get_tags") else getattr(thing, "tags", None) or {}
    if isinstance(found, dict):
        return found
    return {tag.get("key", tag.get("Key", "")): tag.get("value", tag.get("Value", "")) for tag in found}


def _name(thing: Any) -> str:
    return _tags(thing).get("Name", "")


Row = tuple[str, str, str, str]
"""Id, name, state, detail."""


def _vpcs(ec2: Any) -> Iterator[Row]:
    for vpc in ec2.vpcs.values():
        if not vpc.is_default:
            yield vpc.id, _name(vpc), vpc.state, vpc.cidr_block


def _subnets(ec2: Any) -> Iterator[Row]:
    for zone, subnets in ec2.subnets.items():
        for subnet in subnets.values():
            if not ec2.vpcs[subnet.vpc_id].is_default:
                yield subnet.id, _name(subnet), "available", f"{zone} {subnet.cidr_block}"


def _route_tables(ec2: Any) -> Iterator[Row]:
    for table in ec2.route_tables.values():
        if not table.main_association_id:
            yield table.id, _name(table), "", table.vpc_id


def _security_groups(ec2: Any) -> Iterator[Row]:
    for groups in ec2.groups.values():
        for group in groups.values():
            if group.name != "default":
                yield group.id, group.name, "", group.vpc_id or ""


def _internet_gateways(ec2: Any) -> Iterator[Row]:
    for gateway in ec2.internet_gateways.values():
        if not (gateway.vpc and gateway.vpc.is_default):
            yield gateway.id, _name(gateway), "attached" if gateway.vpc else "detached", ""


def _nat_gateways(ec2: Any) -> Iterator[Row]:
    for gateway in ec2.nat_gateways.values():
        if gateway.state not in _GONE:
            yield gateway.id, _name(gateway), gateway.state, gateway.subnet_id


def _addresses(ec2: Any) -> Iterator[Row]:
    for address in ec2.addresses:
        state = "associated" if address.association_id else "free"
        yield address.allocation_id, _name(address), state, address.public_ip


def _endpoints(ec2: Any) -> Iterator[Row]:
    for endpoint in ec2.vpc_end_points.values():
        if endpoint.state not in _GONE:
            yield endpoint.id, _name(endpoint), endpoint.state, endpoint.service_name


def _flow_logs(ec2: Any) -> Iterator[Row]:
    for log in ec2.flow_logs.values():
        yield log.id, _name(log), "active", log.resource_id


def _interfaces(ec2: Any) -> Iterator[Row]:
    for interface in ec2.enis.values():
        yield (
            interface.id,
            _name(interface),
            interface.status,
            f"{interface.private_ip_address} {interface.description}",
        )


def _instances(ec2: Any) -> Iterator[Row]:
    for reservation in ec2.reservations.values():
        for instance in reservation.instances:
            if instance.state not in _GONE:
                yield instance.id, _name(instance), instance.state, f"{instance.placement.zone} {instance.private_ip}"


def _volumes(ec2: Any) -> Iterator[Row]:
    for volume in ec2.volumes.values():
        yield volume.id, _name(volume), volume.status, "encrypted" if volume.encrypted else "not encrypted"


def _file_systems(efs: Any) -> Iterator[Row]:
    for system in efs.file_systems_by_id.values():
        yield system.file_system_id, system.info_json().get("Name", ""), system.life_cycle_state, ""


def _mount_targets(efs: Any) -> Iterator[Row]:
    for target in efs.mount_targets_by_id.values():
        yield target.mount_target_id, "", target.life_cycle_state, target.ip_address


def _load_balancers(elbv2: Any) -> Iterator[Row]:
    for balancer in elbv2.load_balancers.values():
        yield balancer.name, balancer.name, balancer.state, balancer.dns_name


def _target_groups(elbv2: Any) -> Iterator[Row]:
    for group in elbv2.target_groups.values():
        yield group.name, group.name, "", f"{len(group.targets)} targets"


def _certificates(acm: Any) -> Iterator[Row]:
    for arn, certificate in acm._certificates.items():
        yield arn.rpartition("/")[2], certificate.common_name, certificate.status, ""


def _distributions(cloudfront: Any) -> Iterator[Row]:
    for distribution in cloudfront.distributions.values():
        aliases = ", ".join(distribution.aliases)
        yield distribution.distribution_id, aliases, distribution.status, distribution.domain_name


def _zones(route53: Any) -> Iterator[Row]:
    for zone in route53.zones.values():
        yield zone.id, zone.name, "private" if zone.private_zone else "public", f"{len(zone.rrsets)} record sets"


def _documents(ssm: Any) -> Iterator[Row]:
    for name in ssm._documents:
        if not name.startswith("AWS-"):
            yield name, name, "", ""


def _zonal_shifts(zonal_shift: Any) -> Iterator[Row]:
    for balancer in zonal_shift.resources():
        if shift := zonal_shift.active(balancer.arn):
            yield shift.id, balancer.name, "ACTIVE", f"away from {shift.away_from}"
        elif autoshift := autoshift_of(zonal_shift.autoshifts, balancer.arn):
            yield "", balancer.name, "ACTIVE", f"away from {autoshift.away_from}, by AWS"


def _named(attribute: str) -> Callable[[Any], Iterable[Row]]:
    """Return what lists a dictionary of things that have no more to tell than their keys and names."""

    def rows(backend: Any) -> Iterator[Row]:
        for key, thing in getattr(backend, attribute).items():
            yield str(key), str(getattr(thing, "name", "")), "", ""

    return rows


_KINDS: tuple[tuple[str, str, Callable[[Any], Iterable[Row]]], ...] = (
    ("vpc", "ec2", _vpcs),
    ("subnet", "ec2", _subnets),
    ("route table", "ec2", _route_tables),
    ("internet gateway", "ec2", _internet_gateways),
    ("NAT gateway", "ec2", _nat_gateways),
    ("address", "ec2", _addresses),
    ("endpoint", "ec2", _endpoints),
    ("security group", "ec2", _security_groups),
    ("flow log", "ec2", _flow_logs),
    ("interface", "ec2", _interfaces),
    ("instance", "ec2", _instances),
    ("volume", "ec2", _volumes),
    ("file system", "efs", _file_systems),
    ("mount target", "efs", _mount_targets),
    ("load balancer", "elbv2", _load_balancers),
    ("target group", "elbv2", _target_groups),
    ("zonal shift", "arczonalshift", _zonal_shifts),
    ("certificate", "acm", _certificates),
    ("distribution", "cloudfront", _distributions),
    ("origin access control", "cloudfront", _named("origin_access_controls")),
    ("origin access identity", "cloudfront", _named("access_identities")),
    ("function", "cloudfront", _named("functions")),
    ("hosted zone", "route53", _zones),
    ("health check", "route53", _named("health_checks")),
    ("bucket", "s3", _named("buckets")),
    ("role", "iam", _named("roles")),
    ("instance profile", "iam", _named("instance_profiles")),
    ("document", "ssm", _documents),
    ("log group", "logs", _named("groups")),
    ("resource policy of logs", "logs", _named("resource_policies")),
    ("query logging configuration", "route53", _named("query_logging_configs")),
    ("alarm", "cloudwatch", _named("alarms")),
    ("dashboard", "cloudwatch", _named("dashboards")),
    ("topic", "sns", _named("topics")),
)


def resources(backends: Backends) -> list[Resource]:
    """Return everything in the account; the caller holds the API's lock."""
    return [
        Resource(kind, region, *row)
        for kind, service, rows in _KINDS
        for region, backend in backends.regional(service)
        for row in rows(backend)
    ]
