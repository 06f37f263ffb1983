# SPDX-License-Identifier: GPL-3.0-or-later
"""The addresses of the lab's internet, from the block reserved for testing networks (RFC 2544).

The blocks for documentation (RFC 5737) would do too, but a sandboxed host may really use those.
"""

from __future__ import annotations

from ipaddress import IPv4Address, IPv4Network

INTERNET = IPv4Network("198.18.0.0/24")
"""What is outside every VPC: services, name servers, checkers, the client."""

ELASTIC = IPv4Network("198.19.0.0/24")
"""Public addresses of interfaces in a VPC: NAT gateways and load balancers."""


def _at(number: int) -> str:
    return str(INTERNET[number])


ROUTER = _at(1)
ROOT_SERVER = _at(2)
REGISTRAR_SERVER = _at(3)
"""Serves the top-level domains, in which the registrar keeps its delegations."""
AWS_SERVER = _at(4)
"""Serves the zones that AWS itself owns: amazonaws.com and cloudfront.net."""
ROUTE53_SERVERS = tuple(_at(n) for n in range(8, 24))
"""Four of these serve each hosted zone."""
RESOLVER = _at(53)
"""The recursive resolver of everybody outside a VPC."""
CLIENT = _at(100)
EDGE = (_at(30), _at(31))
"""CloudFront's edge."""
S3 = _at(40)
"""S3's address in every region: what an S3 gateway endpoint's route leads to."""
API = _at(41)
"""The regional endpoints of every other service."""
SESSIONS = _at(42)
"""Session Manager's message endpoints: ssmmessages and ec2messages."""
CHECKERS = tuple(_at(n) for n in range(64, 80))
"""Route 53's health checkers: sixteen, as an endpoint sees about one probe every 2 s at an interval of 30 s."""

METADATA = IPv4Address("169.254.169.254")
LINK = IPv4Network("100.127.0.0/16")
"""Point-to-point links between the host and each lab's internet, a /30 a lab (RFC 6598's shared space)."""


def link(number: int) -> tuple[str, str]:
    """Return the host's and the lab's address of the lab with this number (0 to 16383)."""
    base = int(LINK.network_address) + 4 * number
    return str(IPv4Address(base + 1)), str(IPv4Address(base + 2))
