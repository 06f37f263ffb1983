# SPDX-License-Identifier: GPL-3.0-or-later
"""A registered domain is not pointed elsewhere without being told, and finds its way back."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.amazon.aws.plugins.module_utils.exceptions import AnsibleAWSError
from ansible_collections.hasite.aws.plugins.module_utils import _registered_domain
from ansible_collections.hasite.aws.plugins.module_utils._names.deciding import decide
from ansible_collections.hasite.aws.plugins.module_utils._names.text import NamesError

from tests.registrant import CONTACTS
from tests.unit.plugins.modules.route53_account import REGION, Account, open_account

DOMAIN = "example.com"
OTHERS: list[dict[str, Any]] = [
    {"Name": "ns1.example.com", "GlueIps": ["192.0.2.1", "2001:db8::1"]},
    {"Name": "ns2.example.net"},
]
WANTED = ["ns-1.awsdns-01.com", "ns-2.awsdns-02.net"]


@pytest.fixture
def account(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Account]:
    with open_account(tmp_path, monkeypatch) as made:
        registrar(made).register_domain(DomainName=DOMAIN, DurationInYears=2, **CONTACTS)
        yield made


def registrar(account: Account) -> Any:
    return account.client("route53domains", "us-east-1")


@pytest.mark.parametrize("years", [1, 10])
def test_a_domain_is_registered_for_a_year_or_ten(account: Account, years: int) -> None:
    client = registrar(account)
    client.register_domain(DomainName=f"example-{years}.com", DurationInYears=years, **CONTACTS)
    until = client.get_domain_detail(DomainName=f"example-{years}.com")["ExpirationDate"]
    assert abs(until - datetime.now(UTC) - timedelta(days=365 * years)) < timedelta(days=1)


def servers(account: Account) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = registrar(account).get_domain_detail(DomainName=DOMAIN)["Nameservers"]
    return found


def point(account: Account, others: list[dict[str, Any]]) -> None:
    registrar(account).update_domain_nameservers(DomainName=DOMAIN, Nameservers=others)


def ensure(account: Account, check: bool = False, **more: Any) -> tuple[bool, list[str]]:
    options = {
        "state": "present",
        "domain_name": DOMAIN,
        "name_servers": WANTED,
        "take_over": False,
        "site": "shop",
        "wait": False,
        "wait_timeout": 1,
        **more,
    }
    warnings: list[str] = []
    return _registered_domain.ensure(registrar(account), options, check, warnings.append).changed, warnings


def test_a_domain_that_others_serve_is_refused_and_stays_as_it_is(account: Account) -> None:
    point(account, OTHERS)
    for check in (True, False):
        with pytest.raises(AnsibleAWSError, match=r"served by ns1\.example\.com, ns2\.example\.net, so that"):
            ensure(account, check)
    assert servers(account) == OTHERS


def test_it_is_taken_over_when_told_and_given_back_with_its_addresses(account: Account) -> None:
    point(account, OTHERS)
    assert ensure(account, check=True, take_over=True)[0]
    assert servers(account) == OTHERS
    changed, (warning,) = ensure(account, take_over=True)
    assert changed
    assert "was served by ns1.example.com, ns2.example.net until now" in warning
    assert ensure(account, take_over=True) == (False, [])
    assert ensure(account) == (False, [])
    # Another site that uses the zone too gives nothing back.
    assert ensure(account, state="absent", site="blog") == (False, [])
    assert [server["Name"] for server in servers(account)] == WANTED
    assert ensure(account, check=True, state="absent")[0]
    assert ensure(account, state="absent")[0]
    assert servers(account) == OTHERS
    assert registrar(account).list_tags_for_domain(DomainName=DOMAIN)["TagList"] == []
    assert ensure(account, state="absent") == (False, [])


def test_what_was_changed_since_is_not_given_back(account: Account) -> None:
    point(account, OTHERS)
    ensure(account, take_over=True)
    later = [{"Name": "ns.example.org"}]
    point(account, later)
    assert ensure(account, state="absent") == (False, [])
    assert servers(account) == later


def test_name_servers_that_are_among_the_wanted_ones_are_not_replaced_but_completed(account: Account) -> None:
    point(account, [{"Name": WANTED[0]}])
    assert ensure(account) == (True, [])


def test_what_is_too_long_to_be_kept_is_refused(account: Account) -> None:
    long = [{"Name": f"{'n' * 60}{number}.example.net"} for number in range(4)]
    point(account, long)
    with pytest.raises(AnsibleAWSError, match="a tag takes 256"):
        ensure(account, take_over=True)
    assert servers(account) == long


def names(account: Account, **more: Any) -> dict[str, Any]:
    options = {
        "name": "shop",
        "domain": f"www.{DOMAIN}",
        "aliases": [],
        "zone": None,
        "take_over": False,
        "certificate_arns": [],
        "delegations": {},
        **more,
    }
    found: dict[str, Any] = decide(account.client, REGION, options)[0]
    return found


def test_the_first_task_refuses_it_before_anything_is_created(account: Account) -> None:
    # The zone that came with the registration is the one that the domain names, so nothing is replaced.
    assert names(account)["zones"][0]["replaces_name_servers"] == []
    point(account, OTHERS)
    with pytest.raises(NamesError, match=r"example\.com is registered by this account and served by ns1"):
        names(account)
    assert names(account, take_over=True)["zones"][0]["replaces_name_servers"] == ["ns1.example.com", "ns2.example.net"]
    # A zone below the domain is not the domain.
    assert names(account, zone=f"www.{DOMAIN}")["zones"][0]["replaces_name_servers"] == []
