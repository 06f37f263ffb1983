# Copyright: hasite.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection: this file may change at any time.
"""Turning AWS's answers into a site. Pure: dictionaries in, a `Site` out."""

from __future__ import annotations

import json
import typing as t
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime

from ansible.module_utils.common.dict_transformations import camel_dict_to_snake_dict

from .._resource import Resource
from .._route53 import HEALTHY_PERCENT
from .model import Network, Site, Unreadable
from .names import Wanted, find, known_of

SITE_TAG = "hasite:site"
PART_TAG = "hasite:part"

Raw = Mapping[str, t.Any]


def tags_of(raw: Raw) -> dict[str, str]:
    """Return the tags of an answer, whichever of AWS's shapes they have."""
    tags = raw.get("Tags") or raw.get("tags") or []
    if isinstance(tags, Mapping):
        return dict(tags)
    return {tag.get("Key", tag.get("TagKey")): tag.get("Value", tag.get("TagValue")) for tag in tags}


def resource(raw: Raw, *keys: str) -> Resource:
    """Return an answer in snake case, all of it or only these keys of AWS's, with its tags, name and part."""
    tags = tags_of(raw)
    chosen = (
        {key: raw.get(key) for key in keys} if keys else {key: value for key, value in raw.items() if key != "Tags"}
    )
    found = t.cast("Resource", plain(camel_dict_to_snake_dict(chosen)))
    found.setdefault("name", tags.get("Name", ""))
    return {**found, "part": tags.get(PART_TAG), "tags": tags}


def plain(value: t.Any) -> t.Any:
    """Return a value that Ansible can pass on: dates become text."""
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, Mapping):
        return {key: plain(part) for key, part in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(part) for part in value]
    return value


def by(*keys: str) -> Callable[[Resource], tuple[str, ...]]:
    """Return what sorts resources by these keys."""
    return lambda found: tuple(str(found.get(key)) for key in keys)


# ---- network


def route_table(raw: Raw) -> Resource:
    """Return a route table with the subnets that use it."""
    associations = raw.get("Associations", [])
    return {
        **resource(raw, "RouteTableId", "VpcId", "Routes"),
        "main": any(association.get("Main") for association in associations),
        "subnet_ids": sorted(association["SubnetId"] for association in associations if association.get("SubnetId")),
    }


def leads_to_internet(table: Resource) -> bool:
    """Tell whether a route table has a route to an internet gateway."""
    return any(str(route.get("gateway_id") or "").startswith("igw-") for route in table["routes"])


def subnet(raw: Raw, tables: Iterable[Resource]) -> Resource:
    """Return a subnet. Its name tells what it is meant to be, and where it does not, its route table what it is."""
    keys = ("SubnetId", "VpcId", "CidrBlock", "AvailabilityZone", "AvailableIpAddressCount", "MapPublicIpOnLaunch")
    found = resource(raw, *keys)
    own = [table for table in tables if raw["SubnetId"] in table["subnet_ids"]]
    told = next((kind for kind in ("public", "private") if f"-{kind}" in found["name"]), None)
    return {**found, "kind": told or ("public" if any(map(leads_to_internet, own)) else "private")}


def nat_gateway(raw: Raw) -> Resource:
    """Return a NAT gateway with its address."""
    address: Raw = next(iter(raw.get("NatGatewayAddresses", [])), {})
    return {
        **resource(raw, "NatGatewayId", "State", "SubnetId", "VpcId", "FailureMessage"),
        "public_ip": address.get("PublicIp"),
        "private_ip": address.get("PrivateIp"),
        "allocation_id": address.get("AllocationId"),
        "network_interface_id": address.get("NetworkInterfaceId"),
    }


def endpoint(raw: Raw) -> Resource:
    """Return a VPC endpoint with its policy, which AWS gives as text."""
    keys = ("VpcEndpointId", "ServiceName", "VpcEndpointType", "State", "SubnetIds", "RouteTableIds", "Tags")
    policy = raw.get("PolicyDocument")
    return {**resource(raw, *keys), "policy": json.loads(policy) if isinstance(policy, str) and policy else policy}


