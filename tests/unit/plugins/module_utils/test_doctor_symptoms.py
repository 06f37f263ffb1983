# SPDX-License-Identifier: GPL-3.0-or-later
"""Of all that is missing on a site that is half built, the doctor names what a wait was in vain for."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from ansible_collections.hasite.aws.plugins.module_utils._doctor.diagnosis import concerning, diagnose, rules

from tests.unit.plugins.broken_evidence import inside, outside
from tests.unit.plugins.broken_evidence.table import BREAKS, put
from tests.unit.plugins.healthy_site import Tree, evidence, healthy

ROOT = Path(__file__).parents[4]
assert inside, outside  # they fill the table
SYMPTOMS = re.compile(r"diagnosed_symptoms: \[(.+)\]")
PLAYBOOKS = sorted((ROOT / "playbooks").glob("*.yml"))


def before_its_names() -> Tree:
    """A site whose machines wait for Session Manager: there are no records, no distribution and no page yet."""
    tree = healthy()
    put(tree, "site/hosted_zone/records", [])
    put(tree, "site/distributions", [])
    put(tree, "visit/addresses", {"A": [], "AAAA": []})
    tree["visit"]["page"] |= {"status": None, "problem": "the name does not resolve"}
    return tree


@pytest.mark.parametrize(
    ("mistake", "symptom"),
    [
        ("egress-443-closed", "machine-unreachable"),
        ("health-behind-redirect", "target-unhealthy"),
        ("mount-target-missing", "share-not-mounted"),
    ],
)
def test_a_site_without_its_names_is_told_the_cause_of_what_it_waits_for(mistake: str, symptom: str) -> None:
    tree = before_its_names()
    BREAKS[mistake](tree)
    found = diagnose(evidence(tree)).findings
    assert found[0].kind.code == "name-unresolved"
    assert [one.kind.code for one in concerning(found, [symptom])] == [mistake]


def test_what_nobody_asks_about_concerns_nobody() -> None:
    found = diagnose(evidence(before_its_names())).findings
    assert found
    assert concerning(found, ["machine-unreachable"]) == []


def test_every_wait_of_the_playbooks_has_its_symptoms() -> None:
    known = {rule.kind.code for _, rule in rules()}
    for path in PLAYBOOKS:
        text = path.read_text()
        lists = SYMPTOMS.findall(text)
        assert len(lists) == len(re.findall(r"diagnosed_wait:", text)), path
        assert {code for one in lists for code in one.split(", ")} <= known, path
