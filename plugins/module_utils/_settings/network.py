# Copyright: hasite.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection: this file may change at any time.
"""Availability zones, and the subnets that the VPC's block is cut into."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import IPv4Network

from .error import SettingsError

# A VPC's block is /16 to /28, and so is a subnet's:
# https://docs.aws.amazon.com/vpc/latest/userguide/vpc-cidr-blocks.html
_LARGEST, _SMALLEST = 16, 28
_SUBNETS = 4


@dataclass(frozen=True)
class Subnet:
    """A subnet to be: its kind is `public` or `private`."""

    name: str
    kind: str
    zone: str
    cidr: str


def zones_of(
    region: str, usable: Sequence[str], wanted: Sequence[str] | None, built: Sequence[str] = (), site: str = ""
) -> list[str]:
    """Return the two availability zones: as given, or the region's first two usable ones.

    `built` are those in which the site has subnets already. They stay, in their order, by which the VPC's block is cut.
    """
    if wanted and not set(built) <= set(wanted):
        raise SettingsError(
            f"site_availability_zones is {list(wanted)}, but {site} is built in {' and '.join(built)}; the zones of a "
            "site can't be changed: set them back, or build a second site and move."
        )
    chosen = wanted or [*built, *(zone for zone in sorted(usable) if zone not in built)][:2]
    zones = [*built, *(zone for zone in chosen if zone not in built)]
    if len(set(zones)) != 2 or len(zones) != 2:
        raise SettingsError(
            f"site_availability_zones is {zones}; a redundant site needs exactly two different zones of {region}, "
            f"which has {', '.join(sorted(usable))}."
        )
    for zone in zones:
        if zone not in usable:
            raise SettingsError(
                f"site_availability_zones names {zone}, which is not a usable zone of site_region {region}; "
                f"choose two of {', '.join(sorted(usable))}."
            )
    return zones


def subnets_of(block: str, zones: Sequence[str]) -> list[Subnet]:
    """Cut the VPC's block into a public and a private subnet per zone.

    The four are equal quarters, at most a /20 each, so that a /16 leaves room for later subnets.
    """
    try:
        network = IPv4Network(block)
    except ValueError as error:
        raise SettingsError(f"site_vpc_cidr is {block!r}, which is not an IPv4 block: {error}.") from error
    longest = _SMALLEST - 2
    if not _LARGEST <= network.prefixlen <= longest:
        raise SettingsError(
            f"site_vpc_cidr is {block}; a VPC of {_SUBNETS} subnets needs a block between /{_LARGEST} and /{longest}."
        )
    if not network.is_private:
        raise SettingsError(
            f"site_vpc_cidr is {block}, which is not private address space (RFC 1918); "
            "machines there could not reach the block's true owners."
        )
    cuts = network.subnets(new_prefix=max(20, network.prefixlen + 2))
    return [
        Subnet(f"{kind}-{zone[-1]}", kind, zone, str(next(cuts))) for kind in ("public", "private") for zone in zones
    ]


def resolver_of(block: str) -> str:
    """Return the address of the VPC's resolver (https://docs.aws.amazon.com/vpc/latest/userguide/AmazonDNS-concepts.html)."""
    return str(IPv4Network(block)[2])


def check_block(block: str, site: str, others: Sequence[tuple[str, str]]) -> None:
    """Refuse another block than that of the site's own VPC; `others` are (VPC's site tag, block)."""
    for other_site, other in others:
        if other_site == site and other != block:
            raise SettingsError(
                f"site_vpc_cidr is {block}, but the VPC of {site} has {other}; a VPC's block can't be changed: "
                f"set it back to {other}, or build a second site and move."
            )
