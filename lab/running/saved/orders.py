# SPDX-License-Identifier: GPL-3.0-or-later
"""What the running lab is told when its world is to be saved, and its answer."""

from __future__ import annotations

from typing import Any

from lab.base.endpoint import ask
from lab.base.errors import LabError
from lab.base.paths import LabPaths
from lab.running.saved.folder import Manifest

PATH = "/_lab/save"
"""Where the API's server takes the order, as it does `lab.running.status.PATH`."""
_SECONDS = 600
"""What an order may take: a machine whose image is being built is waited for."""


def snapshot(place: LabPaths, name: str) -> Manifest:
    """Have the running lab take a snapshot; return what was saved."""
    return _save(place, {"snapshot": name})


def keep(place: LabPaths) -> Manifest:
    """Have the running lab shut its machines down and put its world aside: its process is of no more use."""
    return _save(place, {"keep": True})


def _save(place: LabPaths, order: dict[str, object]) -> Manifest:
    answer: dict[str, Any] = ask(place, PATH, order, timeout=_SECONDS)
    if refused := answer.get("refused"):
        raise LabError(str(refused))
    return Manifest(**answer)
