# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs a playbook and measures it: seconds, seconds of CPU with all that it leaves running, and each task's seconds."""

from __future__ import annotations

import ctypes
import json
import os
import resource
import signal
import statistics
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]
BUILD = ROOT / "build" / "bench"
_TICKS = os.sysconf("SC_CLK_TCK")
_PR_SET_CHILD_SUBREAPER = 36
"""prctl(2): orphans become this process's children, so background processes are seen, counted and ended."""


class FailedError(Exception):
    """A run that did not succeed; the sentence says where its output is."""


@dataclass(frozen=True)
class Run:
    """What a run took."""

    seconds: float
    cpu: float
    tasks: Sequence[Mapping[str, object]]
    background_mb: float
    """Memory (PSS) of the processes that the run has left in the background."""
    background: int
    """How many these are."""
    lab_cpu: float = 0.0
    """CPU seconds of the lab's own process meanwhile: they are AWS's, not ours."""

    def median(self, task: str) -> float:
        """Return the median seconds of the tasks of this name."""
        found = [float(str(each["seconds"])) for each in self.tasks if each["task"] == task]
        return statistics.median(found)


def adopt_orphans() -> None:
    """Become the parent of whatever the runs leave in the background."""
    if ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0):
        raise OSError(ctypes.get_errno(), "prctl")


def playbook(
    name: str, words: Sequence[str], environment: Mapping[str, str], python: Path = Path(sys.executable)
) -> Run:
    """Run `ansible-playbook` with these words in this project; what it leaves in the background is ended."""
    BUILD.mkdir(parents=True, exist_ok=True)
    log, times = BUILD / f"{name}.log", BUILD / f"{name}.times"
    times.unlink(missing_ok=True)
    variables = {
        **os.environ,
        "ANSIBLE_CALLBACK_PLUGINS": str(ROOT / "bench" / "callback_plugins"),
        "ANSIBLE_CALLBACKS_ENABLED": "bench_times",
        "ANSIBLE_NOCOLOR": "1",
        "BENCH_TIMES": str(times),
        **environment,
    }
    command = [str(python.with_name("ansible-playbook")), *words]
    cpu, began = _children_cpu(), time.monotonic()
    with log.open("wb") as output:
        status = subprocess.run(command, cwd=ROOT, env=variables, stdout=output, stderr=output, check=False).returncode
    seconds = time.monotonic() - began
    left = _children()
    memory = sum(_pss(each) for each in left)
    for each in left:
        _end(each)
    if status:
        raise FailedError(f"{' '.join(command)} ended with {status}; its output is in {log}.")
    lines = [json.loads(line) for line in times.read_text().splitlines()]
    return Run(seconds, _children_cpu() - cpu, lines, memory, len(left))


def _children_cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _children() -> list[int]:
    return [int(each) for each in Path(f"/proc/self/task/{os.getpid()}/children").read_text().split()]


def _pss(process: int) -> float:
    try:
        lines = Path(f"/proc/{process}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0.0
    return sum(int(line.split()[1]) for line in lines if line.startswith("Pss:")) / 1024


def _end(process: int, patience: float = 10.0) -> None:
    """End a background process and take its CPU time into account, which its reaping does."""
    os.kill(process, signal.SIGTERM)
    deadline = time.monotonic() + patience
    while os.waitpid(process, os.WNOHANG) == (0, 0):
        if time.monotonic() > deadline:
            os.kill(process, signal.SIGKILL)
        time.sleep(0.05)


def cpu_of(process: int) -> float:
    """Return the CPU seconds that a process has used so far (proc(5))."""
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS
