# SPDX-License-Identifier: GPL-3.0-or-later
"""A site whose answers are signed: built, forged in vain, failed over and back, taken down with its DS record first.

The domain is registered at Route 53 in the account, so that the playbooks keep the DS record themselves.
"""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from typing import Any

import pytest

from lab.commands.outsiders import enter_signer, forge
from lab.commands.shell import visitor
from tests.integration.labs import place_of, run_lab, session_of, up
from tests.integration.owner import URL, Owner, visit
from tests.integration.small_world import until
from tests.registrant import CONTACTS

pytestmark = [pytest.mark.lab, pytest.mark.acceptance]

DOMAIN, SITE = "hasite.com", "www.hasite.com"
EVIL = "203.0.113.66"
UNSIGNED = ("-e", "site_take_over=true", "-e", f"site_domain={SITE}")
SIGNED = (*UNSIGNED, "-e", "site_dnssec=true")


@pytest.fixture(scope="module")
def owner() -> Iterator[Owner]:
    place = place_of("signed")
    up(place.name, "--speed", "4")
    made = Owner(place, session_of(place))
    made.client("route53domains", "us-east-1").register_domain(DomainName=DOMAIN, DurationInYears=2, **CONTACTS)
    # The site is to make its own zone, which nobody has asked before, in place of that of the registration.
    route53 = made.client("route53", "us-east-1")
    for zone in route53.list_hosted_zones()["HostedZones"]:
        route53.delete_hosted_zone(Id=zone["Id"])
    yield made
    run_lab(place.name, "down")


def dig(owner: Owner, *words: str) -> str:
    asked = [*visitor(owner.place), "dig", "+dnssec", *words]
    return subprocess.run(asked, capture_output=True, text=True, timeout=30, check=False).stdout


def is_secure(owner: Owner, name: str = SITE) -> bool:
    """Tell whether the resolver vouches for its answer."""
    told = dig(owner, name)
    return " ad" in told.partition("flags:")[2].partition(";")[0] and "RRSIG" in told


def page(owner: Owner) -> str:
    return visit(owner, "-i", URL.replace("www.hasite.test", SITE)).stdout


def keys(owner: Owner) -> list[Any]:
    domains = owner.client("route53domains", "us-east-1")
    return list(domains.get_domain_detail(DomainName=DOMAIN)["DnssecKeys"])


def signing(owner: Owner) -> tuple[str, list[str]]:
    route53 = owner.client("route53", "us-east-1")
    [zone] = route53.list_hosted_zones()["HostedZones"]
    found = route53.get_dnssec(HostedZoneId=zone["Id"].rpartition("/")[2])
    return found["Status"]["ServeSignature"], [key["Name"] for key in found["KeySigningKeys"]]


def test_a_new_site_is_signed_and_vouched_for_at_once(owner: Owner) -> None:
    owner.play("site", *SIGNED)
    assert signing(owner) == ("SIGNING", ["demo_site"])
    assert len(keys(owner)) == 1
    until(lambda: is_secure(owner), 60)
    assert "HTTP/2 200" in page(owner)
    assert not owner.changes(owner.play("provision", *SIGNED))


def test_a_forged_answer_is_refused(owner: Owner) -> None:
    forge(owner.place, SITE, EVIL)
    try:
        until(lambda: "status: SERVFAIL" in dig(owner, SITE), 60)
        assert page(owner) == ""
        assert EVIL in dig(owner, "+cdflag", SITE), "who does not let it be checked is sent there"
    finally:
        forge(owner.place, SITE, None)
    until(lambda: "HTTP/2 200" in page(owner), 60)


def test_it_fails_over_to_the_error_page_and_back(owner: Owner) -> None:
    owner.client("ec2").stop_instances(InstanceIds=owner.ids())
    until(lambda: re.match(r"HTTP/\S+ 503", page(owner)), 180)
    assert is_secure(owner), "the answer about the error page is signed, too"
    owner.start(*owner.ids())
    until(lambda: "HTTP/2 200" in page(owner), 240)
    assert is_secure(owner)


def test_a_registrar_of_others_is_asked_for_its_ds_record_first(owner: Owner) -> None:
    """The zone signs on, and nothing is changed, as long as anybody vouches for it whom the account can't tell."""
    domains = owner.client("route53domains", "us-east-1")
    [key] = keys(owner)
    record = f"{key['KeyTag']} {key['Algorithm']} {key['DigestType']} {key['Digest']}"
    enter_signer(owner.place, DOMAIN, record)
    domains.delete_domain(DomainName=DOMAIN)
    done = owner.attempt("provision", *UNSIGNED)
    assert done.returncode != 0
    assert f"The registrar of {DOMAIN} has the DS record {record}" in re.sub(r"\s+", " ", done.stdout)
    assert signing(owner)[0] == "SIGNING"
    assert is_secure(owner)
    enter_signer(owner.place, DOMAIN, None)


def test_switched_off_it_is_unsigned_and_reached(owner: Owner) -> None:
    until(lambda: not is_secure(owner), 60)
    owner.play("provision", *UNSIGNED)
    assert signing(owner) == ("NOT_SIGNING", [])
    assert "HTTP/2 200" in page(owner)


def test_an_older_zone_is_vouched_for_only_when_unsigned_answers_are_gone(owner: Owner) -> None:
    told = owner.play("provision", *SIGNED)
    assert signing(owner)[0] == "SIGNING"
    assert f"{DOMAIN} is signed. Resolvers may have unsigned answers until" in re.sub(r"\s+", " ", told)
    assert "enter this DS record" not in told
    assert "HTTP/2 200" in page(owner)


def test_teardown_leaves_nothing_but_a_key_that_is_on_its_way(owner: Owner) -> None:
    owner.play("teardown", *SIGNED, "-e", "site_delete_data=true")
    assert owner.client("route53", "us-east-1").list_hosted_zones()["HostedZones"] == []
    kms = owner.client("kms", "us-east-1")
    found = [kms.describe_key(KeyId=key["KeyId"])["KeyMetadata"] for key in kms.list_keys()["Keys"]]
    ours = [one["KeyState"] for one in found if one["Description"] == "DNSSEC of demo"]
    assert ours == ["PendingDeletion"]
