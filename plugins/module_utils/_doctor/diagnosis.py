# Copyright: hasite.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection: this file may change at any time.
"""Asking all rules, and putting what follows from something else beneath it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from . import (
    access,
    aliases,
    balancing,
    building,
    certificates,
    content,
    edge,
    failover,
    hardening,
    health,
    names,
    network,
    page,
    share,
)
from .evidence import Evidence
from .finding import SEVERITIES, Area, Finding, Rule

AREAS: tuple[Area, ...] = (
    *(names.AREA, network.AREA, access.AREA, share.AREA, content.AREA, health.AREA, balancing.AREA, certificates.AREA),
    *(failover.AREA, aliases.AREA, edge.AREA, page.AREA, hardening.AREA, building.AREA),
)
"""In the order of causes: within one severity the first is to be mended first."""


def rules() -> list[tuple[str, Rule]]:
    """Return all that can be found, with the area of each."""
    return [(area.name, rule) for area in AREAS for rule in area.rules]


def followers() -> dict[str, set[str]]:
    """Return the codes of all that may follow from each kind, over any number of steps."""
    follow = {rule.kind.code: set(rule.kind.explains) for _, rule in rules()}
    for middle in follow:
        for codes in follow.values():
            if middle in codes:
                codes |= follow[middle]
    return follow


FOLLOWERS = followers()


def leads_to(cause: Finding, effect: Finding) -> bool:
    """Tell whether one finding explains another: by its kind, and on a machine that both concern."""
    mine, theirs = cause.case.touches, effect.case.touches
    return effect.kind.code in FOLLOWERS[cause.kind.code] and (not mine or not theirs or bool(mine & theirs))


def explained(effect: Finding, found: Iterable[Finding]) -> bool:
    """Tell whether something else that was found explains a finding."""
    return any(one is not effect and leads_to(one, effect) for one in found)


def without_needless(found: list[Finding]) -> list[Finding]:
    """Leave out what was only supposed, where what it would explain has a known cause."""
    known = [one for one in found if not one.kind.supposed]

    def needed(one: Finding) -> bool:
        return not any(leads_to(one, effect) and explained(effect, known) for effect in known)

    return [one for one in found if not one.kind.supposed or needed(one)]


def diagnose(evidence: Evidence) -> list[Finding]:
    """Return what is wrong: the worst first, then in the order of the areas; beneath each what follows from it."""
    cases = [Finding(rule.kind, case) for _, rule in rules() for case in rule.check(evidence)]
    found = without_needless(cases)
    roots = [one for one in found if not explained(one, found)]
    roots.sort(key=lambda one: SEVERITIES.index(one.severity))
    return [replace(one, consequences=consequences(one, found)) for one in roots]


def consequences(cause: Finding, found: Iterable[Finding]) -> tuple[str, ...]:
    """Return in words what follows from a finding, each once."""
    return tuple(dict.fromkeys(one.case.what for one in found if leads_to(cause, one)))
