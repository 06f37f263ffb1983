# SPDX-License-Identifier: GPL-3.0-or-later
"""Releases: their manifests, where their files go, and how they appear on the share; nothing half is ever seen."""

from __future__ import annotations

import hashlib
import io
import os
import pwd
import tarfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from plugins.module_utils._release import manifest as manifests
from plugins.module_utils._release import paths
from plugins.module_utils._release.filling import damaged, fetch, link, make, targets
from plugins.module_utils._release.history import History
from plugins.module_utils._release.history import decode as decode_history
from plugins.module_utils._release.layout import SEED, Layout, held_paths, release_layout, seed_layout, to_fetch
from plugins.module_utils._release.manifest import Blob, File, Link, Manifest, Pack, Pointer, Tree
from plugins.module_utils._release.paths import ReleaseError
from plugins.module_utils._release.shared import fill, missing, owner_of
from plugins.module_utils._release.steps import Crew, public_modes
from plugins.module_utils._release.store import UNFINISHED, Store, surplus

ME = pwd.getpwuid(os.geteuid()).pw_name


def sha(content: str) -> str:
    return hashlib.sha256(content.encode()).hexdigest()


def file(path: str, content: str = "x", executable: bool = False) -> File:
    return File(path, sha(content), len(content.encode()), executable)


def release_of(number: int, tree: Tree) -> Manifest:
    return Manifest(f"2027013{number}T120000Z-{tree.digest[:12]}", tree, ())


class Contents:
    """Contents that were uploaded, and how often each was asked for."""

    def __init__(self, *contents: str) -> None:
        self.known = {sha(content): content.encode() for content in contents}
        self.asked: list[str] = []

    def pack(self, pack: Pack) -> bytes:
        self.asked.append(pack.id)
        raw = bytearray(pack.unpacked_bytes)
        for blob, offset in pack.offsets():
            raw[offset : offset + blob.size] = self.known.get(blob.sha256, bytes(blob.size))
        return bytes(raw)

    def large(self, sha256: str) -> Iterator[bytes]:
        self.asked.append(sha256)
        content = self.known[sha256]
        yield content[:1]
        yield content[1:]


# ---- manifests

NAMES = st.text("ab.-é日", min_size=1, max_size=4).filter(lambda name: name not in (".", ".."))
PATHS = st.lists(NAMES, min_size=1, max_size=3).map("/".join)
FILES = st.builds(file, PATHS, st.text("xy", max_size=3), st.booleans())


@st.composite
def trees(draw: st.DrawFn) -> Tree:
    found = {each.path: each for each in draw(st.lists(FILES, min_size=1, max_size=8))}
    files = tuple(each for path, each in sorted(found.items()) if not set(paths.parents(path)) & found.keys())
    free = [path for path in draw(st.lists(PATHS, max_size=4)) if path not in found]
    shared: list[str] = []
    for path in free:
        if not any(paths.below(path, each) or paths.below(each, path) for each in shared):
            shared.append(path)
    taken = {each.path for each in files}
    shared = [path for path in shared if not set(paths.parents(path)) & taken]
    return Tree(files, (), (), tuple(sorted(shared)))


@given(trees())
def test_a_manifest_is_read_as_it_was_written(tree: Tree) -> None:
    blobs = tuple({Blob(each.sha256, each.size): None for each in tree.files})
    written = Manifest(manifests.release_id(tree, "20270131T120000Z", None), tree, (Pack(blobs),))
    text = manifests.encode(written)
    assert manifests.decode(text) == written
    assert manifests.encode(manifests.decode(text)) == text
    assert manifests.compress(text) == manifests.compress(text)


@given(trees(), trees())
def test_only_the_same_tree_has_the_same_digest(one: Tree, other: Tree) -> None:
    assert (one.digest == other.digest) == (one == other)


def test_shared_paths_and_modes_are_part_of_a_release() -> None:
    plain = Tree((file("a"),))
    assert len({each.digest for each in (plain, plain._replace(shared=("b",)), Tree((file("a", "x", True),)))}) == 3


def test_ids_sort_by_time_whatever_the_clock_says() -> None:
    tree = Tree((file("a"),))
    first = manifests.release_id(tree, "20270131T120000Z", None)
    late = manifests.release_id(tree, "20260131T120000Z", first)
    assert (first[:16], late[:16]) == ("20270131T120000Z", "20270131T120001Z")
    assert first < late


