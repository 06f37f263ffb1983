# Copyright: hasite.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection: this file may change at any time.
"""Whether a zone is delegated as expected: the questions by DNS, and what their answers mean."""

from __future__ import annotations

import time
import typing as t
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from ._resource import Resource

try:
    import dns.exception
    import dns.flags
    import dns.message
    import dns.name
    import dns.query
    import dns.rcode
    import dns.rdatatype
    import dns.resolver

    HAS_DNSPYTHON = True
except ImportError:
    HAS_DNSPYTHON = False

SERVERS_ASKED = 3
"""How many of the parent's servers are asked: they are copies of each other, but not at the same moment."""
PAUSE = 10


class DelegationError(Exception):
    """A question that got no answer."""


@dataclass(frozen=True)
class DnsOptions:
    """Whom to ask, and for how long."""

    resolvers: tuple[str, ...]
    port: int
    timeout: float


# ---- what answers mean


def canonical(name: str) -> str:
    """Return a name without its final dot, in small letters."""
    return name.rstrip(".").lower()


def compare(zone: str, parent: str | None, expected: Iterable[str], answers: Iterable[Iterable[str]]) -> Resource:
    """Compare what each server of the parent answered with what is expected."""
    wanted = {canonical(server) for server in expected}
    told = [{canonical(server) for server in answer} for answer in answers]
    found = set().union(*told)
    finding = {
        "zone": canonical(zone),
        "parent_zone": parent,
        "delegated": bool(told) and all(servers == wanted for servers in told),
        "expected": sorted(wanted),
        "found": sorted(found),
        "missing": sorted(server for server in wanted if not all(server in answer for answer in told)),
        "unexpected": sorted(found - wanted),
    }
    return {**finding, "explanation": explain(finding)}


def explain(finding: Mapping[str, t.Any]) -> str:
    """Say how a zone is delegated, and what to do if that is wrong."""
    zone, wanted = finding["zone"], ", ".join(finding["expected"])
    if finding["delegated"]:
        return f"{zone} is delegated to {wanted}."
    if not finding["found"]:
        parent = finding["parent_zone"] or "its parent zone"
        return (
            f"{zone} is not delegated: {parent} names no name servers for it. Register the domain if it is not, "
            f"and enter these {len(finding['expected'])} name servers at its registrar: {wanted}."
        )
    if not finding["unexpected"] and not finding["missing"]:
        return f"The servers of the parent zone of {zone} do not agree yet. The change is on its way: wait."
    return (
        f"{zone} is delegated to {', '.join(finding['found'])} instead of {wanted}: enter these "
        f"{len(finding['expected'])}, and no others, at the registrar."
    )


def judge_caa(domain: str | None, records: Iterable[tuple[int, str, str]], authorities: Iterable[str]) -> Resource:
    """Tell whether CAA records let one of the authorities issue certificates (RFC 8659, section 4.2)."""
    found = list(records)
    # The value may go on with parameters after a semicolon; an empty one admits nobody.
    admitted = [canonical(value.partition(";")[0].strip()) for dummy, tag, value in found if tag.lower() == "issue"]
    wanted = [canonical(authority) for authority in authorities]
    permitted = not admitted or bool(set(admitted) & set(wanted))
    if not found:
        explanation = "There are no CAA records: every certificate authority may issue certificates."
    elif permitted:
        explanation = f"The CAA records of {domain} admit {', '.join(filter(None, admitted)) or 'everybody'}."
    else:
        explanation = (
            f"The CAA records of {domain} admit {', '.join(filter(None, admitted)) or 'nobody'} only. "
            f"Add '0 issue \"{wanted[0]}\"' to them."
        )
    return {
        "domain": domain,
        "records": [f'{flags} {tag} "{value}"' for flags, tag, value in found],
        "permitted": permitted,
        "explanation": explanation,
    }


