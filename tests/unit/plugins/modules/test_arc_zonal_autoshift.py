# SPDX-License-Identifier: GPL-3.0-or-later
"""Zonal autoshift and its practice runs, in four steps: check, change, idempotent, changed again."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.amazon.aws.plugins.module_utils.exceptions import AnsibleAWSError
from ansible_collections.hasite.aws.plugins.module_utils import _zonal_autoshift

from tests.unit.plugins.modules.route53_account import REGION, Account, open_account


class Agreeing:
    """A load balancer in two zones, two alarms, and the module."""

    def __init__(self, account: Account) -> None:
        self.client, self.elb = account.client("arc-zonal-shift", REGION), account.client("elbv2", REGION)
        self.arn = account.balancer("shop")["LoadBalancerArn"]
        cloudwatch = account.client("cloudwatch", REGION)
        for name in ("errors", "release"):
            cloudwatch.put_metric_alarm(
                AlarmName=name,
                MetricName="HTTPCode_ELB_5XX_Count",
                Namespace="AWS/ApplicationELB",
                ComparisonOperator="GreaterThanThreshold",
                EvaluationPeriods=1,
                Period=60,
                Statistic="Sum",
                Threshold=10,
            )
        found = cloudwatch.describe_alarms()["MetricAlarms"]
        self.errors, self.release = (one["AlarmArn"] for one in sorted(found, key=lambda one: one["AlarmName"]))

    def opt_in(self) -> None:
        attributes = [{"Key": "zonal_shift.config.enabled", "Value": "true"}]
        self.elb.modify_load_balancer_attributes(LoadBalancerArn=self.arn, Attributes=attributes)

    def ensure(self, state: str = "present", *, check: bool = False, **more: Any) -> Any:
        lists = ("blocking_alarms", "blocked_dates", "blocked_windows", "allowed_windows")
        params: dict[str, Any] = {"load_balancer": "shop", "enabled": True, "outcome_alarms": [self.errors]}
        params |= {key: [] for key in lists}
        ensure = _zonal_autoshift.ensure_present if state == "present" else _zonal_autoshift.ensure_absent
        return ensure(self.client, self.elb, {**params, **more}, check)

    def managed(self) -> tuple[str, dict[str, Any]]:
        found = self.client.get_managed_resource(resourceIdentifier=self.arn)
        return found["zonalAutoshiftStatus"], found.get("practiceRunConfiguration", {})


@pytest.fixture
def agreeing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Agreeing]:
    with open_account(tmp_path, monkeypatch) as account:
        made = Agreeing(account)
        made.opt_in()
        yield made


def test_enabled_changed_and_removed(agreeing: Agreeing) -> None:
    planned = agreeing.ensure(check=True)
    assert (planned.changed, planned.before, planned.after["enabled"]) == (True, {}, True)
    assert agreeing.managed() == ("DISABLED", {})
    done = agreeing.ensure()
    assert (done.changed, done.after) == (True, planned.after)
    alarm = {"type": "CLOUDWATCH", "alarmIdentifier": agreeing.errors}
    assert agreeing.managed() == ("ENABLED", {"outcomeAlarms": [alarm]})
    assert not agreeing.ensure().changed

    blocked: dict[str, Any] = {"blocking_alarms": [agreeing.release], "blocked_windows": ["Mon:09:00-Mon:17:30"]}
    assert agreeing.ensure(check=True, **blocked).changed
    changed = agreeing.ensure(**blocked)
    assert (changed.changed, changed.before) == (True, done.after)
    assert agreeing.managed()[1]["blockedWindows"] == ["Mon:09:00-Mon:17:30"]
    other: dict[str, Any] = {**blocked, "blocked_windows": [], "allowed_windows": ["Tue:17:00-Tue:20:00"]}
    assert agreeing.ensure(**other).changed
    assert "blockedWindows" not in agreeing.managed()[1]
    assert not agreeing.ensure(**other).changed

    practice_only = agreeing.ensure(enabled=False, **other)
    assert (practice_only.changed, agreeing.managed()[0]) == (True, "DISABLED")
    agreeing.ensure(**other)
    assert agreeing.ensure("absent", check=True).changed
    assert agreeing.managed()[0] == "ENABLED"
    assert agreeing.ensure("absent").changed
    assert agreeing.managed() == ("DISABLED", {})
    assert not agreeing.ensure("absent").changed


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"outcome_alarms": []}, "outcome_alarms is empty, and AWS wants one alarm"),
        ({"outcome_alarms": ["arn:aws:cloudwatch:none"]}, "There is no alarm arn:aws:cloudwatch:none in"),
        ({"blocked_dates": ["31.1.2027"]}, "blocked_dates has 31.1.2027; write dates such as 2027-01-31"),
        ({"blocked_dates": ["2027-02-30"]}, "2027-02-30 is no date"),
        ({"blocked_windows": ["09:00-17:30"]}, "blocked_windows has 09:00-17:30; write days and times"),
        ({"allowed_windows": ["Mon:22:00-Tue:02:00"]}, "does not begin and end on one day"),
        (
            {"blocked_windows": ["Mon:09:00-Mon:10:00"], "allowed_windows": ["Tue:09:00-Tue:10:00"]},
            "AWS takes one of them only",
        ),
        ({"load_balancer": "other"}, "There is no load balancer other; create it first"),
    ],
)
def test_what_cannot_be_done_is_said_in_one_sentence(agreeing: Agreeing, more: dict[str, Any], said: str) -> None:
    with pytest.raises(AnsibleAWSError) as caught:
        agreeing.ensure(**more)
    assert said in f"{caught.value.message} {caught.value.exception}"
    assert agreeing.managed() == ("DISABLED", {})


def test_who_has_not_opted_in_is_told_how(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with open_account(tmp_path, monkeypatch) as account:
        agreeing = Agreeing(account)
        assert agreeing.ensure(check=True).changed, "the attribute is set before, outside check mode"
        with pytest.raises(AnsibleAWSError, match="shop is not registered for zonal shift"):
            agreeing.ensure()
        assert not agreeing.ensure("absent").changed
        assert not agreeing.ensure("absent", load_balancer="other").changed
        assert agreeing.ensure(check=True, load_balancer="other").changed
