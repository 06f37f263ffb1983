# Copyright: hasite.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection: this file may change at any time.
"""A site seen from outside: names from the parent zone on, certificates, the page, and the edge."""

from __future__ import annotations

import http.client
import socket
import ssl
import time
import typing as t
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlsplit

from . import _delegation
from ._resource import Resource

AUTHORITIES = ("amazon.com", "amazontrust.com", "awstrust.com", "amazonaws.com")
"""The names by which CAA records admit Amazon (https://docs.aws.amazon.com/acm/latest/userguide/setup-caa.html)."""
SERVED_BY = "X-Served-By"
"""The header in which the role `web` names the machine that answers."""
KEPT_HEADERS = (
    "age",
    "cache-control",
    "content-type",
    "expires",
    "location",
    "retry-after",
    "server",
    "via",
    "x-cache",
    SERVED_BY.lower(),
)
BODY_BYTES = 200


def is_served(status: int) -> bool:
    """Tell whether an answer is the site's own page: the page, a redirect, or a question for a password (RFC 9110)."""
    return 200 <= status < 400 or status == 401


def fetch(url: str, timeout: float, connect_to: str | None = None) -> Resource:
    """Ask for a page once, without following redirects; with `connect_to`, at the address of that name instead.

    The chain of a certificate is verified, and its names are returned also where they do not fit.
    """
    wanted = urlsplit(url)
    name = str(wanted.hostname)
    answer: Resource = {"url": url, "address": None, "status": None, "headers": {}, "certificate_names": None}
    secure = wanted.scheme == "https"
    target = (wanted.path or "/") + (f"?{wanted.query}" if wanted.query else "")
    began = time.monotonic()
    try:
        plain = socket.create_connection((connect_to or name, wanted.port or (443 if secure else 80)), timeout)
        answer["address"] = plain.getpeername()[0]
        connection = http.client.HTTPConnection(name, timeout=timeout)
        connection.sock = _secured(plain, name, answer) if secure else plain
        fits = not secure or covers(answer["certificate_names"], name)
        answer["problem"] = None if fits else misfit(answer["certificate_names"], name)
        if fits:
            connection.request("GET", target, headers={"User-Agent": "hasite.aws", "Connection": "close"})
            _read(connection.getresponse(), answer)
        connection.close()
    except (OSError, http.client.HTTPException) as error:
        answer["problem"] = explain(error)
    answer["seconds"] = round(time.monotonic() - began, 3)
    return answer


def served_by(answers: Iterable[Resource]) -> list[str]:
    """Return the machines that these answers name, sorted."""
    return sorted(
        {answer["headers"][SERVED_BY.lower()] for answer in answers if SERVED_BY.lower() in answer["headers"]}
    )


def _secured(plain: socket.socket, name: str, answer: Resource) -> ssl.SSLSocket:
    context = ssl.create_default_context()
    context.check_hostname = False  # the names are looked at here, to say what they are
    secured = context.wrap_socket(plain, server_hostname=name)
    certificate = secured.getpeercert() or {}
    alternatives = t.cast("tuple[tuple[str, str], ...]", certificate.get("subjectAltName", ()))
    answer["certificate_names"] = [value for kind, value in alternatives if kind == "DNS"]
    answer["certificate_not_after"] = certificate.get("notAfter")
    return secured


def _read(response: http.client.HTTPResponse, answer: Resource) -> None:
    headers = {key.lower(): value for key, value in response.getheaders()}
    answer["status"] = response.status
    answer["headers"] = {key: headers[key] for key in KEPT_HEADERS if key in headers}
    answer["body"] = response.read(BODY_BYTES).decode("utf-8", "replace").strip()


def covers(names: list[str] | None, name: str) -> bool:
    """Tell whether a certificate's names cover a name; a wildcard stands for one label (RFC 9525, section 6.3)."""
    accepted = (name.lower(), f"*.{name.lower().partition('.')[2]}")
    return any(name.lower() in accepted for name in names or [])


def misfit(names: list[str] | None, name: str) -> str:
    """Say that a certificate is another name's."""
    return f"the certificate is for {', '.join(names or []) or 'no name'}, not for {name}"


