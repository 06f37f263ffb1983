# SPDX-License-Identifier: GPL-3.0-or-later
"""What a site has around its code: its environment, secrets that the machines read, and jobs on one of them.

The tests build on each other, in order.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.integration.internet import fetch
from tests.integration.labs import ROOT, place_of, run_lab, session_of, up
from tests.integration.owner import URL, Owner, healthy
from tests.integration.small_world import until

pytestmark = [pytest.mark.lab, pytest.mark.acceptance]

MARK = "s3cr3t"
GREETING = "Hello, \"World\" $PATH %h #1 日本語 'x'\n\ttwo "
TOKEN = f"{MARK} \"quoted\" 'single' $HOME `id` %n \\back #hash ünïcode=\nline two "
SECRETS = {"API_TOKEN": {"parameter": "/surroundings/token"}, "DB_PORT": {"secret": "surroundings/db", "key": "port"}}
VARIABLES: dict[str, Any] = {
    "site_files": str(ROOT / "tests" / "applications" / "surroundings"),
    "site_environment": {"GREETING": GREETING},
    "site_secrets": SECRETS,
    "site_jobs": [{"name": "tick", "command": 'echo "$GREETING"; sleep 2', "schedule": "minutely"}],
}
READ = """
import sys, boto3
service, name = sys.argv[1:]
client = boto3.client(service, region_name="ap-northeast-1")
try:
    if service == "ssm":
        client.get_parameters(Names=[name], WithDecryption=True)
        client.get_parameter(Name=name, WithDecryption=True)
    else:
        client.get_secret_value(SecretId=name)
except client.exceptions.ClientError as error:
    print(error.response["Error"]["Code"])
