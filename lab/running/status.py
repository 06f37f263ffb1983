# SPDX-License-Identifier: GPL-3.0-or-later
"""What `lab status` shows: asked from the running lab, as data or as a table."""

from __future__ import annotations

from typing import Any

from lab.base.endpoint import ask
from lab.base.paths import LabPaths

PATH = "/_lab/status"
"""Where the API's server answers it: an underscore begins no bucket's name, so nothing of AWS's is hidden."""
_COLUMNS = ("kind", "id", "name", "state", "detail")


def fetch(place: LabPaths) -> dict[str, Any]:
    """Return the running lab's world as plain data."""
    found: dict[str, Any] = ask(place, PATH)
    return found


def table(status: dict[str, Any]) -> str:
    """Return the world as a table, one row a resource."""
    rows = status["resources"]
    if not rows:
        return "The world is empty."
    cells = [_COLUMNS, *(tuple(_shown(str(row[column])) for column in _COLUMNS) for row in rows)]
    widths = [max(len(row[number]) for row in cells) for number in range(len(_COLUMNS))]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in cells
    )


def _shown(text: str) -> str:
    """Return a text whose control characters are visible: a name must not move the terminal's cursor."""
    return "".join(letter if letter.isprintable() else ascii(letter)[1:-1] for letter in text)
