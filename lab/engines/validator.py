# SPDX-License-Identifier: GPL-3.0-or-later
"""Checks answers as a validating resolver does (RFC 4035, section 5): by a chain of signatures from the root's key on.

It understands proofs of absence by one NSEC record at the very name, which is what all signed zones of the lab give.
Names of the real internet, which the host's resolver has found, are taken as not signed.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import NamedTuple

import dns.dnssec
import dns.exception
import dns.name
import dns.node
import dns.rdataset
import dns.rrset

from lab.base.clock import Clock
from lab.engines.recursor import Recursor
from lab.world.names.answers import DnsAnswer, Line
from lab.world.names.key_signing import ZoneKeys

LONGEST = 60
"""Lab seconds for which a zone's keys are kept at most, so that a zone that is signed anew is soon believed again."""


_log = logging.getLogger(__name__)


class BogusError(Exception):
    """An answer of a signed zone that no chain of signatures leads to."""


class _Trust(NamedTuple):
    """The zone that a name is in, and its keys; none if the zone is not signed."""

    zone: str
    keys: tuple[str, ...] = ()


class _Kept(NamedTuple):
    until: float
    trust: _Trust


@dataclass
class Validator:
    """Looks names up by a recursor that asks for signatures, and refuses what is not signed as it should be."""

    recursor: Recursor
    anchor: ZoneKeys
    """The root's keys, which a resolver has by other ways than DNS."""
    clock: Clock
    _trusts: dict[str, _Kept] = field(default_factory=dict)

    async def lookup(self, name: str, kind: str) -> DnsAnswer:
        """Return the answer to a question, and whether it is signed; one that is forged is a failure of the server."""
        found = await self.recursor.lookup(name, kind)
        try:
            return replace(found, secure=await self._is_secure(name, kind, found))
        except (BogusError, dns.exception.DNSException) as error:
            _log.info("%s %s is not believed: %s", name, kind, error or type(error).__name__)
            self.recursor.forget(name)
            return DnsAnswer(code="SERVFAIL", authoritative=False)

    async def _is_secure(self, name: str, kind: str, found: DnsAnswer) -> bool:
        """Tell whether an answer is signed and right; BogusError if it ought to be signed and is not."""
        if found.foreign or found.code not in {"NOERROR", "NXDOMAIN"}:
            return False
        trust = await self._trust(name.partition(".")[2] if kind == "DS" else name)
        if not trust.keys or not (found.answer or found.authority):
            return False
        self._check(found.answer or found.authority, found.signatures, trust)
        if not found.answer:
            _check_denial(name, kind, found)
        return True

    def _check(self, lines: Iterable[Line], signatures: Iterable[Line], trust: _Trust) -> None:
        signed = {(owner, covers): found for (owner, _kind, covers), found in _sets(signatures).items()}
        keys: dict[dns.name.Name, dns.node.Node | dns.rdataset.Rdataset] = {
            _name(trust.zone): _set(trust.zone, "DNSKEY", 0, trust.keys)
        }
        for (owner, kind, _covers), found in _sets(lines).items():
            if (owner, kind) not in signed:
                raise BogusError(f"{owner} {kind} has no signature.")
            dns.dnssec.validate(found, signed[owner, kind], keys)

    async def _trust(self, name: str) -> _Trust:
        """Return the zone that a name is in, with its keys if a chain of DS records leads to them."""
        now = self.clock.monotonic()
        kept = self._trusts.get(name)
        if kept and kept.until > now:
            return kept.trust
        trust, seconds = await (self._below(name) if name else self._root())
        self._trusts[name] = _Kept(now + min(seconds, LONGEST), trust)
        return trust

    async def _root(self) -> tuple[_Trust, float]:
        anchors = {key.dnskey.to_text() for key in self.anchor.ksks}
        return await self._keys("", anchors), LONGEST

    async def _below(self, name: str) -> tuple[_Trust, float]:
        """Return the zone that a name is in, and for how many lab seconds that holds.

        What a proof of absence has told holds as long as the proof: the zone may be made meanwhile.
        """
        above = await self._trust(name.partition(".")[2])
        if not above.keys:
            return above, LONGEST
        found = await self.recursor.lookup(name, "DS")
        lasting = min((line.ttl for line in found.answer or found.authority), default=0)
        return await self._told(name, above, found), lasting

    async def _told(self, name: str, above: _Trust, found: DnsAnswer) -> _Trust:
        """Return the zone that a name is in by what the zone above says of its DS records."""
        if any(line.type == "CNAME" for line in found.answer):
            return above  # a zone's top has no alias
        if not await self._is_secure(name, "DS", found):
            return _Trust(above.zone)
        if found.answer:
            return await self._keys(name, await self._vouched(name, {line.value for line in found.answer}))
        return _Trust(name) if _is_cut(found) else above

    async def _vouched(self, name: str, signers: set[str]) -> set[str]:
        """Return those of a zone's keys that its parent's DS records vouch for."""
        found = await self.recursor.lookup(name, "DNSKEY")
        keys = _set(name, "DNSKEY", 0, [line.value for line in found.answer]) if found.answer else ()
        made = {key.to_text(): dns.dnssec.make_ds(_name(name), key, "SHA256").to_text() for key in keys}
        return {key for key, signer in made.items() if signer.lower() in {signer.lower() for signer in signers}}

    async def _keys(self, name: str, entry: set[str]) -> _Trust:
        """Return a zone's keys, if one of those that are known already has signed them."""
        found = await self.recursor.lookup(name, "DNSKEY")
        keys = tuple(line.value for line in found.answer if line.type == "DNSKEY")
        if not entry & set(keys):
            raise BogusError(f"None of the keys of {name} is one that is vouched for.")
        self._check(found.answer, found.signatures, _Trust(name, tuple(sorted(entry & set(keys)))))
        return _Trust(name, keys)


def _check_denial(name: str, kind: str, found: DnsAnswer) -> None:
    """Refuse a negative answer whose NSEC record, at the very name, does not say that there is no such thing."""
    types = next(
        (line.value.split()[1:] for line in found.authority if line.type == "NSEC" and line.name == name), None
    )
    if types is None or kind in types or "CNAME" in types:
        raise BogusError(f"Nothing proves that {name} has no {kind}.")
    if kind != "DS" and "NS" in types and "SOA" not in types:
        raise BogusError(f"The proof about {name} is its parent zone's.")


def _is_cut(found: DnsAnswer) -> bool:
    """Tell whether the proof that a name has no DS record says that it is another zone's top."""
    types = next((line.value.split()[1:] for line in found.authority if line.type == "NSEC"), [])
    return "NS" in types and "SOA" not in types


def _name(name: str) -> dns.name.Name:
    return dns.name.from_text(f"{name}.")


def _set(name: str, kind: str, ttl: int, values: Iterable[str]) -> dns.rrset.RRset:
    return dns.rrset.from_text_list(_name(name), ttl, "IN", kind, list(values))


def _sets(lines: Iterable[Line]) -> Mapping[tuple[str, str, str], dns.rrset.RRset]:
    """Return the records by name, type and, of signatures, the type that they cover."""
    grouped: dict[tuple[str, str, str], list[Line]] = {}
    for line in lines:
        grouped.setdefault((line.name, line.type, line.covers), []).append(line)
    return {key: _set(key[0], key[1], found[0].ttl, [line.value for line in found]) for key, found in grouped.items()}
