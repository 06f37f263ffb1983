# SPDX-License-Identifier: GPL-3.0-or-later
"""A verdict of the judge as the Reachability Analyzer tells it: what is on the way, and AWS's codes for what stops it.

https://docs.aws.amazon.com/vpc/latest/reachability/explanation-codes.html
"""

from __future__ import annotations

from collections.abc import Iterable
from ipaddress import IPv4Address
from typing import Any

from lab.reachability import routes
from lab.reachability.judging import PathVerdict
from lab.reachability.model import Interface, Model
from lab.reachability.trail import Hop

_KINDS = {
    "acl": "network-acl",
    "eni": "network-interface",
    "i": "instance",
    "igw": "internet-gateway",
    "nat": "natgateway",
    "pcx": "vpc-peering-connection",
    "rtb": "route-table",
    "sg": "security-group",
    "subnet": "subnet",
    "vpce": "vpc-endpoint",
}
"""Of ARNs, by the prefix of ids:
https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonec2.html#amazonec2-resources-for-iam-policies"""
_MEMBERS = {
    "internet_gateway": "InternetGateway",
    "nat_gateway": "NatGateway",
    "network_acl": "Acl",
    "peering_connection": "VpcPeeringConnection",
    "route": "RouteTable",
    "security_group": "SecurityGroup",
}
"""What an explanation calls the component that stops the packets."""


def arn(region: str, account: str, id_: str) -> str:
    """Return the ARN of one of EC2's resources."""
    return f"arn:aws:ec2:{region}:{account}:{_KINDS[id_.partition('-')[0]]}/{id_}"


def told(model: Model, verdict: PathVerdict, region: str, account: str) -> dict[str, Any]:
    """Return what an analysis tells."""

    def component(id_: str, name: str = "") -> dict[str, str]:
        known = id_.partition("-")[0] in _KINDS
        found = {"Id": id_, **({"Arn": arn(region, account, id_)} if known else {})}
        return {**found, **({"Name": name} if name else {})}

    def components(hops: Iterable[Hop]) -> list[dict[str, Any]]:
        return [
            {
                "SequenceNumber": number,
                "Component": component(hop.id, hop.name),
                **({"Subnet": component(hop.subnet_id)} if hop.subnet_id else {}),
            }
            for number, hop in enumerate((hop for hop in hops if hop.passed), 1)
        ]

    found: dict[str, Any] = {"NetworkPathFound": bool(verdict.reachable)}
    if verdict.reachable:
        return {
            **found,
            "ForwardPathComponents": components(hop for hop in verdict.hops if hop.way == "request"),
            "ReturnPathComponents": components(hop for hop in verdict.hops if hop.way == "answer"),
        }
    hop = verdict.blocked_by
    if hop is None:
        return found
    explanation: dict[str, Any] = {
        "ExplanationCode": code(model, verdict, hop),
        "Component": component(hop.id, hop.name),
    }
    if hop.kind in _MEMBERS:
        explanation[_MEMBERS[hop.kind]] = component(hop.id, hop.name)
    if hop.direction:
        explanation["Direction"] = hop.direction
    if hop.subnet_id:
        explanation["Subnet"] = component(hop.subnet_id)
    interface = _interface(model, verdict, hop)
    if interface is not None:
        explanation["NetworkInterface"] = component(interface.id, interface.name)
        if hop.kind == "security_group":
            explanation["Component"] = explanation["NetworkInterface"]
            explanation["SecurityGroups"] = [component(group) for group in interface.groups]
    return {**found, "Explanations": [explanation]}


def _interface(model: Model, verdict: PathVerdict, hop: Hop) -> Interface | None:
    """Return the interface at which the packets are stopped, if they are stopped at one."""
    if hop.kind not in ("security_group", "interface", "address"):
        return None
    if hop.id in model.interfaces:
        return model.interfaces[hop.id]
    near = [
        interface
        for interface in model.interfaces.values()
        if interface.subnet_id == hop.subnet_id and hop.id in interface.groups
    ]
    if hop.direction == "egress":
        return next((interface for interface in near if interface.id == verdict.source_interface), None)
    reached = verdict.destination_address
    return next((interface for interface in near if reached in (str(interface.private), str(interface.public))), None)


def code(model: Model, verdict: PathVerdict, hop: Hop) -> str:
    """Return AWS's code for what stops the packets."""
    if hop.kind == "security_group":
        interface = _interface(model, verdict, hop)
        groups = [model.security_groups[id_] for id_ in (interface.groups if interface else (hop.id,))]
        rules = [rule for group in groups for rule in (group.ingress if hop.direction == "ingress" else group.egress)]
        return "ENI_SG_RULES_MISMATCH" if rules else "SG_HAS_NO_RULES"
    if hop.kind == "network_acl":
        return "SUBNET_ACL_RESTRICTION"
    if hop.kind == "route":
        return "BAD_STATE_ROUTE" if _is_blackhole(model, verdict, hop) else "NO_ROUTE_TO_DESTINATION"
    if hop.kind == "internet_gateway":
        attached = any(vpc.internet_gateway == hop.id for vpc in model.vpcs.values())
        return "IGW_DESTINATION_ADDRESS_NOT_IN_RFC1918_EGRESS" if attached else "BAD_STATE_ATTACHMENT"
    if hop.kind == "interface":
        interface = model.interfaces.get(hop.id)
        attached = interface is not None and interface.attached
        return "ENI_SOURCE_DEST_CHECK_RESTRICTION" if attached else "BAD_STATE_ATTACHMENT"
    if hop.kind == "address" and hop.id in model.interfaces:
        egress = hop.direction == "egress"
        return "IGW_PUBLIC_IP_ASSOCIATION_FOR_EGRESS" if egress else "IGW_PRIVATE_IP_ASSOCIATION_FOR_INGRESS"
    return _state_code(model, hop)


def _state_code(model: Model, hop: Hop) -> str:
    """Return the code for a component that is in no state to pass packets on, or that has nowhere to send them."""
    instance, gateway = model.instances.get(hop.id), model.nat_gateways.get(hop.id)
    peering, endpoint = model.peerings.get(hop.id), model.endpoints.get(hop.id)
    states = (
        (instance, "running"),
        (gateway, "available"),
        (peering, "active"),
        (endpoint, "available"),
    )
    stopped = any(state is not None and state.state != wanted for state, wanted in states)
    return "BAD_STATE" if stopped else "NO_POSSIBLE_DESTINATION"


def _is_blackhole(model: Model, verdict: PathVerdict, hop: Hop) -> bool:
    table = model.route_tables.get(hop.id)
    source = model.interfaces.get(verdict.source_interface)
    forward = verdict.destination_address
    towards = forward if hop.way == "request" else str(source.private) if source else ""
    route = routes.lookup(table, IPv4Address(towards)) if table and towards else None
    return route is not None and route.blackhole
