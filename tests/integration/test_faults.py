# SPDX-License-Identifier: GPL-3.0-or-later
"""Each fault alone on one built site: it is seen, the doctor names it and nothing else; mended, all is well again."""

from __future__ import annotations

import itertools
import json
import re
import subprocess
import time
from collections.abc import Iterable
from pathlib import Path

import pytest
from ansible_collections.hasite.aws.plugins.module_utils._doctor.diagnosis import rules
from ansible_collections.hasite.aws.plugins.module_utils._doctor.finding import Finding

from lab.base.endpoint import ask
from lab.base.paths import LabPaths
from lab.commands.shell import visitor
from lab.faults.breaking import break_, mend, states
from lab.faults.catalogue import FAULTS
from lab.plane.names import registrar
from tests.integration import aws_call
from tests.integration.doctor import findings, of
from tests.integration.fault_effects import EFFECTS, Look
from tests.integration.fault_pairs import CHANGED, walk
from tests.integration.harmless import CHANGES, site_of
from tests.integration.owner import Owner, booted
from tests.integration.small_world import until

pytestmark = pytest.mark.lab

PAIRS = 40
SEED = 9
REPAIRED = (
    *("balancer-not-admitted", "nat-missing", "secondary-missing", "error-page-denied", "stale-certificate"),
    "mounted-by-hand",
)
"""Faults of which each is in another role's hands; the remedy of all of them is to run the playbooks."""
REPAIRED_TOO = (
    *("health-check-missing", "content-missing", "content-bucket-closed", "endpoint-policy-closed"),
    *("role-not-assumable", "edge-function-missing", "error-page-missing", "target-on-other-port"),
    *("listener-answers-elsewhere", "fstab-elsewhere", "failover-pair-replaced"),
)
"""More of them, for the run that may take minutes."""
ON_MACHINE = re.compile(
    r"on (?:the|one) machine: (?P<command>(?:systemctl|chmod|mount|rm) .+?)(?:\. |\.?$)", re.IGNORECASE
)
"""A remedy that is one command."""
BY_CALL = re.compile(r"(?:^|: )(?P<call>aws .+)$")
"""A remedy that is one call."""
NAMED_COMMANDS = (
    *("unit-masked", "release-unreadable", "php-masked", "mount-masked", "php-hangs", "agent-not-enabled"),
    *("metadata-v1-allowed", "metadata-off", "public-address-on-launch", "health-check-disabled"),
    *("health-check-inverted", "role-not-in-profile", "lifecycle-deletes"),
    *("signing-key-unusable", "zone-name-servers-changed", "name-delegated-away", "role-bounded", "role-denied"),
    *("updates-held-up", "share-read-only", "web-acl-blocks", "s3-endpoint-missing", "share-tunnel-stopped"),
)
USUAL = (
    *("profile-detached", "agent-stopped", "nat-missing", "default-route-missing"),
    *("balancer-not-admitted", "httpd-down", "health-path-404", "target-deregistered"),
    *("health-page-500", "php-fpm-down", "local-files-served", "releases-differ"),
    *("validation-record-missing", "caa-forbids-amazon", "dns-egress-closed", "secondary-missing", "nothing-evaluated"),
    *("nfs-ingress-closed", "mount-target-missing", "mounted-by-hand", "error-page-denied", "edge-alias-missing"),
    *("machine-stopped", "port-22-open", "content-unreadable"),
)
"""Some of each area, which are seen in every run; all the others are seen by `make acceptance`."""


@pytest.fixture(scope="module")
def look(demo: Owner) -> Look:
    return Look(demo)


def test_every_fault_has_its_effect_here() -> None:
    assert set(EFFECTS) == set(FAULTS)


@pytest.mark.parametrize(
    "name", [pytest.param(one, marks=[] if one in USUAL else [pytest.mark.acceptance]) for one in FAULTS]
)
def test_fault_is_seen_and_mended(look: Look, name: str) -> None:
    until(look.well, 120)
    break_(look.owner.place, name, None, None)
    try:
        until(lambda: EFFECTS[name](look), 90)
        assert findings(look.owner.place) == [FAULTS[name].finding]
    finally:
        mend(look.owner.place, name)
    until(lambda: look.well() and not EFFECTS[name](look), 120)
    assert findings(look.owner.place) == []


def found(place: LabPaths) -> set[str]:
    return set(findings(place))


def seen(place: LabPaths, wanted: set[str], seconds: float = 60) -> None:
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
    assert [finding["code"] for finding in told["findings"]] == ["default-route-missing", "metadata-v1-allowed"]
    assert told["findings"][0]["consequences"][-1] == "Session Manager does not reach demo-web-a."
    assert told["unseen"][0].startswith("inside demo-web-a: ")
    assert list(told["not_judged"]["httpd-down"]) == ["inside"]
    assert told["counts"]["not_judged"] == len(told["not_judged"]) > 0


