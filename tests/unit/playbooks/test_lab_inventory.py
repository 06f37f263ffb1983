# SPDX-License-Identifier: GPL-3.0-or-later
"""The lab's inventory asks nobody but the lab that wrote the endpoint file."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from lab.base.endpoint import start_time

ROOT = Path(__file__).parents[3]
NO_PROCESS = 1 << 22
"""Above the greatest process id (pid_max, proc(5))."""


def address(folder: Path, pid: int, started: str | None) -> tuple[int, str]:
    """Return the status and the output of a play that asks for the API's address, as the playbooks do."""
    written = {"url": "http://127.0.0.1:1", "pid": pid, "started": started, "speed": 1.0}
    (folder / "endpoint.json").write_text(json.dumps(written))
    command = str(Path(sys.executable).with_name("ansible"))
    asked = "msg=address={{ site_endpoint_url | default('AWS itself') }}"
    done = subprocess.run(
        [command, "-i", "inventories/lab", "localhost", "-m", "debug", "-a", asked, "-e", f"lab_folder={folder}"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        env={key: value for key, value in os.environ.items() if key != "LAB_NAME"},
        check=False,
    )
    return done.returncode, done.stdout + done.stderr


def test_a_lab_that_runs_is_asked(tmp_path: Path) -> None:
    status, output = address(tmp_path, os.getpid(), start_time(os.getpid()))
    assert status == 0, output
    assert "address=http://127.0.0.1:1" in output


@pytest.mark.parametrize("pid", [os.getpid(), NO_PROCESS], ids=["reused", "gone"])
def test_the_address_of_a_killed_lab_is_not_asked(tmp_path: Path, pid: int) -> None:
    status, output = address(tmp_path, pid, "1")
    assert status
    assert "The lab default is not running; start it with `lab up` (or `make lab`)." in output


def test_without_a_lab_the_doctor_says_so_in_one_sentence(tmp_path: Path) -> None:
    command = str(Path(sys.executable).with_name("ansible-playbook"))
    done = subprocess.run(
        [command, "-i", "inventories/lab", "playbooks/doctor.yml", "-e", f"lab_folder={tmp_path}"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        env={key: value for key, value in os.environ.items() if key != "LAB_NAME"},
        check=False,
    )
    assert done.returncode
    said = [line for line in done.stdout.splitlines() if "is not running" in line]
    assert said
    sentence = "The lab default is not running; start it with `lab up` (or `make lab`)."
    assert all(line.count(sentence) == 1 and "caused by" not in line for line in said)


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ("doctor_fail_on=critcal", "doctor_fail_on is 'critcal'; it must be one of never, critical, warning."),
        ("doctor_report=nowhere/found.json", "doctor_report is nowhere/found.json, but there is no folder "),
    ],
)
def test_what_the_doctor_is_asked_for_is_checked_before_anything_is_read(asked: str, said: str) -> None:
    command = str(Path(sys.executable).with_name("ansible-playbook"))
    inventory = "localhost,"
    site = ["-e", "site_name=demo", "-e", "site_domain=www.hasite.test"]
    done = subprocess.run(
        [command, "-i", inventory, "-c", "local", "playbooks/doctor.yml", *site, "-e", asked],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode
    assert said in done.stdout
    assert "Read the site" not in done.stdout
