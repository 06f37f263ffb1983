# SPDX-License-Identifier: GPL-3.0-or-later
"""Each fault alone on one built site: it is seen, the doctor names it and nothing else; mended, all is well again."""

from __future__ import annotations

import itertools
import json
import re
import time
from collections.abc import Iterable
from pathlib import Path

import pytest
from ansible_collections.hasite.aws.plugins.module_utils._doctor.diagnosis import rules

from lab.faults.breaking import break_, mend, states
from lab.faults.catalogue import FAULTS
from lab.place import Place
from tests.integration.doctor import findings, of
from tests.integration.fault_effects import EFFECTS, Look
from tests.integration.fault_pairs import CHANGED, walk
from tests.integration.owner import Owner
from tests.integration.small_world import until

pytestmark = pytest.mark.lab

PAIRS = 40
SEED = 9
REPAIRED = (
    *("balancer-not-admitted", "nat-missing", "secondary-missing", "error-page-denied", "stale-certificate"),
    "mounted-by-hand",
)
"""Faults of which each is in another role's hands; the cure of all of them is to run the playbooks."""
REPAIRED_TOO = (
    *("health-check-missing", "content-missing", "content-bucket-closed", "endpoint-policy-closed"),
    *("role-not-assumable", "edge-function-missing", "error-page-missing", "target-on-other-port"),
    *("listener-answers-elsewhere", "fstab-elsewhere", "failover-pair-replaced"),
)
"""More of them, for the run that may take minutes."""
ON_MACHINE = re.compile(r"on (?:the|one) machine: (?P<command>[^.]+(?:\.\w+)*)(?:\. |\.?$)", re.IGNORECASE)
"""A cure that is one command."""
NAMED_COMMANDS = ("unit-masked", "release-unreadable")
RARE = frozenset(one for one, fault in FAULTS.items() if fault.break_.__module__.endswith((".bombs", ".visitors")))

USUAL = tuple(one for one in FAULTS if one not in RARE)


@pytest.fixture(scope="module")
def look(demo: Owner) -> Look:
    return Look(demo)


def test_every_fault_has_its_effect_here() -> None:
    assert set(EFFECTS) == set(FAULTS)


@pytest.mark.parametrize(
    "name", [pytest.param(one, marks=[pytest.mark.acceptance] if one in RARE else []) for one in FAULTS]
)
def test_fault_is_seen_and_mended(look: Look, name: str) -> None:
    until(look.well, 120)
    break_(look.owner.place, name, None, None)
    try:
        until(lambda: EFFECTS[name](look), 90)
        assert findings(look.owner.place) == [name]
    finally:
        mend(look.owner.place, name)
    until(lambda: look.well() and not EFFECTS[name](look), 120)
    assert findings(look.owner.place) == []


def found(place: Place) -> set[str]:
    return set(findings(place))


def seen(place: Place, wanted: set[str], seconds: float = 60) -> None:
    """Wait until the doctor finds exactly this."""
    last: set[str] = set()

    def right() -> bool:
        nonlocal last
        last = found(place)
        return last == wanted

    try:
        until(right, seconds)
    except AssertionError:
        raise AssertionError(f"found {sorted(last)} instead of {sorted(wanted)}") from None


def test_the_playbook_and_the_quick_way_find_the_same(look: Look, tmp_path: Path) -> None:
    place = look.owner.place
    seen(place, set())
    report = tmp_path / "doctor.json"
    options = ("-e", f"doctor_report={report}", "-e", "doctor_fail_on=warning")
    assert "No finding." in look.owner.play("doctor", *options)
    told = json.loads(report.read_text())
    assert (told["findings"], told["not_judged"], told["unseen"]) == ([], {}, [])
    assert told["counts"]["hold"] == told["counts"]["rules"] == len(rules())
    broken = {"default-route-missing", "metadata-v1-allowed"}
    for name in broken:
        break_(place, name, None, None)
    try:
        until(lambda: not all(look.online()), 60)
        seen(place, broken)
        began = time.monotonic()
        look.owner.play("doctor", "-e", f"doctor_report={report}")
        print(f"the playbook took {time.monotonic() - began:.1f} s")
    finally:
        for name in broken:
            mend(place, name)
    told = json.loads(report.read_text())
    assert [one["code"] for one in told["findings"]] == ["default-route-missing", "metadata-v1-allowed"]
    assert told["findings"][0]["consequences"][-1] == "Session Manager does not reach demo-web-a."
    assert told["unseen"][0].startswith("inside demo-web-a: ")
    assert list(told["not_judged"]["httpd-down"]) == ["inside"]
    assert told["counts"]["not_judged"] == len(told["not_judged"]) > 0


def test_every_fault_is_placed() -> None:
    assert set(CHANGED) <= set(FAULTS)


@pytest.mark.parametrize(
    "names", [pytest.param(USUAL, id="usual"), pytest.param(FAULTS, id="all", marks=[pytest.mark.acceptance])]
)
def test_two_faults_at_once_are_both_named_and_nothing_else(look: Look, names: Iterable[str]) -> None:
    place = look.owner.place
    seen(place, set(), 120)
    order = list(walk(sorted(names), PAIRS, SEED))
    break_(place, order[0], None, None)
    wrong = {}
    for pair in itertools.pairwise(order):
        try:
            break_(place, pair[1], None, None)
            seen(place, set(pair))
        except AssertionError as error:
            wrong[pair] = str(error)
        finally:
            mend(place, pair[0])
    mend(place, order[-1])
    assert wrong == {}
    seen(place, set(), 120)


def test_running_the_playbooks_cures_what_the_doctor_says_they_cure(look: Look) -> None:
    place = look.owner.place
    for name in REPAIRED:
        break_(place, name, None, None)
    try:
        cures = {one.kind.code: one.cure for one in of(place).findings()}
        assert set(cures) >= set(REPAIRED) - {"mounted-by-hand"}
        assert all("playbooks/site.yml" in cures[code] for code in cures)
        look.owner.play("site")
        seen(place, set(), 120)
    finally:
        for name in REPAIRED:
            mend(place, name)


@pytest.mark.acceptance
def test_the_playbooks_cure_what_shows_only_later_too(look: Look) -> None:
    place = look.owner.place
    for name in REPAIRED_TOO:
        break_(place, name, None, None)
    try:
        seen(place, set(REPAIRED_TOO))
        cures = {one.kind.code: one.cure for one in of(place).findings()}
        assert all("playbooks/site.yml" in cure for cure in cures.values())
        assert "-e site_take_over=true" in cures["failover-pair-replaced"]
        look.owner.play("site", "-e", "site_take_over=true")
        seen(place, set(), 120)
    finally:
        for name in reversed(REPAIRED_TOO):
            mend(place, name)
    seen(place, set(), 120)


@pytest.mark.acceptance
@pytest.mark.parametrize("name", NAMED_COMMANDS)
def test_the_printed_command_cures(look: Look, name: str) -> None:
    place = look.owner.place
    break_(place, name, None, None)
    try:
        seen(place, {name})
        [finding] = of(place).findings()
        told = ON_MACHINE.search(finding.cure)
        assert told, finding.cure
        command = told["command"].split()
        assert look.says(look.ids.index(finding.case.where.id), *command), command
        seen(place, set())
    finally:
        mend(place, name)
    seen(place, set())


def test_nothing_is_left_of_all_that(look: Look) -> None:
    assert not any(one.broken for one in states(look.owner.place))
    recap = look.owner.play("site", "--check", "--diff").rpartition("PLAY RECAP")[2]
    assert recap.count("changed=0") == recap.count("changed=")
