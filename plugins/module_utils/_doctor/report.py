# Copyright: hasite.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection: this file may change at any time.
"""The doctor's findings for reading."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from .evidence import Evidence
from .finding import Finding

WIDTH = 12


def unseen(evidence: Evidence) -> list[str]:
    """Say what could not be looked at, and why."""
    said = [f"{one.get('service')}: {one.get('error')}" for one in evidence.listed("unreadable")]
    if evidence.visit is None:
        said.append("the site from outside: no visitor's view was given")
    else:
        problems = (evidence.visit.delegation, evidence.visit.authorities)
        said += [f"from outside: {one.problem}" for one in problems if one and one.problem]
    names: Mapping[object, object] = {one.get("instance_id"): one.get("name") for one in evidence.listed("instances")}
    for one in evidence.running:
        identity = str(one.get("instance_id"))
        if identity not in evidence.machines:
            told = evidence.silent.get(identity) or evidence.failed.get(identity)
            reason = first_sentence(told or "Session Manager does not reach it.")
            said.append(f"inside {names.get(identity) or identity}: {reason}")
    return said


def first_sentence(text: str) -> str:
    """Return the beginning of an error that goes on with its causes."""
    return re.split(r"(?<=[.?!]) ", text.removeprefix("Task failed: "), maxsplit=1)[0]


def render(findings: Iterable[Finding], not_seen: Iterable[str]) -> str:
    """Write findings as text, the first one first."""
    parts = [_entry(number, one) for number, one in enumerate(findings, 1)] or ["No finding."]
    blind = [f"Not seen: {one}" for one in not_seen]
    return "\n\n".join([*parts, *(["\n".join(blind)] if blind else [])])


def _entry(number: int, finding: Finding) -> str:
    case, kind = finding.case, finding.kind
    rows = [
        ("where", str(case.where)),
        ("evidence", case.evidence),
        ("why", kind.why),
        ("cure", finding.cure),
        *(("follows", one) for one in finding.consequences),
    ]
    title = f"{number}. {finding.severity.upper()}  {kind.code}: {case.what}"
    return "\n".join([title, *(f"   {name:<{WIDTH}}{text}" for name, text in rows)])
