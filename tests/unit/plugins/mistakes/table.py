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
    """Let the function that follows make the mistake that this code names."""

    def add(function: Break) -> Break:
        BREAKS[code] = function
        return function

    return add


def put(tree: Tree, path: str, value: Any) -> None:
    """Set a value at a path of keys and positions."""
    at: Any = tree
    *way, last = [int(part) if part.isdigit() else part for part in path.split("/")]
    for part in way:
        at = at[part]
    at[last] = value


def mistake(code: str, path: str, value: Any) -> None:
    """A mistake that is one value in the evidence."""
    BREAKS[code] = lambda tree: put(tree, path, copy.deepcopy(value))


def offline(tree: Tree, number: int = 0) -> str:
    """Let Session Manager not reach a machine any more; return its id."""
    one = tree["site"]["instances"][number]
    one["ssm_ping_status"] = "ConnectionLost"
    tree["machines"].pop(one["instance_id"], None)
    return str(one["instance_id"])


def unhealthy(tree: Tree, *numbers: int, description: str = "") -> None:
    """Let targets be unhealthy; with all of them, visitors get the error page."""
    targets = tree["site"]["target_groups"][0]["targets"]
    for number in numbers:
        targets[number] |= {"state": "unhealthy", "reason": "Target.Timeout", "description": description}
    if all(one["state"] == "unhealthy" for one in targets):
        put(tree, "site/health_checks/0/healthy", False)
        put(tree, "visit/page/status", 503)


def blocked(tree: Tree, purpose: str, kind: str, direction: str = "", *, machines: str = "ac") -> None:
    """Let something stop the ways of a purpose."""
    for way in tree["site"]["details"]["ways"]:
        if way["purpose"] == purpose and (not way["machine"] or way["machine"][-1] in machines):
            stop = {"kind": kind, "id": f"{kind}-1", "name": "", "direction": direction}
            way |= {"reachable": False, "blocked_by": stop, "explanation": f"{kind} stops it"}


def silent_way(code: str, kind: str, direction: str = "") -> None:
    """A mistake that cuts machines off from Systems Manager."""

    def broken(tree: Tree) -> None:
        blocked(tree, "session_manager", kind, direction)
        for number in (0, 1):
            offline(tree, number)

    BREAKS[code] = broken
