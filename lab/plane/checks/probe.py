# SPDX-License-Identifier: GPL-3.0-or-later
"""One probe of one health checker.

https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/dns-failover-determining-health-of-endpoints.html
"""

from __future__ import annotations

import asyncio
import http.client
import io
import random
import socket
import ssl
from typing import NamedTuple

import dns.exception
import dns.message
import dns.rcode
import dns.rdatatype

from lab.base import addresses, namespaces, words
from lab.context import Context
from lab.engines import dns_transport
from lab.world.names.names import HealthCheck

CONNECT = 4.0
"""Seconds for a connection of HTTP and HTTPS."""
CONNECT_TCP = 10.0
"""Seconds for a connection of a TCP check."""
RESPOND = 2.0
"""Seconds from the connection to the status line, and again to the end of the searched body."""
SEARCHED = 5120
"""The string must lie within the first bytes of the body."""
LEAST = 0.5
"""Real seconds that every step is given: a fast lab clock makes neither the network nor TLS faster."""

_HEAD_LIMIT = 65536


class ProbeResult(NamedTuple):
    """Whether a probe was passed, and how GetHealthCheckStatus words it."""

    good: bool
    status: str


class _ProbeError(Exception):
    """The probe was not passed; the text says why."""


class _Bytes:
    """What http.client wants of a socket."""

    def __init__(self, data: bytes) -> None:
        self._data = data

    def makefile(self, _mode: str) -> io.BytesIO:
        return io.BytesIO(self._data)


async def probe(context: Context, source: str, check: HealthCheck) -> ProbeResult:
    """Probe the check's endpoint once from a checker's address."""
    address = check.address
    try:
        if not address:
            address = await _resolve(context, source, check.host)
        status = await _visit(context, source, check, address)
    except _ProbeError as failure:
        resolved = f" Resolved IP: {address}." if address else ""
        return ProbeResult(False, f"Failure: {failure}{resolved}")
    return ProbeResult(True, f"Success: {status} Resolved IP: {address}.")


async def _resolve(context: Context, source: str, host: str) -> str:
    """Ask for the name each time; health checks use IPv4 only, and one of the addresses."""
    query = dns.message.make_query(f"{host}.", "A", use_edns=0, payload=dns_transport.PAYLOAD)
    namespace = context.place.namespace("internet")
    try:
        response = await dns_transport.ask(query, addresses.RESOLVER, 8.0, namespace, source)
    except (OSError, TimeoutError, dns.exception.DNSException):
        raise _ProbeError("DNS resolution failed: the resolver gave no answer.") from None
    found = [item.to_text() for rrset in response.answer if rrset.rdtype == dns.rdatatype.A for item in rrset]
    if not found:
        raise _ProbeError(f"DNS resolution failed: Rcode {dns.rcode.to_text(response.rcode())}, no A record.")
    return str(random.choice(found))  # noqa: S311  # any will do


def _limit(context: Context, seconds: float) -> float:
    return max(LEAST, context.clock.real(seconds))


async def _visit(context: Context, source: str, check: HealthCheck, address: str) -> str:
    plain_tcp = check.type == "TCP"
    loop = asyncio.get_running_loop()
    made = namespaces.make_socket(context.place.namespace("internet"))
    try:
        made.bind((source, 0))
        async with asyncio.timeout(_limit(context, CONNECT_TCP if plain_tcp else CONNECT)):
            await loop.sock_connect(made, (address, check.port))
        if plain_tcp:
            return "The connection was made."
        return await _converse(context, check, made)
    except TimeoutError:
        raise _ProbeError("The health checker could not establish a connection within the timeout limit.") from None
    except ssl.SSLError as error:
        raise _ProbeError(f"The TLS handshake failed: {error.reason}.") from None
    except OSError as error:
        raise _ProbeError(f"The health checker could not establish a connection: {error.strerror or error}.") from None
    finally:
        made.close()


async def _converse(context: Context, check: HealthCheck, made: socket.socket) -> str:
    secure = check.type.startswith("HTTPS")
    try:
        async with asyncio.timeout(_limit(context, RESPOND)):
            reader, writer = await asyncio.open_connection(sock=made)
            try:
                if secure:
                    await writer.start_tls(_unverified(), server_hostname=check.host if check.sni else "")
                writer.write(_request(check))
                head = await reader.readuntil(b"\r\n\r\n")
            except BaseException:
                # Given up, TLS would go on to say goodbye on a descriptor that is soon somebody else's.
                writer.transport.abort()
                raise
    except TimeoutError:
        raise _ProbeError("The endpoint did not respond within the timeout limit.") from None
    except (asyncio.IncompleteReadError, asyncio.LimitOverrunError):
        raise _ProbeError("The endpoint did not send an HTTP response.") from None
    try:
        return await _judge(context, check, head, reader)
    finally:
        writer.transport.abort()


async def _judge(context: Context, check: HealthCheck, head: bytes, reader: asyncio.StreamReader) -> str:
    status = _status(head)
    if not 200 <= status < 400:
        raise _ProbeError(f"HTTP Status Code {status}, {http.client.responses.get(status, 'Unknown')}.")
    text = f"HTTP Status Code {status}, {http.client.responses.get(status, 'Unknown')}."
    if check.type.endswith("_STR_MATCH"):
        body = await _body(head, reader, _limit(context, RESPOND))
        if check.search.encode() not in body[:SEARCHED]:
            raise _ProbeError(f"{text} The string was not found in the first {SEARCHED} bytes.")
    return text


def _request(check: HealthCheck) -> bytes:
    """Return the request; its host is the domain name where there is one, with an unusual port after it."""
    usual = 443 if check.type.startswith("HTTPS") else 80
    host = (check.host or check.address) + ("" if check.port == usual else f":{check.port}")
    path = check.path if check.path.startswith("/") else f"/{check.path}"
    try:
        words.target(path + host)
    except words.WordError as error:
        raise _ProbeError(str(error)) from None
    agent = f"Amazon-Route53-Health-Check-Service (ref {check.id}; report http://amzn.to/1vsZADi)"
    return (
        f"GET {path} HTTP/1.1\r\nHost: {host}\r\nUser-Agent: {agent}\r\n"
        "Accept: */*\r\nAccept-Encoding: identity\r\nConnection: close\r\n\r\n"
    ).encode()


def _status(head: bytes) -> int:
    words = head.split(b"\r\n", 1)[0].split(b" ", 2)
    if len(words) < 2 or not words[0].startswith(b"HTTP/1.") or not words[1].isdigit():
        raise _ProbeError("The endpoint did not send an HTTP response.")
    return int(words[1])


async def _body(head: bytes, reader: asyncio.StreamReader, limit: float) -> bytes:
    """Return the body as far as it came in time, without its transfer encoding."""
    received = b""
    try:
        async with asyncio.timeout(limit):
            while len(received) < 4 * SEARCHED and (more := await reader.read(SEARCHED)):
                received += more
    except TimeoutError:
        pass
    response = http.client.HTTPResponse(_Bytes(head + received))  # type: ignore[arg-type]  # only makefile is used
    try:
        response.begin()
        return response.read(SEARCHED)
    except http.client.IncompleteRead as error:
        return error.partial
    except http.client.HTTPException:
        return b""


def _unverified() -> ssl.SSLContext:
    """Return a context that takes any certificate: HTTPS checks do not look at it."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context
