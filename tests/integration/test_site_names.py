# SPDX-License-Identifier: GPL-3.0-or-later
"""One site under many names: the registered domain, aliases, names outside ASCII, zones and records of the user's own.

The site is built once; then its names are changed. The tests build on each other, in order.
"""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Iterator, Sequence
from typing import Any

import pytest

from lab.base import addresses
from lab.base.endpoint import ask
from lab.plane.names import registrar
from tests.integration.labs import place_of, run_lab, session_of, up
from tests.integration.owner import Owner, visit
from tests.integration.small_world import until

pytestmark = [pytest.mark.lab, pytest.mark.acceptance]

JAPANESE, PUNYCODE = "WWW.日本語.jp", "www.xn--wgv71a119e.jp"
MAIL = {"Name": "hasite.co.jp.", "Type": "MX", "TTL": 300, "ResourceRecords": [{"Value": "10 mail.hasite.co.jp."}]}
OLD = {"Name": "hasite.co.jp.", "Type": "A", "TTL": 300, "ResourceRecords": [{"Value": "192.0.2.7"}]}
"""What the usual owner of a domain has in its zone already: mail, and an earlier site."""


@pytest.fixture(scope="module")
def owner() -> Iterator[Owner]:
    place = place_of("names")
    up(place.name, "--speed", "4")
    yield Owner(place, session_of(place))
    run_lab(place.name, "down")


def named(domain: str, *aliases: str, **more: Any) -> tuple[str, str]:
    return "-e", json.dumps({"site_domain": domain, "site_aliases": list(aliases), **more})


def create_zone(owner: Owner, name: str, *records: dict[str, Any]) -> str:
    route53 = owner.client("route53", "us-east-1")
    zone: str = route53.create_hosted_zone(Name=name, CallerReference=uuid.uuid4().hex)["HostedZone"]["Id"]
    changes = [{"Action": "CREATE", "ResourceRecordSet": record} for record in records]
    if changes:
        route53.change_resource_record_sets(HostedZoneId=zone, ChangeBatch={"Changes": changes})
    return zone


def zones(owner: Owner) -> dict[str, str]:
    """Return the ids of the hosted zones by their names."""
    found = owner.client("route53", "us-east-1").list_hosted_zones()["HostedZones"]
    return {one["Name"]: one["Id"] for one in found}


def records(owner: Owner, zone: str) -> list[dict[str, Any]]:
    found = owner.client("route53", "us-east-1").list_resource_record_sets(HostedZoneId=zone)["ResourceRecordSets"]
    return [one for one in found if one["Type"] not in ("NS", "SOA")]


def answers(owner: Owner, name: str) -> str:
    return visit(owner, "-i", f"https://{name}/a?b=c").stdout


def is_site(owner: Owner, name: str) -> bool:
    return bool(re.search(r"^x-served-by: ", answers(owner, name), re.MULTILINE | re.IGNORECASE))


def redirects(owner: Owner, name: str, domain: str, scheme: str = "https") -> bool:
    told = visit(owner, "-o", "/dev/null", "-w", "%{http_code} %{redirect_url}", f"{scheme}://{name}/a?b=c").stdout
    return told == f"301 https://{domain}:443/a?b=c"


def is_error_page(owner: Owner, name: str) -> bool:
    told = answers(owner, name)
    return bool(re.match(r"HTTP/\S+ 503", told)) and "no-store" in told and "back soon" in told


def fails_over_and_back(owner: Owner, domain: str, aliases: Sequence[str]) -> None:
    """Stop all machines, and start them; every name has to follow, with a certificate that fits."""
    owner.client("ec2").stop_instances(InstanceIds=owner.ids())
    for name in (domain, *aliases):
        until(lambda name=name: is_error_page(owner, name), 120)
    owner.client("ec2").start_instances(InstanceIds=owner.ids())
    until(lambda: is_site(owner, domain), 180)
    for alias in aliases:
        until(lambda alias=alias: redirects(owner, alias, domain), 120)


