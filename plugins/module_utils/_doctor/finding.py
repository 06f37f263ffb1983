# Copyright: hasite.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection: this file may change at any time.
"""What the doctor says, and how a rule says it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from .evidence import Evidence

CRITICAL, WARNING, NOTICE = "critical", "warning", "notice"
SEVERITIES = (CRITICAL, WARNING, NOTICE)
"""Critical: it does not work now. Warning: it will not when it is needed. Notice: it works, and could be better."""

PROVISION = "run playbooks/site.yml (or provision.yml alone)."
CONFIGURE = "run playbooks/site.yml (or configure.yml alone)."


@dataclass(frozen=True)
class Where:
    """The thing that a finding is about."""

    type: str
    id: str
    name: str = ""

    def __str__(self) -> str:
        return (
            f"{self.type} {self.name} ({self.id})" if self.name and self.name != self.id else f"{self.type} {self.id}"
        )


@dataclass(frozen=True)
class RuleInfo:
    """What all findings of one code have in common."""

    code: str
    severity: str
    why: str
    remedy: str
    causes: tuple[str, ...] = ()
    """The codes of what follows from it, on the same machines: they become its consequences."""
    inferred: bool = False
    """Whether it is concluded from the lack of another explanation of what it explains."""
    passing: bool = False
    """Whether it is over by itself in some minutes. Then it is no finding, and what it explains is not judged."""


@dataclass(frozen=True)
class Occurrence:
    """One occurrence that a rule has found."""

    what: str
    where: Where
    evidence: str
    affected_instances: frozenset[str] = frozenset()
    """The ids of the machines concerned; none means all of the site."""
    remedy: str | None = None
    """Another remedy than the kind's."""
    severity: str | None = None
    """Another severity than the kind's."""

    def as_dict(self) -> dict[str, object]:
        """Return what is wrong at this place."""
        where = {"type": self.where.type, "id": self.where.id, "name": self.where.name}
        return {"what": self.what, "where": where, "evidence": self.evidence}


@dataclass(frozen=True)
class Finding:
    """What is wrong, with its kind, all the places where it shows, and what follows from it."""

    kind: RuleInfo
    occurrence: Occurrence
    consequences: tuple[str, ...] = ()
    more: tuple[Occurrence, ...] = ()
    """The same at other places."""

    @property
    def severity(self) -> str:
        """How bad it is, at the worst of its places."""
        found = [occurrence.severity or self.kind.severity for occurrence in self.occurrences]
        return min(found, key=SEVERITIES.index)

    @property
    def occurrences(self) -> tuple[Occurrence, ...]:
        """All places."""
        return (self.occurrence, *self.more)

    @property
    def remedy(self) -> str:
        """What to do, as a sentence."""
        told = list(dict.fromkeys(occurrence.remedy or self.kind.remedy for occurrence in self.occurrences))
        return " ".join(remedy[:1].upper() + remedy[1:] for remedy in told)

    def as_dict(self) -> dict[str, object]:
        """Return the finding as the module returns it."""
        return {
            "code": self.kind.code,
            "severity": self.severity,
            **self.occurrence.as_dict(),
            "why": self.kind.why,
            "remedy": self.remedy,
            "consequences": list(self.consequences),
            "places": [occurrence.as_dict() for occurrence in self.occurrences],
        }


Check = Callable[[Evidence], Iterator[Occurrence]]


@dataclass(frozen=True)
class Rule:
    """A check, the kind of what it finds, and the evidence that it needs."""

    kind: RuleInfo
    check: Check
    needs: tuple[str, ...]
    """As `needs.py` has them. With one missing, finding nothing does not mean that all is well."""

    @property
    def summary(self) -> str:
        """What is wrong, in one sentence without names: the check's own docstring."""
        return (self.check.__doc__ or "").strip()


@dataclass
class Area:
    """The rules about one part of the site, in the order of causes."""

    name: str
    rules: list[Rule] = field(default_factory=list)

    def rule(self, kind: RuleInfo, *needs: str) -> Callable[[Check], Check]:
        """Add a check that finds this kind, by this evidence."""

        def add(check: Check) -> Check:
            self.rules.append(Rule(kind, check, needs))
            return check

        return add