@pytest.mark.parametrize("path", ["", "/etc/passwd", "../x", "a/../x", "a//b", "./a", "a\0b", "a/"])
def test_paths_stay_in_the_release(path: str) -> None:
    for tree in (Tree((file(path),)), Tree((file("f"),), (path,)), Tree((file("f"),), (), (), (path,))):
        with pytest.raises(ReleaseError):
            manifests.check(release_of(1, tree))


@pytest.mark.parametrize(
    "tree",
    [
        Tree((file("a"), file("a/b"))),
        Tree((file("a"), file("a"))),
        Tree((file("a/b"),), (), (Link("a", "c"),)),
        Tree((file("a"),), (), (Link("b", "../c"),)),
        Tree((file("a"),), (), (Link("b", "/etc/passwd"),)),
        Tree((file("a"),), (), (Link("b/c", "../../x"),)),
        Tree((File("a", "0" * 63, 1, False),)),
        Tree((file("f"),), (), (Link("a", "f"),), ("a/b",)),
    ],
)
def test_trees_that_would_write_elsewhere_are_refused(tree: Tree) -> None:
    with pytest.raises(ReleaseError):
        manifests.decode(manifests.encode(release_of(1, tree)))


@pytest.mark.parametrize(
    "text", [b"", b"[]", b"{}", b'{"format":1}', b'{"format":1,"release":"x","tree":{},"packs":[]}']
)
def test_damaged_manifests_are_refused(text: bytes) -> None:
    with pytest.raises(ReleaseError):
        manifests.decode(text)


def test_a_newer_format_is_named() -> None:
    with pytest.raises(ReleaseError, match="has format 2"):
        manifests.decode(b'{"format":2}')
    with pytest.raises(ReleaseError, match="upload"):
        manifests.decode_pointer(b'{"format":1,"release":"../../x"}')
    pointer = Pointer("20270131T120000Z-0123456789ab", "0" * 64)
    assert manifests.decode_pointer(manifests.encode_pointer(pointer)) == pointer


@given(st.lists(st.binary(max_size=1500), max_size=6))
def test_places_in_a_pack_are_those_of_tar(contents: list[bytes]) -> None:
    whole = io.BytesIO()
    with tarfile.open(fileobj=whole, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        for content in contents:
            member = tarfile.TarInfo(hashlib.sha256(content).hexdigest())
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    pack = Pack(tuple(Blob(hashlib.sha256(content).hexdigest(), len(content)) for content in contents))
    raw = whole.getvalue()
    assert [raw[offset : offset + blob.size] for blob, offset in pack.offsets()] == contents
    assert pack.unpacked_bytes <= len(raw)


# ---- layouts


@given(PATHS)
def test_the_link_to_a_shared_path_leads_there(path: str) -> None:
    at = PurePosixPath("/srv/site/releases/20270131T120000Z-0123456789ab") / path
    assert os.path.normpath(at.parent / paths.link_to_shared(path)) == f"/srv/site/shared/{path}"


@given(st.lists(NAMES, min_size=1, max_size=2).map("/".join), PATHS, st.lists(NAMES, min_size=1, max_size=3))
def test_a_link_in_a_seed_leads_to_the_same_thing(shared: str, inside: str, target: list[str]) -> None:
    at, leads_to = f"{shared}/{inside}", "/".join(target)
    assume(not paths.below(leads_to, at))
    written = os.path.relpath(leads_to, PurePosixPath(at).parent)
    found = os.path.normpath(f"/s/shared/{PurePosixPath(at).parent}/{paths.seed_target(at, written, [shared])}")
    top = "shared" if paths.below(leads_to, shared) else "current"
    assert found == os.path.normpath(f"/s/{top}/{leads_to}")


def test_a_release_has_links_where_the_site_writes() -> None:
    tree = Tree(
        (file("a/b/c"), file("data/x"), file("conf.php")),
        ("empty", "data/cache"),
        (Link("data/l", "x"), Link("m", "data/x")),
        ("conf.php", "data", "var/log"),
    )
    layout = release_layout(tree)
    assert layout.levels == (("a", "empty", "var"), ("a/b",))
    assert [each.path for each in layout.files] == ["a/b/c"]
    assert dict(layout.links) == {
        "m": "data/x",
        "conf.php": "../../shared/conf.php",
        "data": "../../shared/data",
        "var/log": "../../../shared/var/log",
    }
    seed = seed_layout(tree, "data")
    assert (seed.levels, dict(seed.links)) == (((SEED,), (f"{SEED}/cache",)), {f"{SEED}/l": "x"})
    assert [each.path for each in seed.files] == [f"{SEED}/x"]
    assert [each.path for each in seed_layout(tree, "conf.php").files] == [SEED]
    assert seed_layout(tree, "var/log") == Layout(((SEED,),), (), ())


def test_files_are_taken_from_where_they_are() -> None:
    there = Tree((file("a", "one"), file("b", "two"), file("data/s", "three")), (), (), ("data",))
    wanted = [file("a", "one"), file("c", "two"), file("b", "new"), file("a2", "one", True), file("s", "three")]
    assert held_paths(wanted, there) == {"a": "a", "c": "b"}


def test_each_content_is_fetched_once() -> None:
    packs = (Pack((Blob(sha("one"), 3), Blob(sha("two"), 3))), Pack((Blob(sha("one"), 3),)))
    tree = Tree((file("a", "one"), file("b", "two"), file("c", "one"), file("d", "large")))
    wanted = to_fetch([each.sha256 for each in tree.files], Manifest("x", tree, packs))
    assert wanted.packed == {packs[0].id: {sha("one"): 512, sha("two"): 1536}}
    assert wanted.large == (sha("large"),)


# ---- steps


def test_slow_steps_are_taken_at_once() -> None:
    running, most, lock = set(), [0], threading.Lock()

    def step(number: int) -> int:
        with lock:
            running.add(number)
            most[0] = max(most[0], len(running))
        time.sleep(0.002)
        with lock:
            running.discard(number)
        return number

    with Crew() as crew:
        assert crew.each(step, range(400)) == list(range(400))
    assert most[0] > 8


def test_a_folder_goes_with_all_that_is_in_it(tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "stays").write_text("")
    top = tmp_path / "top"
    (top / "a" / "b").mkdir(parents=True)
    (top / "a" / "file").write_text("")
    (top / "link").symlink_to(tmp_path / "out")
    with Crew() as crew:
        crew.remove(top)
        crew.remove(top)
    assert [each.name for each in tmp_path.iterdir()] == ["out"]
    assert (tmp_path / "out" / "stays").exists()


# ---- the share


def packed(tree: Tree, number: int = 1) -> Manifest:
    blobs = tuple({Blob(each.sha256, each.size): None for each in tree.files})
    return release_of(number, tree)._replace(packs=(Pack(blobs),))


def released(store: Store, manifest: Manifest, contents: Contents) -> int:
    """Make and serve a release; return how many files were fetched."""
    layout, base = release_layout(manifest.tree), store.current()
    with Crew() as crew, public_modes():

        def filled(folder: Path) -> int:
            make(crew, folder, layout)
            wanted = targets(folder, layout)
            if (held := store.manifest(base)) is not None:
                wanted = link(crew, folder, layout, store.folder / str(base), held)
            return fetch(crew, wanted, manifest, contents)

        fetched = store.add(crew, manifest, filled)
    store.serve(manifest.release, store.history().serving(manifest.release))
    return fetched


def test_release_is_made_and_served(tmp_path: Path) -> None:
    store = Store(str(tmp_path))
    tree = Tree((file("bin/run", "two", True), file("index.php", "one")), ("empty",), (Link("l", "index.php"),))
    before = os.umask(0o077)
    try:
        assert released(store, packed(tree), Contents("one", "two")) == 2
    finally:
        os.umask(before)
    served = tmp_path / "current"
    assert (served / "bin/run").read_text() == "two"
    assert (served / "l").readlink() == Path("index.php")
    modes = {name: (served / name).stat().st_mode & 0o7777 for name in (".", "bin", "bin/run", "index.php", "empty")}
    assert modes == {".": 0o755, "bin": 0o755, "bin/run": 0o755, "index.php": 0o644, "empty": 0o755}
    assert store.current() == packed(tree).release
    assert store.manifest(store.current()) == packed(tree)


def test_unchanged_files_are_links_and_are_not_fetched(tmp_path: Path) -> None:
    store = Store(str(tmp_path))
    first = packed(Tree((file("a", "one"), file("b", "two"))))
    released(store, first, Contents("one", "two"))
    second = packed(Tree((file("b", "three"), file("moved", "one"))), 2)
    assert released(store, second, Contents("one", "three")) == 1
    assert (tmp_path / "current/moved").samefile(store.folder / first.release / "a")
    assert (tmp_path / "current/b").read_text() == "three"


def test_file_that_was_damaged_on_the_share_is_fetched_again(tmp_path: Path) -> None:
    store = Store(str(tmp_path))
    first = packed(Tree((file("a", "one"),)))
    released(store, first, Contents("one"))
    (store.folder / first.release / "a").write_text("damaged")
    assert released(store, packed(Tree((file("a", "one"), file("b", "two"))), 2), Contents("one", "two")) == 2
    assert (tmp_path / "current/a").read_text() == "one"


def test_file_whose_mode_was_changed_on_the_share_is_fetched_again(tmp_path: Path) -> None:
    store = Store(str(tmp_path))
    first = packed(Tree((file("a", "one"),)))
    released(store, first, Contents("one"))
    (store.folder / first.release / "a").chmod(0o600)
    assert released(store, packed(Tree((file("a", "one"), file("b", "two"))), 2), Contents("one", "two")) == 2
    assert (tmp_path / "current/a").stat().st_mode & 0o777 == 0o644


def test_what_was_changed_on_the_share_is_seen(tmp_path: Path) -> None:
    store = Store(str(tmp_path))
    first = packed(Tree(tuple(file(name, "one") for name in "abcd")))
    released(store, first, Contents("one"))
    folder = store.folder / first.release
    (folder / "a").chmod(0o600)
    (folder / "b").write_text("longer")
    (folder / "c").unlink()
    with Crew() as crew:
        seen = damaged(crew, targets(folder, release_layout(first.tree)))
    assert [target.file.path for target in seen] == ["a", "b", "c"]


def test_large_files_and_wrong_contents(tmp_path: Path) -> None:
    store = Store(str(tmp_path))
    large = release_of(1, Tree((file("a", "large"),)))
    assert released(store, large, Contents("large")) == 1
    wrong = Contents("large", "other")
    wrong.known[sha("other")] = b"o-her"
    with pytest.raises(ReleaseError, match="not what was uploaded"):
        released(store, packed(Tree((file("a", "other"),)), 2), wrong)
    assert store.releases() == [large.release]
    assert [each.name for each in store.folder.iterdir() if each.name.startswith(UNFINISHED)] == []


def test_two_writers_of_the_same_release(tmp_path: Path) -> None:
    store = Store(str(tmp_path))
    manifest = packed(Tree((file("a", "one"),)))
    contents = Contents("one")

    def meanwhile(folder: Path) -> int:
        (folder / "a").write_text("one")
        if not store.releases():
            released(store, manifest, contents)
        return 0

    with Crew() as crew:
        store.add(crew, manifest, meanwhile)
    assert store.releases() == [manifest.release]


def test_writer_that_ended_before_its_manifest(tmp_path: Path) -> None:
    store = Store(str(tmp_path))
    manifest = packed(Tree((file("a", "one"),)))
    (store.folder / manifest.release).mkdir(parents=True)
    assert store.releases() == []
    released(store, manifest, Contents("one"))
    assert (tmp_path / "current" / "a").read_text() == "one"


def test_abandoned_folders_are_cleared(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = Store(str(tmp_path))
    left = store.folder / f"{UNFINISHED}left"
    (left / "in").mkdir(parents=True)
    with Crew() as crew:
        store.clear_abandoned(crew)
        assert left.exists()
        now = time.time()
        monkeypatch.setattr(time, "time", lambda: now + 4000)
        store.clear_abandoned(crew)
    assert not left.exists()


def test_return_and_prune(tmp_path: Path) -> None:
    store = Store(str(tmp_path))
    made = [packed(Tree((file("a", str(number)),)), number) for number in range(4)]
    for each in made:
        released(store, each, Contents(*"0123"))
    ids = [each.release for each in made]
    store.serve(ids[0], History())
    with Crew() as crew:
        assert store.prune(crew, 1, ids[2]) == [ids[1]]
        assert store.prune(crew, 1) == [ids[2]]
    assert store.releases() == [ids[0], ids[3]]
    assert sorted(each.name for each in store.folder.iterdir()) == [ids[0], f"{ids[0]}.json", ids[3], f"{ids[3]}.json"]
    with pytest.raises(ReleaseError, match="There is no release"):
        store.serve(ids[1], History())


def test_folder_in_the_place_of_the_link(tmp_path: Path) -> None:
    (tmp_path / "current").mkdir()
    with pytest.raises(ReleaseError, match="no symbolic link"):
        Store(str(tmp_path)).current()


@given(st.sets(st.integers(0, 99)), st.integers(0, 99), st.integers(1, 10))
def test_what_is_kept(numbers: set[int], current: int, keep: int) -> None:
    releases = [f"{number:02}" for number in numbers]
    served = f"{current:02}"
    kept = set(releases) - set(surplus(releases, (served, None), keep, History()))
    assert len(kept) <= keep + 1
    assert served not in surplus(releases, (served,), keep, History())
    assert set(sorted(releases)[-keep:]) <= kept
    assert History().before(served, releases) == max(
        (release for release in releases if release < served), default=None
    )


def test_what_a_return_leads_to_is_kept_before_what_was_taken_back() -> None:
    history = History()
    for one in "abcd":
        history = history.serving(one)
    history = history.returning("a", "d").serving("e")
    assert history.before("e", "abcde") == "a"
    assert surplus("abcde", ("e",), 2, history) == ["d", "c", "b"]


def test_a_return_takes_back_what_came_after() -> None:
    history = History().serving("a").serving("b").serving("c").serving("d")
    back = history.returning("b", "d")
    assert back == History(("a", "b"), ("c", "d"))
    assert back.serving("e").before("e", "abcde") == "b"
    assert back.before("b", "bcd") is None
    assert back.returning("d", "b") == History(("a", "b", "d"), ("c",)), "a later one is no return"
    assert History().returning("a", "b") == History(("a",), ("b",)), "a share without a history"


@given(st.lists(st.tuples(st.sampled_from("abcdef"), st.booleans()), max_size=20))
def test_what_is_served_was_never_taken_back(steps: list[tuple[str, bool]]) -> None:
    history, current = History(), None
    for release, back in steps:
        history = history.returning(release, current) if back else history.serving(release)
        current = release
        assert history.served[-1] == current
        assert len(set(history.served)) == len(history.served)
        assert not set(history.served) & set(history.taken_back)
        assert history.before(current, "abcdef") not in (current, *history.taken_back)
        assert decode_history(history.encode()) == history


# ---- shared paths


def shared(tmp_path: Path, manifest: Manifest, contents: Contents) -> list[str]:
    """Fill what is missing, and return it."""
    found = missing(tmp_path, manifest.tree.shared)
    with Crew() as crew, public_modes():
        fill(crew, Store(str(tmp_path)), manifest, found, owner_of(ME), contents)
    return found


def test_shared_paths_are_filled_once(tmp_path: Path) -> None:
    tree = Tree(
        (file("conf.php", "one"), file("data/deep/x", "two"), file("index.php")),
        ("data/cache",),
        (Link("data/l", "deep/x"), Link("data/out", "../index.php")),
        ("conf.php", "data", "var/log"),
    )
    manifest = packed(tree)
    assert shared(tmp_path, manifest, Contents("one", "two")) == ["conf.php", "data", "var/log"]
    released(Store(str(tmp_path)), manifest, Contents("one", "two", "x"))
    top, served = tmp_path / "shared", tmp_path / "current"
    assert (served / "conf.php").read_text() == "one"
    assert (served / "data/l").read_text() == "two"
    assert (served / "data/out").read_text() == "x"
    assert (served / "data/cache").is_dir()
    assert list((served / "var/log").iterdir()) == []
    (served / "data/deep/x").write_text("written by the site")
    (served / "conf.php").unlink()
    (top / "conf.php").write_text("set up")
    again = packed(tree._replace(files=(file("conf.php", "new"), file("data/deep/x", "new"))), 2)
    assert shared(tmp_path, again, Contents()) == []
    assert (top / "conf.php").read_text() == "set up"
    assert (top / "data/deep/x").read_text() == "written by the site"
    assert sorted(each.name for each in top.iterdir()) == ["conf.php", "data", "var"]
    assert not [each.name for each in (tmp_path / "releases").iterdir() if each.name.startswith(UNFINISHED)]


def test_another_writer_of_a_shared_path_was_first(tmp_path: Path) -> None:
    manifest = packed(Tree((file("conf.php", "one"), file("data/x", "two")), (), (), ("conf.php", "data")))
    (tmp_path / "shared/data").mkdir(parents=True)
    (tmp_path / "shared/data/y").write_text("theirs")
    (tmp_path / "shared/conf.php").write_text("theirs")
    with Crew() as crew:
        fill(crew, Store(str(tmp_path)), manifest, ["conf.php", "data"], owner_of(ME), Contents("one", "two"))
    assert (tmp_path / "shared/conf.php").read_text() == "theirs"
    assert [each.name for each in (tmp_path / "shared/data").iterdir()] == ["y"]


def test_nobody_leads_a_writer_astray(tmp_path: Path) -> None:
    (tmp_path / "shared").mkdir()
    (tmp_path / "shared/a").symlink_to("/etc")
    with pytest.raises(ReleaseError, match="is a symbolic link"):
        missing(tmp_path, ["a/b"])


def test_a_user_who_is_not_there_is_named() -> None:
    with pytest.raises(ReleaseError, match="no user 'nobody-at-all'"):
        owner_of("nobody-at-all")
