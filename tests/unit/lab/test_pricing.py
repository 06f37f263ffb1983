# SPDX-License-Identifier: GPL-3.0-or-later
"""The Price List Query API, as boto3 reads it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.unit.lab.served import Served, serve

TOKYO = {"Type": "TERM_MATCH", "Field": "regionCode", "Value": "ap-northeast-1"}


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with serve(tmp_path_factory.mktemp("authority")) as served:
        yield served


@pytest.fixture(scope="module")
def prices(api: Served) -> Any:
    return api.client("pricing", "us-east-1")


def test_products_are_found_by_their_attributes(prices: Any) -> None:
    family = {"Type": "TERM_MATCH", "Field": "productFamily", "Value": "NAT Gateway"}
    found = prices.get_products(ServiceCode="AmazonEC2", Filters=[TOKYO, family])
    entries = [json.loads(each) for each in found["PriceList"]]
    assert [entry["product"]["attributes"]["usagetype"] for entry in entries] == [
        "APN1-NatGateway-Hours",
        "APN1-NatGateway-Bytes",
    ]
    (term,) = entries[0]["terms"]["OnDemand"].values()
    (dimension,) = term["priceDimensions"].values()
    assert dimension["pricePerUnit"] == {"USD": "0.062"}


def test_pages_end_without_losing_a_product(prices: Any) -> None:
    read = {"ServiceCode": "AmazonVPC", "Filters": [TOKYO]}
    pages = prices.get_paginator("get_products").paginate(**read, PaginationConfig={"PageSize": 2})
    assert sorted(one for page in pages for one in page["PriceList"]) == sorted(
        prices.get_products(**read)["PriceList"]
    )


@pytest.mark.parametrize(
    ("asked", "says"),
    [
        ({"ServiceCode": "AmazonNothing"}, "no service AmazonNothing"),
        ({"ServiceCode": "AmazonVPC", "NextToken": "next"}, "token is invalid"),
        ({"ServiceCode": "AmazonVPC", "Filters": [{**TOKYO, "Type": "CONTAINS"}]}, "filter type CONTAINS"),
    ],
)
def test_what_it_does_not_take_is_named(prices: Any, asked: dict[str, Any], says: str) -> None:
    with pytest.raises(ClientError, match=says):
        prices.get_products(**asked)


def test_it_is_read_in_three_regions_only(api: Served) -> None:
    with pytest.raises(ClientError, match="not in ap-northeast-1"):
        api.client("pricing").get_products(ServiceCode="AmazonVPC")
