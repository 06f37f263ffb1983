# SPDX-License-Identifier: GPL-3.0-or-later
"""An application with one entrance, a public folder, secrets, hooks and a job (tests/applications/notes).

The tests build on each other, in order.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import boto3
import pytest
import yaml

from tests.integration.forgery import forge
from tests.integration.internet import fetch
from tests.integration.labs import ROOT, place_of, run_lab, session_of, up
from tests.integration.owner import URL, Owner, healthy, machines_seen
from tests.integration.small_world import until

pytestmark = [pytest.mark.lab, pytest.mark.acceptance]

TOKEN = "s3cr3t \"quoted\" 'single' $HOME %n \\back #hash ünïcode="
GREETING = "Hello, \"World\" $PATH %h #1 日本語 'x'"
PARAMETER = "/notes/token"
VARIABLES = {
    "site_public_folder": "public",
    "site_front_controller": "index.php",
    "site_shared_paths": ["var"],
    "site_environment": {"GREETING": GREETING},
    "site_secrets": {"API_TOKEN": {"parameter": PARAMETER}},
    "site_hooks": {"before": ["bin/migrate"], "after": ["touch var/served"]},
    "site_release_signing": True,
    "site_query_logging": True,
    "site_jobs": [{"name": "tick", "command": "bin/tick", "schedule": "*-*-* *:*:00"}],
}


@pytest.fixture(scope="module")
def notes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder that is published, for the tests to change."""
    return shutil.copytree(ROOT / "tests" / "applications" / "notes", tmp_path_factory.mktemp("files") / "notes")


@pytest.fixture(scope="module")
def owner(notes: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Owner]:
    place = place_of("notes")
    up(place.name, "--speed", "2")
    inventory = tmp_path_factory.mktemp("notes")
    (inventory / "group_vars").mkdir()
    (inventory / "hosts.yml").write_text("all: {hosts: {localhost: {}}}\n")
    (inventory / "group_vars" / "all.yml").write_text(yaml.safe_dump({"site_files": str(notes), **VARIABLES}))
    owner = Owner(place, session_of(place))
    yield replace(owner, inventories=(*owner.inventories, str(inventory)))
    run_lab(place.name, "down")


def get(owner: Owner, path: str, *options: str) -> Any:
    return json.loads(fetch(owner.place, URL + path, *options).body)


def test_a_secret_that_is_not_there_is_named_before_anything_is_created(owner: Owner) -> None:
    done = owner.attempt("site")
    assert done.returncode != 0
    assert PARAMETER in done.stdout
    assert owner.status() == []


def test_every_path_that_is_no_file_comes_to_the_front_controller(owner: Owner) -> None:
    owner.client("ssm").put_parameter(Name=PARAMETER, Value=TOKEN, Type="SecureString")
    owner.play("site")
    assert get(owner, "") == {"release": "first", "visits": 1}
    assert fetch(owner.place, URL + "robots.txt").body.startswith("User-agent")
    missing = fetch(owner.place, URL + "no/such/thing?x=1")
    assert (missing.status, json.loads(missing.body)) == (404, {"nothing": "/no/such/thing"})
    assert fetch(owner.place, URL + "src/notes.php").status == 404
    assert "ROOT" not in fetch(owner.place, URL + "../src/notes.php", "--path-as-is").body


def test_the_application_knows_that_visitors_come_by_https(owner: Owner) -> None:
    request = get(owner, "request")
    assert (request["HTTPS"], request["REQUEST_SCHEME"], request["SERVER_PORT"]) == ("on", "https", "443")
    assert request["HTTP_HOST"] == "www.hasite.test"
    assert not request["REMOTE_ADDR"].startswith("10.")


def test_environment_and_secrets_arrive_as_they_are(owner: Owner) -> None:
    proof = hashlib.sha256(TOKEN.encode()).hexdigest()
    for _ in range(6):
        assert get(owner, "settings") == {"greeting": GREETING, "token": proof}


