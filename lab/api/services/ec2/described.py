# SPDX-License-Identifier: GPL-3.0-or-later
"""Asks EC2's own API for its networks, from inside of a call, as whoever makes that call is told of them."""

from __future__ import annotations

from typing import Any

from botocore.parsers import create_parser
from botocore.serialize import create_serializer
from moto.core.request import Request
from moto.core.utils import get_service_model
from moto.ec2.responses import EC2Response
from werkzeug.test import EnvironBuilder

from lab.reachability.assembly import assemble
from lab.reachability.model import Model

_LISTS = {
    "vpcs": ("DescribeVpcs", "Vpcs"),
    "subnets": ("DescribeSubnets", "Subnets"),
    "interfaces": ("DescribeNetworkInterfaces", "NetworkInterfaces"),
    "route_tables": ("DescribeRouteTables", "RouteTables"),
    "security_groups": ("DescribeSecurityGroups", "SecurityGroups"),
    "network_acls": ("DescribeNetworkAcls", "NetworkAcls"),
    "internet_gateways": ("DescribeInternetGateways", "InternetGateways"),
    "nat_gateways": ("DescribeNatGateways", "NatGateways"),
    "endpoints": ("DescribeVpcEndpoints", "VpcEndpoints"),
    "peerings": ("DescribeVpcPeeringConnections", "VpcPeeringConnections"),
    "prefix_lists": ("DescribePrefixLists", "PrefixLists"),
}


def model(call: Any) -> Model:
    """Return the networks of a call's region."""
    answers = {kind: list(ask(call, operation)[key]) for kind, (operation, key) in _LISTS.items()}
    reservations = ask(call, "DescribeInstances")["Reservations"]
    answers["instances"] = [instance for reservation in reservations for instance in reservation["Instances"]]
    answers["dns_support"] = [
        ask(call, "DescribeVpcAttribute", VpcId=vpc["VpcId"], Attribute="enableDnsSupport") for vpc in answers["vpcs"]
    ]
    managed = ask(call, "DescribeManagedPrefixLists")["PrefixLists"]
    known = {prefix_list["PrefixListId"] for prefix_list in answers["prefix_lists"]}
    for id_ in sorted({prefix_list["PrefixListId"] for prefix_list in managed} - known):
        entries = ask(call, "GetManagedPrefixListEntries", PrefixListId=id_)["Entries"]
        cidrs = [entry["Cidr"] for entry in entries]
        answers["prefix_lists"].append({"PrefixListId": id_, "PrefixListName": "", "Cidrs": cidrs})
    return assemble(answers, {})


def ask(call: Any, operation: str, **parameters: Any) -> dict[str, Any]:
    """Return the answer of another operation to the same caller, as SDKs read it."""
    service = get_service_model("ec2")
    described = service.operation_model(operation)
    serializer: Any = create_serializer("ec2")
    made = serializer.serialize_to_request(parameters, described)
    builder: Any = EnvironBuilder(
        method="POST",
        base_url=f"https://ec2.{call.region}.amazonaws.com",
        headers=[("Authorization", str(call.headers.get("Authorization", "")))],
        data=made["body"],
    )
    request = Request(builder.get_environ())
    status, headers, body = EC2Response.dispatch(request)
    text = body if isinstance(body, bytes) else str(body).encode()
    answer: dict[str, Any] = {"status_code": int(status), "headers": dict(headers), "body": text}
    parser: Any = create_parser("ec2")
    found: dict[str, Any] = parser.parse(answer, described.output_shape)
    return found