def test_every_fault_is_placed() -> None:
    assert set(CHANGED) | set(USUAL) <= set(FAULTS)


@pytest.mark.acceptance
@pytest.mark.parametrize("names", [pytest.param(USUAL, id="usual"), pytest.param(FAULTS, id="all")])
def test_two_faults_at_once_are_both_named_and_nothing_else(look: Look, names: Iterable[str]) -> None:
    place = look.owner.place
    seen(place, set(), 120)
    order = list(walk(sorted(names), PAIRS, SEED))
    break_(place, order[0], None, None)
    wrong = {}
    for pair in itertools.pairwise(order):
        try:
            break_(place, pair[1], None, None)
            seen(place, {FAULTS[one].finding for one in pair})
        except AssertionError as error:
            wrong[pair] = str(error)
        finally:
            mend(place, pair[0])
    mend(place, order[-1])
    assert wrong == {}
    seen(place, set(), 120)


@pytest.mark.acceptance
@pytest.mark.parametrize("name", CHANGES)
def test_a_harmless_change_stays_unnamed(look: Look, name: str) -> None:
    place = look.owner.place
    seen(place, set(), 120)
    with CHANGES[name](look, site_of(look)):
        assert findings(place) == []
    seen(place, set(), 120)


@pytest.mark.acceptance
def test_a_machine_that_reboots_is_not_named(look: Look) -> None:
    place, machine = look.owner.place, look.ids[0]
    seen(place, set(), 120)
    former = booted(look.owner, machine)
    look.owner.client("ec2").reboot_instances(InstanceIds=[machine])
    named = set()
    while booted(look.owner, machine) in ("", former) or not look.well():
        named |= found(place)
    assert named == set()
    seen(place, set(), 120)


@pytest.mark.acceptance
def test_a_wait_that_runs_out_ends_with_the_doctor_s_finding(look: Look) -> None:
    place = look.owner.place
    break_(place, "health-behind-redirect", None, None)
    try:
        until(lambda: EFFECTS["health-behind-redirect"](look), 90)
        done = look.owner.attempt("publish", "-e", "publish_wait_seconds=4")
    finally:
        mend(place, "health-behind-redirect")
    assert done.returncode != 0
    told = " ".join(done.stdout.split())
    assert "has not found all its targets healthy within 4 seconds." in told
    assert "The health check's path /health is answered with a redirect on demo-web-a and demo-web-c" in told
    assert "Look in Apache's files for the redirect" in told
    seen(place, set(), 120)


@pytest.mark.acceptance
def test_a_wait_of_provision_ends_with_the_finding_that_explains_it(look: Look) -> None:
    place = look.owner.place
    seen(place, set(), 120)
    break_(place, "agent-stopped", None, None)
    try:
        until(lambda: EFFECTS["agent-stopped"](look), 90)
        done = look.owner.attempt("provision", "-e", "compute_online_timeout=6")
    finally:
        mend(place, "agent-stopped")
    assert done.returncode != 0
    told = " ".join(done.stdout.split())
    assert f"Systems Manager does not reach {look.ids[0]} (ConnectionLost) within 6 seconds." in told
    assert "The agent on demo-web-a does not answer any more." in told
    seen(place, set(), 120)


NEWER = (
    *("balancer-ingress-closed", "mount-target-in-other-group", "https-listener-missing", "primary-missing"),
    *("session-manager-denied", "profile-replaced", "edge-access-control-missing", "headers-policy-missing"),
    *("error-responses-missing", "versions-suspended", "bucket-unblocked", "mount-timer-stopped", "answers-denied"),
)
"""Faults that the playbooks remedy, in two runs: what is behind one another is not seen at once."""
NEWEST = (
    *("balancer-egress-closed", "primary-elsewhere", "health-check-elsewhere", "web-group-detached"),
    *("matcher-refuses-page", "listener-rule-for-other-host", "httpd-not-enabled", "release-link-loops"),
    *("backups-off", "balancer-zone-missing"),
)
NEWER_STILL = (
    *("target-check-elsewhere", "session-document-missing", "session-log-missing", "spare-machine-unused"),
    *("old-tls-allowed", "error-page-unshown", "edge-http-refused", "secondary-checked-too"),
    "slow-pages-cut",
)


