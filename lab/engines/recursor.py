# SPDX-License-Identifier: GPL-3.0-or-later
"""Recursive resolution from the lab's root (RFC 1034, section 5.3.3), with a cache that lives by the lab's clock."""

from __future__ import annotations

import logging
import random
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import NamedTuple

import dns.exception
import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdatatype
import dns.rrset

from lab.base import addresses
from lab.context import Context
from lab.engines import dns_transport
from lab.world.names.answers import NO_NAME, DnsAnswer, Line
from lab.world.names.names import ancestors
from lab.world.names.registry import RESERVED_SUFFIXES, SUFFIXES

TIMEOUT = 2.0
"""Real seconds to wait for one server: the lab's clock makes no packet faster."""

MOST_STEPS = 40
"""Questions that one name may cost, so that a loop in the delegations ends."""

NEGATIVE_TTL_LIMIT = 10800
"""RFC 2308, section 5: three hours."""

LONGEST = 300
"""Lab seconds that anything is kept at most, as many resolvers have such a limit; AWS's name server records would
live for two days, and a zone that is deleted and made again would stay out of sight."""

Lookup = Callable[[str, str], Awaitable[DnsAnswer]]
_ROOT = ("", (addresses.ROOT_SERVER,))
_log = logging.getLogger(__name__)


class _Kept(NamedTuple):
    until: float
    answer: DnsAnswer


@dataclass
class _Budget:
    steps: int = MOST_STEPS

    def spend(self) -> None:
        self.steps -= 1
        if self.steps < 0:
            raise OSError("The name needs more questions than a resolver asks.")


