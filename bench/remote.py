# SPDX-License-Identifier: GPL-3.0-or-later
"""Rows of one machine: what a task and a file cost over each way to it."""

from __future__ import annotations

import os
import tarfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from bench.connections import Way, environment, host
from bench.row import Measurement, Row
from bench.run import BUILD, Run
from bench.stage import FAR, BenchSession

_PINGS, _OTHERS, _FAR_PINGS = 30, 9, 10
"""How often a task is measured: far away one takes seconds."""
Task = Callable[[int], dict[str, Any]]
"""What makes the n-th task of a kind."""
_LARGE = 10 * 1024 * 1024
_FEW_FILES, _MANY_FILES = 200, 2000

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


def _tree(_number: int) -> dict[str, Any]:
    return {"ansible.builtin.copy": {"src": f"{_files(_FEW_FILES)}/", "dest": "~/bench-tree"}}


def _archive(_number: int) -> dict[str, Any]:
    tree = _files(_MANY_FILES)
    with tarfile.open(tree.with_suffix(".tar.gz"), "w:gz") as archive:
        archive.add(tree, "bench-archive")
    return {"ansible.builtin.unarchive": {"src": str(tree.with_suffix(".tar.gz")), "dest": "~"}}


_KINDS = {"setup": _setup, "copy 10 KB": _copy, "template": _template, "package": _package, "service": _service}


def _file(name: str, size: int) -> str:
    """Return a file of random bytes, which no compression makes smaller."""
    file = BUILD / name
    file.write_bytes(os.urandom(size))
    return str(file)


def _files(count: int) -> Path:
    """Return a folder with so many small files, twenty folders of them."""
    tree = BUILD / f"tree-{count}"
    for number in range(count):
        file = tree / str(number % 20) / f"file-{number}"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(f"{number}\n" * 40)
    return tree


def _over(stage: BenchSession, way: Way, task: Task, times: int, *options: str) -> Run:
    """Run a task so often over a way, after one that opens the session; rows that need the same share the run."""
    machine = stage.machines(1, *options)[0]
    name = f"{task.__name__}-{way}{'-far' if options else ''}".strip("_").replace(" ", "-")

    def measure() -> Run:
        tasks = [_OPENING, *({"name": "measured", **task(number)} for number in range(times))]
        return stage.play(name, {"machine": host(stage, way, machine)}, tasks, environment(stage, way))

    found: Run = stage.once(name).or_else(measure)
    return found


def _compare(task: Task, way: Way, times: int, *options: str) -> Callable[[BenchSession], Measurement]:
    def measure(stage: BenchSession) -> Measurement:
        number = stage.times(times)
        ours, theirs = (_over(stage, side, task, number, *options) for side in ("ours", way))
        detail = {"times": number, "ours_run": ours.summary(), "theirs_run": theirs.summary()}
        return Measurement(ours.median("measured"), theirs.median("measured"), detail)

    return measure


def _transfer(direction: str, ours: Way, theirs: Way = "upstream") -> Callable[[BenchSession], Measurement]:
    def measure(stage: BenchSession) -> Measurement:
        seconds, other_seconds = (_transfer_over(stage, way).median(direction) for way in (ours, theirs))
        return Measurement(seconds, other_seconds)

    return measure


def _transfer_over(stage: BenchSession, way: Way) -> Run:
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
    Row("copy-channel-ssh", "copy 10 MB in the channel", SSH, 0, _transfer("copy", "ours", "ssh")),
    Row("fetch-channel-ssh", "fetch 10 MB in the channel", SSH, 0, _transfer("fetch", "ours", "ssh")),
    Row("copy-tree-ssh", f"copy a tree of {_FEW_FILES} small files", SSH, 1, _compare(_tree, "ssh", 1)),
    Row("archive-tree-ssh", f"unarchive a tree of {_MANY_FILES:,} small files", SSH, 1, _compare(_archive, "ssh", 1)),
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
