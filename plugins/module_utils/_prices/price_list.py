# Copyright: hasite.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection: this file may change at any time.
"""One price out of the products that the Price List Query API has answered. Pure.

https://docs.aws.amazon.com/awsaccountbilling/latest/aboutv2/using-price-list-query-api.html
"""

from __future__ import annotations

import re
import typing as t
from collections.abc import Iterable, Mapping
from decimal import Decimal

from .rates import Rate

Product = Mapping[str, t.Any]
"""One entry of a price list, decoded."""


def filters_of(rate: Rate, region: str) -> list[dict[str, str]]:
    """Return the filters of GetProducts by which the API finds a rate's products."""
    wanted = {**({"regionCode": region} if rate.regional else {}), **rate.attributes}
    return [{"Type": "TERM_MATCH", "Field": name, "Value": value} for name, value in sorted(wanted.items())]


def price_of(products: Iterable[Product], rate: Rate) -> Decimal | None:
    """Return USD for one of the rate's units at its first tier; None if no product has a price, or they differ.

    A usage type such as `APN1-TS-LoadBalancerUsage` ends alike and is another product.
    """
    usage = re.compile(rf"(?:[A-Z]{{2,4}}\d-|EU-|[a-z]{{2}}(?:-[a-z]+)+-\d-)?{rate.usage}")
    prices = {
        Decimal(dimension["pricePerUnit"]["USD"])
        for product in products
        if usage.fullmatch(product["product"]["attributes"].get("usagetype", ""))
        for term in product.get("terms", {}).get("OnDemand", {}).values()
        for dimension in term["priceDimensions"].values()
        if dimension.get("beginRange", "0") == "0" and "USD" in dimension["pricePerUnit"]
    }
    return prices.pop() if len(prices) == 1 else None
