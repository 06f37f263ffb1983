# SPDX-License-Identifier: GPL-3.0-or-later
"""Where a running lab is found: its process says so in the endpoint file."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from lab.errors import LabError
from lab.place import Place


@dataclass(frozen=True)
class Endpoint:
    """Where a running lab is: what `lab up` leaves in the endpoint file."""

    url: str
    pid: int
    started: str
    """The process's start time as the kernel tells it: a process id alone may be somebody else's by now."""
    speed: float

    @classmethod
    def read(cls, place: Place) -> Endpoint | None:
        """Return the lab's endpoint if the process that wrote it still runs."""
        try:
            found = cls(**json.loads(place.endpoint_file.read_text()))
        except (FileNotFoundError, json.JSONDecodeError, TypeError):
            return None
        return found if start_time(found.pid) == found.started else None


def start_time(pid: int) -> str | None:
    """Return when a process started, in clock ticks since boot, or None if there is none (proc(5))."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[19]
    except (FileNotFoundError, ProcessLookupError):
        return None


def require(place: Place) -> Endpoint:
    """Return the running lab's endpoint."""
    if endpoint := Endpoint.read(place):
        return endpoint
    raise LabError(f"The lab {place.name!r} is not running; start it with `lab up`.")


def environment(place: Place) -> dict[str, str]:
    """Return what a client of the lab's API has in its environment."""
    return {
        "AWS_ENDPOINT_URL": require(place).url,
        "AWS_ACCESS_KEY_ID": "lab",
        "AWS_SECRET_ACCESS_KEY": "nobody-asks-for-it",
        "AWS_DEFAULT_REGION": "ap-northeast-1",
    }
