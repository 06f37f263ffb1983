# SPDX-License-Identifier: GPL-3.0-or-later
"""A machine's links lead nowhere outside of it."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from lab.base.paths import LabPaths
from lab.plane.machines import guest
from lab.plane.machines.container import Container

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="needs root, for a root folder of its own")
BOOTED = "run/hasite-lab/booted"


@pytest.fixture
def machine(tmp_path: Path) -> Iterator[tuple[Path, int]]:
    """A root folder, and a process that has it as its root."""
    root = tmp_path / "machine"
    (root / "run").mkdir(parents=True)
    script = f"import os, sys; os.chroot({str(root)!r}); os.chdir('/'); print('in', flush=True); sys.stdin.read()"
    with subprocess.Popen([sys.executable, "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"in\n"
        yield root, process.pid


def booted(process: int) -> bool:
    return Container(LabPaths("unit"), "i-1").has_booted(process)


def test_a_machine_is_seen_to_have_booted(machine: tuple[Path, int]) -> None:
    root, process = machine
    assert not booted(process)
    (root / BOOTED).parent.mkdir()
    (root / BOOTED).touch()
    assert booted(process)
    assert not booted(2**22 + 1)


@pytest.mark.parametrize("link", ["run/hasite-lab", BOOTED])
@pytest.mark.parametrize("up", ["", "/../../../../../../.."])
def test_a_link_is_followed_in_the_machine_and_not_on_the_host(
    machine: tuple[Path, int], tmp_path: Path, link: str, up: str
) -> None:
    root, process = machine
    (tmp_path / BOOTED).parent.mkdir(parents=True)
    (tmp_path / BOOTED).touch()
    (root / link).parent.mkdir(exist_ok=True)
    (root / link).symlink_to(f"{up}{tmp_path / link}")
    assert not booted(process)
    inside = root / tmp_path.relative_to("/") / BOOTED
    inside.parent.mkdir(parents=True)
    inside.touch()
    assert booted(process)


def test_nothing_is_opened(machine: tuple[Path, int]) -> None:
    root, process = machine
    (root / BOOTED).parent.mkdir()
    os.mkfifo(root / BOOTED)
    assert guest.exists(process, BOOTED)
