# Copyright: hasite.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection: this file may change at any time.
"""Domain names as people type them, and as DNS and AWS want them."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

try:
    import idna

    HAS_IDNA = True
except ImportError:
    HAS_IDNA = False

LONGEST = 253
"""Characters of a name without its final dot (RFC 1035, section 2.3.4)."""
_LABEL = re.compile(r"(?!-)[a-z0-9-]{1,63}(?<!-)\Z")
_DIGITS = re.compile(r"[0-9]+\Z")


class NamesError(Exception):
    """One sentence: which variable, what was found, what to do."""


@dataclass(frozen=True)
class Name:
    """A domain name: `ascii` for DNS and AWS (small letters, punycode, no final dot), `typed` for people."""

    ascii: str
    typed: str


def to_ascii(typed: str) -> str | None:
    """Return a name in small letters and punycode, without its final dot; None if it is not a host name.

    Names outside ASCII are mapped by UTS 46 (https://www.unicode.org/reports/tr46/), as browsers do, and checked by
    IDNA 2008 (RFC 5891). AWS takes them in punycode only:
    https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/DomainNameFormat.html#domain-name-format-idns
    """
    name = typed.strip()
    if name.isascii():
        name = name.lower()
    elif not HAS_IDNA:
        raise NamesError(f"{typed!r} is not written in ASCII; install the Python package idna to use such names.")
    else:
        try:
            name = idna.encode(name, uts46=True, std3_rules=True).decode("ascii")
        except (idna.IDNAError, UnicodeError):
            return None
    name = name.removesuffix(".")
    labels = name.split(".")
    if len(name) > LONGEST or len(labels) < 2 or not all(_LABEL.match(label) for label in labels):
        return None
    # The last label of an address in digits is a number, that of a domain never (RFC 3696, section 2).
    return None if _DIGITS.match(labels[-1]) else name


def shown(name: str) -> str:
    """Return a name in punycode as people read it, or as it is if it can't be read."""
    try:
        return str(idna.decode(name)) if HAS_IDNA and "xn--" in name else name
    except (idna.IDNAError, UnicodeError):
        return name


def lenient(typed: str) -> str:
    """Return a name as `to_ascii` does, or as it was typed if it is not a host name: who checks it names it so."""
    return to_ascii(typed) or typed


def parse(variable: str, typed: str) -> Name:
    """Return a name, or refuse what is not a fully qualified host name."""
    name = to_ascii(typed)
    if name is None:
        raise NamesError(
            f"{variable} is {typed!r}, which is not a domain name; write it as in www.example.com, "
            "without a scheme, a path or an asterisk."
        )
    return Name(name, typed.strip().removesuffix("."))


def parse_all(domain: str, aliases: Iterable[str]) -> list[Name]:
    """Return the site's domain and its aliases, or refuse a name that is given twice."""
    names = [parse("site_domain", domain)]
    for typed in aliases:
        name = parse("site_aliases", typed)
        if any(name.ascii == other.ascii for other in names):
            what = "site_domain itself" if name.ascii == names[0].ascii else "there already"
            raise NamesError(f"site_aliases names {name.typed}, which is {what}; write each name once.")
        names.append(name)
    return names


def ancestors(name: str) -> list[str]:
    """Return the names above a name, nearest first, without the root."""
    labels = name.split(".")
    return [".".join(labels[start:]) for start in range(1, len(labels))]


def within(name: str, zone: str) -> bool:
    """Tell whether a name is a zone's own or lies below it."""
    return name == zone or name.endswith(f".{zone}")