@dataclass
class Recursor:
    """Resolves one name and type at a time; aliases (CNAME) are left to the caller, who may know nearer names.

    Without a cache it asks the root every time, as a certificate authority does. With signatures it asks for them and
    for proofs of absence, which somebody else (`validator`) has to check.
    """

    context: Context
    source: str | None = addresses.RESOLVER
    cached: bool = True
    forward: bool = True
    signatures: bool = False
    _cache: dict[tuple[str, str], _Kept] = field(default_factory=dict)
    _servers: dict[str, tuple[float, tuple[str, ...]]] = field(default_factory=dict)

    async def lookup(self, name: str, kind: str) -> DnsAnswer:
        """Return the answer to a question, its times counted down by the time it has been kept."""
        now = self.context.clock.monotonic()
        kept = self._cache.get((name, kind))
        if kept and kept.until > now:
            return _aged(kept.answer, int(kept.until - now))
        try:
            found = await self._resolve(name, kind, _Budget())
        except (OSError, TimeoutError, dns.exception.DNSException) as error:
            _log.info("%s %s has no answer: %s", name, kind, error or type(error).__name__)
            return DnsAnswer(code="SERVFAIL", authoritative=False)
        self._keep(name, kind, found)
        return found

    def forget(self, name: str) -> None:
        """Ask again about a name and those above it: what is kept was not believed."""
        above = {name, *ancestors(name)}
        self._cache = {key: entry for key, entry in self._cache.items() if key[0] not in above}

    def _keep(self, name: str, kind: str, found: DnsAnswer) -> None:
        lines = found.answer or found.authority
        seconds = min((line.ttl for line in lines), default=0)
        if not self.cached or not seconds or found.code not in {"NOERROR", "NXDOMAIN"}:
            return
        now = self.context.clock.monotonic()
        if len(self._cache) > 4096:
            self._cache = {key: entry for key, entry in self._cache.items() if entry.until > now}
        self._cache[name, kind] = _Kept(now + min(seconds, LONGEST), _limited(found))

    async def _resolve(self, name: str, kind: str, budget: _Budget) -> DnsAnswer:
        """Follow the delegations down to who knows; a name that no registry of the lab has is the host's to find."""
        # A zone's DS records are in the zone above it.
        sought = name.partition(".")[2] if kind == "DS" else name
        zone, servers = self._nearest(sought)
        while True:
            try:
                response = await self._ask(servers, name, kind, budget)
            except OSError:
                # A zone may have moved since its delegation was kept: ask above it again, once.
                if self._servers.pop(zone, None) is None:
                    raise
                zone, servers = self._nearest(sought)
                continue
            referral = None if response.flags & dns.flags.AA else _referral(response, name, zone)
            if referral is None:
                found = into_answer(response, name, kind)
                return await self._outside(name, kind) if self.forward and _nobodys(found) else found
            zone = referral.name
            servers = await self._servers_of(referral, budget)
            if self.cached:
                until = self.context.clock.monotonic() + min(referral.ttl, LONGEST)
                self._servers[zone] = (until, servers)

    def _nearest(self, name: str) -> tuple[str, tuple[str, ...]]:
        now = self.context.clock.monotonic()
        for ancestor in (name, *ancestors(name)):
            until, servers = self._servers.get(ancestor, (0.0, ()))
            if until > now:
                return ancestor, servers
        return _ROOT

    async def _servers_of(self, referral: _Referral, budget: _Budget) -> tuple[str, ...]:
        found: list[str] = [address for name in referral.servers for address in referral.glue.get(name, ())]
        if found:
            return tuple(found)
        for server in random.sample(referral.servers, len(referral.servers)):
            answer = await self._resolve(server, "A", budget)
            found += [line.value for line in answer.answer if line.type == "A"]
            if found:
                return tuple(found)
        raise OSError(f"None of the name servers of {referral.name} has an address.")

    async def _ask(self, servers: tuple[str, ...], name: str, kind: str, budget: _Budget) -> dns.message.Message:
        namespace = self.context.place.namespace("internet")
        problem = "no server"
        for server in random.sample(servers, len(servers)):
            budget.spend()
            query = dns.message.make_query(
                f"{name}.", kind, use_edns=0, payload=dns_transport.PAYLOAD, want_dnssec=self.signatures
            )
            query.flags &= ~dns.flags.RD
            try:
                response = await dns_transport.ask(query, server, TIMEOUT, namespace, self.source)
            except (OSError, TimeoutError, dns.exception.DNSException) as error:
                problem = f"{server} is silent ({error or type(error).__name__})"
                continue
            if response.rcode() in {dns.rcode.NOERROR, dns.rcode.NXDOMAIN}:
                return response
            problem = f"{server} answers {dns.rcode.to_text(response.rcode())}"
        raise OSError(problem)

    async def _outside(self, name: str, kind: str) -> DnsAnswer:
        """Ask the host's own resolver: package registries and the like are in the real internet."""
        query = dns.message.make_query(f"{name}.", kind, use_edns=0, payload=dns_transport.PAYLOAD)
        for server in host_resolvers():
            try:
                response = await dns_transport.ask(query, server, 2 * TIMEOUT)
            except (OSError, TimeoutError, dns.exception.DNSException):
                continue
            return replace(into_answer(response, name, kind, whole=True), foreign=True)
        return DnsAnswer(code="SERVFAIL", authoritative=False, foreign=True)


def host_resolvers() -> list[str]:
    """Return the IPv4 name servers of the host's resolv.conf."""
    try:
        with open("/etc/resolv.conf", encoding="utf-8") as file:  # noqa: PTH123
            words = [line.split() for line in file]
    except OSError:
        return []
    return [word[1] for word in words if len(word) > 1 and word[0] == "nameserver" and ":" not in word[1]]


@dataclass(frozen=True)
class _Referral:
    name: str
    ttl: int
    servers: tuple[str, ...]
    glue: Mapping[str, tuple[str, ...]]


def _text(name: dns.name.Name) -> str:
    return name.to_text(omit_final_dot=True).lower() if name != dns.name.root else ""


def _referral(response: dns.message.Message, name: str, zone: str) -> _Referral | None:
    """Return where a server sends us, if it sends us further down on the way to the name."""
    above = {name, *ancestors(name)}
    for found in response.authority:
        owner = _text(found.name)
        if found.rdtype == dns.rdatatype.NS and owner in above and len(owner) > len(zone):
            glue = {
                _text(rrset.name): tuple(item.to_text() for item in rrset)
                for rrset in response.additional
                if rrset.rdtype == dns.rdatatype.A
            }
            return _Referral(owner, found.ttl, tuple(_text(item.target) for item in found), glue)
    return None