def internet_gateway(raw: Raw) -> Resource:
    """Return an internet gateway, and whether it is attached."""
    return {**resource(raw, "InternetGatewayId"), "attached": bool(raw.get("Attachments"))}


def interface(raw: Raw) -> Resource:
    """Return a network interface."""
    found = resource(
        {**raw, "Tags": raw.get("TagSet", [])},
        *("NetworkInterfaceId", "Description", "Status", "SubnetId", "InterfaceType", "RequesterManaged"),
        "PrivateIpAddress",
    )
    return {**found, "groups": sorted(group["GroupId"] for group in raw.get("Groups", []))}


def network(raw: Raw, region: str) -> Network:
    """Return the network."""
    tables = sorted(map(route_table, raw.get("route_tables", [])), key=by("name", "route_table_id"))
    subnets = sorted(
        (subnet(row, tables) for row in raw.get("subnets", [])), key=by("kind", "availability_zone", "subnet_id")
    )
    vpc = next((resource(row, "VpcId", "CidrBlock", "State") for row in raw.get("vpcs", [])), None)
    return Network(
        vpc={**vpc, "region": region} if vpc else None,
        subnets=subnets,
        public_subnet_ids=[row["subnet_id"] for row in subnets if row["kind"] == "public"],
        private_subnet_ids=[row["subnet_id"] for row in subnets if row["kind"] == "private"],
        route_tables=tables,
        nat_gateways=sorted(map(nat_gateway, raw.get("nat_gateways", [])), key=by("name")),
        elastic_ips=[
            resource(address, "AllocationId", "PublicIp", "AssociationId") for address in raw.get("addresses", [])
        ],
        internet_gateway=next(map(internet_gateway, raw.get("internet_gateways", [])), None),
        endpoints=[endpoint(row) for row in raw.get("endpoints", [])],
        flow_logs=list(raw.get("flow_logs", [])),
        network_interfaces=sorted(map(interface, raw.get("interfaces", [])), key=by("network_interface_id")),
    )


# ---- machines, shares, balancers


def instance(raw: Raw, pings: Mapping[str, Raw]) -> Resource:
    """Return a machine with what Systems Manager says of it."""
    found = resource(
        raw,
        *("InstanceId", "SubnetId", "VpcId", "PrivateIpAddress", "PublicIpAddress", "InstanceType", "ImageId"),
        *("LaunchTime", "MetadataOptions", "Tags"),
    )
    ping = pings.get(raw["InstanceId"], {})
    return {
        **found,
        "state": raw["State"]["Name"],
        "availability_zone": raw.get("Placement", {}).get("AvailabilityZone"),
        "security_group_ids": sorted(group["GroupId"] for group in raw.get("SecurityGroups", [])),
        "iam_instance_profile_arn": raw.get("IamInstanceProfile", {}).get("Arn"),
        "ssm_ping_status": ping.get("ping_status"),
        "ssm_last_ping_date_time": ping.get("last_ping_date_time"),
    }


def _named(machines: list[Resource]) -> list[Resource]:
    """Add what each machine is called in the inventory: its name, which of two the newer one has.

    While one machine replaces another (playbooks/replace.yml), both bear the name.
    """
    newest: dict[str, Resource] = {}
    for machine in machines:
        other = newest.get(str(machine["name"]))
        if other is None or str(other["launch_time"]) <= str(machine["launch_time"]):
            newest[str(machine["name"])] = machine

    def host_name(machine: Resource) -> str:
        name = str(machine["name"])
        return name if newest[name] is machine else f"{name}-{machine['instance_id']}"

    return [{**machine, "host_name": host_name(machine)} for machine in machines]


def load_balancer(raw: Raw) -> Resource:
    """Return the load balancer with its listeners."""
    keys = ("LoadBalancerArn", "LoadBalancerName", "DNSName", "CanonicalHostedZoneId", "Scheme", "Type", "VpcId")
    return {
        **resource(raw, *keys, "SecurityGroups", "AvailabilityZones", "CreatedTime"),
        "state": raw.get("State", {}).get("Code"),
        "maintenance": bool(raw.get("Maintenance")),
        "listeners": sorted(
            (
                t.cast("Resource", plain(camel_dict_to_snake_dict(dict(listener))))
                for listener in raw.get("Listeners", [])
            ),
            key=lambda listener: int(listener.get("port") or 0),
        ),
    }


