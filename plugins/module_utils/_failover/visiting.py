# Copyright: hasite.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection: this file may change at any time.
"""One visit to the site, as a browser makes it: the name, TLS with its certificate, the page."""

from __future__ import annotations

import http.client
import random
import socket
import ssl
import time
import typing as t
from dataclasses import dataclass, field

from .._visit import SERVED_BY, is_served

try:
    import dns.exception
    import dns.flags
    import dns.message
    import dns.query
    import dns.rcode
    import dns.rdatatype
    import dns.resolver

    HAS_DNSPYTHON = True
except ImportError:
    HAS_DNSPYTHON = False

SITE, ERROR_PAGE, FAILURE = "site", "error_page", "failure"
ERROR_STATUS = 503
"""The error page's."""
HEADERS = ("cache-control", "retry-after", "age", "x-cache", "via", "server")

Visit = dict[str, t.Any]


class NoAddressError(Exception):
    """The name gave no address; the text says why."""


class SilentError(Exception):
    """Nobody answered at an address; the text says how."""


@dataclass(frozen=True)
class Found:
    """What a name server says."""

    addresses: tuple[str, ...]
    ttl: int


def judge(status: int, via: str) -> str:
    """Return who answered: the site itself, the error page at CloudFront's edge, or somebody with an error."""
    if "cloudfront" in via.lower():
        return ERROR_PAGE
    return SITE if is_served(status) else FAILURE


# ---- names


def ask_servers(name: str, servers: t.Sequence[str], timeout: float) -> Found:
    """Ask one of the zone's own name servers; if it is silent, the next."""
    problem = "there are none"
    for server in random.sample(servers, len(servers)):
        query = dns.message.make_query(name, "A")
        query.flags &= ~dns.flags.RD
        try:
            response = dns.query.udp(query, server, timeout=timeout)
        except (dns.exception.DNSException, OSError) as error:
            problem = f"{server}: {error or type(error).__name__}"
            continue
        lines = [one for one in response.answer if one.rdtype == dns.rdatatype.A]
        if lines:
            return Found(
                tuple(sorted(item.address for line in lines for item in line)), min(line.ttl for line in lines)
            )
        problem = f"{server} answers {dns.rcode.to_text(response.rcode())} without an address"
    raise NoAddressError(f"No name server of {name} gave an address ({problem}).")


def ask_resolver(name: str, timeout: float) -> Found:
    """Ask the system's resolver, which may answer from its cache."""
    try:
        answer = dns.resolver.resolve(name, "A", lifetime=timeout)
    except (dns.exception.DNSException, OSError) as error:
        raise NoAddressError(f"The resolver gave no address of {name}: {error}") from None
    if answer.rrset is None:
        raise NoAddressError(f"The resolver gave no address of {name}.")
    return Found(tuple(sorted(item.address for item in answer)), answer.rrset.ttl)


@dataclass
class Cache:
    """A visitor who keeps an answer for as long as it may be kept.

    Where time runs faster than the clock (`speed`), so do the TTLs.
    """

    speed: float = 1.0
    _found: Found | None = None
    _until: float = field(default=0.0)

    def lookup(self, name: str, timeout: float) -> Found:
        """Return the kept answer, or ask again."""
        if self._found is None or time.monotonic() >= self._until:
            self._found = ask_resolver(name, timeout)
            self._until = time.monotonic() + self._found.ttl / self.speed
        return self._found


# ---- the page


class _At(http.client.HTTPSConnection):
    """A connection to a chosen address, with the certificate verified for the name."""

    def __init__(self, address: str, domain: str, timeout: float) -> None:
        self._tls = ssl.create_default_context()
        super().__init__(domain, timeout=timeout, context=self._tls)
        self._address = address

    def connect(self) -> None:
        """Connect to the address instead of looking the name up."""
        try:
            plain = socket.create_connection((self._address, self.port), self.timeout)
        except OSError as error:
            raise SilentError(f"{type(error).__name__}: {error}") from error
        self.sock = self._tls.wrap_socket(plain, server_hostname=self.host)


def fetch(address: str, domain: str, path: str, timeout: float) -> Visit:
    """Ask for the page at an address; a problem is a finding, not an error, unless nobody is there at all."""
    connection = _At(address, domain, timeout)
    try:
        connection.request("GET", path, headers={"User-Agent": "hasite.aws failover probe", "Connection": "close"})
        certificate = t.cast("ssl.SSLSocket", connection.sock).getpeercert() or {}
        response = connection.getresponse()
    except (OSError, http.client.HTTPException) as error:
        return {"outcome": FAILURE, "error": f"{type(error).__name__}: {error}"}
    finally:
        connection.close()
    return {
        "outcome": judge(response.status, response.getheader("Via", "")),
        "status": response.status,
        "host": response.getheader(SERVED_BY),
        "headers": {name: value for name in HEADERS if (value := response.getheader(name))},
        "certificate_expires": certificate.get("notAfter"),
    }


def visit(visitor: str, lookup: t.Callable[[], Found], get: t.Callable[[str], Visit]) -> Visit:
    """Make one visit: find the addresses, then ask for the page at one of them.

    Where nobody answers, the next address is tried, as browsers do (RFC 1123 section 2.3, RFC 8305 section 5).
    """
    began, started = time.time(), time.monotonic()
    try:
        found = lookup()
        seen = {"addresses": list(found.addresses), "ttl": found.ttl, **_at_one_of(found.addresses, get)}
    except NoAddressError as error:
        seen = {"outcome": FAILURE, "error": str(error)}
    return {"at": began, "visitor": visitor, **seen, "seconds": round(time.monotonic() - started, 3)}


def _at_one_of(addresses: t.Sequence[str], get: t.Callable[[str], Visit]) -> Visit:
    silent: list[str] = []
    problem = "the name has no address"
    for address in random.sample(addresses, len(addresses)):
        try:
            return {"address": address, **({"silent": silent} if silent else {}), **get(address)}
        except SilentError as error:
            silent.append(address)
            problem = str(error)
    return {"outcome": FAILURE, "error": problem, "silent": silent, **({"address": silent[-1]} if silent else {})}


def visit_alias(alias: str, lookup: t.Callable[[], Found], get: t.Callable[[str], Visit]) -> Visit:
    """Make one visit to a further name of the site."""
    return {**visit("alias", lookup, get), "name": alias}


def visit_edge(lookup: t.Callable[[], Found], get: t.Callable[[str], Visit]) -> Visit:
    """Ask the edge whether it has the error page for the site's name, wherever that leads at the moment.

    So the addresses are the distribution's own name's, while TLS and the request are for the site's.
    """
    seen = visit("edge", lookup, get)
    if seen["outcome"] == ERROR_PAGE and seen["status"] == ERROR_STATUS:
        return seen
    told = f"{seen['status']} in place of the error page" if "status" in seen else seen.get("error", "")
    return {**seen, "outcome": FAILURE, "error": told}
