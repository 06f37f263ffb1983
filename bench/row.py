# SPDX-License-Identifier: GPL-3.0-or-later
"""One row of the table: what is measured, against what, and what it has to reach."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bench.stage import BenchSession


class CannotMeasureError(Exception):
    """Why a row has no figures here."""


@dataclass(frozen=True)
class Measurement:
    """What a row measured: ours and the other's, in one unit; the smaller is the better."""

    ours: float
    theirs: float
    detail: Mapping[str, object] = field(default_factory=dict)

    @property
    def ratio(self) -> float:
        """Return how many times as much the other one takes."""
        return self.theirs / self.ours


@dataclass(frozen=True)
class Row:
    """A row; `bar` is the least ratio."""

    key: str
    what: str
    against: str
    bar: float
    measure: Callable[[BenchSession], Measurement]
    unit: str = "s"
