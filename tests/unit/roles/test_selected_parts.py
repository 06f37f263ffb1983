# SPDX-License-Identifier: GPL-3.0-or-later
"""A role's tags select whole parts of it: what is included there runs, too."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

ROLES = sorted(
    path for path in (Path(__file__).parents[3] / "roles").iterdir() if (path / "tasks" / "main.yml").exists()
)
INCLUDES = ("ansible.builtin.include_tasks", "ansible.builtin.include_role")


def tasks_in(file: Path) -> Iterator[dict[str, Any]]:
    """Yield a file's tasks, those of its blocks, and those of the files of the role that it imports or includes."""
    pending = list(yaml.safe_load(file.read_text()) or [])
    while pending:
        task = pending.pop(0)
        yield task
        for part in ("block", "rescue", "always"):
            pending += task.get(part, [])
        for name in ("ansible.builtin.import_tasks", INCLUDES[0]):
            given = task.get(name)
            named = given["file"] if isinstance(given, dict) else given
            if named and "{{" not in named:
                yield from tasks_in(file.with_name(named))


@pytest.mark.parametrize("role", ROLES, ids=lambda role: role.name)
def test_what_is_included_in_a_tagged_part_runs(role: Path) -> None:
    """A tag on an include selects the include alone, not the tasks that it brings, unless it applies one to them."""
    tasks = list(tasks_in(role / "tasks" / "main.yml"))
    if not any("tags" in task for task in tasks):
        return
    for task in tasks:
        for given in (task[name] for name in INCLUDES if name in task):
            assert isinstance(given, dict), task["name"]
            assert given.get("apply", {}).get("tags"), task["name"]
