# Copyright: hasite.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection: this file may change at any time.
"""Putting what the checks have seen beside the controls' data: one row for each control."""

from __future__ import annotations

import typing as t
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from .._resource import Resource
from . import account, balancing, edge, identity, machines, names, network, storage
from .facts import Facts, Rule, Rules, Seen

AREAS: tuple[Rules, ...] = (
    *(network.RULES, machines.RULES, identity.RULES, balancing.RULES, edge.RULES, storage.RULES, names.RULES),
    account.RULES,
)

FAIL, UNREAD, EXCEPTION, ACCOUNT, MET, ABSENT = "fail", "unread", "exception", "account", "met", "absent"
STATES = (FAIL, UNREAD, ACCOUNT, EXCEPTION, MET, ABSENT)
"""In the order of what wants to be looked at first.

fail: not met, and no exception is on file. unread: could not be looked at. account: not met, and outside the site.
exception: not met, and accepted. met. absent: there is nothing of the kind.
"""


def all_rules() -> dict[str, Rule]:
    """Return the checks of all areas by the IDs of their controls."""
    return {control: rule for area in AREAS for control, rule in area.items()}


@dataclass(frozen=True)
class Row:
    """A control and how a site stands to it."""

    control: Resource
    state: str
    seen: tuple[Seen, ...] = ()
    error: str = ""
    """Why it could not be looked at."""
    unmet: tuple[Seen, ...] = field(default=())

    @property
    def ids(self) -> list[str]:
        """The IDs of all catalogues."""
        return [str(identity) for found in (self.control.get("ids") or {}).values() for identity in found]

    def as_dict(self) -> Resource:
        """Return the row as the module returns it."""
        exception = self.control.get("exception") or {}
        return {
            "control": self.control["id"],
            "title": self.control["title"],
            "scope": self.control.get("scope", "site"),
            "state": self.state,
            "ids": self.control.get("ids") or {},
            "evidence": [f"{seen.where}: {seen.evidence}" for seen in self.unmet or self.seen],
            "remedy": self.control["remedy"] if self.state in (FAIL, ACCOUNT, EXCEPTION) else None,
            "reason": exception.get("reason") if self.state == EXCEPTION else None,
            "cost": exception.get("cost") if self.state == EXCEPTION else None,
            "switch": exception.get("switch") if self.state == EXCEPTION else None,
            "error": self.error or None,
        }


def judge(facts: Facts, controls: Iterable[Mapping[str, t.Any]]) -> list[Row]:
    """Return a row for each control, what wants to be looked at first at the top."""
    rules = all_rules()
    rows = [_row(facts, dict(control), rules.get(str(control["id"]))) for control in controls]
    return sorted(rows, key=lambda row: STATES.index(row.state))


def _row(facts: Facts, control: Resource, rule: Rule | None) -> Row:
    accepted = _accepted(control)
    if rule is None:
        # No API tells; a control without a check has an exception, which a test makes sure of.
        return Row(control, accepted)
    failed = [f"{label}: {facts.errors[label]}" for label in rule.needs if label in facts.errors]
    if failed:
        return Row(control, UNREAD, error="; ".join(failed))
    seen = tuple(rule.check(facts))
    unmet = tuple(look for look in seen if not look.met)
    state = accepted if unmet else MET if seen else ABSENT
    return Row(control, state, seen, unmet=unmet)


def _accepted(control: Resource) -> str:
    """Return the state of a control that is not met."""
    if control.get("scope") == "account":
        return ACCOUNT
    return EXCEPTION if control.get("exception") else FAIL
