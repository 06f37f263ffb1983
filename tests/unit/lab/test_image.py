# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from lab.base.errors import LabError
from lab.image.recipe import Recipe
from lab.image.sources import Source, for_suite, of_host, parse_lines, parse_stanzas, settings

STANZAS = """\
# the archive
Types: deb deb-src
URIs: http://archive.test/debian
Suites: bookworm bookworm-updates
Components: main contrib
Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg

Types: deb
Enabled: no
URIs: http://off.test/debian
Suites: bookworm
Components: main

Types: deb
URIs: http://vendor.test/
Suites: stable
Components: main
Signed-By:
 -----BEGIN PGP PUBLIC KEY BLOCK-----
 .
"""
LINES = """\
# deb http://off.test/debian bookworm main
deb [arch=amd64 trusted=yes] http://archive.test/debian bookworm main non-free # the archive
deb-src http://archive.test/debian bookworm main
deb http://archive.test/security bookworm-security main
"""


def test_stanzas() -> None:
    archive, vendor = parse_stanzas(STANZAS)
    assert archive == Source(
        "http://archive.test/debian",
        ("bookworm", "bookworm-updates"),
        ("main", "contrib"),
        "/usr/share/keyrings/debian-archive-keyring.gpg",
    )
    # A key in the file itself is the vendor's: no machine has it.
    assert vendor.signed_by == ""


def test_lines() -> None:
    archive, security = parse_lines(LINES)
    assert archive.trusted
    assert archive.components == ("main", "non-free")
    assert security.suites == ("bookworm-security",)


def test_suite_keeps_its_own_archives_the_release_first(tmp_path: Path) -> None:
    folder = tmp_path / "sources.list.d"
    folder.mkdir()
    (folder / "a.list").write_text("deb http://archive.test/security bookworm-security main\n")
    (folder / "b.sources").write_text(STANZAS)
    (folder / "c.sources.save").write_text(STANZAS)
    chosen = for_suite(of_host(tmp_path), "bookworm")
    assert [source.suites for source in chosen] == [("bookworm", "bookworm-updates"), ("bookworm-security",)]
    assert chosen[0].components == ("main",)


def test_host_without_the_suite_is_told_so(tmp_path: Path) -> None:
    with pytest.raises(LabError, match="No package source of Debian bookworm"):
        for_suite(of_host(tmp_path), "bookworm")


def test_a_host_of_another_release_has_them_at_the_same_place() -> None:
    key = "/usr/share/keyrings/debian-archive-keyring.pgp"
    trixie = (
        Source("http://deb/debian-security", ("trixie-security",), ("main",), key),
        Source("http://deb/debian", ("trixie", "trixie-updates", "trixie-backports"), ("main", "contrib"), key),
        Source("http://vendor/debian", ("trixie",), ("stable",)),
    )
    gpg = "/usr/share/keyrings/debian-archive-keyring.gpg"
    assert for_suite(trixie, "bookworm") == (
        Source("http://deb/debian", ("bookworm", "bookworm-updates"), ("main",), gpg),
        Source("http://deb/debian-security", ("bookworm-security",), ("main",), gpg),
    )
    with pytest.raises(LabError, match="No package source of Debian bookworm"):
        for_suite((Source("http://archive/ubuntu", ("noble",), ("main",)),), "bookworm")


def test_stanza_is_read_back() -> None:
    source = Source("http://archive.test/debian", ("bookworm",), ("main",), trusted=True)
    assert parse_stanzas(source.stanza()) == [source]


def test_settings_are_those_of_reaching_an_archive() -> None:
    dump = 'Acquire::http::Proxy "http://p.test:3128";\nAcquire::Check-Date "false";\nAPT::Architecture "amd64";\n'
    assert settings(dump) == 'Acquire::http::Proxy "http://p.test:3128";\nAcquire::Check-Date "false";\n'


def test_key_changes_with_every_ingredient() -> None:
    recipe = Recipe()
    others = (replace(recipe, suite="trixie"), replace(recipe, packages=("x",)), replace(recipe, edition=99))
    assert len({recipe.key, *(other.key for other in others)}) == 4
    assert Recipe().key == recipe.key
