# SPDX-License-Identifier: GPL-3.0-or-later
"""Signing and its DS record: check, change, idempotent, and back in the order that Route 53 demands."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.amazon.aws.plugins.module_utils.exceptions import AnsibleAWSError
from ansible_collections.hasite.aws.plugins.module_utils import _delegation_signer, _zone_signing
from ansible_collections.hasite.aws.plugins.module_utils._zone_signing import left_of, stamp

from lab.base.backends import ACCOUNT
from tests.registrant import CONTACTS
from tests.unit.plugins.modules.route53_account import Account, open_account
from tests.unit.plugins.modules.test_route53_domain_nameservers import registrar

START = datetime(2026, 11, 29, 7, 0, 0, tzinfo=UTC)


@pytest.fixture
def account(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Account]:
    with open_account(tmp_path, monkeypatch) as made:
        yield made


@pytest.fixture
def key(account: Account) -> str:
    trust = {
        "Effect": "Allow",
        "Principal": {"Service": "dnssec-route53.amazonaws.com"},
        "Action": ["kms:DescribeKey", "kms:GetPublicKey", "kms:Sign"],
        "Resource": "*",
        "Condition": {"StringEquals": {"aws:SourceAccount": ACCOUNT}},
    }
    made = account.client("kms", "us-east-1").create_key(
        KeySpec="ECC_NIST_P256", KeyUsage="SIGN_VERIFY", Policy=json.dumps({"Statement": [trust]})
    )
    return str(made["KeyMetadata"]["Arn"])


class Signing:
    """A zone that is signed, at a time that the test tells."""

    def __init__(self, account: Account, zone: str, key: str) -> None:
        self.account, self.zone, self.key = account, zone, key
        self.now = START
        self.warnings: list[str] = []

    def run(self, state: str = "present", check: bool = False, **more: Any) -> tuple[bool, dict[str, Any]]:
        params: dict[str, Any] = {
            "state": state,
            "hosted_zone_id": self.zone,
            "name": "shop_site",
            "kms_key_arn": self.key,
        }
        params |= {"unsigned_ttl": 3600, "wait_timeout": 5, **more}
        done = _zone_signing.ensure(self.account.route53, params, check, self.warnings.append, lambda: self.now)
        return done.changed, done.after

    def vouch(
        self, zone: str, state: str = "present", check: bool = False, parent: str | None = None, **more: Any
    ) -> tuple[bool, dict[str, Any]]:
        found = _zone_signing.read_signing(self.account.route53, self.zone)["keys"][0]
        params = {"state": state, "zone": zone, "hosted_zone_id": self.zone, "key": found, "parent_zone_id": parent}
        params |= {"ttl": 300, "registry_ttl": 86400, "wait_timeout": 5, **more}
        clients = _delegation_signer.Clients(self.account.route53, self.account.client("route53domains", "us-east-1"))
        done = _delegation_signer.ensure(clients, params, check, self.warnings.append, lambda: self.now)
        return done.changed, done.after

    @property
    def status(self) -> str:
        return str(self.account.route53.get_dnssec(HostedZoneId=self.zone)["Status"]["ServeSignature"])


def test_a_zone_is_signed_once_and_no_longer(account: Account, key: str) -> None:
    zone, _ = account.zone("example.com")
    signing = Signing(account, zone, key)
    changed, planned = signing.run(check=True)
    assert (changed, planned["status"], signing.status) == (True, "SIGNING", "NOT_SIGNING")
    changed, made = signing.run()
    assert (changed, made["status"], made["key"]["status"]) == (True, "SIGNING", "ACTIVE")
    assert not signing.run()[0]
    assert not signing.run(check=True)[0]
    assert signing.run("absent", check=True)[0]
    assert signing.status == "SIGNING"
    changed, ended = signing.run("absent")
    assert (changed, ended["status"], ended["key"], ended["ds_after"]) == (True, "NOT_SIGNING", None, None)
    assert not signing.run("absent")[0]
    assert account.route53.get_dnssec(HostedZoneId=zone)["KeySigningKeys"] == []


def test_the_ds_record_comes_when_no_resolver_has_unsigned_answers(account: Account, key: str) -> None:
    zone, _ = account.zone("example.com")
    signing = Signing(account, zone, key)
    assert not signing.run()[1]["ds_possible"]
    signing.now += timedelta(seconds=3599)
    assert not signing.run(unsigned_ttl=60)[1]["ds_possible"], "what was then counts, not what is said now"
    signing.now += timedelta(seconds=1)
    assert signing.run()[1]["ds_possible"]


def test_a_zone_that_nobody_has_asked_is_vouched_for_at_once(account: Account, key: str) -> None:
    zone, _ = account.zone("example.com")
    assert Signing(account, zone, key).run(unsigned_ttl=0)[1]["ds_possible"]


def test_an_interrupted_run_is_finished(account: Account, key: str) -> None:
    zone, _ = account.zone("example.com")
    signing = Signing(account, zone, key)
    account.route53.create_key_signing_key(
        CallerReference="x", HostedZoneId=zone, KeyManagementServiceArn=key, Name="shop_site", Status="INACTIVE"
    )
    assert signing.run()[1]["status"] == "SIGNING"
    account.route53.disable_hosted_zone_dnssec(HostedZoneId=zone)
    account.route53.deactivate_key_signing_key(HostedZoneId=zone, Name="shop_site")
    assert signing.run("absent")[1]["key"] is None


def test_what_others_have_signed_stays(account: Account, key: str) -> None:
    zone, _ = account.zone("example.com")
    theirs = Signing(account, zone, key)
    theirs.run(name="theirs")
    ours = Signing(account, zone, key)
    assert not ours.run()[0]
    assert "signed already" in ours.warnings[0]
    assert not ours.run("absent")[0]
    assert ours.status == "SIGNING"


def test_a_key_that_route53_may_not_use_is_told_in_a_sentence(account: Account, key: str) -> None:
    zone, _ = account.zone("example.com")
    account.client("kms", "us-east-1").disable_key(KeyId=key)
    with pytest.raises(AnsibleAWSError, match="Failed to make the key-signing key shop_site") as refused:
        Signing(account, zone, key).run()
    assert "is not enabled" in str(refused.value.exception)


def test_a_parent_zone_of_the_account_vouches_and_other_keys_stay(account: Account, key: str) -> None:
    zone, _ = account.zone("shop.example.com")
    parent, _ = account.zone("example.com")
    signing = Signing(account, zone, key)
    signing.run()
    other = f"1 13 2 {'AB' * 32}"
    record = {"Name": "shop.example.com", "Type": "DS", "TTL": 600, "ResourceRecords": [{"Value": other}]}
    batch = {"Changes": [{"Action": "UPSERT", "ResourceRecordSet": record}]}
    account.route53.change_resource_record_sets(HostedZoneId=parent, ChangeBatch=batch)

    def kept() -> list[str]:
        found = account.route53.list_resource_record_sets(HostedZoneId=parent)["ResourceRecordSets"]
        return [value["Value"] for one in found if one["Type"] == "DS" for value in one["ResourceRecords"]]

    assert signing.vouch("shop.example.com", check=True, parent=parent)[0]
    assert kept() == [other]
    changed, after = signing.vouch("shop.example.com", parent=parent)
    assert (changed, after["place"], after["vouched"]) == (True, "hosted_zone", True)
    assert kept() == [other, after["ds_record"]]
    assert not signing.vouch("shop.example.com", parent=parent)[0]
    with pytest.raises(AnsibleAWSError, match="Failed to switch the DNSSEC signing") as refused:
        signing.run("absent")
    assert "parent DS record" in str(refused.value.exception)
    changed, after = signing.vouch("shop.example.com", "absent", parent=parent)
    assert (changed, after["vouched"], after["ds_left"]) == (True, False, 600)
    assert kept() == [other]
    signing.now += timedelta(seconds=400)
    assert signing.vouch("shop.example.com", "absent", parent=parent) == (False, {**after, "ds_left": 200})
    signing.run("absent")


def test_the_registry_vouches_for_a_domain_of_the_account(account: Account, key: str) -> None:
    registrar(account).register_domain(DomainName="example.com", DurationInYears=2, **CONTACTS)
    zone = account.route53.list_hosted_zones()["HostedZones"][0]["Id"].rpartition("/")[2]
    domain = "example.com"
    signing = Signing(account, zone, key)
    signing.run()

    def kept() -> list[Any]:
        return [one["KeyTag"] for one in registrar(account).get_domain_detail(DomainName=domain)["DnssecKeys"]]

    assert signing.vouch(domain, check=True)[0]
    assert kept() == []
    assert signing.vouch(domain)[1]["place"] == "registry"
    assert len(kept()) == 1
    assert not signing.vouch(domain)[0]
    assert signing.vouch(domain, "absent", registry_ttl=60)[1]["ds_left"] == 60
    assert kept() == []
    assert not signing.vouch(domain, "absent")[0]


def test_a_registrar_elsewhere_is_told_by_its_owner(account: Account, key: str) -> None:
    zone, _ = account.zone("example.com")
    signing = Signing(account, zone, key)
    signing.run()
    changed, after = signing.vouch("example.com")
    assert (changed, after["place"], after["vouched"]) == (False, "elsewhere", None)
    assert after["ds_record"].split()[1:3] == ["13", "2"]


def test_the_time_that_is_left_is_rounded_up() -> None:
    removed = f"{stamp(START)}/60"
    assert left_of(removed, START + timedelta(seconds=59.5)) == 1
    assert left_of(removed, START + timedelta(seconds=61)) == 0
    assert left_of(None, START) == 0
