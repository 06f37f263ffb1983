# SPDX-License-Identifier: GPL-3.0-or-later
"""Zonal shifts: for how long a load balancer sends nobody to one of its zones. Pure.

https://docs.aws.amazon.com/r53recovery/latest/dg/arc-zonal-shift.how-it-works.html
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

Status = Literal["ACTIVE", "EXPIRED", "CANCELED"]
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

    def status(self, now: float) -> Status:
        """Return what has become of it."""
        if self.canceled:
            return "CANCELED"
        return "ACTIVE" if now < self.expires else "EXPIRED"


def active(shifts: Iterable[Shift], resource: str, now: float) -> Shift | None:
    """Return the shift that a resource is in; there is one at most."""
    return next((each for each in shifts if each.resource == resource and each.status(now) == "ACTIVE"), None)
