# SPDX-License-Identifier: GPL-3.0-or-later
"""Every role says what it takes: its defaults and its argument specs must not tell different stories."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

ROLES = sorted(path for path in (Path(__file__).parents[3] / "roles").iterdir() if path.is_dir())
_TEMPLATED = "{{"


def load(path: Path) -> dict[str, Any]:
    return (yaml.safe_load(path.read_text()) or {}) if path.exists() else {}


def entry_points(role: Path) -> dict[str, Any]:
    specs: dict[str, Any] = load(role / "meta" / "argument_specs.yml")["argument_specs"]
    return specs


@pytest.mark.parametrize("role", ROLES, ids=lambda role: role.name)
def test_every_default_is_an_option_and_the_same(role: Path) -> None:
    options = {name: option for spec in entry_points(role).values() for name, option in spec["options"].items()}
    for name, value in load(role / "defaults" / "main.yml").items():
        assert name in options, f"{name} has a default and no argument spec"
        assert not options[name].get("required"), f"{name} is required and has a default"
        if _TEMPLATED not in str(value):
            assert options[name].get("default") == value, f"{name} has two different defaults"
    defaults = load(role / "defaults" / "main.yml")
    for name, option in options.items():
        assert name.startswith(f"{role.name}_"), f"{name} does not bear its role's name"
        assert "default" not in option or name in defaults, f"{name} has a default in the argument spec only"
        assert option["description"], f"{name} is not described"


@pytest.mark.parametrize("role", ROLES, ids=lambda role: role.name)
def test_every_public_tasks_file_is_an_entry_point(role: Path) -> None:
    for name, spec in entry_points(role).items():
        assert (role / "tasks" / f"{name}.yml").exists()
        assert {"short_description", "description"} <= spec.keys(), f"{name} is not described, as antsibull-docs asks"


@pytest.mark.parametrize("role", ROLES, ids=lambda role: role.name)
def test_every_role_is_documented_and_knows_no_lab(role: Path) -> None:
    assert (role / "README.md").exists()
    for path in role.rglob("*"):
        if path.is_file() and path.suffix in (".yml", ".j2"):
            assert not re.search(r"\blab\b", path.read_text()), f"{path} mentions the lab"
