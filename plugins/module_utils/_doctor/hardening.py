# Copyright: hasite.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection: this file may change at any time.
"""Rules: what opens the closed site."""

from __future__ import annotations

from collections.abc import Iterator

from .evidence import Evidence
from .finding import CRITICAL, PROVISION, WARNING, Area, Occurrence, RuleInfo
from .known.network import Permission, SecurityGroup
from .places import display_name, https_listener, on, place

AREA = Area("hardening")
WORLD = ("0.0.0.0/0", "::/0")
OLD_TLS = ("ELBSecurityPolicy-2016-08", "ELBSecurityPolicy-2015-05", "ELBSecurityPolicy-FS-2018-06")


def sources(rule: Permission) -> list[str]:
    """Return the address blocks that a rule admits."""
    found = [*(row.cidr_ip for row in rule.ip_ranges), *(row.cidr_ipv6 for row in rule.ipv6_ranges)]
    return [block for block in found if block]


def has_port(rule: Permission, port: int, protocol: str = "tcp") -> bool:
    """Tell whether a rule is about a port."""
    if rule.ip_protocol == "-1":
        return True
    low, high = rule.from_port, rule.to_port
    return rule.ip_protocol == protocol and low is not None and high is not None and low <= port <= high


def ports(rule: Permission) -> str:
    """Return a rule's ports for reading."""
    if rule.ip_protocol == "-1":
        return "everything"
    low, high = rule.from_port, rule.to_port
    return f"{rule.ip_protocol} {low if low == high else f'{low}-{high}'}"


def open_to_world(rule: Permission) -> bool:
    """Tell whether a rule admits everybody."""
    return bool(set(WORLD) & set(sources(rule)))


def opens_closed_group(group: SecurityGroup, rule: Permission) -> bool:
    """Tell whether a rule opens more than SSH to the world, of a group that is for other groups only."""
    ssh = rule.ip_protocol == "tcp" and rule.from_port == rule.to_port == 22
    return group.part in ("web", "file_system") and open_to_world(rule) and not ssh


@AREA.rule(
    RuleInfo(
        "port-22-open",
        CRITICAL,
        "Nobody needs it: Session Manager is the way in. An open port 22 is tried by strangers all day.",
        f"Revoke the inbound rule of port 22: {PROVISION}",
    ),
    "ec2: security groups",
)
def port_22_open(evidence: Evidence) -> Iterator[Occurrence]:
    """A security group lets SSH in."""
    for group in evidence.site.security_groups:
        for rule in group.ip_permissions:
            if has_port(rule, 22) and not opens_closed_group(group, rule):
                groups = [row.group_id for row in rule.user_id_group_pairs]
                proof = f"inbound {ports(rule)} from {', '.join([*sources(rule), *groups]) or 'nobody'}"
                what = f"The security group {group.group_name} lets SSH in."
                severity = None if open_to_world(rule) else WARNING
                yield Occurrence(what, place("security group", group.group_id, group.name), proof, severity=severity)


@AREA.rule(
    RuleInfo(
        "web-group-open-to-world",
        CRITICAL,
        "Only the load balancer should reach the machines, and only the machines the share.",
        f"Revoke the inbound rule: {PROVISION}",
    ),
    "ec2: security groups",
)
def web_group_open_to_world(evidence: Evidence) -> Iterator[Occurrence]:
    """The group of the machines or of the share is open to the world."""
    for group in evidence.site.security_groups:
        for rule in group.ip_permissions:
            if opens_closed_group(group, rule):
                proof = f"inbound {ports(rule)} from {', '.join(sources(rule))}"
                what = f"The security group {group.group_name} is open to the world."
                yield Occurrence(what, place("security group", group.group_id, group.name), proof)


@AREA.rule(
    RuleInfo(
        "public-address",
        CRITICAL,
        "The machines are meant to be reached through the load balancer only.",
        f"Terminate the machine and let the playbooks make another one: {PROVISION}",
    ),
    "ec2: instances",
)
def public_address(evidence: Evidence) -> Iterator[Occurrence]:
    """A machine has a public address."""
    for instance in evidence.site.instances:
        if instance.public_ip_address:
            proof = f"public_ip_address={instance.public_ip_address}"
            yield on(instance, f"{display_name(instance)} has a public address.", proof)


@AREA.rule(
    RuleInfo(
        "public-address-on-launch",
        WARNING,
        "The next machine there would be on the internet. Load balancer and NAT gateways do not need it.",
        "Switch it off: aws ec2 modify-subnet-attribute --subnet-id ID --no-map-public-ip-on-launch.",
    ),
    "ec2: subnets",
)
def public_address_on_launch(evidence: Evidence) -> Iterator[Occurrence]:
    """A subnet gives public addresses to what is started in it."""
    for subnet in evidence.site.network.subnets:
        if subnet.map_public_ip_on_launch:
            what = f"The subnet {subnet.name or subnet.subnet_id} gives public addresses at launch."
            call = f"Call: aws ec2 modify-subnet-attribute --subnet-id {subnet.subnet_id} --no-map-public-ip-on-launch"
            yield Occurrence(
                what, place("subnet", subnet.subnet_id, subnet.name), "MapPublicIpOnLaunch=true", remedy=call
            )


def admits_old_tls(policy: str) -> bool:
    """Tell whether a listener's policy admits TLS 1.0 or 1.1.

    https://docs.aws.amazon.com/elasticloadbalancing/latest/application/describe-ssl-policies.html
    """
    return policy in OLD_TLS or any(
        version in policy for version in ("TLS13-1-0", "TLS13-1-1", "TLS-1-0", "TLS-1-1", "FS-1-1")
    )


@AREA.rule(
    RuleInfo(
        "old-tls-allowed",
        WARNING,
        "TLS 1.0 and 1.1 are deprecated (RFC 8996), no browser needs them, and reviews fail for them.",
        f"Give the HTTPS listener the site's policy again: {PROVISION}",
    ),
    "elbv2: load balancers",
)
def old_tls_allowed(evidence: Evidence) -> Iterator[Occurrence]:
    """The HTTPS listener admits TLS 1.0 or 1.1."""
    for listener in evidence.listeners:
        if admits_old_tls(listener.ssl_policy):
            proof = f"SslPolicy={listener.ssl_policy}"
            yield Occurrence("The HTTPS listener admits TLS 1.0 or 1.1.", https_listener(listener), proof)


@AREA.rule(
    RuleInfo(
        "metadata-v1-allowed",
        WARNING,
        "A flaw in the site that lets strangers make requests would give them the machine's credentials.",
        "Require tokens: aws ec2 modify-instance-metadata-options --instance-id ID --http-tokens required.",
    ),
    "ec2: instances",
)
def metadata_v1_allowed(evidence: Evidence) -> Iterator[Occurrence]:
    """A machine's metadata answer without a token."""
    for instance in evidence.site.instances:
        options = instance.metadata_options
        if options.http_tokens == "optional" and options.http_endpoint != "disabled":
            yield on(
                instance,
                f"The metadata of {display_name(instance)} answer without a token.",
                "HttpTokens=optional",
                remedy="Call: aws ec2 modify-instance-metadata-options --instance-id "
                f"{instance.instance_id} --http-tokens required",
            )
