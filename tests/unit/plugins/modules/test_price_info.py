# SPDX-License-Identifier: GPL-3.0-or-later
"""What a site costs a month, read by the price list's API."""

from __future__ import annotations

import json
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from ansible_collections.hasite.aws.plugins.modules.price_info import COUNTS, priced

from tests.unit.lab.served import Served, serve

Given = dict[str, Any]
SITE: Given = {"instance_type": "t3.micro", "instances": 2, "volume_gib": 32, "nat_gateways": 2, "load_balancers": 1}


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with serve(tmp_path_factory.mktemp("authority")) as served:
        yield served


def ask(api: Served, region: str = "ap-northeast-1", caller: dict[str, str] | None = None, **given: Any) -> Given:
    def client(service: str, region: str) -> Any:
        return api.client(service, region, **(caller or {}))

    params: Given = {"instance_type": None, **dict.fromkeys(COUNTS, 0), **given}
    found: Given = priced(SimpleNamespace(params=params, region=region, client=client))
    return found


def test_a_month_has_730_hours(api: Served) -> None:
    found = ask(api, **SITE, public_addresses=4, hosted_zones=1, health_check_options=2, keys=1)
    assert {cost["what"]: cost["monthly"] for cost in found["costs"]} == {
        "instances": 19.856,
        "volume_gib": 3.072,
        "nat_gateways": 90.52,
        "load_balancers": 17.739,
        "public_addresses": 14.6,
        "keys": 1,
        "hosted_zones": 0.5,
        "health_check_options": 2,
    }
    assert found["monthly"] == 149.29
    assert not found["denied"]


def test_each_region_has_its_price(api: Served) -> None:
    assert ask(api, interface_endpoints=8)["monthly"] == 81.76
    assert ask(api, region="us-east-1", interface_endpoints=8)["monthly"] == 58.4
    assert ask(api)["monthly"] == 0


def test_what_the_list_does_not_tell_is_none_and_the_sum_too(api: Served) -> None:
    found = ask(api, **{**SITE, "instance_type": "x9.huge"})
    assert [cost["what"] for cost in found["costs"] if cost["monthly"] is None] == ["instances"]
    assert found["monthly"] is None


def test_who_may_not_read_the_list_is_told_no_price(api: Served) -> None:
    access = api.client("iam")
    access.create_user(UserName="new")
    key = access.create_access_key(UserName="new")["AccessKey"]
    keys = {"aws_access_key_id": key["AccessKeyId"], "aws_secret_access_key": key["SecretAccessKey"]}
    assert ask(api, caller=keys, **SITE)["denied"]
    statement = {"Effect": "Allow", "Action": "pricing:GetProducts", "Resource": "*"}
    policy = {"Version": "2012-10-17", "Statement": statement}
    access.put_user_policy(UserName="new", PolicyName="p", PolicyDocument=json.dumps(policy))
    assert ask(api, caller=keys, **SITE)["monthly"] is not None
