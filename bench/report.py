# SPDX-License-Identifier: GPL-3.0-or-later
"""The table, as text and as JSON under build/bench."""

from __future__ import annotations

import datetime
import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from importlib.metadata import version
from typing import Any

from bench.row import Measurement, Row
from bench.run import BUILD


@dataclass(frozen=True)
class Line:
    """A row as it came out: measured, or the reason why not."""

    row: Row
    outcome: Measurement | None = None
    reason: str = ""
    load: float = 0.0
    """The machine's load average when the row had been measured; above its cores, figures are provisional."""

    @property
    def verdict(self) -> str:
        """Return `ok`, `below`, or a dash for what was not measured."""
        if self.outcome is None:
            return "-"
        return "ok" if self.outcome.ratio >= self.row.bar else "below"

    def data(self) -> dict[str, object]:
        """Return the line as plain data."""
        row = {name: getattr(self.row, name) for name in ("key", "what", "against", "bar", "unit")}
        measured = {**asdict(self.outcome), "ratio": self.outcome.ratio} if self.outcome else None
        return {**row, "measured": measured, "verdict": self.verdict, "reason": self.reason, "load": self.load}


@dataclass
class Report:
    """All lines of one run."""

    lines: list[Line] = field(default_factory=list)

    def add(self, row: Row, outcome: Measurement | None, reason: str = "") -> Line:
        """Add a line, write the file anew, and return the line."""
        line = Line(row, outcome, reason, os.getloadavg()[0])
        self.lines.append(line)
        self.write()
        return line

    def write(self) -> None:
        """Keep all of it under build/bench."""
        found = {
            "when": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
            "cores": os.cpu_count(),
            "versions": {name: version(name) for name in ("ansible-core", "ansible", "boto3")},
            "rows": [line.data() for line in self.lines],
        }
        (BUILD / "bench.json").write_text(json.dumps(found, indent=2) + "\n")


_HEAD = ("what", "against", "ours", "theirs", "ratio", "bar", "", "the lab's CPU")


def table(lines: Sequence[Line]) -> str:
    """Return the table, and below it why some rows have no figures."""
    cells = [_HEAD, *(_cells(line) for line in lines)]
    widths = [max(len(row[column]) for row in cells) for column in range(len(_HEAD))]
    found = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in cells]
    found += [f"{line.row.what}: {line.reason}" for line in lines if line.reason]
    if busy := [line for line in lines if line.load > (os.cpu_count() or 1) + 1]:
        found.append(f"The machine was busy during {len(busy)} of {len(lines)} rows: their figures are provisional.")
    return "\n".join(found)


def _cells(line: Line) -> tuple[str, ...]:
    row, outcome = line.row, line.outcome
    head = (row.what, row.against)
    if outcome is None:
        return (*head, "-", "-", "-", f"{row.bar:g}", line.verdict, "")
    figures = (f"{outcome.ours:.3f} {row.unit}", f"{outcome.theirs:.3f} {row.unit}", f"{outcome.ratio:.2f}")
    return (*head, *figures, f"{row.bar:g}", line.verdict, _lab_cpu(outcome.detail))


def _lab_cpu(detail: Mapping[str, Any]) -> str:
    """Return what the lab itself used during both runs: it is a part of their seconds, and AWS's affair."""
    runs = [detail[name]["lab_cpu"] for name in ("ours_run", "theirs_run") if name in detail]
    return ", ".join(f"{seconds:.1f} s" for seconds in runs)
