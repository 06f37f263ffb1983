# SPDX-License-Identifier: GPL-3.0-or-later
"""Whoever has put a tag of their own on something of the site's keeps it: a role sets its own tags and removes none."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

ROLES = Path(__file__).parents[3] / "roles"
NAMED_TAGS = ("amazon.aws.ec2_tag", "hasite.aws.ec2_subnet_isolation")
"""They set and remove the tags that are named to them, and no others."""


def tasks_of(found: Any) -> Iterator[dict[str, Any]]:
    """Return every task of a file, also those in blocks."""
    for task in found or []:
        yield task
        for part in ("block", "rescue", "always"):
            yield from tasks_of(task.get(part))


def tagging() -> Iterator[tuple[str, dict[str, Any]]]:
    """Return each task that gives tags to a resource of AWS, with where it is."""
    for path in sorted(ROLES.glob("*/tasks/**/*.yml")):
        for task in tasks_of(yaml.safe_load(path.read_text())):
            for module, options in task.items():
                if "." in module and isinstance(options, dict) and "tags" in options and module not in NAMED_TAGS:
                    yield f"{path.relative_to(ROLES)}: {task['name']}", options


def test_no_role_removes_the_tags_of_others() -> None:
    found = list(tagging())
    assert len(found) > 20
    purging = [
        where for where, options in found if options.get("purge_tags") is not False and options.get("state") != "absent"
    ]
    assert purging == []
