# SPDX-License-Identifier: GPL-3.0-or-later
"""The program that runs a job on the one machine that claims its minute; a folder stands for the share."""

from __future__ import annotations

import fcntl
import importlib.util
import json
import multiprocessing
import shutil
import time
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

pytestmark = pytest.mark.skipif(
    not shutil.which("systemd-analyze"), reason="the machines have systemd, this one has not"
)
PROGRAM = Path(__file__).parents[3] / "roles" / "jobs" / "files" / "run_job.py"
NOON = 1_796_083_200.0
"""2026-12-01T00:00:00Z."""


def load() -> ModuleType:
    spec = importlib.util.spec_from_file_location("run_job", PROGRAM)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def program(monkeypatch: pytest.MonkeyPatch) -> Any:
    module = load()
    monkeypatch.setattr(module.os.path, "ismount", lambda _path: True)
    return module


@pytest.fixture
def job(tmp_path: Path) -> dict[str, Any]:
    folder = tmp_path / "jobs" / "feed"
    folder.mkdir(parents=True)
    (tmp_path / "release").mkdir()
    return {
        "schedule": "minutely",
        "command": "echo one; echo two >&2; pwd",
        "timeout": 60,
        "share": str(tmp_path),
        "folder": str(folder),
        "directory": str(tmp_path / "release"),
        "logs_kept": 3,
        "log_bytes": 1000,
    }


def start(program: Any, job: dict[str, Any], moment: float, monkeypatch: pytest.MonkeyPatch, **more: Any) -> int:
    """Start the program as a timer does that elapsed at a moment."""
    settings = Path(job["share"]) / "feed.json"
    settings.write_text(json.dumps({**job, **more}))
    monkeypatch.setattr(program.time, "time", lambda: moment)
    return int(program.main(str(settings)))


def log(job: dict[str, Any], slot: str) -> str:
    return (Path(job["folder"]) / "logs" / f"{slot}.log").read_text()


def test_it_runs_once_a_minute(program: Any, job: dict[str, Any], monkeypatch: pytest.MonkeyPatch, capfd: Any) -> None:
    assert start(program, job, NOON + 0.004, monkeypatch) == 0
    said = log(job, "20261201T0000Z").splitlines()
    assert said[1:4] == ["one", "two", job["directory"]]
    assert said[4].endswith("and returned 0.")
    assert "one\ntwo\n" in capfd.readouterr().out
    assert start(program, job, NOON + 3.9, monkeypatch, command="echo again") == 0
    assert "Another machine runs it." in capfd.readouterr().out
    assert "again" not in log(job, "20261201T0000Z")
    start(program, job, NOON + 60, monkeypatch, command="echo again")
    assert "again" in log(job, "20261201T0001Z")


@pytest.mark.parametrize(
    ("schedule", "late", "slot"),
    [
        ("minutely", 0, "20261201T0000Z"),
        ("minutely", 59.9, "20261201T0000Z"),
        ("minutely", 61, "20261201T0001Z"),
        ("daily", 0, "20261201T0000Z"),
        ("daily", 130, "20261201T0000Z"),
        ("*-*-* 00:00 UTC", 290, "20261201T0000Z"),
        ("09:00 Asia/Tokyo", 130, "20261201T0000Z"),
        ("*:*:30", 20, "20261130T2359Z"),
        # Nothing was scheduled of late: somebody starts it by hand.
        ("daily", 3600, "20261201T0100Z"),
        ("2020-01-01", 0, "20261201T0000Z"),
    ],
)
@pytest.mark.parametrize("zone", ["UTC", "Asia/Tokyo"])
def test_a_machine_that_is_late_starts_for_the_same_time(
    program: Any, schedule: str, late: float, slot: str, zone: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if zone != "UTC" and schedule == "daily":
        schedule = "09:00"
    monkeypatch.setenv("TZ", zone)
    assert program.minute(program.scheduled(schedule, NOON + late)) == slot


def claim(folder: str, results: Any, barrier: Any) -> None:
    program = load()
    barrier.wait()
    results.put(program.claim(Path(folder), "20261201T0000Z"))


def test_of_many_that_ask_at_once_one_gets_the_minute(tmp_path: Path) -> None:
    context = multiprocessing.get_context("fork")
    results, barrier = context.Queue(), context.Barrier(8)
    workers = [context.Process(target=claim, args=(str(tmp_path), results, barrier)) for _ in range(8)]
    for worker in workers:
        worker.start()
    won = [results.get(timeout=30) for _ in workers]
    for worker in workers:
        worker.join()
    assert sorted(won) == [False] * 7 + [True]


def test_it_does_not_overlap_with_itself(
    program: Any, job: dict[str, Any], monkeypatch: pytest.MonkeyPatch, capfd: Any
) -> None:
    with (Path(job["folder"]) / "lock").open("ab") as other:
        fcntl.flock(other, fcntl.LOCK_EX)
        assert start(program, job, NOON, monkeypatch) == 0
        assert "the run before has not ended" in capfd.readouterr().out
        assert not (Path(job["folder"]) / "logs").exists()
    start(program, job, NOON + 60, monkeypatch)
    assert "one" in log(job, "20261201T0001Z")


def test_a_machine_without_the_share_runs_nothing(
    program: Any, job: dict[str, Any], monkeypatch: pytest.MonkeyPatch, capfd: Any
) -> None:
    monkeypatch.setattr(program.os.path, "ismount", lambda _path: False)
    assert start(program, job, NOON, monkeypatch) == 0
    assert "not mounted" in capfd.readouterr().out
    assert list(Path(job["folder"]).iterdir()) == []


def test_a_failure_is_told(program: Any, job: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    assert start(program, job, NOON, monkeypatch, command="exit 3") == 3
    assert "and returned 3." in log(job, "20261201T0000Z")


def test_a_job_that_takes_too_long_is_ended(program: Any, job: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(program, "GRACE", 0.2)
    stubborn = "trap '' TERM; echo begun; while :; do sleep 0.1; done"
    assert start(program, job, NOON, monkeypatch, command=stubborn, timeout=0.5) == program.TIMED_OUT
    assert "ended after its timeout" in log(job, "20261201T0000Z")


def test_what_it_leaves_running_is_not_waited_for(
    program: Any, job: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    began = time.monotonic()
    assert start(program, job, NOON, monkeypatch, command="sleep 20 & echo $!") == 0
    assert time.monotonic() - began < 10
    program.os.kill(int(log(job, "20261201T0000Z").splitlines()[1]), 15)


def test_one_that_closes_its_output_is_waited_for(
    program: Any, job: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert start(program, job, NOON, monkeypatch, command="exec >&- 2>&-; sleep 1; exit 5") == 5


def test_logs_and_claims_are_bounded(program: Any, job: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    for day in range(5):
        start(program, job, NOON + day * 86400, monkeypatch, command="head -c 5000 /dev/zero | tr '\\0' x")
    folder = Path(job["folder"])
    assert sorted(path.stem for path in (folder / "logs").iterdir()) == [f"2026120{day}T0000Z" for day in (3, 4, 5)]
    assert sorted(path.name for path in (folder / "claims").iterdir()) == [f"2026120{day}T0000Z" for day in (3, 4, 5)]
    assert log(job, "20261205T0000Z").count("x") == 1000
    assert "the journal has it" in log(job, "20261205T0000Z")
