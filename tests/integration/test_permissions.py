# SPDX-License-Identifier: GPL-3.0-or-later
"""Each playbook by a caller who has exactly its policies of docs/policies: enough, and one action less is too little.

What is tried to be too little is drawn from the actions that the playbook has just called, with a fixed seed. Each run
says all that it can say, and leaves all that it can leave: no key and no token is in any of it.
"""

from __future__ import annotations

import json
import random
import re
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import boto3
import pytest

from lab.base.calls import fetch
from lab.base.endpoint import require
from lab.base.paths import LabPaths
from lab.commands.operator import operator
from lab.world.access.least_policy import actions, of_site, without
from tests.integration.labs import ROOT, keys, run_lab
from tests.integration.leaks import arguments_seen, files_with, script_that_finds
from tests.integration.owner import URL, Owner, visit
from tests.integration.tap import tap, tokens

pytestmark = [pytest.mark.lab, pytest.mark.acceptance]

SEED = 20261128
TOLERATED = re.compile(r"sts:GetCallerIdentity|servicequotas:|route53domains:")
"""Nobody needs the first; what the others would tell is left out where it may not be asked, as the playbooks say."""


def documents(playbook: str) -> list[dict[str, Any]]:
    """Return a playbook's policies."""
    folder = ROOT / "docs" / "policies"
    names = sorted(each for each in folder.glob("*.json") if re.fullmatch(rf"{playbook}(-\d)?", each.stem))
    assert names
    return [json.loads(name.read_text()) for name in names]


SIGNED = re.compile(r"X-Amz-(Signature|Credential|Security-Token)=", re.IGNORECASE)
"""A presigned address, which opens what it names to everybody."""


class Runs:
    """Runs of playbooks, each by an IAM user of its own."""

    def __init__(self, owner: Owner, folder: Path, url: str, answers: bytearray) -> None:
        """The folder has what runs leave, and what they write; the address is the API's, with a tap."""
        self.owner = owner
        self.folder = folder
        self.url = url
        self.answers = answers
        self.secrets = [keys(owner.place)["AWS_SECRET_ACCESS_KEY"]]
        """What nobody may see: the keys, and of the sessions that have begun their tokens."""
        self.count = 0
        """Of the runs, each of which has a caller of its own: what an earlier one has called is not the later one's."""
        self.called: dict[str, list[str]] = {}
        """The actions that IAM was asked about, by playbook: those of its last run with its own policies."""

    def attempt(self, playbook: str, missing: str = "", **variables: Any) -> subprocess.CompletedProcess[str]:
        """Run a playbook with its policies, or those without one action."""
        found = without(documents(playbook), missing)
        texts = [of_site(one, "demo") for one in found if one["Statement"]]
        self.count += 1
        with operator(self.owner.place, f"{playbook}-caller-{self.count}", texts) as caller:
            given = {
                "site_access_key": caller["access_key"],
                "site_secret_key": caller["secret_key"],
                "site_endpoint_url": self.url,
                "ansible_aws_ssm_idle_timeout": 0,  # or a kept session of an earlier caller would be used
            }
            self.secrets.append(caller["secret_key"])
            done = self._run(playbook, {**variables, **given})
            if not missing:
                self.called[playbook] = list(fetch(self.owner.place).get(caller["arn"], {}))
        return done

    def _run(self, playbook: str, variables: Mapping[str, Any]) -> subprocess.CompletedProcess[str]:
        """Run a playbook that says all it can, and compare that with the secrets."""
        given = self.folder.parent / "given.json"
        given.touch(mode=0o600)
        given.write_text(json.dumps(variables))
        self.answers.clear()
        with arguments_seen(self.secrets) as seen:
            done = self.owner.attempt(playbook, "-vvvv", "--diff", "-e", f"@{given}")
        given.unlink()
        assert not seen
        begun = tokens(self.answers)
        self.secrets += begun
        said = done.stdout + done.stderr
        assert "[core " in said, "it says all that it can"
        assert not [line[:300] for line in said.splitlines() if any(secret in line for secret in self.secrets)]
        assert not [line[:300] for line in said.splitlines() if SIGNED.search(line)]
        return done

    def play(self, playbook: str, **variables: Any) -> str:
        done = self.attempt(playbook, **variables)
        assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]
        return done.stdout

    def drawn(self, playbook: str, count: int) -> list[str]:
        """Return some of the actions that the playbook has called."""
        candidates = sorted(one for one in self.called[playbook] if not TOLERATED.match(one))
        return random.Random(SEED).sample(candidates, count)

    def refused(self, playbook: str, missing: str, **variables: Any) -> None:
        done = self.attempt(playbook, missing, **variables)
        said = re.sub(r"\s+", " ", done.stdout)
        assert done.returncode != 0, f"{playbook} does without {missing}: {said[-1000:]}"
        ending = said.rpartition("Failed after ")[2]
        page = re.escape("(see docs/permissions.md)")
        sentence = rf"may not perform {missing}\b[^;]*; add {missing} to that caller's policy {page}"
        assert re.search(sentence, ending), f"{playbook} without {missing}: {ending}"


