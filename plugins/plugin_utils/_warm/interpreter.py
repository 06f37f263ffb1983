# Copyright: hasite.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A Python that stays, and forks for each module. What it must not do is done here; what it knows is its memory.

PRIVATE to the collection. Runs under any Python from 3.9.

Whatever a module does, it does in its own process: nothing comes back but its output, its exit status and the
names of what it has imported and read, so that the next one finds it.
"""

from __future__ import annotations

import contextlib
import gc
import json
import mmap
import os
import sys
from dataclasses import dataclass

from . import child
from .imports import Importer
from .memory import Memory
from .task import Task

_LONGEST_REPORT = 1 << 17


@dataclass(frozen=True)
class Running:
    """A module that runs, and where its report will be: in memory, so that it has no file that others have not."""

    pid: int
    report: mmap.mmap


class Interpreter:
    """Runs modules. Its process must have no other thread."""

    def __init__(self) -> None:
        gc.disable()
        sys.path[:] = [path for path in sys.path if path]
        self._memory = Memory()

    def preload(self, payload: bytes) -> None:
        """Get to know a payload before it is run. Raises what `Memory.preload` does."""
        self._memory.preload(payload)

    def start(self, task: Task, stdout: int, stderr: int) -> Running:
        """Start a module with an empty standard input."""
        report = mmap.mmap(-1, _LONGEST_REPORT)
        stdin, writer = os.pipe()
        os.close(writer)
        pid = os.fork()
        if pid == 0:
            status = 1
            try:
                before = frozenset(sys.modules)
                status = child.run(task, (stdin, stdout, stderr), self._prepare)
                self._report(report, before)
            finally:
                os._exit(status)
        os.close(stdin)
        return Running(pid, report)

    def finished(self, running: Running) -> None:
        """Learn from a module that has ended."""
        with running.report as report, contextlib.suppress(ValueError, KeyError, TypeError, AttributeError):
            self._memory.record_imports(json.loads(report.readline()))

    def _prepare(self) -> None:
        Importer.install(self._memory.codes, self._memory.base)
        self._memory.data.install()

    def _report(self, report: mmap.mmap, before: frozenset[str]) -> None:
        learned = {"modules": self._memory.library_imports(before), "data": self._memory.data.report()}
        report.write(json.dumps(learned).encode() + b"\n")  # a longer one is an error, and is not read


def exit_status(wait_status: int) -> int:
    """Return how a process has ended, as a shell says it."""
    code = os.waitstatus_to_exitcode(wait_status)
    return code if code >= 0 else 128 - code