def _lines(sets: list[dns.rrset.RRset]) -> list[Line]:
    return [
        Line(_text(found.name), found.ttl, dns.rdatatype.to_text(found.rdtype), item.to_text())
        for found in sets
        for item in found
    ]


def into_answer(response: dns.message.Message, name: str, kind: str, *, whole: bool = False) -> DnsAnswer:
    """Return what a response says about the name itself, or the whole of a trusted resolver's."""
    code = dns.rcode.to_text(response.rcode())
    if code not in {"NOERROR", "NXDOMAIN"}:
        return DnsAnswer(code="SERVFAIL", authoritative=False)
    lines = [line for line in _lines(response.answer) if line.type != "RRSIG"]
    if not whole:
        lines = [line for line in lines if line.name == name and line.type in {kind, "CNAME"}]
    negative = tuple(
        replace(line, ttl=min(line.ttl, NEGATIVE_TTL_LIMIT))
        for line in _lines(response.authority)
        if line.type in {"SOA", "NSEC"}
    )
    said = tuple(lines) or negative
    signatures = tuple(
        line
        for line in (*_lines(response.answer), *_lines(response.authority))
        if (line.name, line.covers) in {(line.name, line.type) for line in said}
    )
    if lines:
        return DnsAnswer(authoritative=False, answer=tuple(lines), signatures=signatures)
    missing = code == "NXDOMAIN"
    return DnsAnswer(
        "NXDOMAIN" if missing else "NOERROR", authoritative=False, authority=negative, signatures=signatures
    )


def _nobodys(found: DnsAnswer) -> bool:
    """Tell whether a registry that exists in the real internet too says that it does not know the name."""
    owner = next((line.name for line in found.authority if line.type == "SOA"), None)
    known = {"", *SUFFIXES} - RESERVED_SUFFIXES
    return owner in known and (found.code == "NXDOMAIN" or denies_name(found))


def denies_name(found: DnsAnswer) -> bool:
    """Tell whether a signed answer says in the compact way (RFC 9824) that there is no such name."""
    return any(
        line.type == "NSEC" and set(line.value.split()[1:]) - {NO_NAME} == {"NSEC", "RRSIG"} for line in found.authority
    )


def _limited(answer: DnsAnswer) -> DnsAnswer:
    def short(each: tuple[Line, ...]) -> tuple[Line, ...]:
        return tuple(replace(line, ttl=min(line.ttl, LONGEST)) for line in each)

    return replace(
        answer,
        answer=short(answer.answer),
        authority=short(answer.authority),
        signatures=short(answer.signatures),
    )


def _aged(answer: DnsAnswer, left: int) -> DnsAnswer:
    lines = answer.answer or answer.authority
    passed = min((line.ttl for line in lines), default=0) - left

    def older(each: tuple[Line, ...]) -> tuple[Line, ...]:
        return tuple(replace(line, ttl=max(0, line.ttl - passed)) for line in each)

    return replace(
        answer,
        answer=older(answer.answer),
        authority=older(answer.authority),
        signatures=older(answer.signatures),
    )


async def follow(lookup: Lookup, name: str, kind: str) -> DnsAnswer:
    """Return the answer to a question at the end of its chain of aliases (CNAME), with the chain before it."""
    chain: list[Line] = []
    signatures: list[Line] = []
    secure = True
    for _ in range(MOST_STEPS):
        found = await lookup(name, kind)
        chain += found.answer
        signatures += found.signatures
        secure = secure and found.secure
        targets = {line.name: line.value for line in found.answer if line.type == "CNAME"}
        while name in targets:
            name = targets.pop(name).lower().rstrip(".")
        ended = not found.answer or kind == "CNAME" or any(line.type == kind and line.name == name for line in chain)
        if ended:
            return replace(found, answer=tuple(chain), signatures=tuple(signatures), secure=secure)
    return DnsAnswer(code="SERVFAIL", authoritative=False)