@pytest.fixture(scope="module")
def runs(place: LabPaths, session: boto3.session.Session, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Runs]:
    folder = tmp_path_factory.mktemp("runs") / "home"
    (folder / "tmp").mkdir(parents=True)
    everything = {
        "ANSIBLE_HOME": str(folder / "ansible"),
        "TMPDIR": str(folder / "tmp"),
        "ANSIBLE_CACHE_PLUGIN": "jsonfile",
        "ANSIBLE_CACHE_PLUGIN_CONNECTION": str(folder / "facts"),
        "ANSIBLE_LOG_PATH": str(folder / "ansible.log"),
        "ANSIBLE_RETRY_FILES_ENABLED": "true",
        "ANSIBLE_RETRY_FILES_SAVE_PATH": str(folder / "retry"),
    }
    owner = Owner(place, session, environment=everything)
    with tap(require(place).url) as (url, answers):
        yield Runs(owner, folder, url, answers)
    owner.play("teardown", "-e", "site_delete_data=true")


def test_a_site_is_planned_and_built(runs: Runs) -> None:
    new = {"site_domain": "www.hasite.test", "site_name": "demo", "site_region": "ap-northeast-1", "site_files": ""}
    runs.play("new", **new, new_inventory=str(runs.folder / "inventory"))
    runs.play("site")
    assert "HTTP/2 200" in visit(runs.owner, "-i", URL).stdout


def test_a_site_that_is_there_is_run_again_and_nothing_changes(runs: Runs) -> None:
    assert not runs.owner.changes(runs.play("site"))


def test_it_is_looked_at_whole(runs: Runs) -> None:
    report = runs.folder / "doctor.json"
    runs.play("doctor", doctor_report=str(report))
    assert json.loads(report.read_text())["unseen"] == []
    audited = runs.folder / "audit.json"
    runs.play("audit", audit_report=str(audited))
    assert not [row for row in json.loads(audited.read_text()) if row["state"] == "unread"]


def test_another_release_is_served_and_the_one_before_again(runs: Runs, tmp_path: Path) -> None:
    (tmp_path / "index.php").write_text("<?php echo 'another';\n")
    runs.play("release", site_files=str(tmp_path))
    assert visit(runs.owner, URL).stdout == "another"
    runs.play("rollback")
    assert visit(runs.owner, URL).stdout != "another"


def test_a_drill_takes_the_share_a_zone_and_the_edge_away_and_puts_them_back(runs: Runs) -> None:
    runs.play("drill", drill_stages="share_lost,zone_lost,edge_lost", drill_folder=str(runs.folder / "drill"))


def test_a_planned_page_and_a_zonal_shift_come_and_go(runs: Runs) -> None:
    runs.play("maintenance", maintenance="on")
    runs.play("maintenance", maintenance="on", maintenance_addresses=["192.0.2.7"])
    runs.play("maintenance", maintenance="off")
    runs.play("zone", zone_away="ap-northeast-1a")
    runs.play("zone", zone_away="ap-northeast-1a", zone_expires_in="3h")
    runs.play("zone", zone_away="none")


