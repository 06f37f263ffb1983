# SPDX-License-Identifier: GPL-3.0-or-later
"""The questions by DNS, asked of a small name server on the loopback."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator

import dns.flags
import dns.message
import dns.rcode
import dns.rrset
import pytest
from ansible_collections.hasite.aws.plugins.module_utils import _delegation

RECURSIVE = {
    ("com.", "NS"): "a.parent.example.",
    ("a.parent.example.", "A"): "127.0.0.1",
    ("ns-1.aws.", "A"): "127.0.0.1",
    ("com.", "CAA"): '0 issue "letsencrypt.org"',
}
"""What the server answers as a resolver; with recursion off it delegates shop.com as the zone com would."""


def answer(query: dns.message.Message) -> dns.message.Message:
    asked = query.question[0]
    response = dns.message.make_response(query)
    key = (asked.name.to_text(), dns.rdatatype.to_text(asked.rdtype))
    if not query.flags & dns.flags.RD:
        if key == ("shop.com.", "NS"):
            response.authority.append(dns.rrset.from_text("shop.com.", 60, "IN", "NS", "ns-1.aws.", "ns-2.aws."))
        elif key == ("shop.com.", "SOA"):
            response.flags |= dns.flags.AA
            response.answer.append(dns.rrset.from_text("shop.com.", 60, "IN", "SOA", "ns-1.aws. a. 1 2 3 4 5"))
        else:
            response.set_rcode(dns.rcode.NXDOMAIN)
    elif key in RECURSIVE:
        response.answer.append(dns.rrset.from_text(key[0], 60, "IN", key[1], RECURSIVE[key]))
    elif key[0] == "broken.com.":
        response.set_rcode(dns.rcode.SERVFAIL)
    return response


@pytest.fixture
def port() -> Iterator[int]:
    server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    server.bind(("127.0.0.1", 0))

    def serve() -> None:
        while True:
            try:
                data, peer = server.recvfrom(4096)
            except OSError:
                return
            if not data:
                return
            server.sendto(answer(dns.message.from_wire(data)).to_wire(), peer)

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    here = server.getsockname()
    yield here[1]
    server.sendto(b"", here)
    thread.join(5)
    server.close()


@pytest.fixture
def asking(port: int) -> _delegation.DnsOptions:
    return _delegation.DnsOptions(("127.0.0.1",), port, 2)


def test_the_parent_is_the_nearest_name_with_name_servers(asking: _delegation.DnsOptions) -> None:
    assert _delegation.find_parent(asking, "www.shop.com") == ("com", ["127.0.0.1"])


def test_the_parent_delegates_in_its_authority_section(port: int) -> None:
    assert _delegation.ask_parent("shop.com", ["127.0.0.1"], port, 2) == [{"ns-1.aws.", "ns-2.aws."}]
    assert _delegation.ask_parent("other.com", ["127.0.0.1"], port, 2) == [set()]


def test_caa_is_looked_for_upwards(asking: _delegation.DnsOptions) -> None:
    assert _delegation.find_caa(asking, "shop.com") == ("com", [(0, "issue", "letsencrypt.org")])


def test_a_resolver_that_fails_is_named(asking: _delegation.DnsOptions) -> None:
    with pytest.raises(_delegation.DelegationError, match=r"127\.0\.0\.1: SERVFAIL"):
        _delegation.find_caa(asking, "broken.com")


def test_a_zone_is_served_only_by_a_server_that_answers_for_it(asking: _delegation.DnsOptions) -> None:
    assert _delegation.is_served("shop.com", ["ns-1.aws", "ns-9.nowhere"], asking)
    assert not _delegation.is_served("other.com", ["ns-1.aws"], asking)
    assert not _delegation.is_served("shop.com", ["ns-9.nowhere"], asking)


def test_zones_are_asked_about_all_at_once(port: int) -> None:
    params = {"zones": ["Shop.com.", "other.com"], "resolver": ["127.0.0.1"], "resolver_port": port, "query_timeout": 2}
    assert _delegation.read_cuts(params) == {
        "shop.com": {"name_servers": ["ns-1.aws", "ns-2.aws"], "served": True, "problem": None},
        "other.com": {"name_servers": [], "served": None, "problem": None},
    }
    (told,) = _delegation.read_cuts({**params, "zones": ["a.broken.com"]}).values()
    assert "No resolver could look up NS records of broken.com" in told["problem"]
    assert _delegation.read_cuts({**params, "zones": []}) == {}
