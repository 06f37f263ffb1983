# SPDX-License-Identifier: GPL-3.0-or-later
"""A machine that replaces another one is configured as all are."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import yaml

PLAYBOOKS = Path(__file__).parents[3] / "playbooks"


def last_play(name: str) -> dict[str, Any]:
    plays: list[dict[str, Any]] = yaml.safe_load((PLAYBOOKS / f"{name}.yml").read_text())
    return plays[-1]


def test_it_gets_the_roles_of_configure() -> None:
    configure, replace = last_play("configure"), last_play("replace")
    assert replace["roles"] == configure["roles"]
    # It keeps to what the one before it serves, as that one's note says.
    ahead = [task for task in configure["pre_tasks"] if not re.search(r"served\.yml|__web_kept", str(task))]
    assert len(ahead) == len(configure["pre_tasks"]) - 2
    assert all(task in replace["pre_tasks"] for task in ahead)
    looks = next(task for task in replace["pre_tasks"] if "ansible.builtin.setup" in task)
    assert looks["ansible.builtin.setup"]["gather_subset"] == configure["gather_subset"]
