# Copyright: hasite.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection: this file may change at any time.
"""Rules: delegation and resolvers (stumbling blocks 4 and 5)."""

from __future__ import annotations

import ipaddress
import json
from collections.abc import Iterator

from .._resource import Resource
from .evidence import Evidence, plain, rows
from .finding import CRITICAL, PROVISION, Area, Occurrence, RuleInfo, Where
from .needs import ADDRESSES, DELEGATION, INSIDE
from .places import blocked, by_stop, display_name, ids, place

AREA = Area("names")
AMAZON = ("AmazonProvidedDNS", "169.254.169.253")
OLD_LEASE = (
    "reboot the machine: the VPC's DHCP options name Amazon's resolver by now, and the machine goes on with the one "
    "that it was given before."
)


@AREA.rule(
    RuleInfo(
        "registrar-old-nameservers",
        CRITICAL,
        "Nobody asks the hosted zone: its records have no effect, and certificates are not issued.",
        "At the registrar, replace the name servers.",
        ("certificate-pending", "page-unavailable", "plain-unavailable", "name-unresolved", "edge-unavailable"),
    ),
    "route53: hosted zones",
    DELEGATION,
)
def registrar_old_nameservers(evidence: Evidence) -> Iterator[Occurrence]:
    """The registrar names other name servers than the zone's."""
    zone, delegation = evidence.zone, evidence.visit.delegation if evidence.visit else None
    if not zone or not zone.get("name_servers") or not delegation or not delegation.answers:
        return
    wanted = {str(server).rstrip(".").lower() for server in zone["name_servers"]}
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
    yield Occurrence(
        what,
        Where("delegation", str(name), parent),
        f"{parent} says: {', '.join(found) or 'nothing'}; the hosted zone {zone.get('id')} has: {names}",
        remedy=f"At the registrar of {name}, enter these name servers and no others: {names}.",
    )


def record_call(zone: Resource, action: str, record: Resource) -> str:
    """Return the call that changes a plain record of a hosted zone."""
    values = [{"Value": str(row.get("value"))} for row in rows(record, "resource_records")]
    wanted = {
        "Name": record.get("name"),
        "Type": record.get("type"),
        "TTL": record.get("ttl"),
        "ResourceRecords": values,
    }
    batch = json.dumps({"Changes": [{"Action": action, "ResourceRecordSet": wanted}]})
    return f"aws route53 change-resource-record-sets --hosted-zone-id {zone.get('id')} --change-batch '{batch}'"


def name_server_records(zone: Resource) -> Iterator[tuple[str, set[str], Resource]]:
    """Return the NS records of a zone with their names and the servers that they name."""
    for record in rows(zone, "records"):
        if record.get("type") == "NS":
            servers = {plain(row.get("value")) for row in rows(record, "resource_records")}
            yield plain(record.get("name")), servers, record


@AREA.rule(
    RuleInfo(
        "zone-name-servers-changed",
        CRITICAL,
        "A resolver that has asked the zone goes on with the servers that it names itself, whatever its parent says "
        "(RFC 2181, section 5.4.1): some visitors get no address, now and then.",
        "Put the hosted zone's own name servers back into the NS record at its top.",
    ),
    "route53: hosted zones",
)
def zone_name_servers_changed(evidence: Evidence) -> Iterator[Occurrence]:
    """A hosted zone's own NS record names other servers than those of the zone."""
    for zone in evidence.zones:
        wanted = sorted(map(plain, zone.get("name_servers") or []))
        for name, servers, record in name_server_records(zone) if wanted else []:
            if name == plain(zone.get("name")) and servers != set(wanted):
                mended = {**record, "resource_records": [{"value": f"{server}."} for server in wanted]}
                yield Occurrence(
                    f"The NS record of {name} in its own hosted zone names {', '.join(sorted(servers)) or 'nobody'}.",
                    Where("record", f"{name} NS", str(zone.get("id"))),
                    f"the name servers of the hosted zone {zone.get('id')} are {', '.join(wanted)}",
                    remedy=f"Put the zone's own name servers back: {record_call(zone, 'UPSERT', mended)}",
                )


