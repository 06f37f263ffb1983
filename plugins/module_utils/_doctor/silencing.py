# Copyright: hasite.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection: this file may change at any time.
"""Findings that the owner knows of: not told again before a day. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import date

from .diagnosis import Diagnosis
from .finding import Finding, Occurrence


@dataclass(frozen=True)
class Silence:
    """Which finding is not told, why, and until when."""

    code: str
    reason: str
    until: date
    where: str = ""
    """The id or the name of the only place that is meant; empty for all places."""

    def means(self, code: str, occurrence: Occurrence) -> bool:
        """Tell whether a finding's place is meant."""
        return self.code == code and self.where in ("", occurrence.where.id, occurrence.where.name)

    def __str__(self) -> str:
        place = f" at {self.where}" if self.where else ""
        return f"{self.code}{place} until {self.until.isoformat()}: {self.reason}"


@dataclass(frozen=True)
class Silenced:
    """A diagnosis without what is silenced, the silences that have hidden something, and those that are over."""

    diagnosis: Diagnosis
    used: tuple[Silence, ...]
    over: tuple[Silence, ...]


def silenced(diagnosis: Diagnosis, silences: Iterable[Silence], today: date) -> Silenced:
    """Take out of a diagnosis what is silenced today."""
    all_of_them = list(silences)
    valid = [silence for silence in all_of_them if today <= silence.until]
    used = [
        silence
        for silence in valid
        if any(silence.means(f.kind.code, occurrence) for f in diagnosis.findings for occurrence in f.occurrences)
    ]
    kept = tuple(rest for finding in diagnosis.findings for rest in _rest(finding, valid))
    over = tuple(silence for silence in all_of_them if silence not in valid)
    return Silenced(replace(diagnosis, findings=kept, silenced=_hidden(diagnosis, kept)), tuple(used), over)


def _rest(finding: Finding, silences: list[Silence]) -> Iterator[Finding]:
    """Return the finding with the places that nobody has silenced, if there are any."""
    occurrences = [
        occurrence
        for occurrence in finding.occurrences
        if not any(silence.means(finding.kind.code, occurrence) for silence in silences)
    ]
    if occurrences:
        yield replace(finding, occurrence=occurrences[0], more=tuple(occurrences[1:]))


def _hidden(diagnosis: Diagnosis, kept: tuple[Finding, ...]) -> tuple[str, ...]:
    there = {finding.kind.code for finding in kept}
    return tuple(finding.kind.code for finding in diagnosis.findings if finding.kind.code not in there)
