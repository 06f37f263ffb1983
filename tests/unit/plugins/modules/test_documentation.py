# SPDX-License-Identifier: GPL-3.0-or-later
"""Every module's documentation says exactly what its code accepts."""

from __future__ import annotations

import importlib
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[4]
PACKAGE = "ansible_collections.hasite.aws.plugins.modules"
ACTIONS = "ansible_collections.hasite.aws.plugins.action"
NAMES = sorted(path.stem for path in (ROOT / "plugins" / "modules").glob("*.py") if path.stem != "__init__")


def documented(name: str) -> dict[str, Any]:
    text = (ROOT / "plugins" / "modules" / f"{name}.py").read_text()
    found = re.search(r'^DOCUMENTATION = r"""\n(.*?)^"""', text, re.MULTILINE | re.DOTALL)
    assert found
    told = dict(yaml.safe_load(found[1]))
    options = {
        key: option for name in told.get("extends_documentation_fragment", []) for key, option in fragment(name).items()
    }
    return {**told, "options": {**options, **told.get("options", {})}}


def fragment(name: str) -> dict[str, Any]:
    """Return the options of one of the collection's own fragments."""
    if not name.startswith("hasite.aws."):
        return {}
    file, _, part = name.removeprefix("hasite.aws.").partition(".")
    module = importlib.import_module(f"{PACKAGE.rpartition('.')[0]}.doc_fragments.{file}")
    text = getattr(module.ModuleDocFragment, (part or "documentation").upper())
    return dict(yaml.safe_load(text).get("options", {}))


def assert_same(options: dict[str, Any], arguments: dict[str, Any], where: str) -> None:
    assert set(options) == set(arguments), where
    for key, told in options.items():
        real = arguments[key]
        for word in ("type", "elements", "default", "required", "choices"):
            assert told.get(word) == real.get(word), f"{where}.{key}: {word}"
        if "suboptions" in told:
            assert_same(told["suboptions"], real["options"], f"{where}.{key}")


@pytest.mark.parametrize("name", NAMES)
def test_options(name: str) -> None:
    module = importlib.import_module(f"{PACKAGE}.{name}")
    # Of what is an action alone, the module is documentation and nothing else.
    arguments = (module if hasattr(module, "ARGUMENTS") else importlib.import_module(f"{ACTIONS}.{name}")).ARGUMENTS
    fragments = documented(name).get("extends_documentation_fragment", [])
    tags = {"tags", "purge_tags"} if "amazon.aws.tags.modules" in fragments else set()
    assert_same(documented(name)["options"], {key: value for key, value in arguments.items() if key not in tags}, name)


@pytest.mark.parametrize("name", NAMES)
def test_every_option_is_described_in_sentences(name: str) -> None:
    for key, option in documented(name)["options"].items():
        lines = option["description"] if isinstance(option["description"], list) else [option["description"]]
        assert all(line.endswith(".") for line in lines), key


def test_action_group_names_the_modules_that_take_connection_options() -> None:
    members = yaml.safe_load((ROOT / "meta" / "runtime.yml").read_text())["action_groups"]["aws"]
    fragments = {name: documented(name).get("extends_documentation_fragment", []) for name in NAMES}
    assert sorted(members) == [
        name for name, used in fragments.items() if "amazon.aws.region.modules" in used and "hasite" in str(used)
    ]
