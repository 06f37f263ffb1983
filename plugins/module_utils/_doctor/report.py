# Copyright: hasite.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection: this file may change at any time.
"""The doctor's findings for reading."""

from __future__ import annotations

import re
from collections.abc import Iterable

from .diagnosis import Diagnosis
from .evidence import Evidence
from .finding import Finding, Occurrence
from .needs import NO_VISITOR, not_looked_into

WIDTH = 12
NAMED = 6
"""How many codes the summary names of those that were not judged."""


def unseen(evidence: Evidence) -> list[str]:
    """Say what could not be looked at, and why."""
    said = [f"{failure.service}: {failure.error}" for failure in evidence.site.unreadable]
    if evidence.visit is None:
        said.append(f"the site from outside: {NO_VISITOR}")
    else:
        problems = (evidence.visit.delegation, evidence.visit.authorities)
        said += [f"from outside: {problem.problem}" for problem in problems if problem and problem.problem]
    return [*said, *(f"inside {name}: {first_sentence(why)}" for name, why in not_looked_into(evidence))]


def first_sentence(text: str) -> str:
    """Return the beginning of an error that goes on with its causes."""
    return re.split(r"(?<=[.?!]) ", text.removeprefix("Task failed: "), maxsplit=1)[0]


def counts(diagnosis: Diagnosis) -> dict[str, int]:
    """Return how many rules there are, and what became of how many."""
    parts = {
        "hold": len(diagnosis.held),
        "findings": len(diagnosis.findings),
        "follow": len(diagnosis.followed),
        "not_judged": len(diagnosis.unjudged),
        "silenced": len(diagnosis.silenced),
    }
    return {"rules": sum(parts.values()), **parts}


def summary(diagnosis: Diagnosis) -> str:
    """Say in one line what became of all rules."""
    number = counts(diagnosis)
    found, follow = number["findings"], number["follow"]
    parts = [f"{number['hold']} hold"]
    if found:
        follows = f" and {follow} that follow{'s' if follow == 1 else ''} from {'it' if found == 1 else 'them'}"
        parts.append(f"{found} finding{'s' if found > 1 else ''}{follows if follow else ''}")
    if diagnosis.silenced:
        parts.append(f"{len(diagnosis.silenced)} silenced")
    if diagnosis.unjudged:
        parts.append(f"{number['not_judged']} not judged: {_few(list(diagnosis.unjudged))}")
    return f"{number['rules']} rules: {', '.join(parts)}."


def _few(codes: list[str]) -> str:
    rest = len(codes) - NAMED
    return ", ".join(codes[:NAMED]) + (f" and {rest} more" if rest > 0 else "")


def blindness(diagnosis: Diagnosis) -> str | None:
    """Say in one sentence that nothing was seen, and why; None if something was."""
    reasons = [f"{need}: {why}" for lacking in diagnosis.unjudged.values() for need, why in lacking.items()]
    return f"Nothing was seen of the site, so nothing was judged; {reasons[0]}" if diagnosis.blind else None


def render(diagnosis: Diagnosis, not_seen: Iterable[str], notes: Iterable[str] = ()) -> str:
    """Write a diagnosis as text: first what became of all rules, then the findings, the first one first, then notes."""
    if told := blindness(diagnosis):
        return told
    nothing = "No finding." if not diagnosis.unjudged else "No finding in what was seen."
    parts = [_entry(number, finding) for number, finding in enumerate(diagnosis.findings, 1)] or [nothing]
    blind = [
        *notes,
        *(f"Passing: {sentence}" for sentence in diagnosis.passing),
        *(f"Not seen: {sentence}" for sentence in not_seen),
    ]
    return "\n\n".join([summary(diagnosis), *parts, *(["\n".join(blind)] if blind else [])])


def _entry(number: int, finding: Finding) -> str:
    rows = [
        *_place(finding.occurrence),
        *(row for occurrence in finding.more for row in (("also", occurrence.what), *_place(occurrence))),
        ("why", finding.kind.why),
        ("remedy", finding.remedy),
        *(("follows", consequence) for consequence in finding.consequences),
    ]
    title = f"{number}. {finding.severity.upper()}  {finding.kind.code}: {finding.occurrence.what}"
    return "\n".join([title, *(f"   {name:<{WIDTH}}{text}" for name, text in rows)])


def _place(occurrence: Occurrence) -> tuple[tuple[str, str], ...]:
    return ("where", str(occurrence.where)), ("evidence", occurrence.evidence)