@pytest.mark.acceptance
@pytest.mark.parametrize("names", [NEWER, NEWEST, NEWER_STILL], ids=["network", "balancing", "check"])
def test_the_playbooks_cure_the_newer_faults(look: Look, names: tuple[str, ...]) -> None:
    place = look.owner.place
    seen(place, set(), 120)
    for name in names:
        break_(place, name, None, None)
    try:
        told = {finding.kind.code: finding.remedy for finding in of(place).findings()}
        assert told
        assert all("playbooks/site.yml" in one for one in told.values()), told
        look.owner.play("site")
        seen(place, set(), 120)
    finally:
        for name in reversed(names):
            mend(place, name)
    seen(place, set(), 120)


def test_running_the_playbooks_cures_what_the_doctor_says_they_cure(look: Look) -> None:
    place = look.owner.place
    for name in REPAIRED:
        break_(place, name, None, None)
    try:
        remedies = {finding.kind.code: finding.remedy for finding in of(place).findings()}
        assert set(remedies) >= set(REPAIRED) - {"mounted-by-hand"}
        assert all("playbooks/site.yml" in remedies[code] for code in remedies)
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
        seen(place, {FAULTS[one].finding for one in REPAIRED_TOO})
        remedies = {finding.kind.code: finding.remedy for finding in of(place).findings()}
        assert all("playbooks/site.yml" in remedy for remedy in remedies.values())
        assert "-e site_take_over=true" in remedies["failover-pair-replaced"]
        look.owner.play("site", "-e", "site_take_over=true")
        seen(place, set(), 120)
    finally:
        for name in reversed(REPAIRED_TOO):
            mend(place, name)
    seen(place, set(), 120)


def remedy(look: Look, finding: Finding) -> None:
    """Do what a finding's remedy says, which is one command or one call."""
    on_machine, call = ON_MACHINE.search(finding.remedy), BY_CALL.search(finding.remedy)
    assert on_machine or call, finding.remedy
    if on_machine:
        command, place = on_machine["command"].split(), finding.occurrence.where.id
        # What is on the share can be done on any machine.
        assert look.says(look.ids.index(place) if place in look.ids else 0, *command), command
    if call:
        aws_call.call(look.owner, call["call"])


@pytest.mark.acceptance
@pytest.mark.parametrize("name", NAMED_COMMANDS)
def test_the_printed_command_cures(look: Look, name: str) -> None:
    place = look.owner.place
    break_(place, name, None, None)
    try:
        seen(place, {FAULTS[name].finding})
        [finding] = of(place).findings()
        remedy(look, finding)
        seen(place, set(), 120)
    finally:
        mend(place, name)
    seen(place, set(), 120)


@pytest.mark.acceptance
def test_another_release_of_the_same_files_makes_good_what_was_deleted(look: Look) -> None:
    place = look.owner.place
    break_(place, "release-damaged", None, None)
    try:
        seen(place, {"release-damaged"})
        [finding] = of(place).findings()
        assert "playbooks/release.yml" in finding.remedy
        look.owner.play("release")
        seen(place, set(), 120)
    finally:
        mend(place, "release-damaged")
    seen(place, set(), 120)


@pytest.mark.acceptance
@pytest.mark.parametrize("name", ["ds-of-no-key", "signed-without-ds"])
def test_what_the_registrar_is_told_cures(look: Look, name: str) -> None:
    """The remedy is done at the registrar's console: a DS record is entered there, or removed."""
    place = look.owner.place
    break_(place, name, None, None)
    try:
        seen(place, {FAULTS[name].finding})
        [finding] = of(place).findings()
        told = re.search(r"At the registrar of (\S+), (remove|enter) .*?(\d+ 13 2 [0-9A-F]{64})", finding.remedy)
        assert told, finding.remedy
        ask(place, registrar.SIGNERS_PATH, {told[1]: [told[3]] if told[2] == "enter" else None})
        seen(place, set(), 120)
        if told[2] == "enter":
            until(lambda: " ad" in validated(look), 60)
    finally:
        ask(place, registrar.SIGNERS_PATH, {"hasite.test": None})
        mend(place, name)
    seen(place, set(), 120)


def validated(look: Look) -> str:
    """Return the flags of the resolver's answer to a visitor who asks for signatures."""
    asked = [*visitor(look.owner.place), "dig", "+dnssec", "www.hasite.test"]
    done = subprocess.run(asked, capture_output=True, text=True, timeout=30, check=False)
    return done.stdout.partition("flags:")[2].partition(";")[0]


def test_nothing_is_left_of_all_that(look: Look) -> None:
    assert not any(state.broken for state in states(look.owner.place))
    recap = look.owner.play("site", "--check", "--diff").rpartition("PLAY RECAP")[2]
    assert recap.count("changed=0") == recap.count("changed=")
