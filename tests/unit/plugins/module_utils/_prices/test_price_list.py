# SPDX-License-Identifier: GPL-3.0-or-later
"""One price out of AWS's price list."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from plugins.module_utils._prices.price_list import filters_of, price_of
from plugins.module_utils._prices.rates import RATES, Cost, Rate, instance_rate, total

BALANCER = RATES["load_balancers"]


def product(usage: str, *tiers: tuple[str, str], currency: str = "USD") -> dict[str, Any]:
    """Return an entry with these tiers: where each begins, and its price."""
    dimensions = {str(at): {"beginRange": at, "pricePerUnit": {currency: price}} for at, price in tiers}
    terms = {"OnDemand": {"t": {"priceDimensions": dimensions}}}
    return {"product": {"attributes": {"usagetype": usage}}, "terms": terms}


@pytest.mark.parametrize(
    ("rate", "products", "price"),
    [
        (BALANCER, [product("APN1-LoadBalancerUsage", ("0", "0.0243"))], "0.0243"),
        (BALANCER, [product("LoadBalancerUsage", ("0", "0.0225"))], "0.0225"),
        (BALANCER, [product("EU-LoadBalancerUsage", ("0", "0.0252"))], "0.0252"),
        # https://aws.amazon.com/elasticloadbalancing/pricing/: a trust store is charged beside the load balancer.
        (BALANCER, [product("TS-LoadBalancerUsage", ("0", "0.0056"))], None),
        (BALANCER, [product("APN1-TS-LoadBalancerUsage", ("0", "0.0056"))], None),
        (BALANCER, [product("APN1-LoadBalancerUsage", ("0", "1")), product("LoadBalancerUsage", ("0", "2"))], None),
        (BALANCER, [product("CNN1-LoadBalancerUsage", ("0", "0.2"), currency="CNY")], None),
        (BALANCER, [{"product": {"attributes": {"usagetype": "LoadBalancerUsage"}}, "terms": {}}], None),
        (BALANCER, [], None),
        (RATES["nat_gateways"], [product("USW2-RegionalNatGateway-Hours", ("0", "0.045"))], None),
        (RATES["hosted_zones"], [product("HostedZone", ("0", "0.50"), ("25", "0.10"))], "0.50"),
        (RATES["keys"], [product("ap-northeast-1-KMS-Keys", ("0", "1"))], "1"),
        (instance_rate("t3.micro"), [product("APN1-BoxUsage:t3.micro", ("0", "0.0136"))], "0.0136"),
        (instance_rate("t3.micro"), [product("APN1-BoxUsage:t3xmicro", ("0", "0.0136"))], None),
    ],
)
def test_a_price_is_that_of_its_usage_type_alone(rate: Rate, products: list[dict[str, Any]], price: str | None) -> None:
    assert price_of(products, rate) == (None if price is None else Decimal(price))


def test_the_region_is_asked_for_where_prices_differ_by_it() -> None:
    assert filters_of(RATES["public_addresses"], "eu-west-1") == [
        {"Type": "TERM_MATCH", "Field": "regionCode", "Value": "eu-west-1"}
    ]
    assert filters_of(RATES["hosted_zones"], "eu-west-1") == []


def test_a_sum_that_lacks_a_part_is_none() -> None:
    known = Cost("keys", 2, Decimal("1.5"))
    assert total([]) == 0
    assert total([known, known]) == 6
    assert total([known, Cost("keys", 1, None)]) is None
