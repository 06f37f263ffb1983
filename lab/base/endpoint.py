# SPDX-License-Identifier: GPL-3.0-or-later
"""Where a running lab is found: its process says so in the endpoint file."""

from __future__ import annotations

import http.client
import json
import urllib.request
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from lab.base.errors import LabError
from lab.base.paths import LabPaths


@dataclass(frozen=True)
class Endpoint:
    """Where a running lab is: what `lab up` leaves in the endpoint file."""

    url: str
    pid: int
    started: str
    """The process's start time as the kernel tells it: a process id alone may be somebody else's by now."""
    speed: float
    access_key: str = ""
    secret_key: str = field(default="", repr=False)
    """The owner's, who may do everything; the file is theirs alone. A lab of an earlier version has none."""

    @classmethod
    def read(cls, place: LabPaths) -> Endpoint | None:
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


def require(place: LabPaths) -> Endpoint:
    """Return the running lab's endpoint."""
    if endpoint := Endpoint.read(place):
        return endpoint
    raise LabError(f"The lab {place.name!r} is not running; start it with `lab up`.")


def ask(place: LabPaths, path: str, sent: object = None, timeout: float = 30) -> Any:
    """Return what one of the running lab's own pages shows, as plain data; it is told what is sent.

    A lab that ends meanwhile, or says nothing for so many seconds, is a `LabError`.
    """
    found = require(place)
    body = None if sent is None else json.dumps(sent).encode()
    asking = urllib.request.Request(  # noqa: S310  as below
        found.url + path, body, {"Authorization": f"Bearer {found.secret_key}"}
    )
    try:
        with urllib.request.urlopen(asking, timeout=timeout) as answer:  # noqa: S310  our own http URL
            return json.load(answer)
    except (OSError, http.client.HTTPException) as error:
        raise LabError(
            f"The lab {place.name!r} did not answer ({error}); its log, {place.log}, may say why."
        ) from error


def environment(place: LabPaths) -> dict[str, str]:
    """Return what a client of the lab's API has in its environment."""
    found = require(place)
    return {
        "AWS_ENDPOINT_URL": found.url,
        "AWS_ACCESS_KEY_ID": found.access_key,
        "AWS_SECRET_ACCESS_KEY": found.secret_key,
        "AWS_DEFAULT_REGION": "ap-northeast-1",
    }
