# SPDX-License-Identifier: GPL-3.0-or-later
"""Words that become part of a program's configuration. Pure.

Whoever calls the API chooses names, addresses and protocols; HAProxy, nft, ip and the resolver read them as root's
own text. Each such value is parsed here, by the dataclasses of the world when they are made, so that nothing that
the world holds can begin a line, a word or a block of its own. The API refuses the same values beforehand, in AWS's
words.
"""

from __future__ import annotations

import re
from ipaddress import IPv4Address, IPv4Network, ip_network

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9:/._-]*\Z")
_IDENTIFIER = re.compile(r"[A-Za-z0-9_-]*\Z")
_HEADER = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+\Z")
_LABEL = re.compile(r"[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?\Z")
_LONGEST_NAME = 253
_PROTOCOLS = frozenset(("-1", "all", "tcp", "udp", "icmp", "icmpv6"))
_PRINTABLE = re.compile(r"[\x21-\x7e]*\Z")


class WordError(ValueError):
    """A value that must not become configuration."""


def _matching(pattern: re.Pattern[str], kind: str, text: str) -> str:
    if not pattern.match(text):
        raise WordError(f"{text!r} is not {kind}.")
    return text


def name(text: str) -> str:
    """Return the name of a resource, such as an ARN or an id, if it is one."""
    return _matching(_NAME, "the name of a resource", text)


def identifier(text: str) -> str:
    """Return the id of a resource, such as `sg-0123`, or an empty text."""
    return _matching(_IDENTIFIER, "the id of a resource", text)


def header(text: str) -> str:
    """Return the name of an HTTP header: a token (RFC 9110 section 5.6.2)."""
    return _matching(_HEADER, "the name of an HTTP header", text)


def target(text: str) -> str:
    """Return the path of a request, as it stands in the request line: printable ASCII without blanks."""
    return _matching(_PRINTABLE, "the path of a request", text)


def address(text: str) -> str:
    """Return an IPv4 address."""
    try:
        return str(IPv4Address(text))
    except ValueError:
        raise WordError(f"{text!r} is not an IPv4 address.") from None


def block(text: str) -> str:
    """Return an IPv4 block as it was written; bits behind its length may be set."""
    try:
        IPv4Network(text, strict=False)
    except ValueError:
        raise WordError(f"{text!r} is not an IPv4 block.") from None
    return text


def source(text: str) -> str:
    """Return an IPv4 or IPv6 block as it was written, as a rule's condition names visitors."""
    try:
        ip_network(text, strict=False)
    except ValueError:
        raise WordError(f"{text!r} is not a block of addresses.") from None
    return _matching(_PRINTABLE, "a block of addresses", text)


def protocol(text: str) -> str:
    """Return an IP protocol: `-1`, `all`, `tcp`, `udp`, `icmp`, `icmpv6` or a number up to 255.

    https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_IpPermission.html
    """
    number = text.isascii() and text.isdigit() and str(int(text[:4])) == text and int(text[:4]) <= 255
    if text not in _PROTOCOLS and not number:
        raise WordError(f"{text!r} is not an IP protocol.")
    return text


def host_name(text: str) -> str:
    """Return the name of a host; underscores are admitted, for resolvers know such names."""
    labels = text.removesuffix(".").split(".")
    if len(text) > _LONGEST_NAME or not all(_LABEL.match(label) for label in labels):
        raise WordError(f"{text[:80]!r} is not a host name.")
    return text


def search(text: str) -> str:
    """Return a list of domains, separated by single blanks, or an empty text."""
    for label in text.split(" ") if text else ():
        host_name(label)
    return text
