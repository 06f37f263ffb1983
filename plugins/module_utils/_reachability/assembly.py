# Copyright: hasite.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection: this file may change at any time.
"""Turning EC2's answers into the model. Pure: dictionaries in, a `Model` out."""

from __future__ import annotations

import typing as t
from collections.abc import Callable, Iterable, Mapping
from ipaddress import IPv4Address, IPv4Network

from .filters import ICMP, NAMES
from .model import (
    Acl,
    AclEntry,
    Address,
    Endpoint,
    Group,
    GroupRule,
    Instance,
    Interface,
    Model,
    NatGateway,
    Peering,
    PrefixList,
    Route,
    RouteTable,
    Subnet,
    Vpc,
)

Raw = Mapping[str, t.Any]
Answers = Mapping[str, list[Raw]]
T = t.TypeVar("T")

_NUMBERS = {name: number for number, name in NAMES.items()}


def assemble(answers: Answers, errors: Mapping[str, str]) -> Model:
    """Return the model of what the answers describe; `answers` and `errors` are by the model's own words."""
    lists = {row["PrefixListId"]: _prefix_list(row) for row in answers.get("prefix_lists", [])}
    return Model(
        vpcs=_by_id(map(_vpc(answers), answers.get("vpcs", []))),
        # What is of IPv6 only has no such block or address.
        subnets=_by_id(map(_subnet(answers), _with("CidrBlock", answers.get("subnets", [])))),
        interfaces=_by_id(map(_interface, _with("PrivateIpAddress", answers.get("interfaces", [])))),
        instances=_by_id(map(_instance, answers.get("instances", []))),
        route_tables=_by_id(_route_table(table, lists) for table in answers.get("route_tables", [])),
        security_groups=_by_id(map(_group, answers.get("security_groups", []))),
        network_acls=_by_id(map(_acl, answers.get("network_acls", []))),
        nat_gateways=_by_id(map(_nat_gateway, answers.get("nat_gateways", []))),
        endpoints=_by_id(map(_endpoint, answers.get("endpoints", []))),
        peerings=_by_id(map(_peering, answers.get("peerings", []))),
        prefix_lists=lists,
        unreadable=dict(errors),
    )


def _with(key: str, found: list[Raw]) -> Iterable[Raw]:
    return (row for row in found if row.get(key))


def _by_id(found: Iterable[T]) -> dict[str, T]:
    return {t.cast("t.Any", thing).id: thing for thing in found}


def _name(raw: Raw) -> str:
    return next((tag["Value"] for tag in raw.get("Tags") or raw.get("TagSet") or () if tag["Key"] == "Name"), "")


def _vpc(answers: Answers) -> Callable[[Raw], Vpc]:
    attached = {
        attachment["VpcId"]: gateway["InternetGatewayId"]
        for gateway in answers.get("internet_gateways", [])
        for attachment in gateway.get("Attachments", [])
        if attachment.get("State") in ("available", "attached")
    }
    support = {
        attribute["VpcId"]: attribute["EnableDnsSupport"]["Value"] for attribute in answers.get("dns_support", [])
    }

    edge = {
        table["VpcId"]: table["RouteTableId"]
        for table in answers.get("route_tables", [])
        if any(
            str(association.get("GatewayId", "")).startswith("igw-") for association in table.get("Associations", [])
        )
    }

    def vpc(raw: Raw) -> Vpc:
        own = raw["VpcId"]
        others = [
            block["CidrBlock"]
            for block in raw.get("CidrBlockAssociationSet", [])
            if block["CidrBlock"] != raw["CidrBlock"] and block["CidrBlockState"]["State"] == "associated"
        ]
        cidrs = tuple(map(IPv4Network, (raw["CidrBlock"], *others)))
        return Vpc(own, cidrs, _name(raw), attached.get(own, ""), support.get(own), edge.get(own, ""))

    return vpc


def _subnet(answers: Answers) -> Callable[[Raw], Subnet]:
    tables = [
        (table["RouteTableId"], table["VpcId"], association)
        for table in answers.get("route_tables", [])
        for association in table.get("Associations", [])
    ]
    own_table = {association["SubnetId"]: table for table, dummy, association in tables if association.get("SubnetId")}
    main_table = {vpc: table for table, vpc, association in tables if association.get("Main")}
    acls = answers.get("network_acls", [])
    own_acl = {
        association["SubnetId"]: acl["NetworkAclId"] for acl in acls for association in acl.get("Associations", [])
    }
    main_acl = {acl["VpcId"]: acl["NetworkAclId"] for acl in acls if acl.get("IsDefault")}

    def subnet(raw: Raw) -> Subnet:
        own, vpc = raw["SubnetId"], raw["VpcId"]
        table = own_table.get(own) or main_table.get(vpc, "")
        acl = own_acl.get(own) or main_acl.get(vpc, "")
        return Subnet(own, vpc, IPv4Network(raw["CidrBlock"]), raw["AvailabilityZone"], table, acl, _name(raw))

    return subnet


def _interface(raw: Raw) -> Interface:
    attachment = raw.get("Attachment") or {}
    primary = {"PrivateIpAddress": raw["PrivateIpAddress"], "Association": raw.get("Association")}
    others = (
        address
        for address in raw.get("PrivateIpAddresses", [])
        if address["PrivateIpAddress"] != raw["PrivateIpAddress"]
    )
    return Interface(
        id=raw["NetworkInterfaceId"],
        vpc_id=raw["VpcId"],
        subnet_id=raw["SubnetId"],
        zone=raw.get("AvailabilityZone", ""),
        addresses=tuple(map(_address, (primary, *others))),
        groups=tuple(sorted(group["GroupId"] for group in raw.get("Groups", []))),
        instance_id=attachment.get("InstanceId") or "",
        device_index=attachment.get("DeviceIndex") or 0,
        description=raw.get("Description") or "",
        attached=raw.get("Status") != "available",
        checked=bool(raw.get("SourceDestCheck", True)),
        name=_name(raw),
    )


