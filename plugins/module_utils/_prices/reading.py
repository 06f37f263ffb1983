# Copyright: hasite.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection: this file may change at any time.
"""Reads prices by the Price List Query API."""

from __future__ import annotations

import json
import typing as t
from collections.abc import Iterator, Mapping

from .._aws import aws_call
from .price_list import Product, filters_of, price_of
from .rates import RATES, Cost, Rate, instance_rate

HOME_REGION = "us-east-1"
"""One of the regions that have the price list's API, for all others:
https://docs.aws.amazon.com/awsaccountbilling/latest/aboutv2/using-price-list-query-api.html"""
COUNTS = ("instances", *RATES)
"""What can be counted, by the module's options."""


def costs_of(client: t.Any, given: Mapping[str, t.Any], region: str) -> Iterator[Cost]:
    """Yield what each kind costs that there is at least one of; raise AnsibleAWSError if the list can't be read."""
    for what in COUNTS:
        if given[what]:
            rate = instance_rate(given["instance_type"]) if what == "instances" else RATES[what]
            price = price_of(_products(client, rate, region), rate)
            yield Cost(what, given[what], None if price is None else price * rate.hours)


@aws_call("read the price list of {rate.service}")
def _products(client: t.Any, rate: Rate, region: str) -> list[Product]:
    pages = client.get_paginator("get_products").paginate(ServiceCode=rate.service, Filters=filters_of(rate, region))
    return [json.loads(product) for page in pages for product in page["PriceList"]]
