# SPDX-License-Identifier: GPL-3.0-or-later
"""The table of mistakes: each a change of the evidence of a healthy site, by the code that names it."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

from tests.unit.plugins.healthy_site import Tree

Break = Callable[[Tree], None]
BREAKS: dict[str, Break] = {}


def breaks(code: str) -> Callable[[Break], Break]:
    """Register the function that follows as the one that makes the mistake of this code."""

    def add(function: Break) -> Break:
        BREAKS[code] = function
        return function

    return add


def put(tree: Tree, path: str, value: Any) -> None:
    """Set a value at a path of keys and positions."""
    at: Any = tree
    *keys, last = [int(part) if part.isdigit() else part for part in path.split("/")]
    for key in keys:
        at = at[key]
    at[last] = value


def mistake(code: str, path: str, value: Any) -> None:
    """A mistake that is one value in the evidence."""
    BREAKS[code] = lambda tree: put(tree, path, copy.deepcopy(value))


def offline(tree: Tree, number: int = 0) -> str:
    """Cut a machine off from Session Manager; return its id."""
    one = tree["site"]["instances"][number]
    one["ssm_ping_status"] = "ConnectionLost"
    tree["machines"].pop(one["instance_id"], None)
    return str(one["instance_id"])


def unhealthy(tree: Tree, *numbers: int, description: str = "") -> None:
    """Make targets unhealthy; with all of them, visitors get the error page."""
    targets = tree["site"]["target_groups"][0]["targets"]
    for number in numbers:
        targets[number] |= {"state": "unhealthy", "reason": "Target.Timeout", "description": description}
    if all(target["state"] == "unhealthy" for target in targets):
        put(tree, "site/health_checks/0/healthy", False)
        put(tree, "visit/page/status", 503)


def blocked(tree: Tree, purpose: str, kind: str, direction: str = "", *, machines: str = "ac") -> None:
    """Block the paths of a purpose."""
    for path in tree["site"]["details"]["paths"]:
        if path["purpose"] == purpose and (not path["machine"] or path["machine"][-1] in machines):
            stop = {"kind": kind, "id": f"{kind}-1", "name": "", "direction": direction}
            path |= {"reachable": False, "blocked_by": stop, "explanation": f"{kind} stops it"}


def silent_way(code: str, kind: str, direction: str = "") -> None:
    """A mistake that cuts machines off from Systems Manager."""

    def broken(tree: Tree) -> None:
        blocked(tree, "session_manager", kind, direction)
        for number in (0, 1):
            offline(tree, number)

    BREAKS[code] = broken
