# SPDX-License-Identifier: GPL-3.0-or-later
"""The module route53_failover_records, step by step, against Route 53 as the lab plays it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.amazon.aws.plugins.module_utils.exceptions import AnsibleAWSError
from ansible_collections.hasite.aws.plugins.module_utils._names.pairing import ensure

from tests.unit.plugins.modules.route53_account import Account, open_account

NAME = "www.hasite.test"
OLD = {"Name": f"{NAME}.", "Type": "CNAME", "TTL": 300, "ResourceRecords": [{"Value": "old.example.net"}]}
MAIL = {"Name": "hasite.test.", "Type": "MX", "TTL": 300, "ResourceRecords": [{"Value": "10 mail.example.net"}]}


@pytest.fixture
def account(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Account]:
    with open_account(tmp_path, monkeypatch) as made:
        yield made


class Pair:
    """The module with its options for one name."""

    def __init__(self, account: Account) -> None:
        self.account = account
        self.zone, _ = account.zone("hasite.test")
        balancer = account.balancer("demo")
        self.options: dict[str, Any] = {
            "name": NAME,
            "hosted_zone_id": self.zone,
            "site": "demo",
            "load_balancer_name": balancer["DNSName"],
            "load_balancer_zone_id": balancer["CanonicalHostedZoneId"],
            "distribution_domain_name": account.distribution().domain_name,
            "health_check_id": None,
            "take_over": False,
        }
        self.warnings: list[str] = []

    def run(self, state: str = "present", check: bool = False, **changed: Any) -> Any:
        options = {**self.options, "state": state, **changed}
        return ensure(self.account.route53, options, check, self.warnings.append)

    def records(self) -> list[dict[str, Any]]:
        return self.account.records(self.zone)


@pytest.fixture
def pair(account: Account) -> Pair:
    return Pair(account)


def test_check_change_again_and_changed(pair: Pair) -> None:
    predicted = pair.run(check=True)
    assert predicted.changed
    assert not pair.records()
    done = pair.run()
    assert done == predicted
    assert [record["Failover"] for record in pair.records()] == ["PRIMARY", "SECONDARY"]
    assert not pair.run().changed
    other = pair.account.distribution().domain_name
    changed = pair.run(distribution_domain_name=other)
    assert changed.changed
    assert [record["AliasTarget"]["DNSName"] for record in pair.records()][1] == f"{other}."
    assert pair.run("absent", check=True).changed
    assert pair.run("absent").after["record_sets"] == []
    assert not pair.records()
    assert not pair.run("absent").changed


def test_what_is_there_is_refused_or_replaced_and_put_back(pair: Pair) -> None:
    pair.account.put(pair.zone, OLD, MAIL)
    with pytest.raises(AnsibleAWSError, match=r"not the site's: CNAME to old\.example\.net"):
        pair.run()
    assert pair.records() == [MAIL, OLD]
    assert pair.run(check=True, take_over=True).changed
    assert pair.records() == [MAIL, OLD]
    assert pair.run(take_over=True).changed
    assert [record["Type"] for record in pair.records()] == ["MX", "A", "A", "TXT"]
    assert not pair.run(take_over=True).changed
    # Replaced once, it is the site's: no permission is needed any more.
    assert not pair.run().changed
    assert pair.run("absent").after["record_sets"] == ["CNAME to old.example.net"]
    assert pair.records() == [MAIL, OLD]


def test_what_can_not_come_back_is_kept_and_told(pair: Pair) -> None:
    elsewhere = pair.account.distribution()
    target = {"HostedZoneId": "Z2FDTNDATAQYW2", "DNSName": f"{elsewhere.domain_name}.", "EvaluateTargetHealth": False}
    pair.account.put(pair.zone, {"Name": f"{NAME}.", "Type": "A", "AliasTarget": target})
    pair.run(take_over=True)
    del pair.account.context.backends.at("cloudfront", "aws").distributions[elsewhere.id]
    pair.run("absent")
    assert [record["Type"] for record in pair.records()] == ["TXT"]
    (warning,) = pair.warnings
    assert f"{NAME} had A to {elsewhere.domain_name} before" in warning
    assert "_hasite-replaced.www.hasite.test keeps it" in warning
