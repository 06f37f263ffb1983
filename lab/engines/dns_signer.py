# SPDX-License-Identifier: GPL-3.0-or-later
"""Signs answers when they are given, as Route 53 does, and proves what is not there in its compact way.

Route 53 answers for a name that does not exist as for one that has no data of the asked type, so one NSEC record proves
it; and an answer made of a wildcard is signed as what it is, under the name that was asked for:
https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/dns-configuring-dnssec-proof-of-nonexistence.html
"""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import dataclass, field

import dns.dnssec
import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdatatype
import dns.rrset
from dns.rdtypes.ANY.DNSKEY import DNSKEY

from lab.world.names.answers import NO_NAME
from lab.world.names.key_signing import SigningKey, ZoneKeys
from lab.world.names.names import Zone

BEFORE, AFTER = 3600, 2 * 3600
"""Real seconds around now in which a signature holds; whoever checks it has a clock of its own."""
KEPT = 3 * 86400
"""Real seconds for which the signature of the keys holds; it is made anew when two thirds of them have passed."""
SUPPORTED = ("A", "AAAA", "CAA", "HTTPS", "MX", "NAPTR", "PTR", "SRV", "SSHFP", "SVCB", "TLSA", "TXT")
"""The types that the proof of a type's absence says are there, whether they are or not: those of Route 53 that may be
anywhere. (https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/ResourceRecordTypes.html)"""
_NEXT = b"\x00"
"""The label before a name that makes the next one: https://datatracker.ietf.org/doc/html/rfc9824#section-3."""
_TOP = ("DNSKEY", "NS", "SOA")

_Kept = tuple[float, dns.rrset.RRset]


@dataclass
class Signer:
    """Adds signatures and proofs to the answers of signed zones; keeps what the key-signing keys have signed."""

    _of_keys: dict[tuple[DNSKEY, ...], _Kept] = field(default_factory=dict)

    def complete(self, response: dns.message.Message, zone: Zone) -> None:
        """Complete an answer of a signed zone to somebody who has asked for signatures."""
        assert zone.keys
        response.ednsflags |= dns.flags.DO
        top = dns.name.from_text(f"{zone.name}.")
        if response.flags & dns.flags.AA:
            _deny(response, zone)
        else:
            _deny_signer(response)
        for section in (response.answer, response.authority):
            signatures = [self._signature(found, zone.keys, top) for found in section if _is_signed(found, response)]
            section += [signature for signature in signatures if signature]

    def _signature(self, found: dns.rrset.RRset, keys: ZoneKeys, top: dns.name.Name) -> dns.rrset.RRset | None:
        if found.rdtype == dns.rdatatype.DNSKEY:
            return self._signature_of_keys(found, keys, top)
        return _signed(found, [keys.zsk], top, AFTER)

    def _signature_of_keys(self, found: dns.rrset.RRset, keys: ZoneKeys, top: dns.name.Name) -> dns.rrset.RRset | None:
        """Return the KSKs' signature; where KMS does not let one sign, the one that was made before, while it holds."""
        now, identity = time.time(), tuple(key.dnskey for key in keys.ksks)
        until, kept = self._of_keys.get(identity, (0.0, None))
        if all(key.usable for key in keys.ksks) and until - now < KEPT / 3:
            until, kept = now + KEPT, None
        elif kept is None:
            until = keys.signed_at + KEPT  # nobody has asked since it was made
        if kept is None and until > now:
            kept = _signed(found, keys.ksks, top, int(until - now))
            if kept:
                self._of_keys[identity] = until, kept
        return kept if until > now else None


def _is_signed(found: dns.rrset.RRset, response: dns.message.Message) -> bool:
    """Tell whether a zone vouches for a set of records: not for the NS records of another zone (RFC 4035, 2.2)."""
    return found.rdtype != dns.rdatatype.NS or bool(response.flags & dns.flags.AA)


def _signed(
    found: dns.rrset.RRset, keys: Iterable[SigningKey], top: dns.name.Name, lifetime: int
) -> dns.rrset.RRset | None:
    now = time.time()
    made = [
        dns.dnssec.sign(found, key.private, top, key.dnskey, inception=now - BEFORE, expiration=now + lifetime)
        for key in keys
    ]
    return dns.rrset.from_rdata_list(found.name, found.ttl, made) if made else None


def _deny(response: dns.message.Message, zone: Zone) -> None:
    """Prove the absence that a negative answer, which has the zone's SOA, is about."""
    soa = next((found for found in response.authority if found.rdtype == dns.rdatatype.SOA), None)
    if soa is None:
        return
    name, kind = response.question[0].name, dns.rdatatype.to_text(response.question[0].rdtype)
    aliases = {found.name: found[0].target for found in response.answer if found.rdtype == dns.rdatatype.CNAME}
    while name in aliases:
        name = aliases.pop(name)
    if response.rcode() == dns.rcode.NXDOMAIN:
        response.set_rcode(dns.rcode.NOERROR)
        # Route 53 tells it from a name without the type to nobody; the lab's registries say so as RFC 9824 does.
        types: tuple[str, ...] = () if zone.id else (NO_NAME,)
    else:
        types = _types_at(name.to_text(omit_final_dot=True).lower(), zone)
    response.authority.append(_nsec(name, soa.ttl, [type_ for type_ in types if type_ != kind]))


def _types_at(name: str, zone: Zone) -> tuple[str, ...]:
    """Return the types that the proof at a name of the zone tells of."""
    if name == (zone.name or "@"):
        return (*SUPPORTED, *_TOP)
    return ("NS",) if "NS" in zone.nodes.get(name, {}) else SUPPORTED


def _deny_signer(response: dns.message.Message) -> None:
    """Add to a referral the DS records' absence, where it has none."""
    cut = next((found for found in response.authority if found.rdtype == dns.rdatatype.NS), None)
    if cut and not any(found.rdtype == dns.rdatatype.DS for found in response.authority):
        response.authority.append(_nsec(cut.name, cut.ttl, ["NS"]))


def _nsec(name: dns.name.Name, ttl: int, types: Iterable[str]) -> dns.rrset.RRset:
    following = dns.name.Name((_NEXT, *name.labels))
    return dns.rrset.from_text(name, ttl, "IN", "NSEC", f"{following} {' '.join(sorted({*types, 'NSEC', 'RRSIG'}))}")
