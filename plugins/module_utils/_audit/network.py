# Copyright: hasite.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection: this file may change at any time.
"""Checks of the network and its security groups."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from .._doctor.hardening import open_to_world, ports
from .._doctor.known.rights import Policy, Statement
from .._doctor.known.shape import shape
from .._resource import Resource
from .facts import Facts, Rules, Seen

RULES = Rules()
WORLD = ("0.0.0.0/0", "::/0")
TCP, ALL = "6", "-1"


@RULES.rule("flow-logs", "ec2: flow logs", "ec2: VPCs")
def flow_logs(facts: Facts) -> Iterator[Seen]:
    """A flow log is active."""
    if vpc := facts.known.network.vpc:
        states = [log.flow_log_status for log in facts.known.network.flow_logs]
        yield Seen(f"VPC {vpc.vpc_id}", "ACTIVE" in states, f"flow logs: {', '.join(states) or 'none'}")


@RULES.rule("default-group-empty", "ec2: default groups")
def default_group_empty(facts: Facts) -> Iterator[Seen]:
    """The group that is taken where none is named admits nothing."""
    for group, described in facts.each("default_groups"):
        count = len(described.get("IpPermissions") or []) + len(described.get("IpPermissionsEgress") or [])
        yield Seen(f"security group {group}", not count, f"{count} rules")


@RULES.rule("subnets-without-public-addresses", "ec2: subnets")
def subnets(facts: Facts) -> Iterator[Seen]:
    """What is started in a subnet has no public address."""
    for subnet in facts.known.network.subnets:
        gives = subnet.map_public_ip_on_launch
        yield Seen(f"subnet {subnet.name or subnet.subnet_id}", not gives, f"MapPublicIpOnLaunch={gives}")


@RULES.rule("two-zones", "ec2: subnets")
def two_zones(facts: Facts) -> Iterator[Seen]:
    """Each kind of subnet is in two zones."""
    found = facts.known.network.subnets
    for kind in ("public", "private") if found else ():
        zones = sorted({subnet.availability_zone for subnet in found if subnet.kind == kind})
        yield Seen(f"{kind} subnets", len(zones) > 1, f"zones: {', '.join(zones) or 'none'}")


def first_match(entries: Iterable[Resource], port: int) -> str:
    """Return what an ACL does with TCP from the world to a port: `allow` or `deny`.

    The rule of the lowest number that matches decides
    (https://docs.aws.amazon.com/vpc/latest/userguide/nacl-rules.html). A rule for a part of the world decides for that
    part alone, so it is passed over.
    """
    for entry in entries:
        block = entry.get("CidrBlock") or entry.get("Ipv6CidrBlock")
        span = entry.get("PortRange") or {}
        covers = entry["Protocol"] == ALL or (
            entry["Protocol"] == TCP and int(span.get("From", 0)) <= port <= int(span.get("To", 65535))
        )
        if block in WORLD and covers:
            return str(entry["RuleAction"])
    return "deny"


def is_open(entries: Sequence[Resource], port: int) -> bool:
    """Tell whether the world reaches a TCP port, by IPv4 or IPv6."""
    four = [entry for entry in entries if not entry.get("Ipv6CidrBlock")]
    six = [entry for entry in entries if entry.get("Ipv6CidrBlock")]
    return "allow" in (first_match(four, port), first_match(six, port))


@RULES.rule("network-acl-administration", "ec2: network ACLs")
def network_acl_administration(facts: Facts) -> Iterator[Seen]:
    """The world is kept away from port 22, and not admitted to everything."""
    for acl, entries in facts.each("network_acls"):
        everything = any(
            entry["RuleAction"] == "allow"
            and entry["Protocol"] == ALL
            and (entry.get("CidrBlock") or entry.get("Ipv6CidrBlock")) in WORLD
            for entry in entries
        )
        told = ["port 22 is open"] * is_open(entries, 22) + ["every port is open"] * everything
        yield Seen(f"network ACL {acl}", not told, "; ".join(told) or "port 22 is closed")


@RULES.rule("network-acl-answers", "ec2: network ACLs")
def network_acl_answers(facts: Facts) -> Iterator[Seen]:
    """The world is kept away from port 3389, to which answers come too."""
    for acl, entries in facts.each("network_acls"):
        opened = is_open(entries, 3389)
        yield Seen(f"network ACL {acl}", not opened, f"port 3389 is {'open' if opened else 'closed'}")


@RULES.rule("groups-closed", "ec2: security groups")
def groups_closed(facts: Facts) -> Iterator[Seen]:
    """No rule admits the world but to the load balancer's two ports."""
    for group in facts.known.security_groups:
        allowed = ("tcp 80", "tcp 443") if group.part == "load_balancer" else ()
        opened = [ports(rule) for rule in group.ip_permissions if open_to_world(rule)]
        wrong = [door for door in opened if door not in allowed]
        yield Seen(f"security group {group.group_name}", not wrong, f"from the world: {', '.join(opened) or 'none'}")


@RULES.rule("group-port-80", "ec2: security groups")
def group_port_80(facts: Facts) -> Iterator[Seen]:
    """Visitors come by port 443 only."""
    for group in facts.known.security_groups:
        if group.part == "load_balancer":
            opened = [ports(rule) for rule in group.ip_permissions if open_to_world(rule)]
            yield Seen(f"security group {group.group_name}", "tcp 80" not in opened, ", ".join(opened) or "none")


@RULES.rule("web-egress", "ec2: security groups")
def web_egress(facts: Facts) -> Iterator[Seen]:
    """Machines go out by HTTPS, to the share and to the resolver."""
    for group in facts.known.security_groups:
        if group.part == "web":
            out = [ports(rule) for rule in group.ip_permissions_egress if open_to_world(rule)]
            yield Seen(f"security group {group.group_name}", set(out) <= {"tcp 443"}, f"out: {', '.join(out)}")


@RULES.rule("interface-endpoints", "ec2: endpoints", "ec2: VPCs")
def interface_endpoints(facts: Facts) -> Iterator[Seen]:
    """EC2 and Systems Manager are reached inside the VPC."""
    if vpc := facts.known.network.vpc:
        services = [endpoint.service_name.rpartition(".")[2] for endpoint in facts.known.network.endpoints]
        missing = [service for service in ("ec2", "ssm", "ssmmessages") if service not in services]
        yield Seen(f"VPC {vpc.vpc_id}", not missing, f"missing: {', '.join(missing) or 'none'}")


@RULES.rule("endpoint-trust-boundaries", "ec2: policies of endpoints")
def endpoint_trust_boundaries(facts: Facts) -> Iterator[Seen]:
    """Nobody's things pass but those that a policy names."""
    for endpoint, policy in facts.each("endpoint_policies"):
        wide = [statement for statement in statements(policy) if admits_everybody(statement)]
        yield Seen(f"endpoint {endpoint}", not wide, f"{len(wide)} statements for everybody and everything")


def statements(policy: object) -> tuple[Statement, ...]:
    """Return a policy's statements."""
    return shape(Policy, policy).statement


def for_everybody(statement: Statement) -> bool:
    """Tell whether a statement allows something to everybody."""
    return statement.effect == "Allow" and statement.principal in ("*", {"AWS": "*"}, {"AWS": ["*"]})


def admits_everybody(statement: Statement) -> bool:
    """Tell whether a statement allows everybody everything, without a condition."""
    return for_everybody(statement) and statement.resource == ("*",) and not statement.condition
