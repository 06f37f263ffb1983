# SPDX-License-Identifier: GPL-3.0-or-later
"""What `lab timeline` shows: asked from the running lab, as a table, as data, or as a picture."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

from lab.base.endpoint import ask
from lab.base.errors import LabError
from lab.base.paths import LabPaths
from lab.waiting.critical_path import Timeline, timeline
from lab.waiting.waits import ImposedWait, Waits

PATH = "/_lab/timeline"
"""Where the API's server answers it, as it does `lab.running.status.PATH`."""
_CRITICAL, _OTHER, _POSSIBLE = "#b3261e", "#4a6fa5", "#c9d3e0"
_LEFT, _WIDTH, _TOP, _ROW, _BAR, _BOTTOM = 420, 760, 30, 20, 16, 30
"""Pixels of the picture's labels, its axis of time and its rows."""
_TEXT = 11


def data(waits: Waits) -> dict[str, Any]:
    """Return the waits as plain data; the caller holds the API's lock."""
    return {
        "simulated": waits.wait_policy is not None,
        "now": waits.clock.monotonic(),
        "entries": [asdict(entry) for entry in waits.entries],
    }


def fetch(place: LabPaths, since: float) -> Timeline:
    """Return the running lab's timeline from a lab second on."""
    found = ask(place, PATH)
    if not found["simulated"]:
        raise LabError("This lab imposes no waits, so it has no timeline; start one with `lab up --waits aws`.")
    lists = ("needs", "provides")
    entries = [ImposedWait(**{**entry, **{name: tuple(entry[name]) for name in lists}}) for entry in found["entries"]]
    return timeline(entries, since, found["now"])


def table(found: Timeline) -> str:
    """Return the waits as a table, in order of their beginning; a star marks the critical path."""
    if not found.entries:
        return "Nothing has waited yet."
    lines = [f"{'began':>7} {'took':>6} {'could':>6}    what"]
    lines += [
        f"{entry.began:7.1f} {entry.seconds:6.1f} {found.earliest[entry]:6.1f}  {_star(found, entry)} {_title(entry)}"
        for entry in found.entries
    ]
    lines += [f"All of it took {found.took:.1f} s; the critical path (*) is {found.seconds:.1f} s."]
    return "\n".join(lines)


def _star(found: Timeline, entry: ImposedWait) -> str:
    return "*" if entry in found.critical else " "


def _title(entry: ImposedWait) -> str:
    return f"{entry.step}: {entry.label or entry.resource}"


def picture(found: Timeline, file: Path) -> None:
    """Draw when each resource was pending (dark), and when it could have been at the earliest (light), as SVG."""
    if not found.entries:
        raise LabError("Nothing has waited yet, so there is nothing to draw.")
    # Drawing is for who asks for it; the rest of the lab goes without the library.
    import drawsvg as svg

    start = found.entries[0].began
    bottom = _TOP + _ROW * len(found.entries)
    drawing = svg.Drawing(_LEFT + _WIDTH + 20, bottom + _BOTTOM, font_family="sans-serif")

    def x(seconds: float) -> float:
        return _LEFT + _WIDTH * seconds / found.took

    def bar(seconds: float, length: float, top: float, height: float, color: str) -> Any:
        return svg.Rectangle(x(seconds), top, x(length) - _LEFT, height, fill=color)

    for row, entry in enumerate(found.entries):
        top = _TOP + _ROW * row
        color = _CRITICAL if entry in found.critical else _OTHER
        drawing.append(svg.Text(_title(entry)[:70], _TEXT, _LEFT - 8, top + _BAR - 4, text_anchor="end"))
        drawing.append(bar(found.earliest[entry], entry.seconds, top, _BAR, _POSSIBLE))
        drawing.append(bar(entry.began - start, entry.seconds, top + _BAR / 4, _BAR / 2, color))
    least = x(found.seconds)
    drawing.append(svg.Line(least, _TOP, least, bottom, stroke=_CRITICAL, stroke_dasharray="4 3"))
    said = (
        f"Pending: {found.took:.0f} s in all; critical path (red): {found.seconds:.0f} s. "
        "Light: the earliest that any tool could have had it."
    )
    drawing.append(svg.Text(said, _TEXT, _LEFT, _TOP - 12))
    for at in (0.0, found.seconds, found.took):
        drawing.append(svg.Text(f"{at:.0f} s", _TEXT, x(at), bottom + 16, text_anchor="middle"))
    drawing.save_svg(file)
