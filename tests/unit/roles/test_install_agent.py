# SPDX-License-Identifier: GPL-3.0-or-later
"""The user data by which a machine gets the agent of Systems Manager; on Debian it is seen in every lab."""

from __future__ import annotations

import subprocess
from pathlib import Path

import jinja2
import pytest

TEMPLATE = Path(__file__).parents[3] / "roles/compute/templates/install_agent.sh.j2"
BUCKET = "https://s3.eu-west-1.amazonaws.com/amazon-ssm-eu-west-1/latest"


class Machine:
    """A machine whose commands note how they are called; `fails` of the installations go wrong first."""

    def __init__(self, folder: Path, *units: str, architecture: str = "x86_64", fails: int = 0) -> None:
        self.folder, self.fails = folder, folder / "fails"
        self.fails.write_text("x" * fails)
        known = " ".join(f"{unit}) exit 0 ;;" for unit in units)
        asked = f'[ "$1" = cat ] || {{ {self._note("systemctl")}; exit; }}'
        self._command("systemctl", f"{asked}; case $2 in {known} esac; exit 1")
        self._command("uname", f"echo {architecture}")
        self._command("sleep", self._note("sleep"))
        short = f"[ ! -s {self.fails} ] || {{ /usr/bin/truncate -s -1 {self.fails}; exit 1; }}"
        self._command("dnf", f"{self._note('dnf')}; {short}")

    def _note(self, name: str) -> str:
        return f'echo {name} "$@" >> {self.folder}/called'

    def _command(self, name: str, body: str) -> None:
        file = self.folder / name
        file.write_text(f"#!/bin/sh\n{body}\n")
        file.chmod(0o755)

    def boot(self) -> tuple[int, list[str]]:
        """Return how the user data ended, and what it called."""
        script = jinja2.Template(TEMPLATE.read_text()).render(compute_region="eu-west-1")
        done = subprocess.run(["/bin/sh"], input=script, text=True, env={"PATH": str(self.folder)}, check=False)
        called = self.folder / "called"
        return done.returncode, called.read_text().splitlines() if called.exists() else []


@pytest.mark.parametrize("unit", ["amazon-ssm-agent.service", "snap.amazon-ssm-agent.amazon-ssm-agent.service"])
def test_an_image_that_has_the_agent_keeps_it(tmp_path: Path, unit: str) -> None:
    assert Machine(tmp_path, unit).boot() == (0, [])


@pytest.mark.parametrize(("architecture", "named"), [("x86_64", "amd64"), ("aarch64", "arm64")])
def test_another_image_gets_the_one_of_its_architecture(tmp_path: Path, architecture: str, named: str) -> None:
    package = f"{BUCKET}/linux_{named}/amazon-ssm-agent.rpm"
    called = [f"dnf install --assumeyes {package}", "systemctl enable --now amazon-ssm-agent"]
    assert Machine(tmp_path, architecture=architecture).boot() == (0, called)


def test_a_network_that_is_mended_later_is_soon_enough(tmp_path: Path) -> None:
    status, called = Machine(tmp_path, fails=2).boot()
    assert (status, called.count("sleep 10"), called[-1]) == (0, 2, "systemctl enable --now amazon-ssm-agent")


def test_it_gives_up_in_the_end(tmp_path: Path) -> None:
    status, called = Machine(tmp_path, fails=200).boot()
    assert (status, called.count("sleep 10")) == (1, 89)
