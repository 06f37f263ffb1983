# SPDX-License-Identifier: GPL-3.0-or-later
"""The connection plugin, loaded as Ansible loads it, against a machine behind a stream of its own."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from ansible.playbook.play_context import PlayContext
from ansible.plugins.loader import connection_loader

from tests.unit.plugins.machine import Machine

Connect = Callable[..., Any]


@pytest.fixture
def machine(tmp_path: Path) -> Iterator[Machine]:
    home = tmp_path / "home"
    home.mkdir()
    made = Machine(home)
    yield made
    made.close()


@pytest.fixture
def connect(machine: Machine, tmp_path: Path) -> Iterator[Connect]:
    made: list[Any] = []

    def make(**options: Any) -> Any:
        connection = connection_loader.get("hasite.aws.ssm", PlayContext(), StringIO())
        defaults = {
            "instance_id": "i-0123456789abcdef0",
            "region": "ap-northeast-1",
            "access_key": "AKIAEXAMPLE",
            "secret_key": "example",
            "endpoint_url": machine.url,
            "reconnection_retries": 0,
            "connection_timeout": 20,
            "control_path_dir": str(tmp_path / "c"),
        }
        connection.set_options(direct={**defaults, **options})
        made.append(connection)
        return connection

    yield make
    for connection in made:
        connection.reset()
    wait_until(lambda: sorted(machine.terminated) == sorted(machine.started))


def wait_until(condition: Callable[[], bool], seconds: float = 15) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.05)


def living(process: int) -> bool:
    """Tell whether a process runs; one that has ended may still wait for its parent's interest."""
    try:
        return bool(Path(f"/proc/{process}/cmdline").read_bytes())
    except (FileNotFoundError, ProcessLookupError):
        return False
