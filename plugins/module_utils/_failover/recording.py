# Copyright: hasite.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection: this file may change at any time.
"""Something observed again and again, in a file of JSON lines: bounded in time and in rate."""

from __future__ import annotations

import json
import os
import threading
import time
import typing as t
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

SHORTEST_INTERVAL = 0.2
LONGEST_DURATION = 7200

ARGUMENTS: dict[str, dict[str, t.Any]] = {
    "path": {"type": "path", "required": True},
    "stop_path": {"type": "path", "required": True},
    "duration": {"type": "float", "default": 1800},
    "interval": {"type": "float", "default": 1},
}


@dataclass(frozen=True)
class Limits:
    """How often, and until when."""

    interval: float
    duration: float
    stop: Path
    """The file whose appearance ends it."""

    def ticks(
        self, now: Callable[[], float] = time.monotonic, sleep: Callable[[float], None] = time.sleep
    ) -> Iterator[float]:
        """Yield at every interval; a moment that was missed is left out, not made up for."""
        began = due = now()
        while due < began + self.duration and not self.stop.exists():
            if due > now():
                sleep(due - now())
            yield now()
            due += self.interval * max(1, -(-(now() - due) // self.interval))


def limits_of(params: Mapping[str, t.Any]) -> Limits:
    """Return the limits that a module's options give, kept within reason."""
    return Limits(
        max(SHORTEST_INTERVAL, params["interval"]), min(LONGEST_DURATION, params["duration"]), Path(params["stop_path"])
    )


class Record:
    """A file of JSON lines; several threads may add to it."""

    def __init__(self, path: str) -> None:
        self._path = Path(path)
        self._file = self._path.open("a", encoding="utf-8")
        self._lock = threading.Lock()

    @property
    def is_wanted(self) -> bool:
        """Whether the file is still where it was: whoever begins anew removes it, also one of a run that was killed."""
        try:
            return os.path.samestat(os.fstat(self._file.fileno()), self._path.stat())
        except FileNotFoundError:
            return False

    def add(self, observation: Mapping[str, t.Any]) -> None:
        """Append one observation, so that a reader sees it at once."""
        with self._lock:
            self._file.write(json.dumps(observation) + "\n")
            self._file.flush()


def read_record(path: str, since: float = 0) -> list[dict[str, t.Any]]:
    """Return the observations made since a moment, in the order of their beginning; a line being written is left."""
    if not Path(path).exists():
        return []
    lines = Path(path).read_text(encoding="utf-8").rpartition("\n")[0].splitlines()
    found = [json.loads(line) for line in lines]
    return sorted((one for one in found if one["at"] >= since), key=lambda one: float(one["at"]))
