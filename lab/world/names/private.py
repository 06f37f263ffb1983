# SPDX-License-Identifier: GPL-3.0-or-later
"""What a VPC's resolver answers from the VPC itself, before it looks outside.

https://docs.aws.amazon.com/vpc/latest/userguide/vpc-dns.html
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from ipaddress import AddressValueError, IPv4Address

from lab.world.names.answers import DnsAnswer, Line, View, answer
from lab.world.names.names import Zone

TTL = 60
_MACHINE = re.compile(r"ip-(\d+)-(\d+)-(\d+)-(\d+)\.(.+)\Z")
_FILE_SYSTEM = re.compile(r"(?:([a-z]{2}(?:-[a-z]+)+-\d[a-z])\.)?(fs-[0-9a-f]+)\.efs\.([a-z0-9-]+)\.amazonaws\.com\Z")


@dataclass(frozen=True)
class Inside:
    """A VPC as its resolver sees it; `zone` is where the asker is."""

    vpc_id: str
    region: str
    hostnames: bool
    addresses: frozenset[str]
    zone: str = ""


def answer_inside(view: View, inside: Inside, name: str, kind: str) -> DnsAnswer | None:
    """Return the VPC's own answer, or None for a name that is to be looked for outside.

    Host names, private hosted zones and private DNS of endpoints need both of the VPC's DNS attributes:
    https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/hosted-zone-private-considerations.html
    """
    if not inside.hostnames:
        return _share(view, inside, name, kind)
    private = answer(view, _private_zones(view, inside.vpc_id), name, kind)
    if private.code != "REFUSED":
        return private
    return (
        _machine(inside, name, kind)
        or _reverse(inside, name, kind)
        or _endpoint(view, inside, name, kind)
        or _share(view, inside, name, kind)
    )


def internal_domain(region: str) -> str:
    """Return the domain of a region's private host names."""
    return "ec2.internal" if region == "us-east-1" else f"{region}.compute.internal"


def _private_zones(view: View, vpc_id: str) -> dict[str, Zone]:
    return {zone.name: zone for zone in view.names.zones if zone.private and vpc_id in zone.vpcs}


def _addresses(name: str, kind: str, found: Iterable[str]) -> DnsAnswer:
    lines = tuple(Line(name, TTL, "A", address) for address in found) if kind == "A" else ()
    return DnsAnswer(answer=lines)


def _machine(inside: Inside, name: str, kind: str) -> DnsAnswer | None:
    domain = internal_domain(inside.region)
    if name != domain and not name.endswith(f".{domain}"):
        return None
    parts = _MACHINE.match(name)
    address = ".".join(parts.groups()[:4]) if parts and parts[5] == domain else ""
    return _addresses(name, kind, [address]) if address in inside.addresses else DnsAnswer(code="NXDOMAIN")


def _reverse(inside: Inside, name: str, kind: str) -> DnsAnswer | None:
    if not name.endswith(".in-addr.arpa"):
        return None
    try:
        address = IPv4Address(".".join(reversed(name.removesuffix(".in-addr.arpa").split("."))))
    except AddressValueError:
        return None
    if not address.is_private:
        return None
    if str(address) not in inside.addresses:
        return DnsAnswer(code="NXDOMAIN")
    host = f"ip-{str(address).replace('.', '-')}.{internal_domain(inside.region)}."
    return DnsAnswer(answer=(Line(name, TTL, "PTR", host),) if kind == "PTR" else ())


def _endpoint(view: View, inside: Inside, name: str, kind: str) -> DnsAnswer | None:
    """Return an interface endpoint's addresses for the service's own name, and for the names below it."""
    for endpoint in view.names.endpoints:
        if endpoint.vpc_id == inside.vpc_id and (name == endpoint.name or name.endswith(f".{endpoint.name}")):
            return _addresses(name, kind, endpoint.addresses)
    return None


def _share(view: View, inside: Inside, name: str, kind: str) -> DnsAnswer | None:
    """Return a file system's mount target: in the asker's zone, or in the zone that the name says.

    https://docs.aws.amazon.com/efs/latest/ug/mounting-fs-mount-cmd-dns-name.html: the name needs the VPC's
    DNS host names switched on, and has no address in a zone without a mount target.
    """
    parts = _FILE_SYSTEM.match(name)
    if not parts:
        return None
    zone, share_id, region = parts[1] or inside.zone, parts[2], parts[3]
    for share in view.names.shares:
        if (share.id, share.region, share.vpc_id) == (share_id, region, inside.vpc_id) and inside.hostnames:
            target = share.addresses.get(zone)
            return _addresses(name, kind, [target]) if target else DnsAnswer(code="NXDOMAIN")
    return DnsAnswer(code="NXDOMAIN")