"""


@pytest.fixture(scope="module")
def inventory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("surroundings")
    (folder / "group_vars").mkdir()
    (folder / "hosts.yml").write_text("all: {hosts: {localhost: {}}}\n")
    return folder


@pytest.fixture(scope="module")
def owner(inventory: Path) -> Iterator[Owner]:
    place = place_of("around")
    up(place.name, "--speed", "2")
    owner = Owner(place, session_of(place))
    set_variables(inventory)
    yield replace(owner, inventories=(*owner.inventories, str(inventory)))
    run_lab(place.name, "down")


def set_variables(inventory: Path, **changed: Any) -> None:
    text = yaml.safe_dump({**VARIABLES, **changed}, allow_unicode=True)
    (inventory / "group_vars" / "all.yml").write_text(text, encoding="utf-8")


def on(owner: Owner, machine: str, *command: str) -> str:
    """Run a command on a machine as root and return what it printed."""
    return run_lab(owner.place.name, "exec", machine, "--", *command).stdout


def proofs(owner: Owner) -> dict[str, list[str | None]]:
    names = "GREETING,API_TOKEN,DB_PORT,DB_PASSWORD"
    found: dict[str, list[str | None]] = json.loads(fetch(owner.place, f"{URL}?names={names}").body)
    return found


def twice(text: str) -> list[str]:
    """Return the proof that PHP has a text by both ways."""
    return [hashlib.sha256(text.encode()).hexdigest()] * 2


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({}, "names the parameter /surroundings/token, which SSM does not have"),
        (
            {"site_secrets": {"A": {"secret": "nothing"}}},
            "names the secret nothing, which Secrets Manager does not have",
        ),
        ({"site_secrets": {"A": {"parameter": "/clear"}}}, "which is of type String and so stored in clear text"),
        ({"site_secrets": {"PATH": {"secret": "nothing"}}}, "site_secrets has PATH, which the system"),
        ({"site_environment": {"GREETING": True}}, "site_environment.GREETING is True, which is no text"),
        ({"site_jobs": [{"name": "a", "command": "b", "schedule": "often"}]}, "write a calendar expression of systemd"),
    ],
)
def test_what_is_wrong_is_one_sentence_before_anything_is_created(
    owner: Owner, inventory: Path, changed: dict[str, Any], told: str
) -> None:
    owner.client("ssm").put_parameter(Name="/clear", Value="x", Type="String", Overwrite=True)
    set_variables(inventory, **changed)
    done = owner.attempt("provision")
    assert done.returncode != 0
    assert told in done.stdout
    assert owner.status() == []


def test_php_gets_environment_and_secrets_as_they_are(owner: Owner, inventory: Path) -> None:
    set_variables(inventory)
    owner.client("ssm").put_parameter(Name="/surroundings/token", Value=TOKEN, Type="SecureString")
    held = json.dumps({"port": 3306, "password": MARK})
    owner.client("secretsmanager").create_secret(Name="surroundings/db", SecretString=held)
    owner.client("ssm").put_parameter(Name="/elsewhere", Value="x", Type="SecureString")
    owner.client("secretsmanager").create_secret(Name="elsewhere", SecretString="x")
    owner.play("site")
    expected = {"GREETING": twice(GREETING), "API_TOKEN": twice(TOKEN), "DB_PORT": twice("3306")}
    for _ in range(6):
        assert proofs(owner) == {**expected, "DB_PASSWORD": [None, None]}


def test_the_secret_is_nowhere_else(owner: Owner) -> None:
    assert MARK not in owner.play("configure", "-vvv", "--diff")
    for machine in owner.ids():
        # The shell puts the word together, so that these commands themselves don't have it.
        search = "grep -rlsF s3''cr3t /etc /srv /var /tmp /run /home /root /usr/local; true"
        look = f"exec 2>&1; ps axeww; cat /proc/[0-9]*/environ; {search}"
        for user in ("nobody", "www-data"):
            seen = on(owner, machine, "setpriv", f"--reuid={user}", "--clear-groups", "sh", "-c", look)
            assert "PID TTY" in seen
            assert MARK not in seen
            assert "hasite/environment" not in seen
        files = on(
            owner, machine, "sh", "-c", "grep -rlsF s3''cr3t /etc /srv /var /tmp /run /home /root /usr/local; true"
        )
        assert files.split() == ["/etc/hasite/environment"]
        assert on(owner, machine, "stat", "-c", "%U:%G %a", "/etc/hasite/environment") == "root:root 600\n"
        assert on(owner, machine, "sh", "-c", "journalctl | grep -cF s3''cr3t; true") == "0\n"


@pytest.mark.parametrize(
    ("service", "name", "told"),
    [
        ("ssm", "/elsewhere", "AccessDeniedException"),
        ("ssm", "/nothing", "AccessDeniedException"),
        ("secretsmanager", "elsewhere", "AccessDeniedException"),
        ("secretsmanager", "surroundings/db", ""),
        ("ssm", "/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-x86_64", ""),
    ],
)
def test_the_machines_role_reads_what_is_named_and_no_other(owner: Owner, service: str, name: str, told: str) -> None:
    assert on(owner, owner.ids()[0], "python3", "-c", READ, service, name).strip() == told


def test_systemd_hands_on_what_was_written(owner: Owner) -> None:
    command = ["systemd-run", "--pipe", "--wait", "--collect", "-q", "-p", "EnvironmentFile=/etc/hasite/environment"]
    assert on(owner, owner.ids()[0], *command, "printenv", "API_TOKEN") == TOKEN + "\n"


def test_a_changed_secret_is_taken_up_and_an_unchanged_one_changes_nothing(owner: Owner) -> None:
    assert owner.changes(owner.play("configure")) == []
    pid = on(owner, owner.ids()[0], "systemctl", "show", "-p", "MainPID", "php8.2-fpm")
    owner.client("ssm").put_parameter(
        Name="/surroundings/token", Value=f"$another {MARK}", Type="SecureString", Overwrite=True
    )
    output = owner.play("configure", "--check", "--diff")
    assert "+API_TOKEN=(another value)" in output
    assert proofs(owner)["API_TOKEN"] == twice(TOKEN)
    assert MARK not in owner.play("configure", "--diff")
    until(lambda: proofs(owner)["API_TOKEN"] == twice(f"$another {MARK}"), 10)
    assert proofs(owner)["API_TOKEN"] == twice(f"$another {MARK}")
    # It was reloaded, which drops no request, and not started again.
    assert on(owner, owner.ids()[0], "systemctl", "show", "-p", "MainPID", "php8.2-fpm") == pid
    assert owner.changes(owner.play("configure")) == []


def test_a_field_that_is_not_there_is_told_by_the_machine(owner: Owner, inventory: Path) -> None:
    set_variables(inventory, site_secrets={**SECRETS, "DB_PORT": {"secret": "surroundings/db", "key": "prot"}})
    done = owner.attempt("configure")
    set_variables(inventory)
    assert "asks for the field prot of the secret surroundings/db, whose JSON has only password, port" in done.stdout
    assert MARK not in done.stdout + done.stderr
    assert proofs(owner)["DB_PORT"] == twice("3306")


def runs(owner: Owner, machine: str) -> list[tuple[str, str]]:
    """Return the minutes and hosts of the job's runs that have ended, as a machine sees them on the share."""
    logs = on(owner, machine, "sh", "-c", "grep -l 'and returned 0' /srv/site/jobs/tick/logs/* | xargs head -n 1")
    return re.findall(r"==> \S*/(\w+)\.log <==\n# (\S+) runs it", logs.replace("==>", "\n==>"))