def test_machines_of_a_newer_image_take_the_place_of_the_others(runs: Runs) -> None:
    before = {machine["ImageId"] for machine in runs.owner.machines()}
    assert run_lab(runs.owner.place.name, "publisher", "debian-12").returncode == 0
    runs.play("replace")
    after = {one["ImageId"] for one in runs.owner.machines() if one["State"]["Name"] == "running"}
    assert len(after) == 1
    assert not after & before


@pytest.mark.parametrize(("playbook", "count"), [("site", 3), ("release", 2), ("rollback", 1), ("teardown", 1)])
def test_one_action_less_is_too_little_and_the_end_says_which(runs: Runs, playbook: str, count: int) -> None:
    if playbook == "teardown":  # it has not run yet, and reads the network whatever it is to delete
        runs.called[playbook] = [action for action in actions(documents(playbook)) if action.startswith("ec2:Describe")]
    for missing in runs.drawn(playbook, count):
        runs.refused(playbook, missing)


def test_the_machines_role_allows_what_machines_have_called_and_nothing_else(runs: Runs) -> None:
    iam = runs.owner.client("iam")
    names = iam.list_role_policies(RoleName="demo-web")["PolicyNames"]
    role = [iam.get_role_policy(RoleName="demo-web", PolicyName=name)["PolicyDocument"] for name in names]
    allowed = {
        action for action in actions(role) if not action.endswith("*")
    }  # the pattern is the denial of parameters
    machines = [found for arn, found in fetch(runs.owner.place).items() if ":assumed-role/demo-web/" in arn]
    called = {action for found in machines for action in found}
    assert called == allowed


ROLE = """set -e; there=http://169.254.169.254/latest
    token=$(curl -sS -X PUT -H 'X-aws-ec2-metadata-token-ttl-seconds: 60' $there/api/token)
    curl -sS -H "X-aws-ec2-metadata-token: $token" $there/meta-data/iam/security-credentials/demo-web"""
"""How root of a machine asks for the credentials of its role."""


def on(runs: Runs, machine: str, script: str) -> str:
    done = run_lab(runs.owner.place.name, "exec", machine, "--", "sh", "-c", script)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_no_secret_is_left_on_the_controller_or_the_machines(runs: Runs) -> None:
    place = runs.owner.place
    assert len(runs.secrets) > len(runs.called), "there are tokens among them"
    machines = [one["InstanceId"] for one in runs.owner.machines() if one["State"]["Name"] == "running"]
    assert len(machines) == 2
    roles = [json.loads(on(runs, machine, ROLE)) for machine in machines]
    words = [*runs.secrets, *(role[name] for role in roles for name in ("SecretAccessKey", "Token"))]
    homes = (Path.home(), Path("/tmp"), Path("/dev/shm"))
    left = [runs.folder, place.log, *(one for home in homes for one in home.glob(".ansible*"))]
    assert place.log.stat().st_size
    assert (runs.folder / "ansible.log").stat().st_size
    assert list((runs.folder / "facts").iterdir())
    assert files_with(words, left) == []
    for machine in machines:
        # Since it was made: its image is older than all of them.
        assert on(runs, machine, f"{script_that_finds(words, '/etc/debian_version')}; true") == ""


def test_no_other_site_is_touched(runs: Runs) -> None:
    done = runs.attempt("teardown", site_name="blog")
    assert re.search(r"may not perform iam:GetRole on \S+:role/blog-web", done.stdout), done.stdout[-3000:]
    assert done.returncode != 0
    assert len([one for one in runs.owner.machines() if one["State"]["Name"] == "running"]) == 2


def test_the_site_is_taken_down_again(runs: Runs) -> None:
    runs.play("teardown", site_delete_data=True)
    assert not [machine for machine in runs.owner.machines() if machine["State"]["Name"] != "terminated"]