def _address(raw: Raw) -> Address:
    public = (raw.get("Association") or {}).get("PublicIp")
    return Address(IPv4Address(raw["PrivateIpAddress"]), IPv4Address(public) if public else None)


def _instance(raw: Raw) -> Instance:
    options = raw.get("MetadataOptions") or {}
    return Instance(
        id=raw["InstanceId"],
        state=raw["State"]["Name"],
        windows=str(raw.get("Platform", "")).lower() == "windows",
        metadata=options.get("HttpEndpoint", "enabled") == "enabled",
        name=_name(raw),
    )


def _route_table(raw: Raw, lists: Mapping[str, PrefixList]) -> RouteTable:
    routes = (_route(route, lists) for route in raw.get("Routes", []))
    return RouteTable(raw["RouteTableId"], tuple(route for route in routes if route), _name(raw))


_TARGETS = (
    *("GatewayId", "NatGatewayId", "VpcPeeringConnectionId", "TransitGatewayId", "InstanceId", "NetworkInterfaceId"),
    *("EgressOnlyInternetGatewayId", "LocalGatewayId", "CarrierGatewayId", "CoreNetworkArn"),
)


def _route(raw: Raw, lists: Mapping[str, PrefixList]) -> Route | None:
    target = next((raw[key] for key in _TARGETS if raw.get(key)), "")
    blackhole = raw.get("State") == "blackhole"
    prefix_list = raw.get("DestinationPrefixListId")
    if prefix_list:
        known = lists.get(prefix_list)
        return Route(known.cidrs if known else (), target, blackhole, prefix_list)
    block = raw.get("DestinationCidrBlock")
    return Route((IPv4Network(block),), target, blackhole) if block else None


def _protocol(raw: t.Any) -> int | None:
    text = str(raw).lower()
    return None if text in ("-1", "all") else _NUMBERS.get(text) or (int(text) if text.isdigit() else 255)


def _group(raw: Raw) -> Group:
    ingress, egress = (
        tuple(rule for rules in raw.get(key, []) for rule in _rules(rules))
        for key in ("IpPermissions", "IpPermissionsEgress")
    )
    return Group(raw["GroupId"], ingress, egress, raw.get("GroupName", ""))


def _rules(raw: Raw) -> Iterable[GroupRule]:
    protocol, first, last = _protocol(raw["IpProtocol"]), raw.get("FromPort"), raw.get("ToPort")
    ports = None if first is None or last is None or (first == -1 and protocol != ICMP) else (int(first), int(last))
    for block in raw.get("IpRanges", []):
        yield GroupRule(protocol, ports, cidr=IPv4Network(block["CidrIp"], strict=False))
    for pair in raw.get("UserIdGroupPairs", []):
        yield GroupRule(protocol, ports, group=pair["GroupId"])
    for id_ in raw.get("PrefixListIds", []):
        yield GroupRule(protocol, ports, prefix_list=id_["PrefixListId"])


def _acl(raw: Raw) -> Acl:
    entries = sorted(
        (entry for entry in raw.get("Entries", []) if entry.get("CidrBlock")), key=lambda entry: entry["RuleNumber"]
    )
    ingress, egress = (
        tuple(_entry(entry) for entry in entries if bool(entry["Egress"]) is way) for way in (False, True)
    )
    return Acl(raw["NetworkAclId"], ingress, egress, _name(raw))


def _entry(raw: Raw) -> AclEntry:
    protocol = _protocol(raw["Protocol"])
    pair = raw.get("IcmpTypeCode") if protocol == ICMP else raw.get("PortRange")
    first, last = ("Type", "Code") if protocol == ICMP else ("From", "To")
    ports = (int(pair[first]), int(pair[last])) if pair and pair.get(first) is not None else None
    return AclEntry(
        number=raw["RuleNumber"],
        allow=raw["RuleAction"] == "allow",
        protocol=protocol,
        cidr=IPv4Network(raw["CidrBlock"], strict=False),
        ports=ports,
    )


def _nat_gateway(raw: Raw) -> NatGateway:
    address: Raw = next(iter(raw.get("NatGatewayAddresses", [])), {})
    return NatGateway(
        id=raw["NatGatewayId"],
        state=raw["State"],
        interface_id=address.get("NetworkInterfaceId", ""),
        subnet_id=raw.get("SubnetId", ""),
        public=raw.get("ConnectivityType", "public") == "public",
        name=_name(raw),
    )


def _endpoint(raw: Raw) -> Endpoint:
    return Endpoint(
        id=raw["VpcEndpointId"],
        vpc_id=raw["VpcId"],
        service=raw.get("ServiceName", ""),
        kind=raw.get("VpcEndpointType") or "Gateway",
        state=raw["State"].lower(),
        interfaces=tuple(raw.get("NetworkInterfaceIds", [])),
        private_dns=bool(raw.get("PrivateDnsEnabled")),
        name=_name(raw),
    )


def _peering(raw: Raw) -> Peering:
    vpcs = (raw["RequesterVpcInfo"].get("VpcId", ""), raw["AccepterVpcInfo"].get("VpcId", ""))
    return Peering(raw["VpcPeeringConnectionId"], raw["Status"]["Code"], vpcs, _name(raw))


def _prefix_list(raw: Raw) -> PrefixList:
    cidrs = tuple(IPv4Network(cidr) for cidr in raw.get("Cidrs", []) if ":" not in cidr)
    return PrefixList(raw["PrefixListId"], raw["PrefixListName"], cidrs)
