# Copyright: hasite.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection: this file may change at any time.
"""What the audit knows of a site, and how a rule says what it has looked at."""

from __future__ import annotations

import functools
import typing as t
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

from .._doctor.known.shape import shape
from .._doctor.known.site import Site
from .._resource import Resource


@dataclass(frozen=True)
class Facts:
    """What was read of a site and its account."""

    site: Resource
    """As hasite.aws.site_info returns it, with its details."""
    read: Mapping[str, t.Any] = field(default_factory=dict)
    """What `reading` has read beside it, by kind."""
    errors: Mapping[str, str] = field(default_factory=dict)
    """Why a reading failed, by its label, those of the site included."""

    @functools.cached_property
    def known(self) -> Site:
        """The site, as far as rules read it."""
        return shape(Site, self.site)

    def each(self, kind: str) -> Iterator[tuple[str, t.Any]]:
        """Return what a reading has found, by the names or IDs of the resources."""
        yield from (self.read.get(kind) or {}).items()


@dataclass(frozen=True)
class Seen:
    """One thing that a rule has looked at."""

    where: str
    met: bool
    evidence: str


Check = Callable[[Facts], Iterator[Seen]]


@dataclass(frozen=True)
class Rule:
    """How a control is judged: the labels of the readings that it needs, and the check."""

    needs: tuple[str, ...]
    check: Check


class Rules(dict[str, Rule]):
    """Rules by the IDs of their controls."""

    def rule(self, control: str, *needs: str) -> Callable[[Check], Check]:
        """Add the check of a control."""

        def add(check: Check) -> Check:
            if control in self:
                raise ValueError(f"There are two checks of {control}.")
            self[control] = Rule(needs, check)
            return check

        return add
