# Copyright: hasite.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection: this file may change at any time.
"""Rules: delegation and resolvers (stumbling blocks 4 and 5)."""

from __future__ import annotations

import ipaddress
import json
from collections.abc import Iterator
from dataclasses import replace

from .evidence import Evidence, plain
from .finding import CRITICAL, PROVISION, Area, Occurrence, RuleInfo, Where
from .hardening import has_port
from .known.names import Record, Value, Zone
from .known.network import Permission, Vpc
from .needs import ADDRESSES, DELEGATION, INSIDE
from .places import blocked, by_stop, display_name, ids, on

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
    zone, delegation = evidence.zone, evidence.outside.delegation
    if not zone or not zone.name_servers or not delegation or not delegation.answers:
        return
    wanted = set(map(plain, zone.name_servers))
    told = [set(map(plain, answer)) for answer in delegation.answers]
    if all(servers == wanted for servers in told):
        return
    found = sorted(set().union(*told))
    name, parent = zone.name, delegation.parent_zone or "the parent zone"
    names = ", ".join(sorted(wanted))
    if wanted in told:
        what = f"The servers of {parent} do not agree yet how {name} is delegated."
    else:
        what = f"{name} is delegated to {', '.join(found) or 'nobody'} instead of to {names}."
    yield Occurrence(
        what,
        Where("delegation", name, parent),
        f"{parent} says: {', '.join(found) or 'nothing'}; the hosted zone {zone.id} has: {names}",
        remedy=f"At the registrar of {name}, enter these name servers and no others: {names}.",
    )


def record_call(zone: Zone, action: str, record: Record) -> str:
    """Return the call that changes a plain record of a hosted zone."""
    values = [{"Value": row.value} for row in record.resource_records]
    wanted = {"Name": record.name, "Type": record.type, "TTL": record.ttl, "ResourceRecords": values}
    batch = json.dumps({"Changes": [{"Action": action, "ResourceRecordSet": wanted}]})
    return f"aws route53 change-resource-record-sets --hosted-zone-id {zone.id} --change-batch '{batch}'"


def name_server_records(zone: Zone) -> Iterator[tuple[str, set[str], Record]]:
    """Return the NS records of a zone with their names and the servers that they name."""
    for record in zone.records:
        if record.type == "NS":
            servers = {plain(row.value) for row in record.resource_records}
            yield plain(record.name), servers, record


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
        wanted = sorted(map(plain, zone.name_servers or []))
        for name, servers, record in name_server_records(zone) if wanted else []:
            if name == plain(zone.name) and servers != set(wanted):
                mended = replace(record, resource_records=tuple(Value(f"{server}.") for server in wanted))
                yield Occurrence(
                    f"The NS record of {name} in its own hosted zone names {', '.join(sorted(servers)) or 'nobody'}.",
                    Where("record", f"{name} NS", zone.id),
                    f"the name servers of the hosted zone {zone.id} are {', '.join(wanted)}",
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
                below = owner != plain(zone.name) and f".{name}".endswith(f".{owner}")
                if below and evidence.records(name, "A"):
                    yield Occurrence(
                        f"{name} is delegated to other name servers by an NS record of {owner}.",
                        Where("record", f"{owner} NS", zone.id),
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
        seen.add(path.destination)
        yield Occurrence(
            f"The machines are told to ask the resolver {path.destination}, and do not reach it.",
            Where("security group" if stop.kind == "security_group" else "DHCP options", stop.id),
            path.explanation,
            touched or ids(evidence.running),
        )
    for instance, told in evidence.asked():
        foreign = [name for name in told.name_servers if outside(evidence, name) and name not in seen]
        if foreign and not lets_names_out(evidence, foreign):
            yield on(
                instance,
                f"{display_name(instance)} asks the resolver {', '.join(foreign)}, and no rule lets port 53 out to it.",
                f"/etc/resolv.conf: nameserver {', '.join(told.name_servers)}",
                remedy=OLD_LEASE if set(evidence.details.dhcp_name_servers) == {AMAZON[0]} else None,
            )


def outside(evidence: Evidence, name_server: str) -> bool:
    """Tell whether a name server is another than the VPC's own."""
    vpc = evidence.site.network.vpc or Vpc()
    try:
        address = ipaddress.ip_address(name_server)
        own = ipaddress.ip_network(vpc.cidr_block)[2]
    except (ValueError, IndexError):
        return False
    return name_server not in AMAZON and address != own and not address.is_loopback


def lets_names_out(evidence: Evidence, name_servers: list[str]) -> bool:
    """Tell whether the machines' groups let UDP 53 out to all of these."""
    rules = [
        rule for group in evidence.site.security_groups if group.part == "web" for rule in group.ip_permissions_egress
    ]
    return all(any(_admits(rule, server) for rule in rules) for server in name_servers)


def _admits(rule: Permission, name_server: str) -> bool:
    blocks = [ipaddress.ip_network(row.cidr_ip) for row in rule.ip_ranges if row.cidr_ip]
    return has_port(rule, 53, "udp") and any(ipaddress.ip_address(name_server) in block for block in blocks)


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
    addresses = evidence.outside.addresses
    if addresses is not None and not addresses.get("A") and evidence.balancer:
        yield Occurrence(
            f"{evidence.domain} has no address.",
            Where("name", evidence.domain),
            f"A: none, AAAA: {', '.join(addresses.get('AAAA', ())) or 'none'}",
        )
