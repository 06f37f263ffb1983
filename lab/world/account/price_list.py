# SPDX-License-Identifier: GPL-3.0-or-later
"""A small part of AWS's public price list: what the site is made of, in two regions, as AWS published it in 2026.

The lists: https://pricing.us-east-1.amazonaws.com/offers/v1.0/aws/AmazonEC2/current/index.json, and so on by service.
How an entry looks: https://docs.aws.amazon.com/awsaccountbilling/latest/aboutv2/using-price-list-query-api.html
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

SERVICES = ("AWSELB", "AmazonEC2", "AmazonRoute53", "AmazonVPC", "awskms")
_PREFIXES = {"ap-northeast-1": "APN1-", "us-east-1": "USE1-"}
"""What usage types begin with. AWS left it out in us-east-1 for long, and still does for some."""


@dataclass(frozen=True)
class Product:
    """One product at its public On-Demand price."""

    service: str
    family: str
    """Empty where the list has none."""
    attributes: Mapping[str, str]
    unit: str
    price: str
    """USD for one unit at the first tier."""

    @property
    def sku(self) -> str:
        """The product's key, the same at each reading; AWS's own differ."""
        return hashlib.sha256(repr(self).encode()).hexdigest()[:16].upper()

    def fits(self, wanted: Mapping[str, str]) -> bool:
        """Tell whether all of these attributes are the product's."""
        known = {**self.attributes, "productFamily": self.family, "servicecode": self.service}
        return all(known.get(name) == value for name, value in wanted.items())

    def document(self) -> dict[str, Any]:
        """Return the entry as GetProducts tells it."""
        product = {"productFamily": self.family} if self.family else {}
        term, rate = f"{self.sku}.JRTCKXETXF", f"{self.sku}.JRTCKXETXF.6YS6EN2CT7"
        dimension = {
            "unit": self.unit,
            "beginRange": "0",
            "endRange": "Inf",
            "rateCode": rate,
            "pricePerUnit": {"USD": self.price},
        }
        return {
            "product": {**product, "attributes": {**self.attributes, "servicecode": self.service}, "sku": self.sku},
            "serviceCode": self.service,
            "terms": {"OnDemand": {term: {"sku": self.sku, "priceDimensions": {rate: dimension}}}},
        }


def _regional(
    service: str, family: str, usage: str, unit: str, tokyo: str, virginia: str, **more: str
) -> list[Product]:
    return [
        Product(
            service, family, {"regionCode": region, "usagetype": f"{_PREFIXES[region]}{usage}", **more}, unit, price
        )
        for region, price in (("ap-northeast-1", tokyo), ("us-east-1", virginia))
    ]


def _instances(name: str, tokyo: str, virginia: str) -> list[Product]:
    linux = {"instanceType": name, "operatingSystem": "Linux", "tenancy": "Shared", "preInstalledSw": "NA"}
    used = {**linux, "capacitystatus": "Used", "operation": "RunInstances"}
    return _regional("AmazonEC2", "Compute Instance", f"BoxUsage:{name}", "Hrs", tokyo, virginia, **used)


def _global(usage: str, family: str, unit: str, price: str) -> list[Product]:
    return [Product("AmazonRoute53", family, {"usagetype": usage}, unit, price)]


_BALANCER = {"operation": "LoadBalancing:Application"}
ENTRIES = (
    *_instances("t3.nano", "0.0068", "0.0052"),
    *_instances("t3.micro", "0.0136", "0.0104"),
    *_instances("t3.small", "0.0272", "0.0208"),
    *_instances("t3.medium", "0.0544", "0.0416"),
    *_instances("t3.large", "0.1088", "0.0832"),
    *_regional("AmazonEC2", "Storage", "EBS:VolumeUsage.gp3", "GB-Mo", "0.096", "0.08", volumeApiName="gp3"),
    *_regional("AmazonEC2", "NAT Gateway", "NatGateway-Hours", "Hrs", "0.062", "0.045", operation="NatGateway"),
    *_regional("AmazonEC2", "NAT Gateway", "NatGateway-Bytes", "GB", "0.062", "0.045", operation="NatGateway"),
    *_regional("AWSELB", "Load Balancer-Application", "LoadBalancerUsage", "Hrs", "0.0243", "0.0225", **_BALANCER),
    *_regional("AWSELB", "Load Balancer-Application", "LCUUsage", "LCU-Hrs", "0.008", "0.008", **_BALANCER),
    *_regional("AWSELB", "Load Balancer-Application", "TS-LoadBalancerUsage", "Hrs", "0.0055", "0.0055", **_BALANCER),
    *_regional("AmazonVPC", "", "PublicIPv4:InUseAddress", "Hrs", "0.005", "0.005"),
    *_regional("AmazonVPC", "", "PublicIPv4:IdleAddress", "Hrs", "0.005", "0.005"),
    *_regional("AmazonVPC", "VpcEndpoint", "VpcEndpoint-Hours", "Hrs", "0.014", "0.01"),
    Product("awskms", "", {"regionCode": "ap-northeast-1", "usagetype": "ap-northeast-1-KMS-Keys"}, "Keys", "1"),
    Product("awskms", "", {"regionCode": "us-east-1", "usagetype": "us-east-1-KMS-Keys"}, "Keys", "1"),
    *_global("HostedZone", "DNS Zone", "HostedZone", "0.5"),
    *_global("Health-Check-Option-AWS", "DNS Health Check", "HealthChecks", "1"),
    *_global("Health-Check-Option-Non-AWS", "DNS Health Check", "HealthChecks", "2"),
)
