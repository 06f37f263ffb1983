# SPDX-License-Identifier: GPL-3.0-or-later
"""Answers that are signed when they are given, and a validator that walks down from the root's key."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import replace
from types import SimpleNamespace
from typing import Any, cast

import dns.flags
import dns.message
import dns.rcode
import dns.rdatatype
import pytest

from lab.base import addresses
from lab.engines.dns_signer import KEPT, Signer
from lab.engines.recursor import Recursor, denies_name, into_answer
from lab.engines.validator import Validator
from lab.plane.names.forger import forged
from lab.plane.names.name_server import into_message
from lab.plane.names.resolver import plainly
from lab.world.names.answers import DnsAnswer, View, answer, responsible
from lab.world.names.key_signing import ZoneKeys, draw
from lab.world.names.names import Names, Record, Zone
from lab.world.names.registry import Registrations, draw_keys, pick_name_servers, zones_at

DOMAIN, SITE = "signed.test", "www.signed.test"
SERVERS = pick_name_servers("signed", ()) or ()
EVIL = "203.0.113.66"
Change = Callable[[dns.message.Message], dns.message.Message]


class Internet:
    """The lab's name servers without sockets: one signed zone below `test`, with an unsigned one below it."""

    def __init__(self) -> None:
        self.registry = draw_keys()
        self.keys = draw()
        self.signers = {DOMAIN: self.keys.signers(DOMAIN)}
        self.signer = Signer()
        self.on_the_way: Change = lambda response: response
        self.forgotten: list[str] = []
        self.delegations: dict[str, tuple[str, ...]] = {DOMAIN: SERVERS}
        self.unsigned = False
        soa = "ns.test. hostmaster.test. 1 7200 900 1209600 300"
        self.records = (
            Record(DOMAIN, "SOA", 900, (soa,)),
            Record(DOMAIN, "NS", 3600, tuple(f"{one}." for one in SERVERS)),
            Record(SITE, "A", 60, ("192.0.2.80",)),
            Record(f"*.wild.{DOMAIN}", "A", 60, ("192.0.2.81",)),
            Record(f"alias.{DOMAIN}", "CNAME", 60, (f"{SITE}.",)),
            Record(f"below.{DOMAIN}", "NS", 60, ("ns.elsewhere.test.",)),
        )

    def zone(self) -> Zone:
        dnskey = Record(DOMAIN, "DNSKEY", 3600, self.keys.dnskeys)
        if self.unsigned:
            return Zone(DOMAIN, self.records, "Z1", SERVERS)
        return Zone(DOMAIN, (*self.records, dnskey), "Z1", SERVERS, keys=self.keys)

    def ask(self, name: str, kind: str, want: bool = True) -> dns.message.Message:
        """Ask the server that knows, as a recursor that has followed the delegations does."""
        registered = Registrations(self.delegations, self.signers, self.registry)
        inside = bool(self.delegations) and (name == DOMAIN or name.endswith(f".{DOMAIN}"))
        zones = {
            **zones_at(addresses.ROOT_SERVER, Names(), registered),
            **zones_at(addresses.REGISTRAR_SERVER, Names(), registered),
            **({DOMAIN: self.zone()} if inside else {}),
        }
        query = dns.message.make_query(f"{name}.", kind, want_dnssec=want)
        zone = responsible(zones, name, kind)
        response = into_message(query, answer(View(), zones, name, kind))
        if zone and zone.keys and want:
            self.signer.complete(response, zone)
        return dns.message.from_wire(self.on_the_way(response).to_wire())

    async def lookup(self, name: str, kind: str) -> DnsAnswer:
        return into_answer(self.ask(name, kind), name, kind)

    def forget(self, name: str) -> None:
        self.forgotten.append(name)

    def validate(self, name: str, kind: str = "A", anchor: ZoneKeys | None = None) -> DnsAnswer:
        clock: Any = SimpleNamespace(monotonic=lambda: 0.0)
        validator = Validator(cast("Recursor", self), anchor or self.registry[""], clock)
        return asyncio.run(validator.lookup(name, kind))


@pytest.fixture
def internet() -> Internet:
    return Internet()


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        *((SITE, "A"), (SITE, "AAAA"), (DOMAIN, "SOA"), (DOMAIN, "DNSKEY"), (DOMAIN, "DS"), (DOMAIN, "MX")),
        *((f"missing.{DOMAIN}", "A"), (f"x.wild.{DOMAIN}", "A"), (f"alias.{DOMAIN}", "A"), (f"below.{DOMAIN}", "DS")),
        *(("test", "DS"), ("", "DNSKEY"), ("nobody.test", "A"), (f"wild.{DOMAIN}", "A")),
    ],
)
def test_what_a_signed_zone_says_is_secure(internet: Internet, name: str, kind: str) -> None:
    found = internet.validate(name, kind)
    assert (found.code, found.secure) == ("NOERROR", True)


