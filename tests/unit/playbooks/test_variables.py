# SPDX-License-Identifier: GPL-3.0-or-later
"""The variables that a user sets: documented, offered by the example, and read by a playbook."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

ROOT = Path(__file__).parents[3]
NAME = re.compile(r"(?<![\w.])site_[a-z_]+")


def names(text: str) -> set[str]:
    return set(NAME.findall(text))


def read(paths: Iterable[Path]) -> str:
    return "\n".join(path.read_text(encoding="utf-8") for path in paths)


FIRST_CELL = re.compile(r"^\|([^|]+)\|", re.MULTILINE)
OFFERED = re.compile(r"^(?:# )?(site_[a-z_]+):", re.MULTILINE)
DOCUMENTED = names(" ".join(FIRST_CELL.findall(read([ROOT / "docs/variables.md"]))))
MODULES = {path.stem for path in (ROOT / "plugins/modules").glob("site_*.py")}
# A module may bear the name of a variable.
READ = names(read((ROOT / "playbooks").rglob("*.yml"))) - (MODULES - DOCUMENTED)


def test_every_documented_variable_is_read_by_a_playbook() -> None:
    assert not DOCUMENTED - READ


def test_every_variable_that_a_playbook_reads_is_documented() -> None:
    assert not READ - DOCUMENTED


def test_the_example_offers_documented_variables_only() -> None:
    offered = set(OFFERED.findall(read([ROOT / "inventories/example/group_vars/all.yml"])))
    assert offered
    assert not offered - DOCUMENTED


def test_the_example_offers_everything_but_how_the_api_is_reached() -> None:
    reached = {"site_endpoint_url", "site_profile", "site_access_key", "site_secret_key"}
    rare = {"site_clock_speed", "site_connection"}
    offered = set(OFFERED.findall(read([ROOT / "inventories/example/group_vars/all.yml"])))
    assert DOCUMENTED - offered == reached | rare
