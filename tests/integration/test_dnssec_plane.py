# SPDX-License-Identifier: GPL-3.0-or-later
"""DNSSEC over real sockets: zones signed by keys of KMS, validators, and a forger whom they do not believe."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import dns.flags
import dns.rcode
import dns.rdatatype
import pytest
from botocore.exceptions import ClientError

from lab.base import addresses
from lab.base.backends import ACCOUNT
from lab.plane.names import forger, registrar
from lab.world.names.key_signing import public_text
from tests.integration.name_rig import WEB, Rig, open_rig, plain, upsert
from tests.integration.small_world import until
from tests.registrant import CONTACTS

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="network namespaces need root")

DOMAIN, SITE = "signed.test", "www.signed.test"
EVIL = "203.0.113.66"


@pytest.fixture(scope="module")
def rig(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rig]:
    # Resolvers keep for a minute what a parent zone has said of a child.
    with open_rig(tmp_path_factory.mktemp("rig"), speed=30) as made:
        yield made


def policy(**condition: str) -> str:
    trust = {
        "Effect": "Allow",
        "Principal": {"Service": "dnssec-route53.amazonaws.com"},
        "Action": ["kms:DescribeKey", "kms:GetPublicKey", "kms:Sign"],
        "Resource": "*",
        "Condition": {"StringEquals": {"aws:SourceAccount": ACCOUNT, **condition}},
    }
    return json.dumps({"Version": "2012-10-17", "Statement": [trust]})


def kms_key(rig: Rig, region: str = "us-east-1", **more: Any) -> str:
    wanted = {"KeySpec": "ECC_NIST_P256", "KeyUsage": "SIGN_VERIFY", "Policy": policy(), **more}
    return str(rig.client("kms", region).create_key(**wanted)["KeyMetadata"]["Arn"])


def ksk(rig: Rig, zone: str, arn: str, name: str = "site", status: str = "ACTIVE") -> Any:
    return rig.client("route53").create_key_signing_key(
        CallerReference=name, HostedZoneId=zone, KeyManagementServiceArn=arn, Name=name, Status=status
    )


def code(error: pytest.ExceptionInfo[ClientError]) -> str:
    return str(error.value.response["Error"]["Code"])


@pytest.fixture(scope="module")
def zone(rig: Rig) -> str:
    made = rig.client("route53").create_hosted_zone(Name=DOMAIN, CallerReference="signed")
    upsert(rig, made["HostedZone"]["Id"], plain(SITE, WEB), plain(f"*.wild.{DOMAIN}", WEB))
    until(lambda: rig.values(SITE) == [WEB])
    return str(made["HostedZone"]["Id"]).rpartition("/")[2]


@pytest.fixture(scope="module")
def key(rig: Rig, zone: str) -> str:
    return kms_key(rig)


@pytest.mark.parametrize(
    ("changed", "region"),
    [
        ({"KeySpec": "ECC_NIST_P384"}, "us-east-1"),
        ({"KeySpec": "RSA_2048"}, "us-east-1"),
        ({"Policy": policy(**{"aws:SourceArn": "arn:aws:route53:::hostedzone/ZOTHER"})}, "us-east-1"),
        ({}, "ap-northeast-1"),
    ],
)
def test_a_key_that_route53_may_not_use_is_refused(rig: Rig, zone: str, changed: dict[str, str], region: str) -> None:
    arn = kms_key(rig, region, **changed)
    with pytest.raises(ClientError) as refused:
        ksk(rig, zone, arn)
    assert code(refused) == "InvalidKMSArn"


def test_signing_needs_an_active_key(rig: Rig, zone: str, key: str) -> None:
    route53 = rig.client("route53")
    with pytest.raises(ClientError) as refused:
        route53.enable_hosted_zone_dnssec(HostedZoneId=zone)
    assert code(refused) == "KeySigningKeyWithActiveStatusNotFound"
    made = ksk(rig, zone, key, status="INACTIVE")["KeySigningKey"]
    assert (made["Status"], made["Flag"], made["SigningAlgorithmType"]) == ("INACTIVE", 257, 13)
    for name, arn in (("site", kms_key(rig)), ("other", key)):
        with pytest.raises(ClientError) as refused:
            ksk(rig, zone, arn, name)
        assert code(refused) == "KeySigningKeyAlreadyExists"
    route53.activate_key_signing_key(HostedZoneId=zone, Name="site")
    found = route53.get_dnssec(HostedZoneId=zone)
    assert found["Status"]["ServeSignature"] == "NOT_SIGNING"
    assert found["KeySigningKeys"][0]["Status"] == "ACTIVE"


def test_names_of_keys_are_checked(rig: Rig, zone: str) -> None:
    with pytest.raises(ClientError) as refused:
        ksk(rig, zone, kms_key(rig), "with-dash")
    assert code(refused) == "InvalidKeySigningKeyName"


def signer(rig: Rig, zone: str) -> str:
    return str(rig.client("route53").get_dnssec(HostedZoneId=zone)["KeySigningKeys"][0]["DSRecord"])


def enter(rig: Rig, *records: str, domain: str = DOMAIN) -> None:
    rig.page(registrar.SIGNERS_PATH, json.dumps({domain: records or None}).encode())


def lie(rig: Rig, name: str, address: str | None) -> None:
    rig.page(forger.PATH, json.dumps({name: address}).encode())


def dig(rig: Rig, *words: str) -> str:
    space = rig.context.place.namespace("internet")
    command = ["ip", "netns", "exec", space, "dig", f"@{addresses.RESOLVER}", *words]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def delv(rig: Rig, folder: Path, name: str, kind: str = "A") -> str:
    """Ask BIND's own validator, which trusts the lab's root, and asks the resolver for all that it needs."""
    root = rig.context.registry_keys[""].ksks[0].dnskey
    anchors = folder / "anchors"
    anchors.write_text(f'trust-anchors {{ . static-key 257 3 13 "{public_text(root)}"; }};\n')
    space = rig.context.place.namespace("internet")
    command = ["ip", "netns", "exec", space, "delv", "-a", str(anchors), f"@{addresses.RESOLVER}", name, kind]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return done.stdout + done.stderr


def test_a_signed_zone_without_ds_is_an_island(rig: Rig, zone: str, key: str, tmp_path: Path) -> None:
    rig.client("route53").enable_hosted_zone_dnssec(HostedZoneId=zone)
    until(lambda: rig.values(DOMAIN, "DNSKEY"))
    assert "ad;" not in dig(rig, "+dnssec", SITE).partition("QUERY: 1")[0]
    assert "unsigned answer" in delv(rig, tmp_path, SITE)


def test_a_chain_from_the_root_is_believed(rig: Rig, zone: str, tmp_path: Path) -> None:
    enter(rig, signer(rig, zone))
    until(lambda: " ad" in dig(rig, "+dnssec", SITE).partition("QUERY: 1")[0])
    assert "fully validated" in delv(rig, tmp_path, SITE)
    assert rig.values(SITE) == [WEB]
    for name, kind in ((DOMAIN, "NS"), (DOMAIN, "SOA"), (f"any.wild.{DOMAIN}", "A"), ("test", "DS")):
        assert "fully validated" in delv(rig, tmp_path, name, kind), (name, kind)


def test_what_is_not_there_is_proved_in_route53s_compact_way(rig: Rig, zone: str, tmp_path: Path) -> None:
    for name, kind in ((f"missing.{DOMAIN}", "A"), (SITE, "AAAA"), (DOMAIN, "MX"), ("nobody.test", "A")):
        said = delv(rig, tmp_path, name, kind)
        assert "negative response, fully validated" in said, (name, kind, said)
    answer = dig(rig, "+dnssec", f"missing.{DOMAIN}")
    assert "status: NOERROR" in answer
    assert rf"\000.missing.{DOMAIN}. RRSIG NSEC" in answer


def test_a_forged_answer_is_refused_and_without_dnssec_believed(rig: Rig, zone: str, tmp_path: Path) -> None:
    upsert(rig, zone, plain(f"bank.{DOMAIN}", WEB))
    open_zone = rig.client("route53").create_hosted_zone(Name="open.test", CallerReference="open")["HostedZone"]["Id"]
    upsert(rig, open_zone, plain("bank.open.test", WEB))
    for name in (f"bank.{DOMAIN}", "bank.open.test"):
        lie(rig, name, EVIL)
    try:
        until(lambda: rig.values("bank.open.test") == [EVIL])
        assert rig.ask(f"bank.{DOMAIN}").rcode() == dns.rcode.SERVFAIL
        assert "status: SERVFAIL" in dig(rig, f"bank.{DOMAIN}")
        assert EVIL in dig(rig, "+cdflag", f"bank.{DOMAIN}")
        assert "resolution failed" in delv(rig, tmp_path, f"bank.{DOMAIN}")
    finally:
        for name in (f"bank.{DOMAIN}", "bank.open.test"):
            lie(rig, name, None)
    until(lambda: rig.values(f"bank.{DOMAIN}") == [WEB])


def test_a_ds_of_no_key_takes_all_names_away(rig: Rig, zone: str) -> None:
    right = signer(rig, zone)
    enter(rig, f"{right[:-4]}0000")
    try:
        until(lambda: rig.ask(SITE).rcode() == dns.rcode.SERVFAIL)
    finally:
        enter(rig, right)
    until(lambda: rig.values(SITE) == [WEB])


def test_a_disabled_key_needs_action(rig: Rig, zone: str, key: str) -> None:
    kms, route53 = rig.client("kms", "us-east-1"), rig.client("route53")
    kms.disable_key(KeyId=key)
    found = route53.get_dnssec(HostedZoneId=zone)
    assert found["Status"]["ServeSignature"] == "ACTION_NEEDED"
    assert found["KeySigningKeys"][0]["Status"] == "ACTION_NEEDED"
    assert "Disabled" in found["KeySigningKeys"][0]["StatusMessage"]
    kms.enable_key(KeyId=key)
    assert route53.get_dnssec(HostedZoneId=zone)["Status"]["ServeSignature"] == "SIGNING"


def test_what_the_parent_vouches_for_can_t_be_switched_off(rig: Rig, zone: str) -> None:
    route53 = rig.client("route53")
    with pytest.raises(ClientError) as refused:
        route53.disable_hosted_zone_dnssec(HostedZoneId=zone)
    assert code(refused) == "KeySigningKeyInParentDSRecord"
    with pytest.raises(ClientError) as refused:
        route53.deactivate_key_signing_key(HostedZoneId=zone, Name="site")
    assert code(refused) == "KeySigningKeyInUse"


def test_a_delegation_in_a_signed_hosted_zone_is_signed_or_proved_not_to_be(
    rig: Rig, zone: str, tmp_path: Path
) -> None:
    route53 = rig.client("route53")
    made = route53.create_hosted_zone(Name=f"below.{DOMAIN}", CallerReference="below")
    below = made["HostedZone"]["Id"].rpartition("/")[2]
    servers = [f"{server}." for server in made["DelegationSet"]["NameServers"]]
    name = f"host.below.{DOMAIN}"
    upsert(rig, below, plain(name, WEB))
    upsert(rig, zone, plain(f"below.{DOMAIN}", *servers, kind="NS"))
    until(lambda: rig.values(name) == [WEB])
    assert "unsigned answer" in delv(rig, tmp_path, name)
    vouched = ksk(rig, below, kms_key(rig))["KeySigningKey"]["DSRecord"]
    route53.enable_hosted_zone_dnssec(HostedZoneId=below)
    upsert(rig, zone, plain(f"below.{DOMAIN}", vouched, kind="DS"))
    until(lambda: "fully validated" in delv(rig, tmp_path, name))
    with pytest.raises(ClientError) as refused:
        route53.disable_hosted_zone_dnssec(HostedZoneId=below)
    assert code(refused) == "KeySigningKeyInParentDSRecord"


def test_route53_as_registrar_has_ds_records(rig: Rig) -> None:
    route53, domains = rig.client("route53"), rig.client("route53domains", "us-east-1")
    domains.register_domain(DomainName="owned.com", DurationInYears=2, **CONTACTS)
    owned = next(one["Id"] for one in route53.list_hosted_zones()["HostedZones"] if one["Name"] == "owned.com.")
    owned = owned.rpartition("/")[2]
    upsert(rig, owned, plain("www.owned.com", WEB))
    key = ksk(rig, owned, kms_key(rig))["KeySigningKey"]
    route53.enable_hosted_zone_dnssec(HostedZoneId=owned)
    attributes = {"Algorithm": 13, "Flags": 257, "PublicKey": key["PublicKey"]}
    done = domains.associate_delegation_signer_to_domain(DomainName="owned.com", SigningAttributes=attributes)
    assert domains.get_operation_detail(OperationId=done["OperationId"])["Status"] == "SUCCESSFUL"
    (kept,) = domains.get_domain_detail(DomainName="owned.com")["DnssecKeys"]
    assert (kept["KeyTag"], kept["Digest"]) == (key["KeyTag"], key["DigestValue"])
    until(lambda: " ad" in dig(rig, "+dnssec", "www.owned.com").partition("QUERY: 1")[0])
    with pytest.raises(ClientError) as refused:
        route53.disable_hosted_zone_dnssec(HostedZoneId=owned)
    assert code(refused) == "KeySigningKeyInParentDSRecord"
    for bad in ({"Algorithm": 8}, {"Flags": 3}, {"PublicKey": "eA=="}):
        with pytest.raises(ClientError) as refused:
            domains.associate_delegation_signer_to_domain(
                DomainName="owned.com", SigningAttributes={**attributes, **bad}
            )
        assert code(refused) == "InvalidInput"
    domains.disassociate_delegation_signer_from_domain(DomainName="owned.com", Id=kept["Id"])
    route53.disable_hosted_zone_dnssec(HostedZoneId=owned)


def test_it_is_switched_off_in_aws_order_and_leaves_nothing(rig: Rig, zone: str) -> None:
    route53 = rig.client("route53")
    enter(rig)
    until(lambda: not rig.values(DOMAIN, "DS"))
    route53.disable_hosted_zone_dnssec(HostedZoneId=zone)
    with pytest.raises(ClientError) as refused:
        route53.disable_hosted_zone_dnssec(HostedZoneId=zone)
    assert code(refused) == "DNSSECNotFound"
    with pytest.raises(ClientError) as refused:
        route53.delete_key_signing_key(HostedZoneId=zone, Name="site")
    assert code(refused) == "InvalidKeySigningKeyStatus"
    route53.deactivate_key_signing_key(HostedZoneId=zone, Name="site")
    route53.delete_key_signing_key(HostedZoneId=zone, Name="site")
    assert route53.get_dnssec(HostedZoneId=zone)["KeySigningKeys"] == []
    until(lambda: not rig.values(DOMAIN, "DNSKEY"))


def test_a_zone_with_keys_is_not_deleted(rig: Rig) -> None:
    route53 = rig.client("route53")
    made = route53.create_hosted_zone(Name="kept.test", CallerReference="kept")["HostedZone"]["Id"]
    ksk(rig, made.rpartition("/")[2], kms_key(rig), status="INACTIVE")
    with pytest.raises(ClientError) as refused:
        route53.delete_hosted_zone(Id=made)
    assert code(refused) == "HostedZoneNotEmpty"
    assert "DNSSEC Key Signing Keys" in refused.value.response["Error"]["Message"]


def test_changes_that_nobody_made_are_unknown(rig: Rig, zone: str) -> None:
    route53 = rig.client("route53")
    with pytest.raises(ClientError) as refused:
        route53.get_change(Id="C0123456789")
    assert code(refused) == "NoSuchChange"
