# Copyright: hasite.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection: this file may change at any time.
"""The picture of a drill: what visitors got, and how machines, targets and checkers were, on one axis of time."""

from __future__ import annotations

import typing as t
from collections.abc import Callable, Iterator, Sequence

from .._route53 import HEALTHY_PERCENT
from .judging import DrillStage, Limits
from .progress import EDGE, VISITORS
from .visiting import ERROR_PAGE, FAILURE, SITE

try:
    import drawsvg as svg

    HAS_DRAWSVG = True
except ImportError:
    HAS_DRAWSVG = False

GOOD, COMING, GOING, AWAY, BAD, OTHER = "#2a9d5c", "#9bc4ae", "#d8a0a0", "#8d8d8d", "#c62828", "#5b6bbf"
COLORS = {
    SITE: GOOD,
    ERROR_PAGE: "#e08a00",
    FAILURE: BAD,
    **dict.fromkeys(("running", "healthy"), GOOD),
    **dict.fromkeys(("pending", "initial"), COMING),
    **dict.fromkeys(("stopping", "draining"), GOING),
    **dict.fromkeys(("stopped", "unused"), AWAY),
    "unhealthy": BAD,
}
LINE = "#444"
_LEFT, _WIDTH, _RIGHT = 140, 720, 140
"""Pixels of the labels, of the axis of time and of the legend."""
_TOP, _ROW, _BAR, _GAP, _CHECKERS, _BOTTOM = 24, 26, 18, 20, 100, 40
_STEPS = (1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1200, 1800, 3600)
_TEXT = 12


class Row(t.NamedTuple):
    """A line of the picture: colored stretches of time."""

    label: str
    stretches: list[tuple[float, float, str]]


def _stretches(points: Sequence[tuple[float, str]], end: float) -> list[tuple[float, float, str]]:
    """Return (begin, length, value) of each run of equal values."""
    runs: list[tuple[float, str]] = []
    for at, value in points:
        if not runs or runs[-1][1] != value:
            runs.append((at, value))
    # A drill that is ended at once has no visit yet.
    ends = [*(at for at, dummy in runs[1:]), end] if runs else []
    return [(at, until - at, value) for (at, value), until in zip(runs, ends, strict=True)]


def rows(stages: Sequence[DrillStage], by: Limits) -> Iterator[Row]:
    """Return the picture's rows, with times in the site's seconds since the drill began."""
    zero, end = stages[0].began, stages[-1].ended

    def since(at: float) -> float:
        return (at - zero) * by.speed

    visits = [visit for stage in stages for visit in stage.visits]
    states = [state for stage in stages for state in stage.states if "error" not in state]
    for visitor in (*VISITORS, EDGE):
        points = [(since(visit["at"]), visit["outcome"]) for visit in visits if visit["visitor"] == visitor]
        if points or visitor != EDGE:
            yield Row("the edge itself" if visitor == EDGE else f"{visitor} visitor", _stretches(points, since(end)))
    for kind, word in (("instances", "machine"), ("targets", "target")):
        for identity in sorted({each for state in states for each in state[kind]}):
            points = [(since(state["at"]), state[kind].get(identity, "gone")) for state in states]
            yield Row(f"{word} …{identity[-4:]}", _stretches(points, since(end)))


def draw(stages: Sequence[DrillStage], by: Limits) -> str:
    """Return the picture as SVG."""
    zero, seconds = stages[0].began, (stages[-1].ended - stages[0].began) * by.speed
    lines = list(rows(stages, by))
    upper = _TOP + _ROW * len(lines)
    lower = upper + _GAP + _CHECKERS

    def x(since: float) -> float:
        return _LEFT + _WIDTH * since / max(seconds, 1)

    picture = svg.Drawing(_LEFT + _WIDTH + _RIGHT, lower + _BOTTOM, font_family="sans-serif")
    for number, row in enumerate(lines):
        picture.extend(_bars(row, _TOP + _ROW * number, x))
    picture.extend(_legend(lines))
    for stage in stages:
        at = x((stage.began - zero) * by.speed)
        picture.append(svg.Line(at, _TOP, at, lower, stroke=LINE, stroke_width=0.8))
        picture.append(svg.Text(stage.name.replace("_", " "), _TEXT, at + 3, _TOP - 6))
    picture.extend(_checkers(stages, by, x, lower))
    picture.extend(_axis(seconds, x, lower))
    text: str = picture.as_svg(header="")
    return text[text.index("<svg") :]


def _bars(row: Row, top: float, x: Callable[[float], float]) -> Iterator[t.Any]:
    yield svg.Text(row.label, _TEXT, _LEFT - 8, top + _BAR - 4, text_anchor="end")
    for begin, length, value in row.stretches:
        width = x(begin + length) - x(begin)
        yield svg.Rectangle(x(begin), top, width, _BAR, fill=COLORS.get(value, OTHER))


def _legend(lines: Sequence[Row]) -> Iterator[t.Any]:
    seen = dict.fromkeys(value for row in lines for dummy, dummy, value in row.stretches)
    for number, value in enumerate(seen):
        left, top = _LEFT + _WIDTH + 12, _TOP + 18 * number
        yield svg.Rectangle(left, top, 12, 12, fill=COLORS.get(value, OTHER))
        yield svg.Text(value.replace("_", " "), _TEXT, left + 18, top + 10)


def _checkers(stages: Sequence[DrillStage], by: Limits, x: Callable[[float], float], bottom: float) -> Iterator[t.Any]:
    """Draw the share of the checkers that are content, as steps, and the share that Route 53 wants."""

    def y(percent: float) -> float:
        return bottom - _CHECKERS * percent / 100

    for percent in (0, HEALTHY_PERCENT, 100):
        color, dash = (BAD, "4 3") if percent == HEALTHY_PERCENT else (LINE, "none")
        yield svg.Line(
            _LEFT, y(percent), _LEFT + _WIDTH, y(percent), stroke=color, stroke_width=0.5, stroke_dasharray=dash
        )
        yield svg.Text(f"{percent} %", _TEXT, _LEFT - 8, y(percent) + 4, text_anchor="end")
    yield svg.Text("content checkers", _TEXT, 0, y(60))
    path = svg.Path(fill="none", stroke="#33508c", stroke_width=1.5)
    for one in (state for stage in stages for state in stage.states if state.get("checkers")):
        at = x((one["at"] - stages[0].began) * by.speed)
        height = y(100 * one["checkers"]["healthy"] / max(1, one["checkers"]["all"]))
        # Not drawn yet: the first point of the path.
        path.H(at).V(height) if path.args.get("d") else path.M(at, height)
    if path.args.get("d"):
        yield path


def _axis(seconds: float, x: Callable[[float], float], bottom: float) -> Iterator[t.Any]:
    step = next((one for one in _STEPS if seconds / one <= 12), _STEPS[-1])
    for number in range(int(seconds // step) + 1):
        yield svg.Text(str(number * step), _TEXT, x(number * step), bottom + 16, text_anchor="middle")
    yield svg.Text("seconds since the drill began", _TEXT, _LEFT + _WIDTH / 2, bottom + 34, text_anchor="middle")
