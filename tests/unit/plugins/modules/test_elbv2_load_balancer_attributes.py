# SPDX-License-Identifier: GPL-3.0-or-later
"""Attributes of a load balancer, in four steps: check, change, idempotent, changed again."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.amazon.aws.plugins.module_utils.exceptions import AnsibleAWSError
from ansible_collections.hasite.aws.plugins.module_utils import _load_balancer_attributes
from botocore.exceptions import ClientError

from tests.unit.plugins.modules.route53_account import REGION, Account, open_account


@pytest.fixture
def account(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Account]:
    with open_account(tmp_path, monkeypatch) as made:
        made.balancer("shop")
        yield made


def ensure(account: Account, named: dict[str, Any], check: bool = False, name: str = "shop") -> Any:
    params = {"name": name, "attributes": named}
    return _load_balancer_attributes.ensure(account.client("elbv2", REGION), params, check)


def attributes(account: Account) -> dict[str, str]:
    client = account.client("elbv2", REGION)
    [balancer] = client.describe_load_balancers()["LoadBalancers"]
    found = client.describe_load_balancer_attributes(LoadBalancerArn=balancer["LoadBalancerArn"])["Attributes"]
    return {one["Key"]: one["Value"] for one in found}


def test_what_is_named_is_set_and_the_rest_stays(account: Account) -> None:
    before = attributes(account)
    wanted = {"client_keep_alive.seconds": 60, "zonal_shift.config.enabled": True}
    planned = ensure(account, wanted, check=True)
    assert planned.changed
    assert planned.before["attributes"] == before == attributes(account)
    after = {**before, "client_keep_alive.seconds": "60", "zonal_shift.config.enabled": "true"}
    assert planned.after["attributes"] == after
    done = ensure(account, wanted)
    assert (done.changed, done.after["attributes"], attributes(account)) == (True, after, after)
    assert not ensure(account, wanted).changed
    assert not ensure(account, {"client_keep_alive.seconds": "60"}, check=True).changed
    assert ensure(account, {"zonal_shift.config.enabled": False}).changed
    assert attributes(account) == {**after, "zonal_shift.config.enabled": "false"}


def test_what_cannot_be_set_is_said_in_one_sentence(account: Account) -> None:
    with pytest.raises(AnsibleAWSError, match="There is no load balancer other; create it first"):
        ensure(account, {"client_keep_alive.seconds": 60}, name="other")
    assert ensure(account, {"client_keep_alive.seconds": 60}, name="other", check=True).changed
    with pytest.raises(AnsibleAWSError, match=r"The load balancer shop has no attribute client\.keep"):
        ensure(account, {"client.keep": 60})


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("client_keep_alive.seconds", "59"),
        ("client_keep_alive.seconds", "604801"),
        ("client_keep_alive.seconds", "an hour"),
        ("idle_timeout.timeout_seconds", "0"),
        ("idle_timeout.timeout_seconds", "4001"),
        ("zonal_shift.config.enabled", "yes"),
    ],
)
def test_values_that_elastic_load_balancing_refuses(account: Account, key: str, value: str) -> None:
    """https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_LoadBalancerAttribute.html"""
    before = attributes(account)
    with pytest.raises(AnsibleAWSError, match="Failed to set the attributes of load balancer") as caught:
        ensure(account, {key: value})
    assert isinstance(caught.value.exception, ClientError)
    assert caught.value.exception.response["Error"]["Code"] == "ValidationError"
    assert attributes(account) == before