def explain(error: Exception) -> str:
    """Say in one line why there is no answer."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"the certificate is not trusted: {error.verify_message}"
    if isinstance(error, ssl.SSLError):
        return f"TLS failed: {error.reason or error}"
    if isinstance(error, socket.gaierror):
        return f"the name does not resolve: {error.strerror}"
    if isinstance(error, TimeoutError):
        return "no answer in time"
    return f"{type(error).__name__}: {error}"


# ---- names


def asker(timeout: float) -> _delegation.DnsOptions:
    """Return whom to ask about names."""
    if not _delegation.HAS_DNSPYTHON:
        raise _delegation.DelegationError(
            "The delegation and CAA records could not be asked for: dnspython is missing."
        )
    return _delegation.DnsOptions(_delegation.system_resolvers(), 53, timeout)


def delegation(zone: str, timeout: float) -> Resource:
    """Return which name servers the parent zone names."""
    try:
        asking = asker(timeout)
        parent, servers = _delegation.find_parent(asking, zone)
        answers = _delegation.ask_parent(zone, servers, asking.port, asking.timeout)
        signers = _delegation.ask_signers(zone, servers, asking.port, asking.timeout)["signers"]
    except _delegation.DelegationError as error:
        return {"parent_zone": None, "answers": [], "signers": [], "problem": str(error)}
    told = [sorted(_delegation.canonical(server) for server in answer) for answer in answers]
    return {"parent_zone": parent, "answers": told, "signers": signers, "problem": None}


def authorities(domain: str, timeout: float) -> Resource:
    """Return the nearest CAA records of a name."""
    try:
        owner, records = _delegation.find_caa(asker(timeout), domain)
    except _delegation.DelegationError as error:
        return {"domain": None, "records": [], "permitted": None, "problem": str(error)}
    judged = _delegation.judge_caa(owner, records, AUTHORITIES)
    return {**{key: judged[key] for key in ("domain", "records", "permitted")}, "problem": None}


def addresses(domain: str) -> dict[str, list[str]]:
    """Return a name's addresses by type, as the system's resolver gives them."""

    def of(family: socket.AddressFamily) -> list[str]:
        try:
            found = socket.getaddrinfo(domain, 443, family, socket.SOCK_STREAM)
        except OSError:
            return []
        return sorted({str(entry[4][0]) for entry in found})

    return {"A": of(socket.AF_INET), "AAAA": of(socket.AF_INET6)}


# ---- the whole


def look_at_alias(alias: str, page: str, edge: str | None, timeout: float) -> Resource:
    """Return what a further name of the site answers: a redirect, and at the edge the error page."""
    return {
        "name": alias,
        "addresses": addresses(alias),
        "page": fetch(f"https://{alias}{page}", timeout),
        "edge": fetch(f"https://{alias}/", timeout, connect_to=edge) if edge else None,
    }


def look(params: Mapping[str, t.Any]) -> Resource:
    """Look at everything at once."""
    domain, page, timeout = params["domain"], params["page"], params["timeout"]
    edge = params["distribution_domain_name"]
    url = f"https://{domain}{page}"
    looks: dict[str, Callable[[], t.Any]] = {
        "authorities": lambda: authorities(domain, timeout),
        "addresses": lambda: addresses(domain),
        "page": lambda: fetch(url, timeout),
        "plain": lambda: fetch(f"http://{domain}{page}", timeout),
    }
    if params["zone"]:
        looks["delegation"] = lambda: delegation(params["zone"], timeout)
    if edge:
        looks["edge"] = lambda: fetch(f"https://{edge}/", timeout)
        looks["edge_alias"] = lambda: fetch(f"https://{domain}/", timeout, connect_to=edge)
    aliases = params.get("aliases") or []
    with ThreadPoolExecutor(len(looks) + len(aliases)) as pool:
        running = {key: pool.submit(look) for key, look in looks.items()}
        further = [pool.submit(look_at_alias, alias, page, edge, timeout) for alias in aliases]
        again = [pool.submit(fetch, url, timeout) for dummy in range(params["requests"] - 1)]
    absent = dict.fromkeys(("delegation", "edge", "edge_alias"))
    visit: Resource = {**absent, **{key: future.result() for key, future in running.items()}}
    visit["aliases"] = [future.result() for future in further]
    return {**visit, "served_by": served_by([visit["page"], *(future.result() for future in again)])}