def test_the_registered_domain_and_its_www(owner: Owner) -> None:
    output = owner.play("site", *named("hasite.test", "www.hasite.test"))
    assert "https://hasite.test/ is answered by demo-web-a and demo-web-c." in output
    assert redirects(owner, "www.hasite.test", "hasite.test")
    assert redirects(owner, "www.hasite.test", "hasite.test", "http")
    assert list(zones(owner)) == ["hasite.test."]
    assert owner.changes(owner.play("site", *named("hasite.test", "www.hasite.test"))) == []


def test_the_registered_domain_and_its_www_fail_over_and_back(owner: Owner) -> None:
    fails_over_and_back(owner, "hasite.test", ["www.hasite.test"])


def test_a_record_that_is_there_is_named_before_anything_changes(owner: Owner) -> None:
    zone = create_zone(owner, "hasite.co.jp", OLD, MAIL)
    before = owner.status()
    done = owner.attempt("site", *named(JAPANESE, "hasite.co.jp", "www.shop.hasite.test"))
    told = re.sub(r"\s+", " ", done.stdout)
    assert "hasite.co.jp has a record that is not the site's: A to 192.0.2.7; delete it, or set site_take_over" in told
    assert owner.status() == before
    assert records(owner, zone) == [OLD, MAIL]


def test_other_names_take_the_place_of_the_first(owner: Owner) -> None:
    """A name outside ASCII, one below co.jp with an earlier site's record, and one of three labels in a zone there."""
    names = named(JAPANESE, "hasite.co.jp", "www.shop.hasite.test", site_take_over=True)
    assert f"https://{JAPANESE}/ is answered by demo-web-a and demo-web-c." in owner.play("site", *names)
    for alias in ("hasite.co.jp", "www.shop.hasite.test"):
        assert redirects(owner, alias, PUNYCODE)
    assert sorted(zones(owner)) == ["hasite.co.jp.", "hasite.test.", "xn--wgv71a119e.jp."]
    # The earlier names are off: there is nothing at them.
    assert not [record for record in records(owner, zones(owner)["hasite.test."]) if record["Name"] == "hasite.test."]
    assert owner.changes(owner.play("site", *names)) == []


def test_other_names_fail_over_and_back(owner: Owner) -> None:
    fails_over_and_back(owner, PUNYCODE, ["hasite.co.jp", "www.shop.hasite.test"])


def test_the_doctor_names_an_alias_without_its_record(owner: Owner) -> None:
    names = named(JAPANESE, "hasite.co.jp", "www.shop.hasite.test", site_take_over=True)
    assert "alias-" not in owner.play("doctor", *names)
    zone = zones(owner)["hasite.test."]
    (pair,) = [record for record in records(owner, zone) if record.get("Failover") == "SECONDARY"]
    change = {"Action": "DELETE", "ResourceRecordSet": pair}
    route53 = owner.client("route53", "us-east-1")
    route53.change_resource_record_sets(HostedZoneId=zone, ChangeBatch={"Changes": [change]})
    assert "www.shop.hasite.test has no SECONDARY record that leads to the site" in owner.play("doctor", *names)
    route53.change_resource_record_sets(HostedZoneId=zone, ChangeBatch={"Changes": [{**change, "Action": "CREATE"}]})


def test_two_zones_of_one_name_are_told_apart_by_the_delegation(owner: Owner) -> None:
    """The registrar has the first one's name servers, so the second one is not written to."""
    used = zones(owner)["hasite.test."]
    servers = owner.client("route53", "us-east-1").get_hosted_zone(Id=used)["DelegationSet"]["NameServers"]
    at_registrar(owner, "hasite.test", servers)
    twin = create_zone(owner, "hasite.test")
    names = named(JAPANESE, "hasite.co.jp", "www.shop.hasite.test", site_take_over=True)
    assert owner.changes(owner.play("site", *names)) == []
    assert records(owner, twin) == []
    # If the registrar has neither's, nobody can tell which one is meant.
    at_registrar(owner, "hasite.test", ["ns1.registrar.example"])
    done = owner.attempt("provision", *names)
    told = re.sub(r"\s+", " ", done.stdout)
    assert "This account has 2 public hosted zones hasite.test (" in told
    assert "delegated to neither of them; delete the one that is not used, or set site_zone" in told
    owner.client("route53", "us-east-1").delete_hosted_zone(Id=twin)
    at_registrar(owner, "hasite.test", None)


