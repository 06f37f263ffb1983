# Copyright: hasite.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection: what a site's settings must be, without any I/O.
"""Checks a site's settings and fills in what follows from them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import IPv4Network

# A VPC's block is /16 to /28, and so is a subnet's:
# https://docs.aws.amazon.com/vpc/latest/userguide/vpc-cidr-blocks.html
_LARGEST, _SMALLEST = 16, 28
_SUBNETS = 4
_NAME = re.compile(r"[a-z][a-z0-9-]{0,19}(?<!-)\Z")


class SettingsError(Exception):
    """One sentence: which variable, what was found, what to do."""


@dataclass(frozen=True)
class Subnet:
    """A subnet to be: its kind is `public` or `private`."""

    name: str
    kind: str
    zone: str
    cidr: str


def check_name(name: str) -> None:
    """Refuse a site name that can't be the prefix of every resource's name.

    The shortest limit is that of a load balancer's name, 32 characters of letters, digits and hyphens:
    https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_CreateLoadBalancer.html
    """
    if not _NAME.match(name):
        raise SettingsError(
            f"site_name is {name!r}; use 1 to 20 small letters, digits and hyphens, beginning with a letter "
            "and not ending with a hyphen."
        )


def zones_of(region: str, usable: Sequence[str], wanted: Sequence[str] | None) -> list[str]:
    """Return the two availability zones: as given, or the region's first two usable ones."""
    zones = list(wanted or sorted(usable)[:2])
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


def check_overlap(block: str, site: str, others: Sequence[tuple[str, str]]) -> None:
    """Refuse a block that overlaps another block of the site's own VPC; `others` are (VPC's site tag, block)."""
    for other_site, other in others:
        if other_site == site and other != block and IPv4Network(other).overlaps(IPv4Network(block)):
            raise SettingsError(
                f"site_vpc_cidr is {block}, but the VPC of {site} has {other}; a VPC's block can't be changed: "
                f"set it back to {other}, or take the site down first."
            )


def check_endpoint(wanted: str | None, from_environment: str | None) -> None:
    """Refuse to build on AWS while the shell points at another endpoint, such as the lab."""
    if from_environment and not wanted:
        raise SettingsError(
            f"AWS_ENDPOINT_URL is set to {from_environment} in the environment, but this inventory sets no "
            "site_endpoint_url, so it means AWS itself; unset the variable, or use the inventory of that endpoint."
        )
