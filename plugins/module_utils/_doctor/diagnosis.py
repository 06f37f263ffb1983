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
    balancing,
    building,
    certificates,
    content,
    edge,
    failover,
    hardening,
    names,
    network,
    page,
    share,
)
from .evidence import Evidence
from .finding import SEVERITIES, Area, Finding, Rule

AREAS: tuple[Area, ...] = (
    *(names.AREA, network.AREA, access.AREA, share.AREA, content.AREA, balancing.AREA, certificates.AREA),
    *(failover.AREA, edge.AREA, page.AREA, hardening.AREA, building.AREA),
)
"""In the order of causes: within one severity the first is to be mended first."""


def rules() -> list[tuple[str, Rule]]:
    """Return all that can be found, with the area of each."""
    return [(area.name, rule) for area in AREAS for rule in area.rules]


def diagnose(evidence: Evidence) -> list[Finding]:
    """Return what is wrong: the worst first, causes before each other's consequences, and these beneath them."""
    found = [Finding(rule.kind, case) for area in AREAS for rule in area.rules for case in rule.check(evidence)]
    found = without_needless(found)
    order = {id(one): number for number, one in enumerate(found)}
    roots = [one for one in found if not causes_of(one, found)]
    roots.sort(key=lambda one: (SEVERITIES.index(one.severity), order[id(one)]))
    return [replace(one, consequences=tuple(consequences_of(one, found))) for one in roots]


def touching(one: Finding, other: Finding) -> bool:
    """Tell whether two findings concern a machine both, or one of them all of the site."""
    return not one.case.touches or not other.case.touches or bool(one.case.touches & other.case.touches)


def leads_to(cause: Finding, effect: Finding) -> bool:
    """Tell whether one finding explains another directly."""
    return effect.kind.code in cause.kind.explains and touching(cause, effect)


def causes_of(effect: Finding, found: Iterable[Finding]) -> list[Finding]:
    """Return what explains a finding directly."""
    return [one for one in found if one is not effect and leads_to(one, effect)]


def without_needless(found: list[Finding]) -> list[Finding]:
    """Leave out what was only supposed, where what it would explain has a known cause."""

    def needed(one: Finding) -> bool:
        known = [other for other in found if not other.kind.supposed]
        effects = [other for other in known if leads_to(one, other)]
        return not any(causes_of(effect, known) for effect in effects)

    return [one for one in found if not one.kind.supposed or needed(one)]


def consequences_of(cause: Finding, found: list[Finding]) -> list[str]:
    """Return in words all that follows from a finding, over any number of steps."""
    reached: list[Finding] = []
    frontier = [cause]
    while frontier:
        frontier = [
            effect
            for effect in found
            if effect is not cause and effect not in reached and any(leads_to(one, effect) for one in frontier)
        ]
        reached += frontier
    return [one.case.what for one in reached]
