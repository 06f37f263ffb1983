# Copyright: hasite.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which tasks run on which hosts, since when, and how long each took."""

from __future__ import annotations

import threading
import typing as t
from dataclasses import dataclass, field


@dataclass
class _Task:
    name: str
    since: float
    hosts: dict[str, int | None] = field(default_factory=dict)
    """The retries left on each host on which it runs, in the order in which it began there."""


class Step(t.NamedTuple):
    """A task that runs now."""

    name: str
    since: float
    """When it began on the first host, in seconds of the caller's clock."""
    hosts: tuple[str, ...]
    left: int | None
    """The retries that the host with the fewest still has; None when nothing was tried again."""


class Took(t.NamedTuple):
    """A task that ended, and its time over all hosts in seconds."""

    seconds: float
    name: str


class Running:
    """What runs. Its methods may be called from several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._tasks: dict[str, _Task] = {}
        self._took: dict[str, Took] = {}

    def begin(self, key: str, name: str, host: str, now: float) -> None:
        """Note that the task `key` begins on a host."""
        with self._lock:
            self._tasks.setdefault(key, _Task(name, now)).hosts[host] = None

    def again(self, key: str, host: str, left: int) -> bool:
        """Note that a task is tried again on a host, and return whether that is its first time there."""
        with self._lock:
            if (task := self._tasks.get(key)) is None:
                return False
            first = task.hosts.get(host) is None
            task.hosts[host] = left
            return first

    def end(self, key: str, host: str, now: float) -> None:
        """Note that a task has its result on a host."""
        with self._lock:
            if (task := self._tasks.get(key)) is None:
                return
            task.hosts.pop(host, None)
            earlier = self._took.get(key)
            # Under the strategy `free` a host may begin when another has ended.
            if not task.hosts:
                del self._tasks[key]
                seconds = now - task.since + (earlier.seconds if earlier else 0)
                self._took[key] = Took(seconds, task.name)

    def clear(self) -> None:
        """Forget what runs: a new play begins, or the run is over."""
        with self._lock:
            self._tasks.clear()

    def steps(self) -> list[Step]:
        """Return what runs, the longest first."""
        with self._lock:
            tasks = sorted(self._tasks.values(), key=lambda task: task.since)
            return [Step(task.name, task.since, tuple(task.hosts), _fewest(task.hosts.values())) for task in tasks]

    def slowest(self, count: int, least: float) -> list[Took]:
        """Return at most `count` tasks that took `least` seconds or more, the slowest first."""
        with self._lock:
            took = sorted(self._took.values(), reverse=True)
        return [host for host in took if host.seconds >= least][:count]


def _fewest(left: t.Iterable[int | None]) -> int | None:
    return min((count for count in left if count is not None), default=None)