def at_registrar(owner: Owner, domain: str, servers: list[str] | None) -> None:
    """Enter name servers at the registrar, or take them back; wait until the registry has what was entered."""
    ask(owner.place, registrar.PATH, {domain: servers})
    if servers:
        question = ("dig", "+norecurse", "+noall", "+authority", f"@{addresses.REGISTRAR_SERVER}", domain, "NS")
        wanted = sorted(f"{server.rstrip('.')}." for server in servers)

        def told() -> list[str]:
            lines = run_lab(owner.place.name, "exec", "client", "--", *question).stdout.splitlines()
            return sorted(line.split()[-1] for line in lines if line)

        until(lambda: told() == wanted)


def own_certificate(owner: Owner, zone: str, name: str, region: str) -> str:
    """Request a certificate as the account's owner does, with no tags of the site; return its ARN when it is issued."""
    acm = owner.client("acm", region)
    arn: str = acm.request_certificate(DomainName=name, ValidationMethod="DNS")["CertificateArn"]

    def described() -> dict[str, Any]:
        return dict(acm.describe_certificate(CertificateArn=arn)["Certificate"])

    proof = until(lambda: described()["DomainValidationOptions"][0].get("ResourceRecord"))
    record = {"Name": proof["Name"], "Type": "CNAME", "TTL": 300, "ResourceRecords": [{"Value": proof["Value"]}]}
    changes = [{"Action": "UPSERT", "ResourceRecordSet": record}]
    route53 = owner.client("route53", "us-east-1")
    route53.change_resource_record_sets(HostedZoneId=zone, ChangeBatch={"Changes": changes})
    until(lambda: described()["Status"] == "ISSUED", 60)
    return arn


def test_certificates_that_exist_already_are_used(owner: Owner) -> None:
    zone = zones(owner)["hasite.co.jp."]
    arns = [own_certificate(owner, zone, "*.hasite.co.jp", region) for region in ("ap-northeast-1", "us-east-1")]
    done = owner.attempt("provision", *named("hasite.co.jp", site_take_over=True, site_certificate_arns=arns))
    told = re.sub(r"\s+", " ", done.stdout)
    assert "which does not cover hasite.co.jp; it is for *.hasite.co.jp." in told
    names = named("www.hasite.co.jp", "shop.hasite.co.jp", site_certificate_arns=arns)
    owner.play("site", *names)
    assert redirects(owner, "shop.hasite.co.jp", "www.hasite.co.jp")
    shown = visit(owner, "-v", "https://www.hasite.co.jp/").stderr
    assert "subject: CN=*.hasite.co.jp" in shown
    # What the site had taken over of a name that it no longer has is back.
    assert OLD in records(owner, zone)
    assert owner.changes(owner.play("site", *names)) == []


def test_a_site_with_certificates_of_its_owners_fails_over_and_back(owner: Owner) -> None:
    fails_over_and_back(owner, "www.hasite.co.jp", ["shop.hasite.co.jp"])


def test_teardown_leaves_what_is_the_users_as_it_was(owner: Owner) -> None:
    owner.play("teardown", *named("www.hasite.co.jp", "shop.hasite.co.jp", site_delete_data=True))
    assert list(zones(owner)) == ["hasite.co.jp."]
    # The certificates are the user's, and renewed by this record.
    found = records(owner, zones(owner)["hasite.co.jp."])
    assert [one for one in found if one["Type"] != "CNAME"] == [OLD, MAIL]
    assert [one["Name"].startswith("_") for one in found if one["Type"] == "CNAME"] == [True]
    left = sorted(row["kind"] for row in owner.status())
    assert left == ["certificate", "certificate", "hosted zone"]
