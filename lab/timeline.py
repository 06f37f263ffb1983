# SPDX-License-Identifier: GPL-3.0-or-later
"""What `lab timeline` shows: asked from the running lab, as a table, as data, or as a picture."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lab.endpoint import ask
from lab.errors import LabError
from lab.place import Place
from lab.waits import Entry, Waits
from lab.world.timeline import Timeline, timeline

if TYPE_CHECKING:
    from matplotlib.axes import Axes

PATH = "/_lab/timeline"
"""Where the API's server answers it, as it does `lab.status.PATH`."""
_CRITICAL, _OTHER, _POSSIBLE = "#b3261e", "#4a6fa5", "#c9d3e0"


def data(waits: Waits) -> dict[str, Any]:
    """Return the waits as plain data; the caller holds the API's lock."""
    return {
        "imposed": waits.imposed is not None,
        "now": waits.clock.monotonic(),
        "entries": [asdict(entry) for entry in waits.entries],
    }


def fetch(place: Place, since: float) -> Timeline:
    """Return the running lab's timeline from a lab second on."""
    found = ask(place, PATH)
    if not found["imposed"]:
        raise LabError("This lab imposes no waits, so it has no timeline; start one with `lab up --waits aws`.")
    lists = ("needs", "gives")
    entries = [Entry(**{**each, **{name: tuple(each[name]) for name in lists}}) for each in found["entries"]]
    return timeline(entries, since, found["now"])


def table(found: Timeline) -> str:
    """Return the waits as a table, in order of their beginning; a star marks the critical path."""
    if not found.entries:
        return "Nothing has waited yet."
    lines = [f"{'began':>7} {'took':>6} {'could':>6}    what"]
    lines += [
        f"{each.began:7.1f} {each.seconds:6.1f} {found.earliest[each]:6.1f}  {_star(found, each)} {_title(each)}"
        for each in found.entries
    ]
    lines += [f"All of it took {found.took:.1f} s; the critical path (*) is {found.seconds:.1f} s."]
    return "\n".join(lines)


def _star(found: Timeline, entry: Entry) -> str:
    return "*" if entry in found.critical else " "


def _title(entry: Entry) -> str:
    return f"{entry.step}: {entry.label or entry.resource}"


def picture(found: Timeline, file: Path) -> None:
    """Draw when each resource was pending (dark), and when it could have been at the earliest (light)."""
    # Drawing is for who asks for it; the rest of the lab goes without the library.
    from matplotlib import rc_context
    from matplotlib.figure import Figure

    if not found.entries:
        raise LabError("Nothing has waited yet, so there is nothing to draw.")
    figure = Figure(figsize=(12, 1.2 + 0.26 * len(found.entries)), layout="constrained")
    axes = figure.subplots()
    _bars(axes, found)
    with rc_context({"svg.fonttype": "none"}):  # text stays text
        figure.savefig(file)


def _bars(axes: Axes, found: Timeline) -> None:
    start = found.entries[0].began
    for row, each in enumerate(found.entries):
        axes.barh(row, each.seconds, left=found.earliest[each], height=0.8, color=_POSSIBLE)
        color = _CRITICAL if each in found.critical else _OTHER
        axes.barh(row, each.seconds, left=each.began - start, height=0.4, color=color)
    axes.set_yticks(range(len(found.entries)), [_title(each)[:70] for each in found.entries], fontsize=7)
    axes.invert_yaxis()
    axes.axvline(found.seconds, color=_CRITICAL, linewidth=0.8, linestyle="--")
    axes.set_xlabel("seconds of lab time since the first wait began")
    axes.set_title(
        f"Pending: {found.took:.0f} s in all; critical path (red): {found.seconds:.0f} s. "
        "Light: the earliest that any tool could have had it.",
        fontsize=9,
    )
