# SPDX-License-Identifier: GPL-3.0-or-later
"""The scanners are installed from their locks: every package in one version, its files by their hashes."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import pytest

from exams import tools
from exams.tools import BUILDERS, CUSTODIAN, PROWLER, SCOUTSUITE, ExamError, Tool
from tests.unit.locks import entries, named, once

SCANNERS = (PROWLER, CUSTODIAN, SCOUTSUITE)


@pytest.mark.parametrize("tool", [*SCANNERS, BUILDERS], ids=lambda tool: tool.name)
def test_a_scanner_is_locked_with_hashes_in_the_version_that_is_asked_for(tool: Tool) -> None:
    locked = entries(tool.lock.read_text())
    assert not [one.name for one in locked if not one.hashes]
    assert not once(locked), "a registry of one's own has built it: exclude that version in tools/lock"
    for requirement in tool.requirements:
        name, _, version = requirement.partition("==")
        assert [one for one in locked if one.name == named(name) and version in ("", one.version)], "run tools/lock"


@pytest.mark.parametrize("tool", SCANNERS, ids=lambda tool: tool.name)
def test_nothing_is_installed_without_its_hash(tool: Tool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ran: list[list[str]] = []

    def run(command: list[str], **_options: Any) -> subprocess.CompletedProcess[str]:
        ran.append(command)
        tool.folder.mkdir(parents=True, exist_ok=True)
        return subprocess.CompletedProcess(command, 0, "", "")

    monkeypatch.setattr(tools, "BUILD", tmp_path)
    monkeypatch.setattr(tools, "find_python", lambda: "python3.12")
    monkeypatch.setattr("exams.tools.subprocess.run", run)
    tools.install(tool)
    installs = [command for command in ran if "install" in command]
    assert installs
    assert all("--require-hashes" in command and command[-1].endswith(".lock") for command in installs)
    # What has no wheel is built with what is installed, not with what a build asks a registry for.
    assert "--no-build-isolation" in installs[-1]
    count = len(ran)
    tools.install(tool)
    assert len(ran) == count, "it is installed"


def test_a_scanner_that_cannot_be_installed_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tools, "BUILD", tmp_path)
    monkeypatch.setattr(tools, "find_python", lambda: "python3.12")
    monkeypatch.setattr(
        "exams.tools.subprocess.run", lambda command, **_: subprocess.CompletedProcess(command, 1, "", "a hash differs")
    )
    with pytest.raises(ExamError, match=r"c7n==0\.9\.53 could not be installed: a hash differs"):
        tools.install(CUSTODIAN)
