# Copyright: hasite.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection: this file may change at any time.
"""Asking all rules, and putting what follows from something else beneath it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

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
    identity,
    listening,
    machines,
    names,
    network,
    page,
    public,
    releases,
    serving,
    sessions,
    share,
    signing,
    stores,
)
from .evidence import Evidence
from .finding import CRITICAL, SEVERITIES, Area, Finding, Rule
from .needs import missing

AREAS: tuple[Area, ...] = (
    *(names.AREA, signing.AREA, public.AREA, network.AREA, identity.AREA, sessions.AREA),
    *(access.AREA, stores.AREA, machines.AREA, share.AREA, releases.AREA, content.AREA),
    *(
        health.AREA,
        serving.AREA,
        listening.AREA,
        balancing.AREA,
        certificates.AREA,
        failover.AREA,
        aliases.AREA,
        edge.AREA,
    ),
    *(page.AREA, hardening.AREA, building.AREA),
)
"""In the order of causes: within one severity the first is to be mended first."""


def rules() -> list[tuple[str, Rule]]:
    """Return all that can be found, with the area of each."""
    return [(area.name, rule) for area in AREAS for rule in area.rules]


def followers() -> dict[str, set[str]]:
    """Return the codes of all that may follow from each kind, over any number of steps."""
    follow = {rule.kind.code: set(rule.kind.causes) for dummy, rule in rules()}
    for middle in follow:
        for codes in follow.values():
            if middle in codes:
                codes |= follow[middle]
    return follow


FOLLOWERS = followers()


def leads_to(cause: Finding, effect: Finding) -> bool:
    """Tell whether one finding explains another: by its kind, and on a machine that both concern."""
    mine, theirs = cause.occurrence.affected_instances, effect.occurrence.affected_instances
    return effect.kind.code in FOLLOWERS[cause.kind.code] and (not mine or not theirs or bool(mine & theirs))


def concerning(findings: Iterable[Finding], symptoms: Iterable[str]) -> list[Finding]:
    """Return the findings that have one of these codes, or that may lead to one."""
    wanted = set(symptoms)
    return [finding for finding in findings if wanted & {finding.kind.code, *FOLLOWERS[finding.kind.code]}]


def explained(effect: Finding, found: Iterable[Finding]) -> bool:
    """Tell whether something else that was found explains a finding."""
    return any(cause is not effect and leads_to(cause, effect) for cause in found)


def without_needless(found: list[Finding]) -> list[Finding]:
    """Leave out what was only supposed, where what it would explain has a known cause."""
    known = [finding for finding in found if not finding.kind.inferred]

    def needed(finding: Finding) -> bool:
        next_ones = [
            effect for effect in known if effect.kind.code in finding.kind.causes and leads_to(finding, effect)
        ]
        return not any(explained(effect, known) for effect in next_ones)

    return [finding for finding in found if not finding.kind.inferred or needed(finding)]


@dataclass(frozen=True)
class Diagnosis:
    """What is wrong, and what became of each rule. A rule is in one of the four, by the code of what it finds."""

    findings: tuple[Finding, ...]
    """The worst first, then in the order of the areas; beneath each what follows from it."""
    followed: tuple[str, ...]
    """What was found, and follows from a finding."""
    held: tuple[str, ...]
    """What was looked for with all evidence, and not found."""
    unjudged: dict[str, dict[str, str]]
    """What was not found, with evidence missing: why it is missing, by the need that is not met. Also what was found
    and may be over in some minutes: why, by what is passing."""
    passing: tuple[str, ...] = ()
    """What is over by itself in some minutes, in sentences."""
    silenced: tuple[str, ...] = ()
    """What was found, and its owner has silenced at all its places."""

    @property
    def blind(self) -> bool:
        """Tell whether nothing was seen of the site, so that there is no diagnosis."""
        return not self.findings and not self.held and not self.silenced

    @property
    def unjudged_critical(self) -> list[str]:
        """What is not judged, and would be critical."""
        severities = {rule.kind.code: rule.kind.severity for dummy, rule in rules()}
        return [code for code in self.unjudged if severities[code] == CRITICAL]


def diagnose(evidence: Evidence) -> Diagnosis:
    """Ask all rules."""
    asked = {rule.kind.code: (rule, list(rule.check(evidence))) for dummy, rule in rules()}
    occurrences = [Finding(rule.kind, occurrence) for rule, told in asked.values() for occurrence in told]
    found = without_needless(occurrences)
    roots = [effect for effect in found if not explained(effect, found)]
    passing, lasting = [root for root in roots if root.kind.passing], [root for root in roots if not root.kind.passing]
    causes = without_same_stop(lasting)
    findings = [replace(cause, consequences=consequences(cause, found, lasting)) for cause in joined(causes)]
    findings.sort(key=lambda finding: SEVERITIES.index(finding.severity))
    named = {finding.kind.code for finding in findings}
    doubtful = in_doubt(passing, lasting, found)
    lacking = {code: missing(evidence, rule.needs) for code, (rule, told) in asked.items() if not told} | doubtful
    return Diagnosis(
        tuple(findings),
        tuple(code for code, (dummy, told) in asked.items() if told and code not in named and code not in doubtful),
        tuple(code for code, why in lacking.items() if not why),
        {code: why for code, why in lacking.items() if why},
        tuple(f"{finding.occurrence.what} {finding.remedy}" for finding in passing),
    )


def in_doubt(passing: list[Finding], lasting: list[Finding], found: Iterable[Finding]) -> dict[str, dict[str, str]]:
    """Return why each of those codes is not judged of which all that was found only follows from something passing."""
    open_codes: dict[str, dict[str, str]] = {}
    sure = {finding.kind.code for finding in found if finding in lasting or explained(finding, lasting)}
    for cause in passing:
        told = {cause.occurrence.where.name or cause.occurrence.where.id: cause.occurrence.what}
        for finding in found:
            if finding.kind.code not in sure and (finding is cause or leads_to(cause, finding)):
                open_codes.setdefault(finding.kind.code, {}).update(told)
    return open_codes


def same_stop(finding: Finding, other: Finding) -> bool:
    """Tell whether one network ACL is what both are about: it stops several paths at once."""
    return finding.occurrence.where == other.occurrence.where and finding.occurrence.where.type == "network acl"


def without_same_stop(roots: list[Finding]) -> list[Finding]:
    """Return of the findings about one network ACL the first kind only."""
    return [
        root
        for number, root in enumerate(roots)
        if not any(same_stop(root, first) and root.kind is not first.kind for first in roots[:number])
    ]


def joined(roots: Iterable[Finding]) -> list[Finding]:
    """Return one finding for each kind, with all the places where it shows."""
    by_kind: dict[str, list[Finding]] = {}
    for root in roots:
        by_kind.setdefault(root.kind.code, []).append(root)
    return [
        replace(several[0], more=tuple(finding.occurrence for finding in several[1:])) for several in by_kind.values()
    ]


def consequences(cause: Finding, found: Iterable[Finding], roots: Iterable[Finding] = ()) -> tuple[str, ...]:
    """Return in words what follows from a finding at any of its places, or has the same stop; each once."""
    parts = [replace(cause, occurrence=occurrence, more=()) for occurrence in cause.occurrences]
    parts += [root for root in roots if root.kind is not cause.kind and any(same_stop(root, part) for part in parts)]
    beside = [part.occurrence.what for part in parts if part.kind is not cause.kind]
    behind = [effect.occurrence.what for effect in found if any(leads_to(part, effect) for part in parts)]
    return tuple(dict.fromkeys([*beside, *behind]))
