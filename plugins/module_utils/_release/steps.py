# Copyright: hasite.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection: this file may change at any time.
"""Many small steps on a share.

On a network file system each one costs milliseconds, whatever it does, so several are taken at once. On a local disk it
costs microseconds, and threads would only wait for each other: Python runs one at a time.
"""

from __future__ import annotations

import contextlib
import os
import stat
import time
import typing as t
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

THREADS = 32
_TRIED = 16
"""How many steps tell what one costs."""
_SLOW_SECONDS = 0.001
_CHUNK = 8
"""How many steps a thread takes at a time."""

T = t.TypeVar("T")
R = t.TypeVar("R")


class Crew:
    """Takes steps on the share, by threads where that helps."""

    def __init__(self) -> None:
        self._pool = ThreadPoolExecutor(THREADS)
        self._slow = False

    def __enter__(self) -> Crew:
        return self

    def __exit__(self, *_error: object) -> None:
        self._pool.shutdown()

    def each(self, step: t.Callable[[T], R], things: t.Iterable[T]) -> list[R]:
        """Take the step with each thing; return what they gave, in the things' order."""
        waiting = list(things)
        results: list[R] = []
        if not self._slow:
            results, waiting = self._try(step, waiting[:_TRIED]), waiting[_TRIED:]
        if not self._slow:
            return results + [step(thing) for thing in waiting]

        def take(chunk: list[T]) -> list[R]:
            return [step(thing) for thing in chunk]

        chunks = [waiting[start : start + _CHUNK] for start in range(0, len(waiting), _CHUNK)]
        return results + [result for several in self._pool.map(take, chunks) for result in several]

    def _try(self, step: t.Callable[[T], R], things: list[T]) -> list[R]:
        """Take a few steps one after the other, and learn what one costs here."""
        results, seconds = [], []
        for thing in things:
            began = time.perf_counter()
            results.append(step(thing))
            seconds.append(time.perf_counter() - began)
        # The quickest: on a local disk of a busy machine some steps are slow, on a network file system all are.
        self._slow = len(seconds) == _TRIED and min(seconds) > _SLOW_SECONDS
        return results

    def remove(self, folder: Path) -> None:
        """Remove a folder with all that is in it; what is gone already is no trouble."""
        levels = [[str(folder)]]
        while levels[-1]:
            found = self.each(_listed, levels[-1])
            self.each(_unlink, [leaf for leaves, dummy in found for leaf in leaves])
            levels.append([below for dummy, folders in found for below in folders])
        for level in reversed(levels):
            self.each(_rmdir, level)


def _listed(folder: str) -> tuple[list[str], list[str]]:
    """Return what is in a folder: what can be unlinked, and folders."""
    leaves: list[str] = []
    folders: list[str] = []
    with contextlib.suppress(FileNotFoundError, NotADirectoryError), os.scandir(folder) as entries:
        for entry in entries:
            (folders if entry.is_dir(follow_symlinks=False) else leaves).append(entry.path)
    return leaves, folders


def _unlink(path: str) -> None:
    with contextlib.suppress(FileNotFoundError):
        os.unlink(path)


def _rmdir(path: str) -> None:
    # Not empty: somebody has written into it meanwhile; it is cleared when it is found abandoned.
    with contextlib.suppress(OSError):
        os.rmdir(path)


@contextlib.contextmanager
def public_modes() -> t.Iterator[None]:
    """Create files with the modes that are asked for, 0644 or 0755, whatever the umask was."""
    before = os.umask(0o022)
    try:
        yield
    finally:
        os.umask(before)


def is_file_of(path: str, size: int, mode: int) -> bool:
    """Tell whether there is a plain file of this size and mode."""
    found = os.lstat(path)
    return found.st_mode == stat.S_IFREG | mode and found.st_size == size
