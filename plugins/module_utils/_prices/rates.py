# Copyright: hasite.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection: this file may change at any time.
"""What is charged by time, in the words of AWS's price list. Pure.

https://docs.aws.amazon.com/awsaccountbilling/latest/aboutv2/price-changes.html names the API; the services' price
lists, such as https://pricing.us-east-1.amazonaws.com/offers/v1.0/aws/AWSELB/current/index.json, have the words.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal

HOURS = 730
"""Hours of a month, as AWS's calculator counts: https://docs.aws.amazon.com/pricing-calculator/latest/userguide/faq.html"""


@dataclass(frozen=True)
class Rate:
    """What one of a kind costs, as the price list knows it."""

    service: str
    """The service's code."""
    usage: str
    """A pattern for the whole of the product's usage type, behind the prefix of most regions such as `APN1-`."""
    attributes: Mapping[str, str] = field(default_factory=dict)
    """Attributes that the product has beside its region."""
    hours: int = HOURS
    """How many of the price's units a month has: hours, or 1 if it is a price by month."""
    regional: bool = True
    """Whether the price is a region's."""


_INSTANCE = {"operatingSystem": "Linux", "tenancy": "Shared", "preInstalledSw": "NA", "capacitystatus": "Used"}
RATES = {
    "volume_gib": Rate("AmazonEC2", r"EBS:VolumeUsage\.gp3", {"productFamily": "Storage"}, hours=1),
    "nat_gateways": Rate("AmazonEC2", "NatGateway-Hours", {"productFamily": "NAT Gateway"}),
    "load_balancers": Rate("AWSELB", "LoadBalancerUsage", {"productFamily": "Load Balancer-Application"}),
    "public_addresses": Rate("AmazonVPC", "PublicIPv4:InUseAddress"),
    "interface_endpoints": Rate("AmazonVPC", "VpcEndpoint-Hours"),
    "keys": Rate("awskms", "KMS-Keys", hours=1),
    "hosted_zones": Rate("AmazonRoute53", "HostedZone", hours=1, regional=False),
    "health_check_options": Rate("AmazonRoute53", "Health-Check-Option-AWS", hours=1, regional=False),
}
"""By kind. Instances have a rate for each type."""


def instance_rate(instance_type: str) -> Rate:
    """Return the rate of On-Demand Linux instances of a type."""
    usage = f"BoxUsage:{re.escape(instance_type)}"
    return Rate("AmazonEC2", usage, {**_INSTANCE, "instanceType": instance_type})


@dataclass(frozen=True)
class Cost:
    """What all of one kind cost a month."""

    what: str
    count: int
    price: Decimal | None
    """USD for one of them a month; None if the price list does not tell."""

    @property
    def monthly(self) -> Decimal | None:
        """USD for all of them; None if the price is not known."""
        return None if self.price is None else self.price * self.count


def total(costs: list[Cost]) -> Decimal | None:
    """Return USD for everything a month, or None if one price is not known: a sum that lacks a part misleads."""
    known = [cost.monthly for cost in costs if cost.monthly is not None]
    return sum(known, Decimal(0)) if len(known) == len(costs) else None
