# SPDX-License-Identifier: GPL-3.0-or-later
"""The group `hasite.aws.site`, through which the playbooks give credentials to whatever their roles call."""

from __future__ import annotations

import re
from itertools import chain
from pathlib import Path

import yaml

ROOT = Path(__file__).parents[3]
_CALLED = re.compile(r"^\s+(?:- )?((?:amazon|community)\.aws\.\w+):", re.MULTILINE)


def test_it_has_every_module_of_amazons_that_is_called_and_no_other() -> None:
    extends, *members = yaml.safe_load((ROOT / "meta" / "runtime.yml").read_text())["action_groups"]["site"]
    files = chain(
        (ROOT / "roles").rglob("*.yml"), (ROOT / "playbooks").glob("*.yml"), (ROOT / "playbooks/tasks").glob("*.yml")
    )
    called = {name for file in files for name in _CALLED.findall(file.read_text())}
    assert members == sorted(called)
    assert extends == {"metadata": {"extend_group": ["aws"]}}


def test_each_play_that_gives_credentials_gives_them_to_this_group() -> None:
    text = "".join(file.read_text() for file in (ROOT / "playbooks").rglob("*.yml"))
    assert set(re.findall(r"group/[\w.]+", text)) == {"group/hasite.aws.site"}
