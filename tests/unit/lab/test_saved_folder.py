# SPDX-License-Identifier: GPL-3.0-or-later
"""Saved worlds on the disk: whole or not there, nobody else's, and of this version of the lab."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from lab.base import paths
from lab.base.errors import LabError
from lab.base.paths import LabPaths
from lab.commands import snapshots
from lab.running.saved import files, folder, versions
from lab.running.saved.folder import Manifest, SavedWorld

MANIFEST = Manifest("2026-11-29T12:00:00+00:00", 4580, {"speed": 4.0}, 7.0, 8.0, "PEM", 5, {"instance": 2}, 1_000_000)


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> LabPaths:
    monkeypatch.setattr(paths, "ROOT", tmp_path)
    return LabPaths("unit")


@pytest.fixture
def world(place: LabPaths) -> SavedWorld:
    made = folder.snapshot(place, "built")
    with made.being_made() as part:
        part.write(MANIFEST, b"state")
    return made


def test_what_was_written_is_read(world: SavedWorld, place: LabPaths) -> None:
    assert folder.existing_snapshot(place, "built") == world
    assert (world.manifest(), world.read()) == (MANIFEST, b"state")


def test_everything_is_closed_to_others(world: SavedWorld, place: LabPaths) -> None:
    modes = {path: path.stat().st_mode & 0o777 for path in (world.folder, world.state, world.folder / "manifest.json")}
    assert sorted(modes.values()) == [0o600, 0o600, 0o700]


@pytest.mark.parametrize("opened", [".", "state.pickle", "manifest.json"])
def test_what_others_could_have_written_is_not_read(world: SavedWorld, opened: str) -> None:
    (world.folder / opened).chmod(0o666 if opened != "." else 0o777)
    with pytest.raises(LabError, match="is not closed to other users of this host"):
        world.manifest()


def test_a_link_is_not_followed(world: SavedWorld, tmp_path: Path) -> None:
    world.state.rename(tmp_path / "elsewhere")
    world.state.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(LabError, match="is not closed to other users of this host"):
        world.manifest()


def test_the_whole_lab_counts_as_its_version(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert (versions.PACKAGE / "plane").is_dir()
    program = tmp_path / "image" / "program"
    program.parent.mkdir()
    monkeypatch.setattr(versions, "PACKAGE", tmp_path)
    digests = set()
    for text in ("one", "another"):
        program.write_text(text)
        digests.add(versions.digest())
    assert len(digests) == 2


@pytest.mark.parametrize(("name", "found"), [("moto", "5.0.0"), ("the lab", "0123456789ab"), ("Python", "3.9")])
def test_another_version_is_refused_in_one_sentence(world: SavedWorld, name: str, found: str) -> None:
    told = json.loads((world.folder / "manifest.json").read_text())
    told["versions"][name] = found
    (world.folder / "manifest.json").write_text(json.dumps(told))
    with pytest.raises(LabError, match=rf"^The snapshot 'built' was saved by other versions \({name} {found}, here "):
        world.manifest()


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"made": 1}'])
def test_a_manifest_that_is_none_is_refused_in_one_sentence(world: SavedWorld, text: str) -> None:
    (world.folder / "manifest.json").write_text(text)
    with pytest.raises(LabError, match=r"^The snapshot 'built'"):
        world.manifest()


def test_a_world_whose_making_failed_is_not_there(place: LabPaths) -> None:
    made = folder.snapshot(place, "half")
    with pytest.raises(LabError), made.being_made() as part:
        files.Copying({part.state: part.machines}).finish()
    assert not made.there
    assert list(made.folder.parent.iterdir()) == []


def test_what_killed_commands_have_left_is_no_snapshot_and_is_swept(world: SavedWorld, place: LabPaths) -> None:
    for left in (".half.part", ".trash-1"):
        (world.folder.parent / left / "machines").mkdir(parents=True)
    (place.saved / ".kept.part").mkdir()
    assert folder.snapshots(place) == ["built"]
    folder.sweep(place)
    assert [path.name for path in place.saved.rglob("*")] == ["snapshots", "built", "state.pickle", "manifest.json"]
    folder.discard(world.folder)
    folder.sweep(place)
    assert not place.saved.exists()


@pytest.mark.parametrize("name", ["", ".hidden", "../up", "a/b", "Big", "x" * 41, "two words", "new\n"])
def test_a_name_that_is_no_file_s_is_refused(place: LabPaths, name: str) -> None:
    with pytest.raises(LabError, match="use up to 40 small letters"):
        folder.snapshot(place, name)


def test_an_unknown_name_is_answered_by_the_known_ones(world: SavedWorld, place: LabPaths) -> None:
    with pytest.raises(LabError, match=r"^The lab 'unit' has no snapshot 'bulit'; it has built\.$"):
        snapshots.delete(place, "bulit")


def test_nothing_is_left_of_the_last_one_that_is_removed(world: SavedWorld, place: LabPaths) -> None:
    snapshots.delete(place, "built")
    assert not place.saved.exists()


def test_the_list_says_when_how_large_and_what_and_why_one_can_t_come_back(world: SavedWorld, place: LabPaths) -> None:
    with folder.snapshot(place, "old").being_made() as part:
        part.write(replace(MANIFEST, versions={"moto": "1"}), b"")
    listed = snapshots.listing(place)
    assert listed[0] == {"name": "built", "made": MANIFEST.made, "size": 1_000_000, "contents": {"instance": 2}}
    assert snapshots.table(listed).splitlines()[1].endswith("1 MB  2 machines, 0 shares, 2 resources")
    assert snapshots.table(listed).splitlines()[2].startswith("The snapshot 'old' was saved by other versions (")
    assert snapshots.table([]) == "There are no snapshots."


# ---- copies


def test_a_copy_keeps_modes_times_links_and_is_no_link_to_the_original(tmp_path: Path) -> None:
    source = tmp_path / "disk"
    (source / "etc").mkdir(parents=True)
    (source / "etc/passwd").write_text("root")
    (source / "etc/passwd").chmod(0o640)
    (source / "etc/link").symlink_to("/nowhere")
    files.Copying({source: tmp_path / "copy"}).finish()
    copy = tmp_path / "copy/etc"
    assert (copy / "link").readlink() == Path("/nowhere")
    assert (copy / "passwd").stat().st_mode == (source / "etc/passwd").stat().st_mode
    assert (copy / "passwd").stat().st_mtime_ns == (source / "etc/passwd").stat().st_mtime_ns
    assert not (copy / "passwd").samefile(source / "etc/passwd")


def test_a_copy_that_fails_says_why(tmp_path: Path) -> None:
    with pytest.raises(LabError, match=r"could not be copied: cp: .*No such file or directory\.$"):
        files.Copying({tmp_path / "nothing": tmp_path / "copy"}).finish()


def test_what_the_disk_has_no_room_for_is_not_begun(tmp_path: Path) -> None:
    files.check_space(tmp_path, 0)
    with pytest.raises(LabError, match=r"MB left, and 1000000000067 MB are needed; make room, or remove a snapshot"):
        files.check_space(tmp_path, 10**18)
