# SPDX-License-Identifier: GPL-3.0-or-later
"""The program that removes sessions which are over, on one machine for all."""

from __future__ import annotations

import fcntl
import importlib.util
import os
import time
from pathlib import Path
from types import ModuleType

import pytest

PROGRAM = Path(__file__).parents[3] / "roles" / "web" / "files" / "clean_sessions.py"
DAY = 86400


@pytest.fixture(scope="module")
def program() -> ModuleType:
    spec = importlib.util.spec_from_file_location("clean_sessions", PROGRAM)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def session(folder: Path, name: str, age: float) -> Path:
    path = folder / name
    path.write_text("visits|i:1;")
    moment = time.time() - age
    os.utime(path, (moment, moment))
    return path


def test_what_is_over_goes_and_all_else_stays(program: ModuleType, tmp_path: Path) -> None:
    over = session(tmp_path, "sess_abc,-9", 2000)
    fresh = session(tmp_path, "sess_def", 10)
    foreign = session(tmp_path, "notes.txt", DAY)
    assert program.clean(str(tmp_path), 1440, 1200) == "1 sessions were over."
    assert (over.exists(), fresh.exists(), foreign.exists()) == (False, True, True)


def test_within_the_pause_once_is_enough(program: ModuleType, tmp_path: Path) -> None:
    program.clean(str(tmp_path), 1440, 1200)
    over = session(tmp_path, "sess_abc", 2000)
    assert " did it " in program.clean(str(tmp_path), 1440, 1200)
    assert over.exists()
    moment = time.time() - 1300
    os.utime(tmp_path / program.CLAIM, (moment, moment))
    assert program.clean(str(tmp_path), 1440, 1200) == "1 sessions were over."
    assert not over.exists()


def test_two_never_do_it_at_once(program: ModuleType, tmp_path: Path) -> None:
    over = session(tmp_path, "sess_abc", 2000)
    with (tmp_path / program.CLAIM).open("w") as other:
        fcntl.flock(other, fcntl.LOCK_EX)
        assert program.clean(str(tmp_path), 1440, 1200) == "Another machine is at it."
    assert over.exists()


def test_a_claim_is_nobody_elses_to_read(program: ModuleType, tmp_path: Path) -> None:
    program.clean(str(tmp_path), 1440, 1200)
    assert (tmp_path / program.CLAIM).stat().st_mode & 0o777 == 0o600


def test_a_folder_that_is_not_there_is_an_error(program: ModuleType, tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        program.main([str(tmp_path / "none"), "--seconds", "1", "--pause", "1"])
