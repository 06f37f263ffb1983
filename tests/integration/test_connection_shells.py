# SPDX-License-Identifier: GPL-3.0-or-later
"""Whatever a session's shell is, and whatever its profile does, and whoever its user is: tasks do the same.

https://docs.aws.amazon.com/systems-manager/latest/userguide/session-preferences-shell-config.html
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.integration.fleet import Fleet, Runner
from tests.integration.small_world import until

pytestmark = [pytest.mark.lab, pytest.mark.acceptance]
HERE = Path(__file__).parent
USERS = {
    # The home is another's, and read-only.
    "stiff": "useradd --create-home stiff; chown root: /home/stiff; chmod 555 /home/stiff",
    "homeless": "useradd --no-create-home --home-dir /nowhere/homeless homeless",
    "nologin": "useradd --create-home --shell /usr/sbin/nologin nologin",
}
PROFILES = {
    "sh": "",
    "bash": "exec bash --login",
    "zsh": "exec zsh --login",
    "zsh without exec": "zsh -i",
    "tcsh": "exec tcsh -l",
    "fish": "exec fish --login",
    "prints": "echo Welcome; seq 2000; printf 'and no end of line'",
    "modes": "stty -icanon -echo -onlcr -isig cols 20; set -u -f; PS1='$(date) > '",
    "umask": "umask 077",
    "aliases": "alias sh=false stty=false head=false echo=false printf=false cat=false",
    "locale": "export LANG=de_DE.UTF-8 LC_ALL=de_DE.UTF-8 LANGUAGE=de",
    "latin": "export LC_ALL=C LANG=C",
    "variables": "p=x k=x y=x s=x d=x n=false m=x TMPDIR=/nowhere; export p k y s d n m TMPDIR",
    "slow": "sleep 4",
}


def document(fleet: Fleet, name: str, inputs: dict[str, Any]) -> str:
    content = {"schemaVersion": "1.0", "sessionType": "Standard_Stream", "inputs": inputs}
    fleet.ssm.create_document(Name=name, DocumentType="Session", Content=json.dumps(content))
    return name


@pytest.fixture(scope="module")
def one(fleet: Fleet, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The machine, with shells and users."""
    instance = fleet.instances[0]
    install = "apt-get install -qq -y --no-install-recommends zsh tcsh fish opendoas acl"
    fleet.root(instance, f"apt-get update -qq && {install} >/dev/null 2>&1", seconds=400)
    for script in USERS.values():
        fleet.root(instance, script)
    # The agent makes its user when the first session begins.
    first = {"ansible_connection": "hasite.aws.ssm", "ansible_aws_ssm_idle_timeout": 1}
    runner = Runner(fleet.place, tmp_path_factory.mktemp("first"), {"one": instance}, first)
    status, output = runner.run("ansible", "one", "-m", "ansible.builtin.ping")
    assert status == 0, output
    # Without a file of its own, zsh asks a new user what it should do.
    fleet.root(instance, "touch ~ssm-user/.zshrc; chown ssm-user ~ssm-user/.zshrc")
    yield instance
    fleet.root(instance, f"for user in {' '.join(USERS)}; do userdel $user; done; rm -rf /home/stiff /home/nologin")


def run(fleet: Fleet, folder: Path, name: str, expected_user: str = "ssm-user", **more: Any) -> tuple[int, str]:
    (folder / "script").write_text('#!/bin/sh\nprintf %s "$1"\n')
    variables = {
        "ansible_connection": "hasite.aws.ssm",
        "ansible_aws_ssm_document": name,
        "ansible_aws_ssm_idle_timeout": 10,
        "expected_user": expected_user,
        "back": str(folder / "back"),
        "script": str(folder / "script"),
        **more,
    }
    runner = Runner(fleet.place, folder, {"one": fleet.instances[0]}, variables)
    result = runner.run("ansible-playbook", str(HERE / "shells.yml"), seconds=120)
    runner.close()
    until(lambda: not fleet.sessions() and not runner.daemons(), 60)
    return result


@pytest.mark.parametrize("profile", PROFILES)
def test_a_shell(fleet: Fleet, one: str, tmp_path: Path, profile: str) -> None:
    inputs = {"shellProfile": {"linux": PROFILES[profile]}} if PROFILES[profile] else {}
    status, output = run(fleet, tmp_path, document(fleet, f"shell-{profile.replace(' ', '-')}", inputs))
    assert status == 0, output


@pytest.mark.parametrize("user", USERS)
def test_a_user(fleet: Fleet, one: str, tmp_path: Path, user: str) -> None:
    inputs = {"runAsEnabled": True, "runAsDefaultUser": user}
    # Ansible's own files need a folder that the user can make.
    more = {} if user == "nologin" else {"ansible_remote_tmp": f"/var/tmp/für-{user}"}
    status, output = run(fleet, tmp_path, document(fleet, f"user-{user}", inputs), user, **more)
    assert status == 0, output


@pytest.mark.parametrize(
    ("profile", "seen"),
    [("printf 'Ticket: '; read ticket; printf 'Why: '; read why", "Ticket:"), ("exec python3 -q", ">>>")],
    ids=["asks", "is no shell"],
)
def test_a_shell_that_takes_no_command_is_told(
    fleet: Fleet, one: str, tmp_path: Path, profile: str, seen: str, request: pytest.FixtureRequest
) -> None:
    name = document(fleet, f"odd-{'asks' if 'read' in profile else 'python'}", {"shellProfile": {"linux": profile}})
    status, output = run(fleet, tmp_path, name, ansible_aws_ssm_timeout=6)
    assert status
    assert "The session did not begin in time (connection_timeout)" in output
    assert seen in output


def test_a_temporary_folder_without_execution(fleet: Fleet, one: str, tmp_path: Path) -> None:
    fleet.root(one, "mount -t tmpfs -o noexec,mode=1777 tmpfs /tmp; mount -t tmpfs -o noexec,mode=1777 tmpfs /var/tmp")
    try:
        status, output = run(fleet, tmp_path, document(fleet, "noexec", {}))
        assert status == 0, output
    finally:
        fleet.root(one, "umount --lazy /tmp /var/tmp")


def test_users_are_become_in_every_way(fleet: Fleet, one: str, tmp_path: Path) -> None:
    variables = {"ansible_connection": "hasite.aws.ssm", "ansible_aws_ssm_idle_timeout": 10}
    runner = Runner(fleet.place, tmp_path, {"one": one}, variables)
    status, output = runner.run("ansible-playbook", str(HERE / "become_ways.yml"), seconds=300)
    assert status == 0, output
    until(lambda: not fleet.sessions() and not runner.daemons(), 60)
