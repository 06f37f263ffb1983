# SPDX-License-Identifier: GPL-3.0-or-later
"""What is done to a running lab while its world is saved, with machines that only note it, and its way back."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from lab.base import paths
from lab.plane.machines import disk
from lab.plane.machines.disk import Disk
from lab.running.saved import files, folder
from lab.running.saved.restoring import Restoring
from lab.running.saved.saving import Saver
from lab.running.settings import Settings
from tests.unit.lab.served import Served, serve

IMAGE = "localhost/image:1 abc"


@dataclass
class Noting:
    """A machine that runs, with a disk."""

    id: str
    path: Path
    saver: Any = None
    done: list[str] = field(default_factory=list)

    def disk(self) -> Disk:
        return Disk(self.path, IMAGE)

    def process(self) -> int:
        return 1

    def stop(self) -> None:
        self.done.append("stop")

    def pause(self) -> None:
        self.done.append("pause")
        # Nobody is answered meanwhile: the lock is another thread's.
        assert not self.saver.context.lock.acquire(blocking=False)
        assert self.saver.following.locked()

    def unpause(self) -> None:
        self.done.append("unpause")


@dataclass
class Machines:
    containers: list[Noting]

    @contextmanager
    def at_rest(self) -> Iterator[list[Noting]]:
        yield self.containers


@pytest.fixture
def served(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Served]:
    monkeypatch.setattr(paths, "ROOT", tmp_path / "labs")
    monkeypatch.setattr(disk, "ROOT", tmp_path / "labs")
    monkeypatch.setattr(disk, "images", lambda: {"localhost/image:1": "abc"})
    with serve(tmp_path / "labs/authority") as made:
        yield made


@pytest.fixture
def machine(tmp_path: Path) -> Noting:
    path = tmp_path / "labs/cache/diff"
    path.mkdir(parents=True)
    (path / "page").write_text("on the disk")
    return Noting("i-1", path)


@pytest.fixture
def saver(served: Served, machine: Noting) -> Saver:
    place = served.context.place
    (place.shares / "fs-1").mkdir(parents=True)
    (place.shares / "fs-1/page").write_text("on the share")
    place.faults.mkdir()
    (place.faults / "fault.json").write_text("{}")
    served.context.endpoint_url = "http://127.0.0.1:4599"
    machine.saver = made = Saver(served.context, Settings(speed=4.0), Machines([machine]), threading.Lock())  # type: ignore[arg-type]
    served.client("s3").create_bucket(
        Bucket="kept-bucket", CreateBucketConfiguration={"LocationConstraint": "ap-northeast-1"}
    )
    return made


def test_a_snapshot_is_taken_of_machines_that_stand_still_and_go_on(saver: Saver, machine: Noting) -> None:
    told = saver.page({"snapshot": "one"})
    assert machine.done == ["pause", "unpause"]
    assert (told["port"], told["images"], told["contents"]) == (4599, {"localhost/image:1": "abc"}, {"bucket": 1})
    world = folder.existing_snapshot(saver.context.place, "one")
    assert (world.machines / "i-1/disk/page").read_text() == "on the disk"
    assert (world.machines / "i-1/image").read_text() == IMAGE
    assert (world.shares / "fs-1/page").read_text() == "on the share"
    assert (machine.path / "page").read_text() == "on the disk"
    assert not saver.context.lock._is_owned()  # type: ignore[attr-defined]


def test_a_name_is_taken_once(saver: Saver, machine: Noting) -> None:
    saver.page({"snapshot": "one"})
    said = "The snapshot 'one' is there already; take another name, or remove it with `lab snapshot --delete one`."
    assert saver.page({"snapshot": "one"}) == {"refused": said}
    assert machine.done == ["pause", "unpause"]


def test_a_snapshot_without_room_leaves_nothing_and_the_machines_go_on(
    saver: Saver, machine: Noting, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(files, "_RESERVE", 10**18)
    assert "make room, or remove a snapshot" in str(saver.page({"snapshot": "one"})["refused"])
    assert machine.done == ["pause", "unpause"]
    assert folder.snapshots(saver.context.place) == []


def test_one_world_is_saved_at_a_time(saver: Saver, machine: Noting, monkeypatch: pytest.MonkeyPatch) -> None:
    answers: list[Any] = []
    monkeypatch.setattr(Noting, "pause", lambda _: answers.append(saver.page({"snapshot": "two"})))
    saver.page({"snapshot": "one"})
    assert answers == [{"refused": "The world of the lab 'unit' is being saved; try again in a moment."}]


def test_what_can_t_be_saved_is_said_while_the_machines_still_run(saver: Saver, machine: Noting) -> None:
    with socket.socket() as open_one:
        saver.context.forgeries["name"] = open_one  # type: ignore[assignment]
        assert "can't be saved (cannot pickle 'socket' object)" in str(saver.page({"keep": True})["refused"])
    assert machine.done == []
    assert not saver.context.over


def test_a_kept_world_is_moved_aside_and_nobody_is_answered_any_more(
    saver: Saver, machine: Noting, served: Served
) -> None:
    assert "refused" not in saver.page({"keep": True})
    assert machine.done == ["stop"]
    world = folder.kept(saver.context.place)
    assert (world.machines / "i-1/disk/page").read_text() == "on the disk"
    assert list(machine.path.iterdir()) == []
    with pytest.raises(ClientError, match="503"):
        served.client("s3").list_buckets()


def test_a_world_comes_back_with_its_files_its_state_and_its_clock(
    saver: Saver, served: Served, tmp_path: Path
) -> None:
    saver.page({"snapshot": "one"})
    place = served.context.place
    before = served.context.clock.monotonic()
    restored = Restoring.begin(place, folder.existing_snapshot(place, "one"))
    assert restored.clock(1.0).monotonic() == pytest.approx(before, abs=2)
    with serve(tmp_path / "labs/authority", clock=restored.clock(1.0)) as second:
        restored.finish(second.context)
        assert [each["Name"] for each in second.client("s3").list_buckets()["Buckets"]] == ["kept-bucket"]
    assert (place.disks / "i-1/disk/page").read_text() == "on the disk"
    assert (place.shares / "fs-1/page").read_text() == "on the share"
    assert (place.faults / "fault.json").exists()
