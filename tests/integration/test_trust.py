# SPDX-License-Identifier: GPL-3.0-or-later
"""What those can do whom nobody trusts: other users of the host, machines, pages, visitors (docs/lab.md, "Trust")."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from lab.browser import opened
from lab.place import Place
from lab.users import BROWSER, become

pytestmark = pytest.mark.lab

HOST = "https://s3.ap-northeast-1.amazonaws.com/"
"""Something that answers in every lab."""


def processes(namespace: Path) -> list[Path]:
    """Return the processes in a network namespace, or in one that they have made below it, but this one."""
    return [entry for entry in Path("/proc").iterdir() if entry.name.isdigit() and _holds(entry, namespace)]


def _holds(process: Path, namespace: Path) -> bool:
    try:
        return process.joinpath("ns/net").stat().st_ino == namespace.stat().st_ino
    except (FileNotFoundError, ProcessLookupError):
        return False


def descendants(of: int) -> list[Path]:
    """Return a process's children and theirs."""
    found = []
    for child in Path(f"/proc/{of}/task/{of}/children").read_text().split():
        found += [Path("/proc") / child, *descendants(int(child))]
    return found


def test_a_page_is_shown_by_a_user_without_rights_in_a_sandbox(place: Place) -> None:
    with opened(place) as browser:
        assert browser.tab().go(HOST).status in (200, 403)
        running = [each for each in descendants(os.getpid()) if "chromium" in (each / "cmdline").read_text()]
        renderers = [each for each in running if "--type=renderer" in (each / "cmdline").read_text()]
        assert renderers
        for each in running:
            assert f"Uid:\t{BROWSER}\t{BROWSER}\t{BROWSER}\t{BROWSER}\n" in (each / "status").read_text(), each
        for each in renderers:
            assert (each / "ns/user").readlink() != Path("/proc/self/ns/user").readlink()
            assert "Seccomp:\t2\n" in (each / "status").read_text()


def as_nobody(*words: str) -> subprocess.CompletedProcess[str]:
    """Run a command as another user of the host."""
    return subprocess.run([*become(65534), *words], capture_output=True, text=True, timeout=60, check=False)
