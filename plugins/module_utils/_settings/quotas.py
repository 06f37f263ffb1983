# Copyright: hasite.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection: this file may change at any time.
"""Service quotas: whether what the site still lacks fits into the account."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from .error import SettingsError


@dataclass(frozen=True)
class Quota:
    """A quota of an account in a region, by its codes in Service Quotas."""

    key: str
    """Our word for it, such as `vpcs`."""
    what: str
    """What it counts, as a plural."""
    service: str
    code: str


# https://docs.aws.amazon.com/vpc/latest/userguide/amazon-vpc-limits.html
VPCS = Quota("vpcs", "VPCs", "vpc", "L-F678F1CE")
INTERNET_GATEWAYS = Quota("internet_gateways", "internet gateways", "vpc", "L-A4707A72")
NAT_GATEWAYS = Quota("nat_gateways", "NAT gateways in one availability zone", "vpc", "L-FE5A380F")
# https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/elastic-ip-addresses-eip.html#using-instance-addressing-limit
ADDRESSES = Quota("addresses", "Elastic IP addresses", "ec2", "L-0263D0A3")
# https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/ec2-on-demand-instances.html#ec2-on-demand-instances-limits
VCPUS = Quota("vcpus", "vCPUs of running On-Demand Standard instances", "ec2", "L-1216C47A")
# https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-limits.html
LOAD_BALANCERS = Quota("load_balancers", "Application Load Balancers", "elasticloadbalancing", "L-53DA6B97")
QUOTAS = (VPCS, INTERNET_GATEWAYS, NAT_GATEWAYS, ADDRESSES, VCPUS, LOAD_BALANCERS)

STANDARD_FAMILIES = frozenset("acdhimrtz")
"""The first letters of the instance families that share the vCPU quota of On-Demand Standard instances."""
_OTHER_FAMILIES = ("dl", "hpc", "inf", "mac", "trn")
"""Families that begin with such a letter and have a quota of their own."""


@dataclass(frozen=True)
class Use:
    """How much of a quota is in use, by this site and by others, and how much the whole site takes."""

    quota: Quota
    limit: float | None
    """The account's quota; None where Service Quotas does not tell."""
    used: int
    """Everything in the account that counts, the site's own included."""
    own: int
    """What of it the site has already."""
    needed: int
    """What the whole site takes."""
    place: str
    """The region, or the zone where the quota is one of a zone."""

    @property
    def missing(self) -> int:
        """How many of them are still to be created."""
        return max(0, self.needed - self.own)

    @property
    def fits(self) -> bool:
        """Whether these fit into the quota, as far as it is known."""
        return self.limit is None or not self.missing or self.used + self.missing <= self.limit


def is_standard(instance_type: str) -> bool:
    """Return whether a type counts to the quota of Standard instances, by its family."""
    family = instance_type.partition(".")[0]
    return family[:1] in STANDARD_FAMILIES and not family.startswith(_OTHER_FAMILIES)


def check_quotas(uses: Sequence[Use]) -> None:
    """Refuse a site that does not fit, naming everything that does not."""
    over = [use for use in uses if not use.fits]
    if not over:
        return
    told = "; ".join(
        f"{use.quota.what} in {use.place}: {use.used} of {use.limit:g} are in use and the site needs {use.missing} more"
        for use in over
    )
    codes = ", ".join(dict.fromkeys(f"{use.quota.service}/{use.quota.code}" for use in over))
    raise SettingsError(
        f"The site does not fit into the account's quotas ({told}); delete what is no longer used, or ask for more in "
        f"Service Quotas ({codes}){_advice(over)}."
    )


def _advice(over: Sequence[Use]) -> str:
    if {use.quota for use in over} <= {ADDRESSES, NAT_GATEWAYS}:
        return ", or set site_nat to single or none"
    return ""


def as_data(uses: Sequence[Use]) -> list[Mapping[str, object]]:
    """Return the quotas as a module shows them."""
    return [
        {
            "name": use.quota.key,
            "place": use.place,
            "limit": use.limit,
            "used": use.used,
            "missing": use.missing,
            "fits": use.fits,
        }
        for use in uses
    ]
