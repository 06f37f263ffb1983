# SPDX-License-Identifier: GPL-3.0-or-later
"""The lab's snapshots: listed, and removed."""

from __future__ import annotations

import datetime
from typing import Any

from lab.base.errors import LabError
from lab.base.paths import LabPaths
from lab.running.saved import folder

_COLUMNS = ("snapshot", "made", "size", "what")


def delete(place: LabPaths, name: str) -> None:
    """Remove a snapshot."""
    folder.discard(folder.existing_snapshot(place, name).folder)
    folder.remove_empty(place)


def listing(place: LabPaths) -> list[dict[str, Any]]:
    """Return the lab's snapshots as plain data; of one that can't come back any more, why."""
    return [{"name": name, **_described(place, name)} for name in folder.snapshots(place)]


def _described(place: LabPaths, name: str) -> dict[str, Any]:
    try:
        found = folder.snapshot(place, name).manifest()
    except LabError as error:
        return {"problem": str(error)}
    return {"made": found.made, "size": found.size, "contents": found.contents}


def table(snapshots: list[dict[str, Any]]) -> str:
    """Return the snapshots as a table, and below it what is wrong with some."""
    if not snapshots:
        return "There are no snapshots."
    rows = [
        (snapshot["name"], _when(snapshot["made"]), summary_size(snapshot["size"]), summary(snapshot["contents"]))
        for snapshot in snapshots
        if "problem" not in snapshot
    ]
    cells = [_COLUMNS, *rows] if rows else []
    widths = [max(len(row[column]) for row in cells) for column in range(len(_COLUMNS))] if rows else []
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in cells]
    return "\n".join([*lines, *(snapshot["problem"] for snapshot in snapshots if "problem" in snapshot)])


def summary(contents: dict[str, int]) -> str:
    """Return the resources of a world in few words."""
    machines, shares = contents.get("instance", 0), contents.get("file system", 0)
    return f"{machines} machines, {shares} shares, {sum(contents.values())} resources"


def summary_size(size: int) -> str:
    """Return a size as people say it."""
    return f"{size / 1e6:.0f} MB"


def _when(made: str) -> str:
    return f"{datetime.datetime.fromisoformat(made).astimezone():%Y-%m-%d %H:%M:%S}"
