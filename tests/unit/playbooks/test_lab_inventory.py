# SPDX-License-Identifier: GPL-3.0-or-later
"""The lab's inventory asks nobody but the lab that wrote the endpoint file."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from lab.endpoint import start_time

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
    assert "The lab is not running; start it with `lab up`." in output