@AREA.rule(
    RuleInfo(
        "name-delegated-away",
        CRITICAL,
        "Resolvers are sent on to other name servers for the name: the site's records beside that one have no effect.",
        "Delete the NS record, if nobody needs the zone that it leads to.",
        ("name-unresolved", "page-unavailable", "plain-unavailable", "alias-unavailable", "certificate-pending"),
    ),
    "route53: hosted zones",
)
def name_delegated_away(evidence: Evidence) -> Iterator[Occurrence]:
    """An NS record takes one of the site's names out of the hosted zone that has its records."""
    for name in map(plain, (evidence.domain, *evidence.aliases)):
        for zone in evidence.zones_of(name):
            for owner, servers, record in name_server_records(zone):
                below = owner != plain(zone.get("name")) and f".{name}".endswith(f".{owner}")
                if below and evidence.records(name, "A"):
                    yield Occurrence(
                        f"{name} is delegated to other name servers by an NS record of {owner}.",
                        Where("record", f"{owner} NS", str(zone.get("id"))),
                        f"{owner} NS: {', '.join(sorted(servers))}",
                        remedy="Delete the NS record, if nobody needs the zone that it leads to: "
                        f"{record_call(zone, 'DELETE', record)}",
                    )


@AREA.rule(
    RuleInfo(
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
def dns_egress_closed(evidence: Evidence) -> Iterator[Occurrence]:
    """Machines ask a resolver that they cannot reach."""
    seen = set()
    for path, stop, touched in by_stop(blocked(evidence, "names")):
        seen.add(path.get("destination"))
        yield Occurrence(
            f"The machines are told to ask the resolver {path.get('destination')}, and do not reach it.",
            Where("security group" if stop.get("kind") == "security_group" else "DHCP options", str(stop.get("id"))),
            str(path.get("explanation")),
            touched or ids(evidence.running),
        )
    for one, told in evidence.asked():
        foreign = [name for name in told.name_servers or [] if outside(evidence, name) and name not in seen]
        if foreign and not lets_names_out(evidence, foreign):
            yield Occurrence(
                f"{display_name(one)} asks the resolver {', '.join(foreign)}, and no rule lets port 53 out to it.",
                place("instance", one, "instance_id"),
                f"/etc/resolv.conf: nameserver {', '.join(told.name_servers or [])}",
                ids([one]),
                remedy=OLD_LEASE if set(evidence.detail("dhcp_name_servers") or []) == {AMAZON[0]} else None,
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
    return all(any(_admits(rule, server) for rule in rules) for server in name_servers)


def _admits(rule: dict[str, object], name_server: str) -> bool:
    if rule.get("ip_protocol") not in ("udp", "-1"):
        return False
    if rule.get("ip_protocol") == "udp" and not int(str(rule.get("from_port"))) <= 53 <= int(str(rule.get("to_port"))):
        return False
    ranges = rule.get("ip_ranges")
    blocks = [str(one.get("cidr_ip")) for one in ranges] if isinstance(ranges, list) else []
    return any(ipaddress.ip_address(name_server) in ipaddress.ip_network(block) for block in blocks)


@AREA.rule(
    RuleInfo(
        "name-unresolved",
        CRITICAL,
        "Visitors get nothing at all, not even the error page.",
        f"Let the zone have the failover records: {PROVISION}",
        ("page-unavailable", "plain-unavailable"),
    ),
    "elbv2: load balancers",
    ADDRESSES,
)
def name_unresolved(evidence: Evidence) -> Iterator[Occurrence]:
    """The site's name does not resolve."""
    visit = evidence.visit
    if visit and visit.addresses is not None and not visit.addresses.get("A") and evidence.balancer:
        yield Occurrence(
            f"{evidence.domain} has no address.",
            Where("name", evidence.domain),
            f"A: none, AAAA: {', '.join(visit.addresses.get('AAAA') or []) or 'none'}",
        )