# ---- names


def zone(raw: Raw, site: str) -> Resource:
    """Return a hosted zone with its records."""
    tags = tags_of(raw)
    return {
        "id": raw["Id"].rpartition("/")[2],
        "name": raw["Name"].rstrip("."),
        "ours": tags.get(SITE_TAG) == site,
        "name_servers": sorted(raw.get("NameServers", [])),
        "records": [
            t.cast("Resource", plain(camel_dict_to_snake_dict(dict(record)))) for record in raw.get("Records", [])
        ],
        "part": tags.get(PART_TAG),
        "tags": tags,
    }


def health_check(raw: Raw) -> Resource:
    """Return a health check with its checkers' verdicts. Without a verdict yet, a check is healthy."""
    tags = tags_of(raw)
    told = [
        {
            "ip_address": observation.get("IPAddress"),
            "region": observation.get("Region"),
            "status": observation["StatusReport"]["Status"],
        }
        for observation in raw.get("Observations", [])
    ]
    good = sum(str(observation["status"]).startswith("Success") for observation in told)
    return {
        "id": raw["Id"],
        "name": tags.get("Name", ""),
        "config": camel_dict_to_snake_dict(dict(raw.get("HealthCheckConfig", {}))),
        "healthy": not told or good * 100 > len(told) * HEALTHY_PERCENT,
        "checkers": {"healthy": good, "all": len(told)},
        "observations": told,
        "part": tags.get(PART_TAG),
        "tags": tags,
    }


# ---- the whole


def assemble(name: str, region: str, raw: Raw, errors: Mapping[str, str], wanted: Wanted | None = None) -> Site:
    """Return the site that the answers describe."""
    groups = sorted(
        (
            resource(
                group, "GroupId", "GroupName", "Description", "VpcId", "IpPermissions", "IpPermissionsEgress", "Tags"
            )
            for group in raw.get("security_groups", [])
        ),
        key=by("group_name"),
    )
    pings = {ping["instance_id"]: ping for ping in raw.get("pings", [])}
    balancers = list(map(load_balancer, raw.get("load_balancers", [])))
    balancer = balancers[0] if balancers else None
    certificates = list(raw.get("certificates", []))
    named = find(
        wanted or Wanted(),
        [zone(row, name) for row in raw.get("hosted_zones", [])],
        known_of(certificates, balancer, raw.get("distributions", [])),
        certificates,
    )
    return Site(
        name=name,
        region=region,
        account_id=raw.get("account_id"),
        network=network(raw, region),
        security_groups=groups,
        security_groups_by_part={group["part"]: group["group_id"] for group in groups if group["part"]},
        instances=_named(
            sorted((instance(row, pings) for row in raw.get("instances", [])), key=by("name", "instance_id"))
        ),
        load_balancer=balancer,
        names=named.names,
        hosted_zone=named.domain_zone,
        hosted_zones=named.zones,
        health_checks=sorted(map(health_check, raw.get("health_checks", [])), key=by("name", "id")),
        unreadable=[Unreadable(service, error) for service, error in sorted(errors.items())],
        **{key: _tagged(raw.get(key, [])) for key in _READY},
    )


_READY = (
    *("file_systems", "buckets", "target_groups", "certificates", "distributions", "origin_access_controls"),
    *(
        "functions",
        "response_headers_policies",
        "log_groups",
        "alarms",
        "topics",
        "dashboards",
        "roles",
        "documents",
        "kms_keys",
    ),
)
"""What the readers return in its final shape, but for the part."""


def _tagged(found: Iterable[Resource]) -> t.Any:
    return [
        {**t.cast("Resource", plain(row)), "part": tags_of(row).get(PART_TAG), "tags": tags_of(row)} for row in found
    ]