def ancestors(name: str) -> list[str]:
    """Return the names above a name, nearest first, without the root."""
    labels = canonical(name).split(".")
    return [".".join(labels[start:]) for start in range(1, len(labels))]


# ---- questions


def system_resolvers() -> tuple[str, ...]:
    """Return the addresses of the system's resolvers."""
    return tuple(str(nameserver) for nameserver in dns.resolver.get_default_resolver().nameservers)


def _ask(name: str, kind: str, server: str, port: int, timeout: float, recursive: bool) -> t.Any:
    query = dns.message.make_query(dns.name.from_text(name), kind)
    if not recursive:
        query.flags &= ~dns.flags.RD
    answer, dummy = dns.query.udp_with_fallback(query, server, timeout=timeout, port=port)
    return answer


def _resolve(asking: DnsOptions, name: str, kind: str) -> list[t.Any]:
    """Return the records that a resolver finds; none if the name or the records do not exist."""
    problems = []
    for server in asking.resolvers:
        try:
            answer = _ask(name, kind, server, asking.port, asking.timeout, recursive=True)
        except (dns.exception.DNSException, OSError) as error:
            problems.append(f"{server}: {error}")
            continue
        code = dns.rcode.to_text(answer.rcode())
        if code in ("NOERROR", "NXDOMAIN"):
            wanted = dns.rdatatype.from_text(kind)
            return [record for rrset in answer.answer if rrset.rdtype == wanted for record in rrset]
        problems.append(f"{server}: {code}")
    raise DelegationError(
        f"No resolver could look up {kind} records of {name} ({'; '.join(problems)}). "
        "Check the network, or set resolver."
    )


def find_parent(asking: DnsOptions, zone: str) -> tuple[str, list[str]]:
    """Return the zone above a zone, and the addresses of its name servers."""
    for name in (*ancestors(zone), "."):
        servers = [record.target.to_text() for record in _resolve(asking, name, "NS")]
        addresses = [record.address for server in sorted(servers) for record in _resolve(asking, server, "A")]
        if addresses:
            return name, addresses
    raise DelegationError(f"No zone above {zone} has name servers that can be found. Check the resolver.")


def ask_parent(zone: str, servers: Iterable[str], port: int, timeout: float) -> list[set[str]]:
    """Return what each of the parent's servers answers; a server that is silent is passed over."""
    answers: list[set[str]] = []
    problems = []
    for server in servers:
        if len(answers) == SERVERS_ASKED:
            break
        try:
            answer = _ask(zone, "NS", server, port, timeout, recursive=False)
        except (dns.exception.DNSException, OSError) as error:
            problems.append(f"{server}: {error}")
            continue
        owner = dns.name.from_text(zone)
        # A delegation is in the authority section; a server that serves the zone itself puts it in the answer.
        rrsets = [*answer.answer, *answer.authority]
        delegations = [rrset for rrset in rrsets if rrset.name == owner and rrset.rdtype == dns.rdatatype.NS]
        answers.append({record.target.to_text() for delegation in delegations for record in delegation})
    if not answers:
        raise DelegationError(f"No name server of the zone above {zone} answered ({'; '.join(problems)}).")
    return answers


def ask_signers(zone: str, servers: Iterable[str], port: int, timeout: float) -> Resource:
    """Return the DS records that the zone above has for a zone, sorted, and their TTL, as the first server says."""
    problems = []
    for server in servers:
        try:
            answer = _ask(zone, "DS", server, port, timeout, recursive=False)
        except (dns.exception.DNSException, OSError) as error:
            problems.append(f"{server}: {error}")
            continue
        found = [rrset for rrset in answer.answer if rrset.rdtype == dns.rdatatype.DS]
        records = sorted(record.to_text().upper() for rrset in found for record in rrset)
        return {"signers": records, "signers_ttl": min((rrset.ttl for rrset in found), default=None)}
    raise DelegationError(f"No name server of the zone above {zone} answered ({'; '.join(problems)}).")


