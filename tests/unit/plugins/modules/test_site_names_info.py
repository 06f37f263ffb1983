# SPDX-License-Identifier: GPL-3.0-or-later
"""The module site_names_info against an account as the lab plays it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.hasite.aws.plugins.module_utils._names.deciding import decide
from ansible_collections.hasite.aws.plugins.module_utils._names.text import NamesError
from botocore.exceptions import ClientError

from tests.unit.plugins.modules.route53_account import REGION, Account, open_account


@pytest.fixture
def account(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Account]:
    with open_account(tmp_path, monkeypatch) as made:
        yield made


def run(account: Account, domain: str, **more: Any) -> tuple[dict[str, Any], list[str]]:
    options = {
        "name": "demo",
        "domain": domain,
        "aliases": [],
        "zone": None,
        "take_over": False,
        "certificate_arns": [],
        "delegations": {},
        **more,
    }
    found: tuple[dict[str, Any], list[str]] = decide(account.client, REGION, options)
    return found


def delegated(servers: list[str]) -> dict[str, Any]:
    return {"name_servers": servers, "served": True, "problem": None}


def test_an_empty_account_gets_zones_at_the_registered_domains(account: Account) -> None:
    names, _ = run(account, "WWW.Hasite.co.jp.", aliases=["hasite.co.jp", "日本語.jp"])
    assert names["all"] == ["www.hasite.co.jp", "hasite.co.jp", "xn--wgv71a119e.jp"]
    assert [(host["typed"], host["zone_name"], host["zone_id"]) for host in names["hosts"]] == [
        ("WWW.Hasite.co.jp", "hasite.co.jp", None),
        ("hasite.co.jp", "hasite.co.jp", None),
        ("日本語.jp", "xn--wgv71a119e.jp", None),
    ]
    assert [(zone["name"], zone["id"], zone["ours"]) for zone in names["zones"]] == [
        ("hasite.co.jp", None, True),
        ("xn--wgv71a119e.jp", None, True),
    ]
    assert names["certificate_regions"] == ["us-east-1", REGION]


def test_an_existing_zone_is_used_and_known_as_anothers(account: Account) -> None:
    zone, servers = account.zone("hasite.test")
    account.zone("other.test")
    names, warnings = run(account, "www.shop.hasite.test", delegations={"hasite.test": delegated(servers)})
    (found,) = names["zones"]
    assert (found["id"], found["delegated"], found["ours"]) == (zone, True, False)
    assert found["name_servers"] == sorted(servers)
    assert warnings == []
    ours, _ = account.zone("own.test", site="demo")
    assert run(account, "own.test")[0]["zones"][0]["ours"]
    assert run(account, "own.test")[0]["zones"][0]["id"] == ours


def test_two_zones_of_one_name_are_named_by_their_ids(account: Account) -> None:
    first, servers = account.zone("hasite.test", "1")
    second, _ = account.zone("hasite.test", "2")
    with pytest.raises(NamesError, match=f"({first} and {second}|{second} and {first}).* delegated to neither"):
        run(account, "hasite.test")
    assert run(account, "hasite.test", delegations={"hasite.test": delegated(servers)})[0]["zones"][0]["id"] == first
    assert run(account, "hasite.test", zone=second)[0]["zones"][0]["id"] == second


def test_private_zones_hold_no_public_name(account: Account) -> None:
    vpc = account.client("ec2", REGION).create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    account.route53.create_hosted_zone(
        Name="hasite.test",
        CallerReference="private",
        HostedZoneConfig={"PrivateZone": True},
        VPC={"VPCRegion": REGION, "VPCId": vpc},
    )
    assert run(account, "hasite.test")[0]["zones"][0]["id"] is None


def test_a_zone_asked_for_inside_another_one_holds_the_aliases_below_it(account: Account) -> None:
    parent, servers = account.zone("hasite.test")
    names, _ = run(
        account,
        "shop.hasite.test",
        aliases=["www.shop.hasite.test", "www.hasite.test"],
        zone="shop.hasite.test",
        delegations={"hasite.test": delegated(servers)},
    )
    assert [host["zone_name"] for host in names["hosts"]] == ["shop.hasite.test", "shop.hasite.test", "hasite.test"]
    assert names["zones"][0]["parent_id"] == parent


@pytest.mark.parametrize("kind", ["A", "CNAME"])
def test_a_record_that_is_there_is_named_before_anything_is_created(account: Account, kind: str) -> None:
    zone, _ = account.zone("hasite.test")
    value = "192.0.2.1" if kind == "A" else "old.example.net"
    there = {"Name": "www.hasite.test.", "Type": kind, "TTL": 60, "ResourceRecords": [{"Value": value}]}
    account.put(zone, there)
    with pytest.raises(NamesError, match=rf"www.hasite.test has a record .*: {kind} to {value}; delete it, or set"):
        run(account, "hasite.test", aliases=["www.hasite.test"])
    names, _ = run(account, "hasite.test", aliases=["www.hasite.test"], take_over=True)
    assert [host["replaces"] for host in names["hosts"]] == [[], [f"{kind} to {value}"]]


def test_a_name_that_another_distribution_has_is_refused(account: Account) -> None:
    account.distribution("www.hasite.test", site="demo")
    run(account, "www.hasite.test")
    taken = account.distribution("shop.hasite.test", "x.hasite.test")
    with pytest.raises(NamesError, match=rf"distribution {taken.id} has the name shop.hasite.test already"):
        run(account, "www.hasite.test", aliases=["shop.hasite.test"])


def test_given_certificates_are_looked_at(account: Account) -> None:
    acm = account.client("acm", "us-east-1")
    arn = acm.request_certificate(DomainName="*.hasite.test", ValidationMethod="DNS")["CertificateArn"]
    with pytest.raises(NamesError, match="is PENDING_VALIDATION, not ISSUED"):
        run(account, "www.hasite.test", certificate_arns=[arn])
    bundle = account.context.backends.at("acm", "us-east-1")._certificates[arn]
    bundle.issue(account.context.authority.issue(["*.hasite.test"], "EC_prime256v1"))
    with pytest.raises(NamesError, match=r"does not cover hasite\.test; it is for \*\.hasite\.test"):
        run(account, "www.hasite.test", aliases=["hasite.test"], certificate_arns=[arn])
    names, _ = run(account, "www.hasite.test", certificate_arns=[arn])
    assert names["certificates"] == {"us-east-1": arn}
    assert names["certificate_regions"] == [REGION]
    with pytest.raises(NamesError, match="which ACM does not know"):
        run(account, "www.hasite.test", certificate_arns=[arn[:-4] + "0000"])


def test_the_lab_keeps_a_zone_that_delegates_as_aws_does(account: Account) -> None:
    zone, _ = account.zone("hasite.test")
    child = {"Name": "a.hasite.test.", "Type": "NS", "TTL": 60, "ResourceRecords": [{"Value": "ns.example.net."}]}
    account.put(zone, child)
    with pytest.raises(ClientError, match="HostedZoneNotEmpty"):
        account.route53.delete_hosted_zone(Id=zone)
    with pytest.raises(ClientError, match=r"InvalidDomainName.*test\. is reserved by AWS"):
        account.zone("test")
