# Copyright: hasite.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection: this file may change at any time.
"""Rules: delegation and resolvers (stumbling blocks 4 and 5)."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator

from .evidence import Evidence, rows
from .finding import CRITICAL, PROVISION, Area, Case, Kind, Where
from .needs import ADDRESSES, DELEGATION, INSIDE
from .places import blocked, by_stop, called, ids, place

AREA = Area("names")
AMAZON = ("AmazonProvidedDNS", "169.254.169.253")
OLD_LEASE = (
    "reboot the machine: the VPC's DHCP options name Amazon's resolver by now, and the machine goes on with the one "
    "that it was given before."
)


@AREA.rule(
    Kind(
        "registrar-old-nameservers",
        CRITICAL,
        "Nobody asks the hosted zone: its records have no effect, and certificates are not issued.",
        "At the registrar, replace the name servers.",
        ("certificate-pending", "page-unavailable", "plain-unavailable", "name-unresolved", "edge-unavailable"),
    ),
    "route53: hosted zones",
    DELEGATION,
)
def registrar_old_nameservers(evidence: Evidence) -> Iterator[Case]:
    """The registrar names other name servers than the zone's."""
    zone, delegation = evidence.zone, evidence.visit.delegation if evidence.visit else None
    if not zone or not zone.get("name_servers") or not delegation or not delegation.answers:
        return
    wanted = {str(one).rstrip(".").lower() for one in zone["name_servers"]}
    told = [{one.rstrip(".").lower() for one in answer} for answer in delegation.answers]
    if all(one == wanted for one in told):
        return
    found = sorted(set().union(*told))
    name, parent = zone.get("name"), delegation.parent_zone or "the parent zone"
    names = ", ".join(sorted(wanted))
    if wanted in told:
        what = f"The servers of {parent} do not agree yet how {name} is delegated."
    else:
        what = f"{name} is delegated to {', '.join(found) or 'nobody'} instead of to {names}."
    yield Case(
        what,
        Where("delegation", str(name), parent),
        f"{parent} says: {', '.join(found) or 'nothing'}; the hosted zone {zone.get('id')} has: {names}",
        cure=f"At the registrar of {name}, enter these name servers and no others: {names}.",
    )


@AREA.rule(
    Kind(
        "dns-egress-closed",
        CRITICAL,
        "Without names a machine finds neither the endpoints of Systems Manager nor the share. To the VPC's own "
        "resolver no rule is needed; to any other one, TCP and UDP 53 have to be let out.",
        "Give the VPC the DHCP options with AmazonProvidedDNS and restart the machines' network, or let TCP and UDP 53 "
        "out to that resolver.",
        ("machine-unreachable", "share-not-mounted"),
    ),
    "ec2: instances",
    "ec2: security groups",
    "ec2: DHCP options",
    "ec2: reachability",
    INSIDE,
)
def dns_egress_closed(evidence: Evidence) -> Iterator[Case]:
    """Machines ask a resolver that they cannot reach."""
    seen = set()
    for way, stop, touched in by_stop(blocked(evidence, "names")):
        seen.add(way.get("to"))
        yield Case(
            f"The machines are told to ask the resolver {way.get('to')}, and do not reach it.",
            Where("security group" if stop.get("kind") == "security_group" else "DHCP options", str(stop.get("id"))),
            str(way.get("explanation")),
            touched or ids(evidence.running),
        )
    for one, told in evidence.asked():
        foreign = [name for name in told.name_servers or [] if outside(evidence, name) and name not in seen]
        if foreign and not lets_names_out(evidence, foreign):
            yield Case(
                f"{called(one)} asks the resolver {', '.join(foreign)}, and no rule lets port 53 out to it.",
                place("instance", one, "instance_id"),
                f"/etc/resolv.conf: nameserver {', '.join(told.name_servers or [])}",
                ids([one]),
                cure=OLD_LEASE if set(evidence.detail("dhcp_name_servers") or []) == {AMAZON[0]} else None,
            )


def outside(evidence: Evidence, name_server: str) -> bool:
    """Tell whether a name server is another than the VPC's own."""
    vpc = (evidence.site.get("network") or {}).get("vpc") or {}
    try:
        address = ipaddress.ip_address(name_server)
        own = ipaddress.ip_network(str(vpc.get("cidr_block")))[2]
    except (ValueError, IndexError):
        return False
    return name_server not in AMAZON and address != own and not address.is_loopback


def lets_names_out(evidence: Evidence, name_servers: list[str]) -> bool:
    """Tell whether the machines' groups let UDP 53 out to all of these."""
    rules = [rule for group in evidence.groups_of("web") for rule in rows(group, "ip_permissions_egress")]
    return all(any(_admits(rule, one) for rule in rules) for one in name_servers)


def _admits(rule: dict[str, object], name_server: str) -> bool:
    if rule.get("ip_protocol") not in ("udp", "-1"):
        return False
    if rule.get("ip_protocol") == "udp" and not int(str(rule.get("from_port"))) <= 53 <= int(str(rule.get("to_port"))):
        return False
    ranges = rule.get("ip_ranges")
    blocks = [str(one.get("cidr_ip")) for one in ranges] if isinstance(ranges, list) else []
    return any(ipaddress.ip_address(name_server) in ipaddress.ip_network(one) for one in blocks)


@AREA.rule(
    Kind(
        "name-unresolved",
        CRITICAL,
        "Visitors get nothing at all, not even the error page.",
        f"Let the zone have the failover records: {PROVISION}",
        ("page-unavailable", "plain-unavailable"),
    ),
    "elbv2: load balancers",
    ADDRESSES,
)
def name_unresolved(evidence: Evidence) -> Iterator[Case]:
    """The site's name does not resolve."""
    visit = evidence.visit
    if visit and visit.addresses is not None and not visit.addresses.get("A") and evidence.balancer:
        yield Case(
            f"{evidence.domain} has no address.",
            Where("name", evidence.domain),
            f"A: none, AAAA: {', '.join(visit.addresses.get('AAAA') or []) or 'none'}",
        )