def find_caa(asking: DnsOptions, zone: str) -> tuple[str | None, list[tuple[int, str, str]]]:
    """Return the nearest name from the zone upwards that has CAA records, and these."""
    for name in (canonical(zone), *ancestors(zone)):
        records = _resolve(asking, name, "CAA")
        if records:
            return name, [(record.flags, record.tag.decode(), record.value.decode()) for record in records]
    return None, []


def is_served(zone: str, servers: Iterable[str], asking: DnsOptions) -> bool:
    """Tell whether one of these name servers answers for a zone itself, as a lame one does not (RFC 1912, 2.8)."""
    for server in sorted(servers):
        try:
            for record in _resolve(asking, server, "A"):
                answer = _ask(zone, "SOA", record.address, asking.port, asking.timeout, recursive=False)
                if answer.flags & dns.flags.AA and answer.answer:
                    return True
        except (DelegationError, dns.exception.DNSException, OSError):
            continue
    return False


# ---- the whole


def read_cut(zone: str, params: Mapping[str, t.Any]) -> Resource:
    """Ask which name servers the zone above a zone names for it, and whether they serve it."""
    found: Resource = {"name_servers": [], "served": None, "problem": None}
    try:
        asking = DnsOptions(
            tuple(params["resolver"] or system_resolvers()), params["resolver_port"], params["query_timeout"]
        )
        dummy, servers = find_parent(asking, zone)
        told = ask_parent(zone, servers, asking.port, asking.timeout)
    except DelegationError as error:
        return {**found, "problem": str(error)}
    found["name_servers"] = sorted({canonical(server) for answer in told for server in answer})
    found["served"] = is_served(zone, found["name_servers"], asking) if found["name_servers"] else None
    return found


def read_cuts(params: Mapping[str, t.Any]) -> Resource:
    """Ask about all zones at once; return what was found by the zone's name."""
    zones = sorted({canonical(zone) for zone in params["zones"]})
    if not zones:
        return {}
    with ThreadPoolExecutor(len(zones)) as pool:
        return dict(zip(zones, pool.map(lambda zone: read_cut(zone, params), zones), strict=False))


def read(params: Mapping[str, t.Any]) -> Resource:
    """Ask once how the zone is delegated."""
    resolvers = tuple(params["resolver"] or system_resolvers())
    asking = DnsOptions(resolvers, params["resolver_port"], params["query_timeout"])
    parent, servers = (
        (None, params["parent_servers"]) if params["parent_servers"] else find_parent(asking, params["zone"])
    )
    answers = ask_parent(params["zone"], servers, 53, params["query_timeout"])
    signers = ask_signers(params["zone"], servers, 53, params["query_timeout"])
    return {**compare(params["zone"], parent, params["name_servers"], answers), **signers}


def read_caa(params: Mapping[str, t.Any]) -> Resource:
    """Ask who may issue certificates. A zone that is not served yet has an unknown answer, not a wrong one."""
    resolvers = tuple(params["resolver"] or system_resolvers())
    asking = DnsOptions(resolvers, params["resolver_port"], params["query_timeout"])
    try:
        domain, records = find_caa(asking, params["zone"])
    except DelegationError as error:
        return {"domain": None, "records": [], "permitted": None, "explanation": str(error)}
    return judge_caa(domain, records, params["certificate_authorities"])


def read_until(
    read_once: Callable[[], Resource], timeout: float, pause: float = PAUSE, sleep: Callable[[float], None] = time.sleep
) -> Resource:
    """Ask until the zone is delegated as expected, or time is up; a question without answer is asked again."""
    end = time.monotonic() + timeout
    while True:
        try:
            finding = read_once()
            if finding["delegated"]:
                return finding
            problem = finding["explanation"]
        except DelegationError as error:
            problem = str(error)
        if time.monotonic() + pause > end:
            raise DelegationError(f"{problem} (Waited {timeout:.0f} seconds.)")
        sleep(pause)
