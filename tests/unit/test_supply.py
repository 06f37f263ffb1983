# SPDX-License-Identifier: GPL-3.0-or-later
"""What is installed: the lock has every package that the project asks for, and a hash for each file."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
from packaging.markers import Marker
from packaging.requirements import Requirement

from tests.unit.locks import entries, named, once

ROOT = Path(__file__).parents[2]
LOCK = (ROOT / "requirements.lock").read_text()
PROJECT: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
ASKED = [*PROJECT["dependencies"], *(one for extra in PROJECT["optional-dependencies"].values() for one in extra)]
ENTRIES = entries(LOCK)


@pytest.mark.parametrize("requirement", ASKED)
def test_what_the_project_asks_for_is_locked_in_that_version(requirement: str) -> None:
    versions = {entry.version for entry in ENTRIES if entry.name == named(requirement)}
    assert versions, "run tools/lock"
    if pinned := re.search(r"==([^ ;]+)", requirement):
        assert pinned[1] in versions, "run tools/lock"


@pytest.mark.parametrize("minor", [11, 12, 13, 14])
def test_each_python_finds_one_version_of_what_the_project_asks_for(minor: int) -> None:
    """The lock is one for all of them; a marker says for which a version is."""
    here = {"python_version": f"3.{minor}", "python_full_version": f"3.{minor}.0", "extra": ""}

    def holds(marker: Marker | None) -> bool:
        return marker is None or marker.evaluate(here)

    locked = [Requirement(entry.requirement) for entry in ENTRIES]
    names = [named(one.name) for one in locked if holds(one.marker)]
    assert len(names) == len(set(names))
    assert {named(one) for one in ASKED if holds(Requirement(one).marker)} <= set(names)


def test_every_package_has_hashes() -> None:
    assert len(ENTRIES) > len(ASKED)
    assert not [entry.name for entry in ENTRIES if not entry.hashes]


def test_every_package_is_one_that_others_find_too() -> None:
    assert not once(ENTRIES), "a registry of one's own has built it: exclude that version in tools/lock"


def test_the_lock_names_no_registry() -> None:
    assert not re.search(r"https?://|--(extra-)?index-url|--find-links|--trusted-host", LOCK)
