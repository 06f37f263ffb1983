# Copyright: hasite.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection: this file may change at any time.
"""Rules: what opens the closed site."""

from __future__ import annotations

from collections.abc import Iterator

from .evidence import Evidence, Resource, rows
from .finding import CRITICAL, PROVISION, WARNING, Area, Case, Kind
from .places import called, machine, only, place

AREA = Area("hardening")
WORLD = ("0.0.0.0/0", "::/0")


def sources(rule: Resource) -> list[str]:
    """Return the address blocks that a rule admits."""
    found = [row.get("cidr_ip") for row in rows(rule, "ip_ranges")]
    found += [row.get("cidr_ipv6") for row in rows(rule, "ipv6_ranges")]
    return [str(one) for one in found if one]


def has_port(rule: Resource, port: int) -> bool:
    """Tell whether a rule is about a TCP port."""
    if rule.get("ip_protocol") == "-1":
        return True
    low, high = rule.get("from_port"), rule.get("to_port")
    return rule.get("ip_protocol") == "tcp" and low is not None and high is not None and int(low) <= port <= int(high)


def ports(rule: Resource) -> str:
    """Return a rule's ports for reading."""
    if rule.get("ip_protocol") == "-1":
        return "everything"
    low, high = rule.get("from_port"), rule.get("to_port")
    return f"{rule.get('ip_protocol')} {low if low == high else f'{low}-{high}'}"


def open_to_world(rule: Resource) -> bool:
    """Tell whether a rule admits everybody."""
    return bool(set(WORLD) & set(sources(rule)))


def opens_closed_group(group: Resource, rule: Resource) -> bool:
    """Tell whether a rule opens more than SSH to the world, of a group that is for other groups only."""
    ssh = rule.get("ip_protocol") == "tcp" and rule.get("from_port") == rule.get("to_port") == 22
    return group.get("part") in ("web", "file_system") and open_to_world(rule) and not ssh


@AREA.rule(
    Kind(
        "port-22-open",
        CRITICAL,
        "Nobody needs it: Session Manager is the way in. An open port 22 is tried by strangers all day.",
        f"Revoke the inbound rule of port 22: {PROVISION}",
    ),
    "ec2: security groups",
)
def port_22_open(evidence: Evidence) -> Iterator[Case]:
    """A security group lets SSH in."""
    for group in evidence.listed("security_groups"):
        for rule in rows(group, "ip_permissions"):
            if has_port(rule, 22) and not opens_closed_group(group, rule):
                groups = [str(one.get("group_id")) for one in rows(rule, "user_id_group_pairs")]
                proof = f"inbound {ports(rule)} from {', '.join([*sources(rule), *groups]) or 'nobody'}"
                what = f"The security group {group.get('group_name')} lets SSH in."
                severity = None if open_to_world(rule) else WARNING
                yield Case(what, place("security group", group, "group_id"), proof, severity=severity)


@AREA.rule(
    Kind(
        "web-group-open-to-world",
        CRITICAL,
        "Only the load balancer should reach the machines, and only the machines the share.",
        f"Revoke the inbound rule: {PROVISION}",
    ),
    "ec2: security groups",
)
def web_group_open_to_world(evidence: Evidence) -> Iterator[Case]:
    """The group of the machines or of the share is open to the world."""
    for group in evidence.listed("security_groups"):
        for rule in rows(group, "ip_permissions"):
            if opens_closed_group(group, rule):
                proof = f"inbound {ports(rule)} from {', '.join(sources(rule))}"
                what = f"The security group {group.get('group_name')} is open to the world."
                yield Case(what, place("security group", group, "group_id"), proof)


@AREA.rule(
    Kind(
        "public-address",
        CRITICAL,
        "The machines are meant to be reached through the load balancer only.",
        f"Terminate the machine and let the playbooks make another one: {PROVISION}",
    ),
    "ec2: instances",
)
def public_address(evidence: Evidence) -> Iterator[Case]:
    """A machine has a public address."""
    for one in evidence.listed("instances"):
        if one.get("public_ip_address"):
            proof = f"public_ip_address={one['public_ip_address']}"
            yield Case(f"{called(one)} has a public address.", machine(one), proof, only(one))


@AREA.rule(
    Kind(
        "public-address-on-launch",
        WARNING,
        "The next machine there would be on the internet. Load balancer and NAT gateways do not need it.",
        "Switch it off: aws ec2 modify-subnet-attribute --subnet-id ID --no-map-public-ip-on-launch.",
    ),
    "ec2: subnets",
)
def public_address_on_launch(evidence: Evidence) -> Iterator[Case]:
    """A subnet gives public addresses to what is started in it."""
    for one in evidence.networked("subnets"):
        if one.get("map_public_ip_on_launch"):
            what = f"The subnet {one.get('name') or one.get('subnet_id')} gives public addresses at launch."
            call = (
                f"Call: aws ec2 modify-subnet-attribute --subnet-id {one.get('subnet_id')} --no-map-public-ip-on-launch"
            )
            yield Case(what, place("subnet", one, "subnet_id"), "MapPublicIpOnLaunch=true", cure=call)


@AREA.rule(
    Kind(
        "metadata-v1-allowed",
        WARNING,
        "A flaw in the site that lets strangers make requests would give them the machine's credentials.",
        "Require tokens: aws ec2 modify-instance-metadata-options --instance-id ID --http-tokens required.",
    ),
    "ec2: instances",
)
def metadata_v1_allowed(evidence: Evidence) -> Iterator[Case]:
    """A machine's metadata answer without a token."""
    for one in evidence.listed("instances"):
        options = one.get("metadata_options") or {}
        if options.get("http_tokens") == "optional" and options.get("http_endpoint") != "disabled":
            yield Case(
                f"The metadata of {called(one)} answer without a token.",
                machine(one),
                "HttpTokens=optional",
                only(one),
                cure="Call: aws ec2 modify-instance-metadata-options --instance-id "
                f"{one.get('instance_id')} --http-tokens required",
            )
