# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs a playbook and returns what it took: seconds, seconds of CPU, and each task's seconds."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]
BUILD = ROOT / "build" / "bench"
_TICKS = os.sysconf("SC_CLK_TCK")


class FailedError(Exception):
    """A run that did not succeed; the sentence says where its output is."""


@dataclass(frozen=True)
class Run:
    """What a run took, with all that it has left in the background."""

    seconds: float
    cpu: float
    tasks: Sequence[Mapping[str, object]]
    background: int
    """How many processes it left in the background."""
    background_mb: float
    """Their memory."""
    lab_cpu: float = 0.0
    """CPU seconds of the lab's own process meanwhile: they are AWS's, not ours."""

    def median(self, task: str) -> float:
        """Return the median seconds of the tasks of this name."""
        return statistics.median(float(str(done["seconds"])) for done in self.tasks if done["task"] == task)

    def between(self, first: str, last: str) -> float:
        """Return the seconds from the begin of one task to the end of another on the last host."""
        began = min(float(str(task["began"])) for task in self.tasks if task["task"] == first)
        ended = [float(str(task["began"])) + float(str(task["seconds"])) for task in self.tasks if task["task"] == last]
        return max(ended) - began

    def summary(self) -> dict[str, float]:
        """Return the run as a whole, without its tasks."""
        return {name: value for name, value in vars(self).items() if name != "tasks"}


def playbook(
    name: str, words: Sequence[str], environment: Mapping[str, str], python: Path = Path(sys.executable)
) -> Run:
    """Run `ansible-playbook` with these words in this project."""
    log, times, result = (BUILD / f"{name}.{kind}" for kind in ("log", "times", "result"))
    variables = {
        **os.environ,
        "ANSIBLE_CALLBACK_PLUGINS": str(ROOT / "bench" / "callback_plugins"),
        "ANSIBLE_CALLBACKS_ENABLED": "bench_times",
        "ANSIBLE_NOCOLOR": "1",
        "BENCH_TIMES": str(times),
        **environment,
    }
    command = [str(python.with_name("ansible-playbook")), *words]
    measured = [sys.executable, "-m", "bench.measured", str(result), *command]
    with log.open("wb") as output:
        status = subprocess.run(measured, cwd=ROOT, env=variables, stdout=output, stderr=output, check=False).returncode
    if status:
        raise FailedError(f"{' '.join(command)} ended with {status}; its output is in {log}.")
    tasks = [json.loads(line) for line in times.read_text().splitlines()]
    return Run(**json.loads(result.read_text()), tasks=tasks)


def cpu_of(process: int) -> float:
    """Return the CPU seconds that a process has used so far (proc(5))."""
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS
