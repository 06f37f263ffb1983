# SPDX-License-Identifier: GPL-3.0-or-later
"""The model from EC2's answers, in the shapes that AWS gives them."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv4Network
from typing import Any

import pytest
from ansible_collections.hasite.aws.plugins.module_utils._reachability.assembly import assemble
from ansible_collections.hasite.aws.plugins.module_utils._reachability.model import (
    AclEntry,
    Address,
    GroupRule,
    Model,
    Route,
)

BLOCK = IPv4Network("198.51.100.0/24")


def read(kind: str, raw: dict[str, Any], **more: Any) -> Any:
    """Return the one thing of a kind in the model of these answers."""
    model = assemble({kind: [raw], **more}, {})
    (found,) = getattr(model, kind).values()
    return found


def interface(**more: Any) -> dict[str, Any]:
    own = {"NetworkInterfaceId": "eni-1", "VpcId": "vpc-1", "SubnetId": "subnet-1", "AvailabilityZone": "a"}
    return {**own, "PrivateIpAddress": "10.0.0.5", "Status": "in-use", **more}


def test_an_interface_with_several_addresses() -> None:
    found = read(
        "interfaces",
        interface(
            PrivateIpAddresses=[
                {"PrivateIpAddress": "10.0.0.6", "Primary": False, "Association": {"PublicIp": "198.51.100.6"}},
                {"PrivateIpAddress": "10.0.0.5", "Primary": True},
            ],
            Groups=[{"GroupId": "sg-2"}, {"GroupId": "sg-1"}],
            Attachment={"InstanceId": "i-1", "DeviceIndex": 1},
            TagSet=[{"Key": "Name", "Value": "second"}],
            SourceDestCheck=False,
        ),
    )
    second = Address(IPv4Address("10.0.0.6"), IPv4Address("198.51.100.6"))
    assert found.addresses == (Address(IPv4Address("10.0.0.5")), second)
    assert found.public == IPv4Address("198.51.100.6")
    assert (found.groups, found.instance_id, found.device_index, found.name) == (("sg-1", "sg-2"), "i-1", 1, "second")
    assert found.attached
    assert not found.checked
    assert not read("interfaces", interface(Status="available")).attached


def test_what_is_of_ipv6_only_is_left_out() -> None:
    subnet = {"SubnetId": "subnet-1", "VpcId": "vpc-1", "AvailabilityZone": "a", "Ipv6Native": True}
    alone = {key: value for key, value in interface().items() if key != "PrivateIpAddress"}
    assert assemble({"subnets": [subnet], "interfaces": [alone]}, {}) == Model()


@pytest.mark.parametrize(
    ("raw", "rule"),
    [
        ({"IpProtocol": "-1"}, GroupRule(None, None, cidr=BLOCK)),
        ({"IpProtocol": "tcp", "FromPort": 80, "ToPort": 81}, GroupRule(6, (80, 81), cidr=BLOCK)),
        ({"IpProtocol": "udp", "FromPort": -1, "ToPort": -1}, GroupRule(17, None, cidr=BLOCK)),
        ({"IpProtocol": "icmp", "FromPort": 8, "ToPort": -1}, GroupRule(1, (8, -1), cidr=BLOCK)),
        ({"IpProtocol": "50"}, GroupRule(50, None, cidr=BLOCK)),
    ],
)
def test_rules(raw: dict[str, Any], rule: GroupRule) -> None:
    permission = {**raw, "IpRanges": [{"CidrIp": str(BLOCK)}], "Ipv6Ranges": [{"CidrIpv6": "::/0"}]}
    group = {"GroupId": "sg-1", "GroupName": "web", "IpPermissions": [permission], "IpPermissionsEgress": []}
    assert read("security_groups", group).ingress == (rule,)


def test_entries_by_number_and_by_direction() -> None:
    def entry(number: int, *, egress: bool = False, **more: Any) -> dict[str, Any]:
        own = {"RuleNumber": number, "Egress": egress, "Protocol": "6", "RuleAction": "allow"}
        return {**own, "CidrBlock": str(BLOCK), **more}

    entries = [
        entry(32767, Protocol="-1", RuleAction="deny"),
        entry(100, PortRange={"From": 80, "To": 80}),
        entry(90, Protocol="1", IcmpTypeCode={"Type": -1, "Code": -1}),
        entry(100, egress=True),
        {**entry(101), "CidrBlock": None, "Ipv6CidrBlock": "::/0"},
    ]
    found = read("network_acls", {"NetworkAclId": "acl-1", "VpcId": "vpc-1", "Entries": entries})
    assert found.ingress == (
        AclEntry(90, True, 1, BLOCK, (-1, -1)),
        AclEntry(100, True, 6, BLOCK, (80, 80)),
        AclEntry(32767, False, None, BLOCK),
    )
    assert found.egress == (AclEntry(100, True, 6, BLOCK),)


def test_routes() -> None:
    raw = [
        {"DestinationCidrBlock": "10.0.0.0/16", "GatewayId": "local", "State": "active"},
        {"DestinationCidrBlock": "0.0.0.0/0", "NatGatewayId": "nat-1", "State": "blackhole"},
        {"DestinationPrefixListId": "pl-1", "GatewayId": "vpce-1", "State": "active"},
        {"DestinationIpv6CidrBlock": "::/0", "GatewayId": "igw-1", "State": "active"},
        {"DestinationCidrBlock": "10.9.0.0/16", "InstanceId": "i-1", "NetworkInterfaceId": "eni-1", "State": "active"},
    ]
    lists = [{"PrefixListId": "pl-1", "PrefixListName": "s3", "Cidrs": [str(BLOCK), "2001:db8::/32"]}]
    table = read("route_tables", {"RouteTableId": "rtb-1", "VpcId": "vpc-1", "Routes": raw}, prefix_lists=lists)
    assert table.routes == (
        Route((IPv4Network("10.0.0.0/16"),), "local"),
        Route((IPv4Network("0.0.0.0/0"),), "nat-1", blackhole=True),
        Route((BLOCK,), "vpce-1", prefix_list="pl-1"),
        Route((IPv4Network("10.9.0.0/16"),), "i-1"),
    )


def test_a_subnet_has_its_own_table_and_list_or_the_main_ones() -> None:
    def subnet(name: str) -> dict[str, Any]:
        return {"SubnetId": name, "VpcId": "vpc-1", "CidrBlock": "10.0.0.0/24", "AvailabilityZone": "a"}

    def table(name: str, **association: Any) -> dict[str, Any]:
        return {"RouteTableId": name, "VpcId": "vpc-1", "Routes": [], "Associations": [association]}

    def acl(name: str, default: bool, *subnets: str) -> dict[str, Any]:
        associations = [{"SubnetId": subnet, "NetworkAclId": name} for subnet in subnets]
        return {"NetworkAclId": name, "VpcId": "vpc-1", "IsDefault": default, "Associations": associations}

    model = assemble(
        {
            "subnets": [subnet("one"), subnet("two")],
            "route_tables": [table("rtb-main", Main=True), table("rtb-own", Main=False, SubnetId="one")],
            "network_acls": [acl("acl-main", True, "two"), acl("acl-own", False, "one")],
        },
        {},
    )
    assert [(each.route_table_id, each.acl_id) for each in model.subnets.values()] == [
        ("rtb-own", "acl-own"),
        ("rtb-main", "acl-main"),
    ]


def test_a_vpc_with_its_gateway_and_what_belongs_to_it() -> None:
    associated = {"State": "associated"}
    found = read(
        "vpcs",
        {
            "VpcId": "vpc-1",
            "CidrBlock": "10.0.0.0/16",
            "CidrBlockAssociationSet": [
                {"CidrBlock": "10.1.0.0/16", "CidrBlockState": associated},
                {"CidrBlock": "10.0.0.0/16", "CidrBlockState": associated},
                {"CidrBlock": "10.2.0.0/16", "CidrBlockState": {"State": "disassociated"}},
            ],
        },
        internet_gateways=[
            {"InternetGatewayId": "igw-1", "Attachments": [{"VpcId": "vpc-1", "State": "available"}]},
            {"InternetGatewayId": "igw-2", "Attachments": []},
        ],
        route_tables=[
            {"RouteTableId": "rtb-edge", "VpcId": "vpc-1", "Associations": [{"Main": False, "GatewayId": "igw-1"}]}
        ],
        dns_support=[{"VpcId": "vpc-1", "EnableDnsSupport": {"Value": False}}],
    )
    assert [str(cidr) for cidr in found.cidrs] == ["10.0.0.0/16", "10.1.0.0/16"]
    assert (found.internet_gateway, found.dns_support, found.edge_table_id) == ("igw-1", False, "rtb-edge")