def test_the_job_runs_on_one_machine_a_minute_and_goes_over_when_that_one_stops(owner: Owner) -> None:
    machines = {machine["PrivateDnsName"].partition(".")[0]: machine["InstanceId"] for machine in owner.machines()}
    watcher = next(iter(machines.values()))
    until(lambda: len(runs(owner, watcher)) >= 2, 200)
    _, host = runs(owner, watcher)[-1]
    (other,) = machines.keys() - {host}
    said = on(owner, watcher, "sh", "-c", "cat $(ls /srv/site/jobs/tick/logs/* | head -n 1)")
    assert said.split("\n", 1)[1].startswith(GREETING + "\n")
    owner.client("ec2").stop_instances(InstanceIds=[machines[host]])
    owner.client("ec2").get_waiter("instance_stopped").wait(InstanceIds=[machines[host]], WaiterConfig={"Delay": 2})
    before = len(runs(owner, machines[other]))
    until(lambda: len(runs(owner, machines[other])) >= before + 2, 200)
    found = runs(owner, machines[other])
    assert {host for _, host in found[-2:]} == {other}
    claims = on(owner, machines[other], "ls", "/srv/site/jobs/tick/claims").split()
    assert len(claims) == len(set(claims))
    assert {minute for minute, _ in found} <= set(claims)
    owner.start(machines[host])
    until(lambda: healthy(owner) == 2, 180)


def test_without_a_nat_gateway_secrets_come_by_an_endpoint(owner: Owner) -> None:
    owner.play("provision", "-e", "site_nat=none")
    machine = owner.ids()[0]
    name = "secretsmanager.ap-northeast-1.amazonaws.com"
    until(lambda: on(owner, machine, "getent", "ahostsv4", name).startswith("10.0."), 60)
    assert on(owner, machine, "python3", "-c", READ, "secretsmanager", "surroundings/db").strip() == ""
    assert "AccessDenied" in on(owner, machine, "python3", "-c", READ, "secretsmanager", "elsewhere")


def test_what_is_no_longer_wanted_is_removed(owner: Owner, inventory: Path) -> None:
    set_variables(inventory, site_jobs=[], site_environment={}, site_secrets={})
    owner.play("configure")
    for machine in owner.ids():
        left = "ls /etc/hasite /etc/hasite/jobs; systemctl list-units --all 'hasite-job*'; ls /etc/systemd/system"
        seen = on(owner, machine, "sh", "-c", left)
        assert "tick" not in seen
        assert "environment\n" not in seen.replace("php8.2-fpm", "")
    assert proofs(owner)["API_TOKEN"] == [None, None]
    assert owner.changes(owner.play("configure")) == []
