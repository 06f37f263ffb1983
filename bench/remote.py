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

_PINGS, _OTHERS, _FAR_PINGS = 30, 9, 10
"""How often a task is measured: far away one takes seconds."""
Task = Callable[[int], dict[str, Any]]
"""What makes the n-th task of a kind."""
_LARGE = 10 * 1024 * 1024

UPSTREAM = "amazon.aws.aws_ssm"
SSH = "ssh, ControlPersist, pipelining"


_OPENING: dict[str, Any] = {"name": "open the session", "ansible.builtin.ping": {}}


def _ping(_number: int) -> dict[str, Any]:
    return {"ansible.builtin.ping": {}}


def _setup(_number: int) -> dict[str, Any]:
    return {"ansible.builtin.setup": {}}


def _copy(number: int) -> dict[str, Any]:
    return {"ansible.builtin.copy": {"src": _file(f"small-{number}", 10 * 1024), "dest": "~/bench-small"}}


def _template(number: int) -> dict[str, Any]:
    source = BUILD / "template.j2"
    source.write_text("{{ inventory_hostname }} {{ number }}\n")
    return {"ansible.builtin.template": {"src": str(source), "dest": "~/bench-template"}, "vars": {"number": number}}


def _package(_number: int) -> dict[str, Any]:
    return {"ansible.builtin.package": {"name": "curl", "state": "present"}, "become": True}


def _service(_number: int) -> dict[str, Any]:
    return {"ansible.builtin.service": {"name": "dbus", "state": "started"}, "become": True}


_KINDS = {"setup": _setup, "copy 10 KB": _copy, "template": _template, "package": _package, "service": _service}


def _file(name: str, size: int) -> str:
    """Return a file of random bytes, which no compression makes smaller."""
    file = BUILD / name
    file.write_bytes(os.urandom(size))
    return str(file)


def _over(stage: Stage, way: Way, task: Task, times: int, *options: str) -> Run:
    """Run a task so often over a way, after one that opens the session; rows that need the same share the run."""
    machine = stage.machines(1, *options)[0]
    name = f"{task.__name__}-{way}{'-far' if options else ''}".strip("_").replace(" ", "-")

    def measure() -> Run:
        tasks = [_OPENING, *({"name": "measured", **task(number)} for number in range(times))]
        return stage.play(name, {"machine": host(stage, way, machine)}, tasks, environment(stage, way))

    found: Run = stage.once(name).or_else(measure)
    return found


def _compare(task: Task, way: Way, times: int, *options: str) -> Callable[[Stage], Outcome]:
    def measure(stage: Stage) -> Outcome:
        number = stage.times(times)
        ours, theirs = (_over(stage, each, task, number, *options) for each in ("ours", way))
        detail = {"times": number, "ours_run": ours.summary(), "theirs_run": theirs.summary()}
        return Outcome(ours.median("measured"), theirs.median("measured"), detail)

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
        tasks = [_OPENING]
        for number in range(stage.times(3)):
            large = _file(f"large-{number}", _LARGE)
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
    Row("ping", "ping over SSM", UPSTREAM, 8, _compare(_ping, "upstream", _PINGS)),
    Row("ping-ssh", "ping over SSM", SSH, 1, _compare(_ping, "ssh", _PINGS)),
    *(
        row
        for name, task in _KINDS.items()
        for row in (
            Row(name.split()[0], name, UPSTREAM, 5, _compare(task, "upstream", _OTHERS)),
            Row(f"{name.split()[0]}-ssh", name, SSH, 1, _compare(task, "ssh", _OTHERS)),
        )
    ),
    Row("copy-large", "copy 10 MB with a bucket", UPSTREAM, 1, _transfer("copy", "ours with a bucket")),
    Row("fetch-large", "fetch 10 MB with a bucket", UPSTREAM, 1, _transfer("fetch", "ours with a bucket")),
    Row("copy-channel", "copy 10 MB in the channel", UPSTREAM, 0, _transfer("copy", "ours")),
    Row("fetch-channel", "fetch 10 MB in the channel", UPSTREAM, 0, _transfer("fetch", "ours")),
]
FAR_ROWS = [
    Row(
        "ping-far",
        "ping over SSM, 60 ms round trip, 150 ms a call",
        UPSTREAM,
        12,
        _compare(_ping, "upstream", _FAR_PINGS, *FAR),
    ),
]
