# SPDX-License-Identifier: GPL-3.0-or-later
"""A command is measured with all that it leaves in the background."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest


def measure(result: Path, script: str) -> tuple[int, dict[str, Any]]:
    command = [sys.executable, "-m", "bench.measured", str(result), "sh", "-c", script]
    done = subprocess.run(command, cwd=Path(__file__).parents[3], timeout=60, check=False)
    return done.returncode, json.loads(result.read_text())


@pytest.mark.parametrize("status", [0, 2])
def test_a_command_that_leaves_nothing(tmp_path: Path, status: int) -> None:
    code, found = measure(tmp_path / "result", f"sleep 0.2; exit {status}")
    assert code == status
    assert found["seconds"] >= 0.2
    assert (found["background"], found["background_mb"]) == (0, 0)


def test_what_stays_in_the_background_is_counted_and_ended(tmp_path: Path) -> None:
    pids, busy = tmp_path / "pids", tmp_path / "busy"
    busy.write_text(
        "import time\nend = time.process_time() + 0.5\nwhile time.process_time() < end: pass\ntime.sleep(60)\n"
    )
    # A daemon: its parent ends at once, and it has a session of its own. It ends with 0.5 s of CPU time used.
    script = f"(setsid {sys.executable} {busy} & echo $! > {pids}); sleep 3"
    code, found = measure(tmp_path / "result", script)
    assert code == 0
    assert found["background"] == 1
    assert found["background_mb"] > 1
    assert found["cpu"] >= 0.3
    assert not Path(f"/proc/{pids.read_text().strip()}").exists()


def test_one_that_will_not_end_is_killed(tmp_path: Path) -> None:
    pids = tmp_path / "pids"
    script = f"(setsid sh -c 'trap \"\" TERM; echo $$ > {pids}; while :; do sleep 1; done' &); sleep 0.5"
    measure(tmp_path / "result", script)
    assert not Path(f"/proc/{pids.read_text().strip()}").exists()
