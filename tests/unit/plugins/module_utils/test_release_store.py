# SPDX-License-Identifier: GPL-3.0-or-later
"""Releases on a share: the same files make the same one, switching is one step, nothing half is ever seen."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plugins.module_utils._release_store import (
    Item,
    Manifest,
    ReleaseError,
    Store,
    make_manifest,
    previous_of,
    surplus,
)


def item(path: str, content: str = "x", modified: str = "20270131T120000Z") -> Item:
    return Item(path, f"site/{path}", content, len(content), modified)


def write(entry: Item, target: Path) -> None:
    target.write_text(entry.etag)


def released(store: Store, *items: Item) -> Manifest:
    manifest = make_manifest(items)
    store.add(manifest, write)
    store.serve(manifest.release)
    return manifest


def test_release_is_made_and_served(tmp_path: Path) -> None:
    store = Store(str(tmp_path))
    manifest = released(store, item("index.php", "one"), item("a/b/c.css", "two"))
    assert (tmp_path / "current" / "a" / "b" / "c.css").read_text() == "two"
    assert store.current() == manifest.release
    assert store.manifest(manifest.release) == manifest
    assert sorted(entry.name for entry in store.folder.iterdir()) == [manifest.release, f"{manifest.release}.json"]


def test_unchanged_files_are_not_fetched(tmp_path: Path) -> None:
    store = Store(str(tmp_path))
    released(store, item("a", "one"), item("b", "two"))
    later = make_manifest([item("a", "one"), item("b", "three", "20270131T130000Z")])
    assert store.add(later, write) == 1
    assert (store.folder / later.release / "a").read_text() == "one"
    assert (store.folder / later.release / "b").read_text() == "three"


def test_file_that_was_damaged_on_the_share_is_fetched_again(tmp_path: Path) -> None:
    store = Store(str(tmp_path))
    first = released(store, item("a", "one"), item("b", "two"))
    (store.folder / first.release / "a").write_text("damaged")
    later = make_manifest([item("a", "one"), item("b", "three")])
    assert store.add(later, write) == 2


def test_failed_fetch_leaves_nothing(tmp_path: Path) -> None:
    store = Store(str(tmp_path))
    first = released(store, item("a", "one"))

    def fail(entry: Item, target: Path) -> None:
        target.write_text("half")
        raise OSError("cut")

    with pytest.raises(OSError, match="cut"):
        store.add(make_manifest([item("a", "two")]), fail)
    assert store.releases() == [first.release]
    assert store.current() == first.release
    assert len(list(store.folder.iterdir())) == 2


def test_two_writers_of_the_same_release(tmp_path: Path) -> None:
    one, other = Store(str(tmp_path)), Store(str(tmp_path))
    manifest = make_manifest([item("a", "one")])

    def meanwhile(entry: Item, target: Path) -> None:
        if not one.releases():
            one.add(manifest, write)
        write(entry, target)

    other.add(manifest, meanwhile)
    assert other.releases() == [manifest.release]


def test_writer_that_ended_before_its_manifest(tmp_path: Path) -> None:
    store = Store(str(tmp_path))
    manifest = make_manifest([item("a", "one")])
    (store.folder / manifest.release).mkdir(parents=True)
    assert store.releases() == []
    released(store, item("a", "one"))
    assert (tmp_path / "current" / "a").read_text() == "one"


def test_abandoned_folders_are_cleared(tmp_path: Path) -> None:
    store = Store(str(tmp_path))
    old, young = store.folder / ".new-old", store.folder / ".new-young"
    old.mkdir(parents=True)
    young.mkdir()
    os.utime(old, (0, 0))
    released(store, item("a"))
    assert not old.exists()
    assert young.exists()


def test_return_and_prune(tmp_path: Path) -> None:
    store = Store(str(tmp_path))
    ids = [released(store, item("a", str(n), f"2027013{n}T120000Z")).release for n in range(4)]
    store.serve(ids[0])
    assert store.prune(2) == [ids[1]]
    assert store.releases() == [ids[0], *ids[2:]]
    with pytest.raises(ReleaseError, match="There is no release"):
        store.serve(ids[1])


def test_folder_in_the_place_of_the_link(tmp_path: Path) -> None:
    (tmp_path / "current").mkdir()
    with pytest.raises(ReleaseError, match="no symbolic link"):
        Store(str(tmp_path)).current()


@pytest.mark.parametrize("path", ["", "/etc/passwd", "../x", "a/../x", "a//b", "./a", "a\0b"])
def test_paths_stay_in_the_release(path: str) -> None:
    with pytest.raises(ReleaseError):
        make_manifest([item(path)])


def test_file_that_is_also_a_folder() -> None:
    with pytest.raises(ReleaseError, match="also a folder"):
        make_manifest([item("a"), item("a/b")])


def test_empty_bucket() -> None:
    with pytest.raises(ReleaseError, match="holds no file"):
        make_manifest([])


@given(st.sets(st.text("abc", min_size=1, max_size=4), min_size=1), st.randoms())
def test_order_does_not_matter(names: set[str], random: object) -> None:
    items = [item(name) for name in names]
    shuffled = sorted(items, key=lambda _entry: random.random())  # type: ignore[attr-defined]
    assert make_manifest(items) == make_manifest(shuffled)


@given(st.sets(st.integers(0, 99)), st.integers(0, 99), st.integers(1, 10))
def test_what_is_kept(numbers: set[int], current: int, keep: int) -> None:
    releases = [f"{number:02}" for number in numbers]
    served = f"{current:02}"
    kept = set(releases) - set(surplus(releases, served, keep))
    assert len(kept) <= keep + 1
    assert served not in surplus(releases, served, keep)
    assert set(sorted(releases)[-keep:]) <= kept
    assert previous_of(releases, served) == max((one for one in releases if one < served), default=None)
