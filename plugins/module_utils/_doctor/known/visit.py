# Copyright: hasite.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection: this file may change at any time.
"""What a visitor sees."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Fetch:
    """One request of a visitor."""

    url: str = ""
    status: int | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    """By name in small letters."""
    certificate_names: tuple[str, ...] = ()
    certificate_not_after: str = ""
    """When the certificate ends, as `Nov 25 12:00:00 2027 GMT`."""
    body: str = ""
    """How the answer begins."""
    problem: str | None = None
    """Why there is no answer, in one line."""


@dataclass(frozen=True)
class Delegation:
    """Which name servers the parent zone names for the zone."""

    parent_zone: str | None = None
    answers: tuple[tuple[str, ...], ...] = ()
    """What each server of the parent zone said."""
    signers: tuple[str, ...] = ()
    """The DS records that the parent zone has."""
    problem: str | None = None


@dataclass(frozen=True)
class Authorities:
    """The nearest CAA records of a name, as visitors and Amazon see them."""

    domain: str | None = None
    records: tuple[str, ...] = ()
    problem: str | None = None


@dataclass(frozen=True)
class AliasPage:
    """The page by a further name of the site."""

    name: str = ""
    page: Fetch = Fetch()


@dataclass(frozen=True)
class Visit:
    """What a visitor sees."""

    delegation: Delegation | None = None
    authorities: Authorities | None = None
    addresses: Mapping[str, tuple[str, ...]] | None = None
    """By type, A and AAAA."""
    page: Fetch | None = None
    plain: Fetch | None = None
    """The page over HTTP."""
    edge: Fetch | None = None
    """The distribution by its own name."""
    edge_alias: Fetch | None = None
    """The distribution by the site's name, as visitors reach it after a failover."""
    aliases: tuple[AliasPage, ...] = ()
