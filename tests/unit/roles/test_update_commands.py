# SPDX-License-Identifier: GPL-3.0-or-later
"""The commands that install updates fail where the archive is out of reach: else nobody tries again for 20 hours."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible.parsing.dataloader import DataLoader
from ansible.template import Templar, trust_as_template

VARS = Path(__file__).parents[3] / "roles" / "updates" / "vars"


def commands(family: str, distribution: str) -> list[list[str]]:
    found = yaml.safe_load((VARS / f"{family}.yml").read_text())["__updates_commands"]
    known: dict[str, Any] = {"ansible_facts": {"distribution": distribution}}
    templar = Templar(loader=DataLoader(), variables=known)
    return [templar.template(trust_as_template(one)) if isinstance(one, str) else one for one in found]


@pytest.mark.skipif(not shutil.which("apt-get"), reason="needs apt-get")
def test_apt_fails_without_its_archive(tmp_path: Path) -> None:
    for folder in ("etc", "lists/partial", "cache/archives/partial"):
        (tmp_path / folder).mkdir(parents=True)
    # Nobody listens on the port for discarding.
    (tmp_path / "etc" / "sources.list").write_text("deb [trusted=yes] http://127.0.0.1:9/debian bookworm main\n")
    settings = tmp_path / "apt.conf"
    settings.write_text(
        f'Dir::Etc "{tmp_path}/etc";\nDir::State::lists "{tmp_path}/lists";\nDir::Cache "{tmp_path}/cache";\n'
        'Acquire::Retries "0";\nAcquire::http::Proxy "DIRECT";\n'
    )
    refresh = commands("Debian", "Debian")[0]
    environment = {**os.environ, "APT_CONFIG": str(settings)}
    done = subprocess.run(refresh, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode != 0, done.stdout + done.stderr


@pytest.mark.parametrize(("distribution", "follows"), [("Amazon", True), ("Rocky", False)])
def test_dnf_passes_no_repository_over(distribution: str, follows: bool) -> None:
    """Its settings say `skip_if_unavailable=True` on Fedora and what is made after it; test_systems.py runs it."""
    [command] = commands("RedHat", distribution)
    assert "--setopt=skip_if_unavailable=false" in command
    assert ("--releasever=latest" in command) == follows
