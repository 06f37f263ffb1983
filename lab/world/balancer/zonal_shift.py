# SPDX-License-Identifier: GPL-3.0-or-later
"""Zonal shifts: for how long a load balancer sends nobody to one of its zones. Pure.

https://docs.aws.amazon.com/r53recovery/latest/dg/arc-zonal-shift.how-it-works.html
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

Status = Literal["ACTIVE", "EXPIRED", "CANCELED"]
Kind = Literal["ZONAL_SHIFT", "PRACTICE_RUN"]
PRACTICE_SECONDS = 30 * 60
"""https://docs.aws.amazon.com/r53recovery/latest/dg/arc-zonal-autoshift.how-it-works.scheduled-practice-runs.html"""
LONGEST = 72 * 3600
"""Seconds: https://docs.aws.amazon.com/arc-zonal-shift/latest/api/API_StartZonalShift.html (expiresIn)"""
_DURATION = re.compile(r"([1-9][0-9]*)([mh])")
_SECONDS = {"m": 60, "h": 3600}


def seconds_of(expires_in: str) -> int | None:
    """Return how long a shift is to last, such as `90m` or `2h`; None if that is no duration, or too long a one."""
    found = _DURATION.fullmatch(expires_in)
    seconds = int(found[1]) * _SECONDS[found[2]] if found else 0
    return seconds if 0 < seconds <= LONGEST else None


@dataclass(frozen=True)
class Shift:
    """One shift of one resource away from one zone; times are the lab's wall clock."""

    id: str
    resource: str
    away_from: str
    """The zone's id, such as `apne1-az4`."""
    started: float
    expires: float
    comment: str
    canceled: bool = False
    kind: Kind = "ZONAL_SHIFT"
    failed: bool = False
    """Whether an alarm has ended a practice run."""

    def outcome(self, now: float) -> str:
        """Return what has come of a practice run.

        https://docs.aws.amazon.com/arc-zonal-shift/latest/api/API_ZonalShiftInResource.html
        """
        status = self.status(now)
        if status == "CANCELED":
            return "FAILED" if self.failed else "INTERRUPTED"
        return "PENDING" if status == "ACTIVE" else "SUCCEEDED"

    def status(self, now: float) -> Status:
        """Return what has become of it."""
        if self.canceled:
            return "CANCELED"
        return "ACTIVE" if now < self.expires else "EXPIRED"


def active(shifts: Iterable[Shift], resource: str, now: float) -> Shift | None:
    """Return the shift that a resource is in; there is one at most."""
    return next((shift for shift in shifts if shift.resource == resource and shift.status(now) == "ACTIVE"), None)


@dataclass(frozen=True)
class PracticeRuns:
    """What AWS has to know before it shifts a resource by itself.

    https://docs.aws.amazon.com/arc-zonal-shift/latest/api/API_PracticeRunConfiguration.html
    """

    outcome_alarms: tuple[str, ...]
    blocking_alarms: tuple[str, ...] = ()
    blocked_dates: tuple[str, ...] = ()
    blocked_windows: tuple[str, ...] = ()
    allowed_windows: tuple[str, ...] = ()


@dataclass(frozen=True)
class Autoshift:
    """A shift by AWS itself, of all the resources of a region whose owners had agreed when it began."""

    away_from: str
    """The zone's id."""
    started: float
    resources: frozenset[str]
    ended: float | None = None


def autoshift_of(autoshifts: Iterable[Autoshift], resource: str) -> Autoshift | None:
    """Return the autoshift that a resource is in."""
    return next(
        (autoshift for autoshift in autoshifts if autoshift.ended is None and resource in autoshift.resources), None
    )


def is_within(window: str, moment: datetime) -> bool:
    """Tell whether a moment lies in a window of days and times."""
    found = _WINDOW.fullmatch(window)
    if found is None or found["day"] != _DAYS[moment.weekday()]:
        return False
    begins, ends = ((int(found[f"{part}h"]), int(found[f"{part}m"])) for part in "be")
    return begins <= (moment.hour, moment.minute) < ends


def window_is_one(window: str) -> bool:
    """Tell whether a window of days and times begins before it ends, on one day, such as `Mon:09:00-Mon:17:30`."""
    found = _WINDOW.fullmatch(window)
    if found is None or found["day"] != found["same"]:
        return False
    begins, ends = ((int(found[f"{part}h"]), int(found[f"{part}m"])) for part in "be")
    return begins < ends and all(hour < 24 and minute < 60 for hour, minute in (begins, ends))


_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_DAY = f"({'|'.join(_DAYS)})"
_WINDOW = re.compile(
    rf"(?P<day>{_DAY}):(?P<bh>[0-9]{{2}}):(?P<bm>[0-9]{{2}})-(?P<same>{_DAY}):(?P<eh>[0-9]{{2}}):(?P<em>[0-9]{{2}})"
)