def test_the_secret_is_nowhere_else(owner: Owner) -> None:
    assert TOKEN not in owner.play("configure", "-vvv")
    for machine in owner.ids():
        look = "ps axeww; grep -rlsF 's3cr3t' /etc /srv /var /tmp /run /home /root 2>/dev/null; true"
        for user in ("nobody", "www-data"):
            command = ("setpriv", f"--reuid={user}", "--clear-groups", "sh", "-c", look)
            seen = run_lab(owner.place.name, "exec", machine, "--", *command).stdout
            assert "s3cr3t" not in seen.replace("grep -rlsF s3cr3t", "").replace(look, "")
        files = run_lab(
            owner.place.name, "exec", machine, "--", "grep", "-rlsF", "s3cr3t", "/etc", "/srv", "/var", "/tmp"
        )
        assert files.stdout.split() == ["/etc/hasite/environment"]


def test_hooks_run_once_and_a_failing_one_keeps_the_old_release(owner: Owner, notes: Path) -> None:
    assert get(owner, "migrations") == ["first with token as site"]
    (notes / "RELEASE").write_text("broken\n")
    done = owner.attempt("release")
    assert done.returncode != 0
    assert "This release can't be served." in done.stdout
    assert get(owner, "")["release"] == "first"
    (notes / "RELEASE").write_text("second\n")
    owner.play("release")
    until(lambda: get(owner, "")["release"] == "second", 30)
    assert get(owner, "migrations") == ["first with token as site", "second with token as site"]


def test_what_somebody_without_the_key_puts_into_the_bucket_is_not_served(owner: Owner) -> None:
    (bucket,) = [one["Name"] for one in owner.client("s3").list_buckets()["Buckets"] if "-content-" in one["Name"]]
    make = partial(boto3.session.Session, region_name="ap-northeast-1")
    theirs = forge(owner.place, bucket, make, "RELEASE", b"theirs\n")
    done = owner.attempt("configure")
    assert done.returncode != 0
    assert f"The release {theirs} is not served" in done.stdout
    assert "arn:aws:kms:" in done.stdout
    assert {get(owner, "")["release"] for _ in range(4)} == {"second"}
    owner.play("release")
    assert {get(owner, "")["release"] for _ in range(4)} == {"second"}
    owner.play("configure")


def test_the_queries_of_visitors_are_logged(owner: Owner) -> None:
    logs = owner.client("logs", "us-east-1")

    def lines() -> list[str]:
        found = logs.filter_log_events(logGroupName="/demo/queries")["events"]
        return [one["message"] for one in found if " www.hasite.test A NOERROR " in one["message"]]

    get(owner, "")
    until(lines, 90)


def runs(owner: Owner) -> list[tuple[str, str]]:
    """Return the moments and machines of the job's runs."""
    return [tuple(line.split()) for line in get(owner, "runs")]


def test_the_job_runs_on_one_machine_and_goes_on_when_that_one_stops(owner: Owner) -> None:
    until(lambda: len(runs(owner)) >= 2, 200)
    _, host = runs(owner)[-1]
    (stopped,) = [machine for machine in owner.machines() if machine["PrivateDnsName"].startswith(f"{host}.")]
    owner.client("ec2").stop_instances(InstanceIds=[stopped["InstanceId"]])
    until(lambda: len(machines_seen(owner)) == 1, 90)
    before = len(runs(owner))
    until(lambda: len(runs(owner)) >= before + 2, 200)
    found = runs(owner)
    minutes = [minute for minute, _ in found]
    assert len(minutes) == len(set(minutes)), found
    assert found[-1][1] != host
    owner.start(stopped["InstanceId"])
    until(lambda: healthy(owner) == 2, 180)


def test_second_run_changes_nothing_and_the_doctor_finds_nothing(owner: Owner) -> None:
    assert owner.changes(owner.play("site")) == []
    assert "No finding" in owner.play("doctor")
