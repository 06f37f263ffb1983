# SPDX-License-Identifier: GPL-3.0-or-later
"""What somebody has changed by hand at a site is found by plan.yml, all of it, and repaired by site.yml."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from lab.base.calls import fetch
from lab.commands.operator import operator
from lab.world.access.least_policy import actions
from tests.integration import doctor
from tests.integration.drift import DRIFTS, batches
from tests.integration.drifts.account import Account, Drift, settled
from tests.integration.labs import ROOT
from tests.integration.owner import Owner

pytestmark = pytest.mark.acceptance

BATCHES = batches()
EVERYTHING = json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]})
FREE = {"sts:GetCallerIdentity"}
"""Nobody needs a permission for it."""


@pytest.fixture
def account(demo: Owner) -> Account:
    return Account(demo)


def rows(owner: Owner, file: Path) -> list[dict[str, str]]:
    """Return the rows of a plan, which must find something to do."""
    planned = owner.attempt("plan", "-e", json.dumps({"plan_file": str(file)}))
    assert planned.returncode == 2, planned.stdout[-6000:] + planned.stderr[-2000:]
    told: list[dict[str, str]] = json.loads(file.read_text())["rows"]
    return told


def about(row: dict[str, str]) -> str:
    """Return what a row is about: the task without its role, and the item."""
    name = row["task"].rpartition(" : ")[2]
    return f"{name} ({row['item']})" if row["item"] else name


def found(drift: Drift, planned: list[dict[str, str]]) -> bool:
    """Tell whether a row of the plan tells a drift; where several have one row, it shows what has changed."""
    return any(about(row) == drift.told and drift.shown in row["before"] + row["after"] for row in planned)


def seen(account: Account, drifts: list[Drift]) -> dict[str, Any]:
    return {drift.name: settled(drift.read(account)) for drift in drifts}


def repair(owner: Owner) -> set[str]:
    """Run site.yml as a caller of its own, and return the actions that it has called."""
    with operator(owner.place, "repairer", [EVERYTHING]) as caller:
        given = {
            "site_access_key": caller["access_key"],
            "site_secret_key": caller["secret_key"],
            "ansible_aws_ssm_idle_timeout": 0,  # or a kept session of another caller would be used
        }
        owner.play("site", "-e", json.dumps(given))
        return set(fetch(owner.place)[caller["arn"]])


def permitted() -> set[str]:
    """Return what docs/permissions.md gives whoever runs site.yml and repairs."""
    texts = [(ROOT / "docs" / "policies" / f"{name}.json").read_text() for name in ("site-1", "site-2", "repair")]
    return set(actions([json.loads(text) for text in texts]))


def test_there_are_many_places_and_each_has_a_name_of_its_own() -> None:
    assert len({drift.name for drift in DRIFTS}) == len(DRIFTS) >= 40


@pytest.mark.parametrize("number", range(len(BATCHES)))
def test_drift_is_found_and_repaired_with_the_policies_of_the_docs(
    account: Account, tmp_path: Path, number: int
) -> None:
    batch, owner = BATCHES[number], account.owner
    before = seen(account, batch)
    for drift in batch:
        drift.make(account)
    drifted = seen(account, batch)
    assert [name for name in before if drifted[name] == before[name]] == [], "nothing was changed there"

    planned = rows(owner, tmp_path / "plan.json")
    assert seen(account, batch) == drifted, "a plan changes nothing"
    called = repair(owner)
    after = seen(account, batch)
    places = {drift.told for drift in batch}.union(*(drift.follows for drift in batch))
    assert {
        "told of nothing": [about(row) for row in planned if about(row) not in places],
        "not found": [drift.name for drift in batch if not found(drift, planned)],
        "not repaired": {name: (before[name], after[name]) for name in before if after[name] != before[name]},
        "not permitted": sorted(called - permitted() - FREE),
    } == {"told of nothing": [], "not found": [], "not repaired": {}, "not permitted": []}


def test_nothing_is_left_to_do_and_the_doctor_finds_nothing(demo: Owner) -> None:
    planned = demo.attempt("plan")
    assert planned.returncode == 0, planned.stdout[-3000:]
    assert "Nothing is to be done" in planned.stdout
    assert doctor.findings(demo.place) == []
