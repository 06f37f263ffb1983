# Copyright: hasite.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection: this file may change at any time.
"""The picture of a drill: what visitors got, and how machines, targets and checkers were, on one axis of time."""

from __future__ import annotations

import typing as t
from collections.abc import Iterator, Sequence
from io import StringIO

from .judging import Stage, Yardstick
from .progress import VISITORS
from .visiting import ERROR_PAGE, FAILURE, SITE

try:
    import matplotlib as mpl
    from matplotlib.figure import Figure

    HAS_MATPLOTLIB = True
except ImportError:
    HAS_MATPLOTLIB = False

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
_ROW = 0.7


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
    ends = [*(at for at, _ in runs[1:]), end]
    return [(at, until - at, value) for (at, value), until in zip(runs, ends, strict=True)]


def rows(stages: Sequence[Stage], by: Yardstick) -> Iterator[Row]:
    """Return the picture's rows, with times in the site's seconds since the drill began."""
    zero, end = stages[0].began, stages[-1].ended

    def since(at: float) -> float:
        return (at - zero) * by.speed

    visits = [one for stage in stages for one in stage.visits]
    states = [one for stage in stages for one in stage.states if "error" not in one]
    for visitor in VISITORS:
        points = [(since(one["at"]), one["outcome"]) for one in visits if one["visitor"] == visitor]
        yield Row(f"{visitor} visitor", _stretches(points, since(end)))
    for kind, word in (("instances", "machine"), ("targets", "target")):
        for identity in sorted({each for one in states for each in one[kind]}):
            points = [(since(one["at"]), one[kind].get(identity, "gone")) for one in states]
            yield Row(f"{word} …{identity[-4:]}", _stretches(points, since(end)))


def draw(stages: Sequence[Stage], by: Yardstick) -> str:
    """Return the picture as SVG."""
    zero = stages[0].began
    lines = list(rows(stages, by))
    with mpl.rc_context({"svg.fonttype": "none", "svg.hashsalt": "hasite", "font.family": "sans-serif"}):
        figure = Figure(figsize=(12, 1.6 + 0.42 * len(lines) + 1.4), layout="constrained")
        upper, lower = figure.subplots(
            2, 1, sharex=True, gridspec_kw={"height_ratios": [max(1.0, 0.42 * len(lines)), 1.2]}
        )
        for number, row in enumerate(lines):
            for value in dict.fromkeys(value for _, _, value in row.stretches):
                spans = [(begin, length) for begin, length, each in row.stretches if each == value]
                upper.broken_barh(spans, (number - _ROW / 2, _ROW), color=COLORS.get(value, OTHER))
        upper.set_yticks(range(len(lines)), [row.label for row in lines])
        upper.invert_yaxis()
        _stage_lines(upper, stages, by)
        _legend(upper, lines)
        states = [one for stage in stages for one in stage.states if one.get("checkers")]
        lower.step(
            [(one["at"] - zero) * by.speed for one in states],
            [100 * one["checkers"]["healthy"] / max(1, one["checkers"]["all"]) for one in states],
            where="post",
            color="#33508c",
        )
        lower.axhline(18, color="#c62828", linewidth=0.8, linestyle="--")
        lower.set(ylim=(-5, 105), ylabel="content\ncheckers, %", xlabel="seconds since the drill began")
        for stage in stages:
            lower.axvline((stage.began - zero) * by.speed, color="#444", linewidth=0.8)
        text = StringIO()
        figure.savefig(text, format="svg", metadata={"Date": None})
    return text.getvalue()[text.getvalue().index("<svg") :]


def _stage_lines(axes: t.Any, stages: Sequence[Stage], by: Yardstick) -> None:
    for stage in stages:
        at = (stage.began - stages[0].began) * by.speed
        axes.axvline(at, color="#444", linewidth=0.8)
        axes.annotate(
            stage.name.replace("_", " "),
            (at, 1),
            xycoords=("data", "axes fraction"),
            xytext=(3, 3),
            textcoords="offset points",
            fontsize=9,
        )


def _legend(axes: t.Any, lines: Sequence[Row]) -> None:
    from matplotlib.patches import Patch

    seen = dict.fromkeys(value for row in lines for _, _, value in row.stretches)
    handles = [Patch(color=COLORS.get(value, OTHER), label=value.replace("_", " ")) for value in seen]
    axes.legend(handles=handles, loc="center left", bbox_to_anchor=(1, 0.5), fontsize=8, frameon=False)
