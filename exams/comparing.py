# SPDX-License-Identifier: GPL-3.0-or-later
"""Putting scanners' findings beside the controls on file. Pure."""

from __future__ import annotations

import fnmatch
import textwrap
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from exams.finding import Finding, Result

Control = Mapping[str, Any]
Silences = Mapping[str, Sequence[Mapping[str, str]]]
"""Why a scanner can't look, by scanner: `says`, a pattern of what it says, and `reason`."""


@dataclass(frozen=True)
class JudgedFinding:
    """A finding, and the control that accepts it; none if nothing does."""

    finding: Finding
    control: str | None

    @property
    def accepted(self) -> bool:
        """Tell whether the finding is an exception on file."""
        return self.control is not None


@dataclass(frozen=True)
class Site:
    """What tells the site's resources from the account's."""

    name: str
    ids: frozenset[str] = frozenset()
    """The ids of what bears the site's tag, and of what is in its VPC."""


def is_of_site(finding: Finding, site: Site) -> bool:
    """Tell whether a finding is about the site: by a resource's id or tag, or a name that begins with the site's."""
    names = [finding.resource, *finding.resource.replace(":", "/").split("/")]
    named = any(name == site.name or name.startswith(f"{site.name}-") or name in site.ids for name in names)
    return named or f"hasite:site={site.name}" in finding.tags


def covers(pattern: str, finding: Finding) -> bool:
    """Tell whether an id on file is about a finding; after an `@` it is about some resources only."""
    check, _, resources = pattern.partition("@")
    return check == finding.check and (not resources or fnmatch.fnmatch(finding.resource, f"*{resources.lstrip('*')}"))


def accepting(finding: Finding, scanner: str, controls: Iterable[Control], site: Site) -> str | None:
    """Return the control that accepts a finding. What accepts for the account does not accept it of the site."""
    ours = is_of_site(finding, site)
    for control in controls:
        if "exception" not in control or (ours and control.get("scope") == "account"):
            continue
        if any(covers(pattern, finding) for pattern in control["ids"].get(scanner, ())):
            return str(control["id"])
    return None


def compare(result: Result, controls: Iterable[Control], site: Site) -> list[JudgedFinding]:
    """Return a scanner's findings, each with the control that accepts it."""
    known = list(controls)
    # What is global is told once for each region.
    return [
        JudgedFinding(finding, accepting(finding, result.scanner, known, site))
        for finding in dict.fromkeys(result.findings)
    ]


def unexplained(result: Result, silences: Silences) -> list[str]:
    """Return what a scanner could not look at for no reason on file."""
    return [said for said in result.silent if _reason(result.scanner, said, silences) is None]


def _reason(scanner: str, said: str, silences: Silences) -> str | None:
    known = silences.get(scanner, ())
    return next((silence["reason"] for silence in known if fnmatch.fnmatchcase(said, silence["says"])), None)


def told(result: Result, verdicts: Iterable[JudgedFinding], silences: Silences) -> str:
    """Return what there is to say about one scanner."""
    found = list(verdicts)
    failed = [judged.finding for judged in found if not judged.accepted]
    checks = len({judged.finding.check for judged in found})
    lines = [
        f"{result.scanner}: {result.passed} passed; {len(found)} findings of {checks} checks, "
        f"{len(found) - len(failed)} of them exceptions on file, {len(failed)} FAIL"
    ]
    lines += [f"  FAIL  {finding.check}  {finding.resource}: {finding.detail}" for finding in failed]
    if result.silent:
        unknown = len(unexplained(result, silences))
        lines.append(f"  {len(result.silent)} could not look, {unknown} of them for no reason on file:")
        lines += [
            f"    {said} ({_reason(result.scanner, said, silences) or 'no reason on file'})" for said in result.silent
        ]
    if result.quiet:
        lines.append(f"  {len(result.quiet)} had nothing to look at:")
        lines += textwrap.wrap(
            ", ".join(result.quiet), 120, initial_indent="    ", subsequent_indent="    ", break_on_hyphens=False
        )
    return "\n".join(lines)
