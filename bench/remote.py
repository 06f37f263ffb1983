# SPDX-License-Identifier: GPL-3.0-or-later
"""Rows of one machine: what a task and a file cost over each way to it."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

from bench.connections import Way, environment, host
from bench.row import Outcome, Row
from bench.run import BUILD, Run
from bench.stage import FAR, Stage

_TIMES = {"ping": 30, "setup": 5, "copy 10 KB": 5, "template": 5, "package": 5, "service": 5}
_LARGE = 10 * 1024 * 1024

UPSTREAM = "amazon.aws.aws_ssm"
SSH = "ssh, ControlPersist, pipelining"


def _tasks(stage: Stage) -> list[dict[str, Any]]:
    """Return every kind of task as often as it is measured, after one that opens the session."""
    BUILD.mkdir(parents=True, exist_ok=True)
    (BUILD / "template.j2").write_text("{{ inventory_hostname }} {{ lookup('env', 'HOME') }} {{ number }}\n")
    kinds: dict[str, Callable[[int], dict[str, Any]]] = {
        "ping": lambda _n: {"ansible.builtin.ping": {}},
        "setup": lambda _n: {"ansible.builtin.setup": {}},
        "copy 10 KB": lambda n: {
            "ansible.builtin.copy": {"src": str(_file(f"small-{n}", 10 * 1024)), "dest": "~/bench-small"}
        },
        "template": lambda n: {
            "ansible.builtin.template": {"src": str(BUILD / "template.j2"), "dest": "~/bench-template"},
            "vars": {"number": n},
        },
        "package": lambda _n: {"ansible.builtin.package": {"name": "curl", "state": "present"}, "become": True},
        "service": lambda _n: {"ansible.builtin.service": {"name": "dbus", "state": "started"}, "become": True},
    }
    opening = {"name": "open the session", "ansible.builtin.ping": {}}
    return [
        opening,
        *({"name": name, **kinds[name](n)} for name, times in _TIMES.items() for n in range(stage.times(times))),
    ]


def _file(name: str, size: int) -> Any:
    """Return a file of random bytes, which no compression makes smaller."""
    file = BUILD / name
    file.write_bytes(os.urandom(size))
    return file


def _tasks_over(stage: Stage, way: Way, *options: str) -> Run:
    """Run all kinds of tasks once over a way; all of the rows that need them share the run."""
    machine = stage.machines(1, *options)[0]

    def measure() -> Run:
        name = f"tasks {way}{' far' if options else ''}".replace(" ", "-")
        return stage.play(name, {"machine": host(stage, way, machine)}, _tasks(stage), environment(stage, way))

    found: Run = stage.once("tasks", way).or_else(measure)
    return found


def _compare(task: str, way: Way, *options: str) -> Callable[[Stage], Outcome]:
    def measure(stage: Stage) -> Outcome:
        ours, theirs = _tasks_over(stage, "ours", *options), _tasks_over(stage, way, *options)
        return Outcome(
            ours.median(task),
            theirs.median(task),
            {
                "times": stage.times(_TIMES[task]),
                "ours_run": ours.summary(),
                "theirs_run": theirs.summary(),
            },
        )

    return measure


def _transfer(direction: str, ours: Way) -> Callable[[Stage], Outcome]:
    def measure(stage: Stage) -> Outcome:
        return Outcome(
            _transfer_over(stage, ours).median(direction), _transfer_over(stage, "upstream").median(direction)
        )

    return measure


def _transfer_over(stage: Stage, way: Way) -> Run:
    machine = stage.machines(1)[0]

    def measure() -> Run:
        tasks: list[dict[str, Any]] = [{"name": "open the session", "ansible.builtin.ping": {}}]
        for number in range(stage.times(3)):
            large = str(_file(f"large-{number}", _LARGE))
            fetched = {"src": "~/bench-large", "dest": str(BUILD / "fetched"), "flat": True}
            tasks += [
                {"name": "copy", "ansible.builtin.copy": {"src": large, "dest": "~/bench-large"}},
                {"name": "fetch", "ansible.builtin.fetch": fetched},
            ]
        name = f"transfer-{way}".replace(" ", "-")
        return stage.play(name, {"machine": host(stage, way, machine)}, tasks, environment(stage, way))

    found: Run = stage.once("transfer", way).or_else(measure)
    return found


ROWS = [
    Row("ping", "ping over SSM", UPSTREAM, 8, _compare("ping", "upstream")),
    Row("ping-ssh", "ping over SSM", SSH, 1, _compare("ping", "ssh")),
    *(
        row
        for task in list(_TIMES)[1:]
        for row in (
            Row(task.split()[0], task, UPSTREAM, 5, _compare(task, "upstream")),
            Row(f"{task.split()[0]}-ssh", task, SSH, 1, _compare(task, "ssh")),
        )
    ),
    Row("copy-large", "copy 10 MB with a bucket", UPSTREAM, 1, _transfer("copy", "ours with a bucket")),
    Row("fetch-large", "fetch 10 MB with a bucket", UPSTREAM, 1, _transfer("fetch", "ours with a bucket")),
    Row("copy-channel", "copy 10 MB in the channel", UPSTREAM, 0, _transfer("copy", "ours")),
    Row("fetch-channel", "fetch 10 MB in the channel", UPSTREAM, 0, _transfer("fetch", "ours")),
]
FAR_ROWS = [
    Row("ping-far", "ping over SSM, 60 ms round trip, 150 ms a call", UPSTREAM, 12, _compare("ping", "upstream", *FAR)),
]
