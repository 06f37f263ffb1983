# SPDX-License-Identifier: GPL-3.0-or-later
"""Rows of many machines: what each further one costs, in seconds and in the controller's memory."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from bench.connections import environment, host
from bench.row import Measurement, Row
from bench.run import Run
from bench.stage import BenchSession

_FORKS = 16
_MOST_MEMORY = 20.0
_TASKS: list[dict[str, Any]] = [
    {"name": "ping", "ansible.builtin.ping": {}},
    {"name": "setup", "ansible.builtin.setup": {}},
    {"name": "file", "ansible.builtin.file": {"path": "~/bench", "state": "directory", "mode": "0755"}},
    {"name": "copy", "ansible.builtin.copy": {"content": "a small file", "dest": "~/bench/file", "mode": "0644"}},
    {"name": "service", "ansible.builtin.service": {"name": "dbus", "state": "started"}, "become": True},
]


def _configure(stage: BenchSession, count: int) -> Run:
    machines = stage.machines(count)

    def measure() -> Run:
        hosts = {f"machine-{number}": host(stage, "ours", machine) for number, machine in enumerate(machines)}
        forks = min(count, _FORKS)
        return stage.play(f"growth-{count}", hosts, _TASKS, environment(stage, "ours"), forks)

    found: Run = stage.once("growth", count).or_else(measure)
    return found


def _growth(count: int) -> Callable[[BenchSession], Measurement]:
    def measure(stage: BenchSession) -> Measurement:
        """Hold a machine's share of the run against a run of one machine alone: work that grows faster is below 1."""
        one, many = _configure(stage, 1), _configure(stage, count)
        return Measurement(many.seconds / count, one.seconds, {"machines": count, **many.summary()})

    return measure


def _memory(stage: BenchSession) -> Measurement:
    run = _configure(stage, _FORKS)
    return Measurement(run.background_mb / _FORKS, _MOST_MEMORY, {"sessions": _FORKS, **run.summary()})


ROWS = [
    *(
        Row(f"machines-{count}", f"{count} machines, each one's share", "one machine alone", 1, _growth(count))
        for count in (4, 16, 64)
    ),
    Row("memory", "controller's memory per open session", "20 MB", 1, _memory, unit="MB"),
]
