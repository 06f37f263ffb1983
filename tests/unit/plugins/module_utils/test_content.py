# SPDX-License-Identifier: GPL-3.0-or-later
"""A site's folder: what is left out, what is refused, and how its contents are packed."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.hasite.aws.plugins.module_utils._content import checks, excludes, planning, reading
from ansible_collections.hasite.aws.plugins.module_utils._content.checks import ContentError
from ansible_collections.hasite.aws.plugins.module_utils._content.packing import packed
from ansible_collections.hasite.aws.plugins.module_utils._release.manifest import (
    Blob,
    File,
    Link,
    Manifest,
    Pack,
    Tree,
    file_key,
    manifest_key,
    pack_key,
)
from ansible_collections.hasite.aws.plugins.module_utils._release.source import Source
from hypothesis import given
from hypothesis import strategies as st

# ---- what is left out


@pytest.mark.parametrize(
    ("patterns", "path", "is_folder", "left_out"),
    [
        ([], ".git", True, True),
        ([], "sub/.git", False, True),
        ([], ".gitignore", False, False),
        ([], "sub/.env", False, True),
        ([], ".env.local", False, True),
        ([], ".environment", False, False),
        ([], "node_modules", True, True),
        ([], "a/.index.php.swp", False, True),
        ([], "index.php~", False, True),
        ([], "index.php", False, False),
        (["*.md"], "docs/a.md", False, True),
        (["/*.md"], "docs/a.md", False, False),
        (["/*.md"], "a.md", False, True),
        (["docs/*.md"], "docs/a.md", False, True),
        (["docs/*.md"], "docs/b/a.md", False, False),
        (["docs/**"], "docs/b/a.md", False, True),
        (["docs/**"], "docs", True, False),
        (["**/cache/*.x"], "a/b/cache/1.x", False, True),
        (["**/cache/*.x"], "cache/1.x", False, True),
        (["tmp/"], "tmp", False, False),
        (["tmp/"], "a/tmp", True, True),
        (["!.env"], ".env", False, False),
        (["!.env", ".env"], ".env", False, True),
        (["*.log", "!keep.log"], "a/keep.log", False, False),
        (["a?c"], "abc", False, True),
        (["a?c"], "a/c", False, False),
        (["[ab].x"], "b.x", False, True),
        (["[!ab].x"], "b.x", False, False),
        (["[!ab].x"], "c.x", False, True),
        (["[^ab].x"], "^.x", False, True),
        (["a[.x"], "a[.x", False, True),
        (["a+b(c)"], "a+b(c)", False, True),
        (["日本*"], "x/日本語", False, True),
    ],
)
def test_patterns(patterns: list[str], path: str, is_folder: bool, left_out: bool) -> None:
    assert excludes.excluded(path, is_folder, excludes.read(patterns)) is left_out


@pytest.mark.parametrize("pattern", ["", "/", "!", "../x", "a/../b", "./a", "a//b"])
def test_patterns_that_match_nothing_are_refused(pattern: str) -> None:
    with pytest.raises(excludes.ExcludeError, match="site_excludes has"):
        excludes.read([pattern])


@given(st.text("ab*?[]!^-/.\\", max_size=8), st.text("ab/[].", min_size=1, max_size=8))
def test_every_pattern_can_be_read_or_is_refused(pattern: str, path: str) -> None:
    try:
        read = excludes.read([pattern])
    except excludes.ExcludeError:
        return
    assert excludes.excluded(path, False, read) in (True, False)


@given(st.text("abc+()$|{}", min_size=1, max_size=6))
def test_a_name_matches_itself_only(name: str) -> None:
    read = excludes.read([name])
    assert excludes.excluded(f"x/{name}", False, read)
    assert not excludes.excluded(f"x/{name}z", False, read)


# ---- shared paths and the document root

FILES, FOLDERS, LINKS = {"config.php", "data/x"}, {"data", "public", "public/img", "old.d"}, {"pics"}


@pytest.mark.parametrize(
    ("written", "found"),
    [
        (["data"], {"data": False}),
        (["./data/", "config.php"], {"config.php": False, "data": True}),
        (["uploads", "var/cache/"], {"uploads": False, "var/cache": True}),
        (["old.d"], {"old.d": False}),
        (["new.d/"], {"new.d": True}),
        ([".cache"], {".cache": False}),
        (["ab", "a"], {"a": False, "ab": False}),
    ],
)
def test_shared_paths(written: list[str], found: dict[str, bool]) -> None:
    assert checks.shared_paths(written) == found
    checks.check_shared(found, FILES, FOLDERS, LINKS)


@pytest.mark.parametrize(
    ("written", "why"),
    [
        (["/data"], "no path below"),
        ([""], "no path below"),
        (["/"], "no path below"),
        (["."], "no path below"),
        ([".."], "no path below"),
        (["../data"], "no path below"),
        (["data/../.."], "no path below"),
        (["a//b"], "no path below"),
        (["data", "data/x"], "one holds the other"),
        (["a/b/c", "a"], "one holds the other"),
        (["a", "a/"], "one holds the other"),
        (["a\nb"], "control character"),
        (["new.php"], "does not have"),
        (["config.php/"], "is a file"),
        (["config.php/x"], "is a file"),
        (["pics"], "symbolic link"),
        (["pics/x"], "symbolic link"),
    ],
)
def test_shared_paths_that_are_refused(written: list[str], why: str) -> None:
    with pytest.raises(ContentError, match=why):
        checks.check_shared(checks.shared_paths(written), FILES, FOLDERS, LINKS)


@pytest.mark.parametrize("public", [None, "", ".", "/", "public", "public/img/", "/public"])
def test_document_roots(public: str | None) -> None:
    checks.check_public_folder(public, FOLDERS, ["data"])


@pytest.mark.parametrize("public", ["web", "config.php", "../public", "public/..", "data"])
def test_document_roots_that_are_refused(public: str) -> None:
    with pytest.raises(ContentError, match="site_public_folder is"):
        checks.check_public_folder(public, FOLDERS, ["data"])


@pytest.mark.parametrize(
    ("name", "why"),
    [
        (os.fsdecode(b"caf\xe9"), "not UTF-8"),
        ("a\nb", "control character"),
        ("a\x7f", "control character"),
        ("é" * 128, "more than 255 bytes"),
        ("/".join(["a" * 200] * 20), "longer than"),
        ("a/" * 1000 + "b", "longer than"),
    ],
)
def test_names_that_the_share_can_not_hold(name: str, why: str) -> None:
    with pytest.raises(ContentError, match=why) as refused:
        checks.check_name(name)
    assert "\n" not in str(refused.value)
    str(refused.value).encode()


@pytest.mark.parametrize("name", ["日本語.php", "é" * 127, "a b'c\"d", "-x", "a:b*?"])
def test_names_that_are_fine(name: str) -> None:
    checks.check_name(name)


# ---- folders


def look(folder: Path, **more: Any) -> reading.Folder:
    params = {"source": str(folder), "excludes": [], "shared_paths": [], "public_folder": None, **more}
    return reading.look(params)


@pytest.fixture
def site(tmp_path: Path) -> Path:
    folder = tmp_path / "site"
    (folder / "sub" / "empty").mkdir(parents=True)
    (folder / "index.php").write_text("one")
    (folder / "sub" / "run").write_text("two")
    (folder / "sub" / "run").chmod(0o700)
    (folder / ".git").mkdir()
    (folder / ".git" / "x").write_text("")
    return folder


def test_a_folder_as_it_is(site: Path) -> None:
    (site / "to-file").symlink_to("sub/run")
    (site / "sub" / "to-folder").symlink_to("../sub")
    (site / "absolute").symlink_to(site / "index.php")
    (site / "sub" / "round").symlink_to("../../site/index.php")
    (site / "to-top").symlink_to(".")
    found = look(site)
    tree = reading.tree_of(found)
    assert [(file.path, file.size, file.executable) for file in tree.files] == [
        ("index.php", 3, False),
        ("sub/run", 3, True),
    ]
    assert tree.folders == ("sub/empty",)
    assert tree.links == (
        Link("absolute", "index.php"),
        Link("sub/round", "../index.php"),
        Link("sub/to-folder", "../sub"),
        Link("to-file", "sub/run"),
        Link("to-top", "."),
    )
    assert look(site).files == found.files


def test_a_folder_in_which_all_is_left_out_is_empty_and_published(site: Path) -> None:
    (site / "modules" / "node_modules").mkdir(parents=True)
    assert "modules" in look(site).empty_folders


def test_the_folder_may_be_given_by_a_link(site: Path, tmp_path: Path) -> None:
    (site / "absolute").symlink_to(site / "index.php")
    (tmp_path / "link").symlink_to("site")
    assert look(tmp_path / "link").links == [Link("absolute", "index.php")]


def fifo(site: Path) -> None:
    os.mkfifo(site / "sub" / "pipe")


def bound(site: Path) -> None:
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(site / "s"))


def sparse(site: Path) -> None:
    with (site / "big.iso").open("wb") as file:
        file.truncate((5 << 30) + 1)


def latin(site: Path) -> None:
    Path(os.fsdecode(os.fsencode(site) + b"/caf\xe9")).write_text("")


@pytest.mark.parametrize(
    ("spoil", "why"),
    [
        (fifo, "The named pipe 'sub/pipe'"),
        (bound, "The socket 's'"),
        (sparse, r"'big.iso' in site_files has 5\.0 GB"),
        (latin, "is not UTF-8"),
        (lambda site: (site / "a\tb").write_text(""), "control character"),
        (lambda site: (site / "l").symlink_to("nothing"), "'nothing', which is not there"),
        (lambda site: (site / "l").symlink_to("l"), "'l', which is not there"),
        (lambda site: (site / "l").symlink_to("/etc/hostname"), "leads out of the folder"),
        (lambda site: (site / "sub" / "l").symlink_to("../.."), "leads out of the folder"),
        (lambda site: (site / "l").symlink_to(".git/x"), "which is left out"),
    ],
)
def test_what_can_not_be_published(site: Path, spoil: Any, why: str) -> None:
    spoil(site)
    with pytest.raises(ContentError, match=why):
        look(site)


def test_what_is_left_out_does_no_harm(site: Path) -> None:
    for spoil in (fifo, bound, sparse):
        spoil(site)
    (site / "out").symlink_to("/etc")
    assert len(look(site, excludes=["pipe", "/s", "*.iso", "out"]).files) == 2


def test_folders_that_are_none(tmp_path: Path) -> None:
    with pytest.raises(ContentError, match="does not exist"):
        look(tmp_path / "nothing")
    (tmp_path / "file").write_text("")
    with pytest.raises(ContentError, match="is no folder"):
        look(tmp_path / "file")
    (tmp_path / "empty" / "sub").mkdir(parents=True)
    with pytest.raises(ContentError, match="no file to publish"):
        look(tmp_path / "empty")


@pytest.mark.skipif(os.geteuid() != 0, reason="becomes another user")
@pytest.mark.parametrize("spoiled", ["index.php", "sub", "."])
def test_what_can_not_be_read(site: Path, spoiled: str) -> None:
    for folder in site.parents:
        if folder.stat().st_mode & 0o005 != 0o005:
            folder.chmod(0o755)  # pytest's own, which nobody else may enter
    (site / spoiled).chmod(0)
    program = (
        "import os, sys; from ansible_collections.hasite.aws.plugins.module_utils._content import reading\n"
        "os.setgid(65534); os.setuid(65534)\n"
        "reading.look({'source': sys.argv[1], 'excludes': [], 'shared_paths': [], 'public_folder': None})"
    )
    path = os.pathsep.join(str(Path(each).resolve()) for each in sys.path if each)
    done = subprocess.run(
        [sys.executable, "-c", program, site],
        env={**os.environ, "PYTHONPATH": path},
        capture_output=True,
        text=True,
        check=False,
    )
    assert "can't be read (Permission denied); make it readable" in done.stderr


def test_a_file_that_changes_is_not_published(site: Path) -> None:
    found = look(site)
    (site / "index.php").write_text("changed")
    with pytest.raises(ContentError, match=r"'index\.php' in site_files has changed"):
        reading.tree_of(found)


# ---- packs


def blob(number: int, size: int) -> File:
    return File(f"f{number:04}", f"{number:064x}", size, False)


SIZES = st.lists(st.integers(0, planning.LARGE_BYTES + 10), max_size=30)


@given(SIZES, st.data())
def test_every_content_is_in_one_place(sizes: list[int], data: st.DataObject) -> None:
    files = [blob(number, size) for number, size in enumerate(sizes)]
    before = [file for file in files if data.draw(st.booleans())] + [blob(1000, 5)]
    known = planning.plan(before, []).packs
    found = planning.plan(files, known)
    held = [each.sha256 for pack in found.packs for each in pack.blobs]
    wanted = {file.sha256 for file in files}
    assert {*held, *found.large} >= wanted
    assert not set(held) & set(found.large)
    assert set(found.new) <= set(found.packs) <= {*known, *found.new}
    added = [each.sha256 for pack in found.new for each in pack.blobs]
    assert len(added) == len(set(added))
    assert set(added) <= wanted
    assert all(pack.content_bytes <= planning.PACK_BYTES or len(pack.blobs) == 1 for pack in found.new)
    assert planning.plan(files, found.packs).new == ()


def test_packs_that_are_mostly_dead_are_packed_anew() -> None:
    old = Pack(tuple(Blob(blob(number, 100).sha256, 100) for number in range(4)))
    assert planning.plan([blob(0, 100), blob(1, 100)], [old]).packs == (old,)
    found = planning.plan([blob(0, 100)], [old])
    assert old not in found.packs
    assert found.new == found.packs


def test_many_small_packs_become_one() -> None:
    files = [blob(number, 100) for number in range(planning.MOST_PACKS + 1)]
    small = [Pack((Blob(file.sha256, file.size),)) for file in files]
    assert set(planning.plan(files[1:], small).packs) == set(small[1:])
    assert len(planning.plan(files, small).packs) == 1


NOW = datetime(2027, 1, 31, tzinfo=UTC)


def test_what_no_kept_manifest_names_is_deleted_when_it_is_old() -> None:
    pack, dead, young = (Pack((Blob(f"{number:064x}", 3),)) for number in (1, 2, 3))
    ids = [f"2027013{number}T000000Z-0123456789ab" for number in range(1, 4)]
    tree = Tree((blob(1, 3), blob(7, 3)))
    kept = [Manifest(release, tree, (pack,)) for release in ids[1:]]
    old, new = NOW - timedelta(days=2), NOW - timedelta(hours=2)
    objects = {
        **{manifest_key(release): new for release in ids},
        pack_key(pack.id): old,
        pack_key(dead.id): old,
        pack_key(young.id): new,
        file_key(blob(7, 3).sha256): old,
        file_key(blob(8, 3).sha256): old,
        "current.json": old,
        "index.html": old,
    }
    gone = {manifest_key(ids[0]), pack_key(dead.id), file_key(blob(8, 3).sha256)}
    assert set(planning.surplus(objects, kept, NOW)) == gone
    assert planning.kept_releases(objects, ids[0], 2) == [ids[2], ids[1], ids[0]]
    assert planning.kept_releases(objects, ids[2], 1) == [ids[2]]


def test_a_pack_is_what_a_machine_reads(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    contents = [b"one", b"", b"x" * 1000]
    files = {}
    for number, content in enumerate(contents):
        (tmp_path / str(number)).write_bytes(content)
    found = look(tmp_path)
    tree = reading.tree_of(found)
    files = {file.sha256: tmp_path / file.path for file in tree.files}
    (pack,) = planning.plan(tree.files, []).packs
    archive = packed(pack, files)
    assert packed(pack, files) == archive
    source = Source.__new__(Source)
    source.prefix = ""
    monkeypatch.setattr(source, "_get", lambda _key: archive, raising=False)
    raw = source.pack(pack)
    assert [raw[offset : offset + blob.size] for blob, offset in pack.offsets()] == contents
    (tmp_path / "0").write_bytes(b"two")
    with pytest.raises(ContentError, match="has changed while it was packed"):
        packed(pack, files)
