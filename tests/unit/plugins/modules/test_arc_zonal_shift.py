# SPDX-License-Identifier: GPL-3.0-or-later
"""A zonal shift, in four steps: check, change, idempotent, changed again."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.amazon.aws.plugins.module_utils.exceptions import AnsibleAWSError
from ansible_collections.hasite.aws.plugins.module_utils import _zonal_shift

from tests.unit.plugins.modules.route53_account import REGION, Account, open_account

A, C = f"{REGION}a", f"{REGION}c"
IDS = {A: "apne1-az4", C: "apne1-az1"}


class Shifting:
    """A load balancer in two zones, and the module."""

    def __init__(self, account: Account) -> None:
        self.client, self.ec2 = account.client("arc-zonal-shift", REGION), account.client("ec2", REGION)
        self.elb = account.client("elbv2", REGION)
        self.arn = account.balancer("shop")["LoadBalancerArn"]
        self.warnings: list[str] = []
        self.backend = account.context.backends.at("arczonalshift", REGION)

    def opt_in(self, value: str = "true") -> None:
        attributes = [{"Key": "zonal_shift.config.enabled", "Value": value}]
        self.elb.modify_load_balancer_attributes(LoadBalancerArn=self.arn, Attributes=attributes)

    def ensure(self, away_from: str | None = A, check: bool = False, **more: Any) -> Any:
        params = {
            "resource": self.arn,
            "away_from": away_from,
            "expires_in": "2h",
            "renew": False,
            "comment": "a try",
            **more,
        }
        if away_from:
            return _zonal_shift.ensure_present(self.client, self.ec2, params, check)
        return _zonal_shift.ensure_absent(self.client, self.ec2, params, check, self.warnings.append)

    def active(self) -> list[str]:
        found = self.client.get_managed_resource(resourceIdentifier=self.arn)["zonalShifts"]
        return [one["awayFrom"] for one in found]


@pytest.fixture
def shifting(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Shifting]:
    with open_account(tmp_path, monkeypatch) as account:
        made = Shifting(account)
        made.opt_in()
        yield made


def seconds(shift: dict[str, Any]) -> float:
    ends, began = (datetime.fromisoformat(shift[key]) for key in ("expiry_time", "start_time"))
    return (ends - began).total_seconds()


def test_away_and_back(shifting: Shifting) -> None:
    planned = shifting.ensure(check=True)
    assert (planned.changed, planned.before, planned.after["away_from"]) == (True, {}, A)
    assert shifting.active() == []
    done = shifting.ensure()
    assert (done.changed, done.after["away_from_id"], done.after["comment"]) == (True, IDS[A], "a try")
    assert seconds(done.after) == 7200
    assert shifting.active() == [IDS[A]]
    again = shifting.ensure()
    assert (again.changed, again.after) == (False, done.after)
    assert not shifting.ensure(IDS[A], check=True).changed, "by the zone's id"
    assert not shifting.ensure(expires_in="5h").changed, "a shift that is there ends when it would have"

    assert shifting.ensure(None, check=True).changed
    assert shifting.active() == [IDS[A]]
    ended = shifting.ensure(None)
    assert (ended.changed, ended.before, ended.after) == (True, done.after, {})
    assert shifting.active() == []
    assert not shifting.ensure(None).changed


def test_a_shift_is_renewed_and_explained_in_place(shifting: Shifting) -> None:
    first = shifting.ensure().after
    planned = shifting.ensure(check=True, renew=True, expires_in="3h")
    assert (planned.changed, planned.after["expiry_time"]) == (True, "(in 3h)")
    renewed = shifting.ensure(renew=True, expires_in="3h").after
    assert renewed["zonal_shift_id"] == first["zonal_shift_id"]
    assert seconds(renewed) == pytest.approx(10800, abs=10)
    told = shifting.ensure(comment="longer than we thought")
    assert (told.changed, told.after["comment"]) == (True, "longer than we thought")
    assert told.after["expiry_time"] == renewed["expiry_time"]


def test_another_zone_takes_the_place_of_the_first(shifting: Shifting) -> None:
    shifting.ensure()
    planned = shifting.ensure(C, check=True)
    assert (planned.before["away_from"], planned.after["away_from"]) == (A, C)
    assert shifting.active() == [IDS[A]]
    assert shifting.ensure(C).changed
    assert shifting.active() == [IDS[C]]
    assert not shifting.ensure(C).changed


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"expires_in": "73h"}, "expires_in is 73h; give minutes or hours such as 30m or 2h, up to 72h"),
        ({"expires_in": "4321m"}, "expires_in is 4321m"),
        ({"expires_in": "2 h"}, "expires_in is 2 h"),
        ({"away_from": "eu-west-1a"}, "There is no zone eu-west-1a; the region has ap-northeast-1a, ap-northeast-1c"),
        ({"away_from": f"{REGION}d"}, "Failed to shift .* away from apne1-az2"),
        ({"resource": "arn:aws:elasticloadbalancing:none"}, "is not registered for zonal shift"),
    ],
)
def test_what_cannot_be_done_is_said_in_one_sentence(shifting: Shifting, more: dict[str, Any], said: str) -> None:
    with pytest.raises(AnsibleAWSError, match=said):
        shifting.ensure(**more)
    assert shifting.active() == []


def test_who_has_not_opted_in_is_told_how(shifting: Shifting) -> None:
    shifting.opt_in("false")
    for away_from in (A, None):
        with pytest.raises(AnsibleAWSError, match="Set the load balancer's attribute zonal_shift"):
            shifting.ensure(away_from, check=True)


def test_a_shift_of_aws_itself_goes_on_and_is_told(shifting: Shifting) -> None:
    shifting.ensure()
    shifting.ensure(None)
    assert shifting.warnings == []
    shifting.backend.begin(IDS[C], iter([shifting.arn]), 0.0)
    assert not shifting.ensure(None).changed
    assert f"away from {C} (zonal autoshift)" in shifting.warnings[0]
    assert shifting.ensure().changed, "one's own comes before"