def test_who_asks_for_no_signatures_gets_none(internet: Internet) -> None:
    plain = internet.ask(SITE, "A", want=False)
    assert [found.rdtype for found in plain.answer] == [dns.rdatatype.A]
    assert internet.ask(f"missing.{DOMAIN}", "A", want=False).rcode() == dns.rcode.NXDOMAIN


def test_a_name_that_is_not_there_is_told_from_one_without_the_type(internet: Internet) -> None:
    missing, empty = (asyncio.run(internet.lookup(name, "MX")) for name in (f"missing.{DOMAIN}", SITE))
    assert (denies_name(missing), denies_name(empty)) == (True, False)


@pytest.mark.parametrize(("name", "code"), [("nobody.test", "NXDOMAIN"), (f"missing.{DOMAIN}", "NOERROR")])
def test_who_asks_for_no_signatures_hears_from_a_registry_that_there_is_no_such_name(
    internet: Internet, name: str, code: str
) -> None:
    """Route 53 tells its zones' absent names from empty ones to nobody."""
    assert plainly(internet.validate(name)).code == code


def test_a_zone_that_is_delegated_after_it_was_asked_for_is_answered(internet: Internet) -> None:
    """The proof that there was no such zone holds as long as its TTL."""
    internet.delegations, internet.signers = {}, {}
    now = [0.0]
    clock: Any = SimpleNamespace(monotonic=lambda: now[0])
    validator = Validator(cast("Recursor", internet), internet.registry[""], clock)
    assert not asyncio.run(validator.lookup(SITE, "A")).answer
    internet.delegations, internet.unsigned = {DOMAIN: SERVERS}, True
    now[0] = 6.0
    found = asyncio.run(validator.lookup(SITE, "A"))
    assert (found.code, [line.value for line in found.answer], found.secure) == ("NOERROR", ["192.0.2.80"], False)


def bogus(found: DnsAnswer) -> bool:
    return (found.code, found.answer, found.secure) == ("SERVFAIL", (), False)


def test_a_forged_address_is_not_believed(internet: Internet) -> None:
    internet.on_the_way = lambda response: forged(response, {SITE: EVIL})
    assert bogus(internet.validate(SITE))
    assert internet.forgotten == [SITE], "or the lie would last as long as its TTL says"


def without(kind: str) -> Change:
    def change(response: dns.message.Message) -> dns.message.Message:
        wanted = dns.rdatatype.from_text(kind)
        if response.question[0].name.to_text() == f"{SITE}.":
            response.answer = [found for found in response.answer if found.rdtype != wanted]
            response.authority = [found for found in response.authority if found.rdtype != wanted]
        return response

    return change


@pytest.mark.parametrize(("kind", "asked"), [("RRSIG", "A"), ("RRSIG", "MX"), ("NSEC", "MX")])
def test_what_has_no_signature_or_no_proof_is_not_believed(internet: Internet, kind: str, asked: str) -> None:
    internet.on_the_way = without(kind)
    assert bogus(internet.validate(SITE, asked))


def test_a_ds_record_of_another_key_takes_the_zone_away(internet: Internet) -> None:
    internet.signers = {DOMAIN: draw().signers(DOMAIN)}
    assert bogus(internet.validate(SITE))


def test_without_a_ds_record_nothing_is_secure_and_all_is_answered(internet: Internet) -> None:
    internet.signers = {}
    found = internet.validate(SITE)
    assert (found.code, found.secure, len(found.answer)) == ("NOERROR", False, 1)


def test_another_root_is_not_believed(internet: Internet) -> None:
    assert bogus(internet.validate(SITE, anchor=draw()))


def test_what_a_key_has_signed_holds_though_nobody_asked_before_kms_was_told_otherwise(internet: Internet) -> None:
    (ksk,) = internet.keys.ksks
    for signed_at, secure in ((time.time(), True), (time.time() - KEPT - 1, False)):
        internet.signer = Signer()
        internet.keys = ZoneKeys((replace(ksk, usable=False),), internet.keys.zsk, signed_at)
        assert internet.validate(SITE).secure == secure


def test_a_key_that_kms_lets_nobody_use_signs_no_more_when_its_signature_ends(
    internet: Internet, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert internet.validate(SITE).secure
    (ksk,) = internet.keys.ksks
    internet.keys = ZoneKeys((replace(ksk, usable=False),), internet.keys.zsk)
    assert internet.validate(SITE).secure, "its signature of the keys still holds"
    later = time.time() + KEPT + 1
    monkeypatch.setattr("lab.engines.dns_signer.time", SimpleNamespace(time=lambda: later))
    assert not [found for found in internet.ask(DOMAIN, "DNSKEY").answer if found.rdtype == dns.rdatatype.RRSIG]
