# SPDX-License-Identifier: GPL-3.0-or-later
"""A machine that has nothing of this project: a Python, ansible-core, the collections' tarballs, and an inventory."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import ansible
import pytest

from lab.base.endpoint import require
from lab.base.paths import LabPaths
from tests.integration.labs import ROOT, installed

OTHERS = ("amazon.aws", "ansible.posix", "community.aws")
INSTALLED = Path(".ansible/collections/ansible_collections/hasite/aws")
"""Where Ansible puts the collection, below the user's home."""
_COLLECTIONS = Path(ansible.__file__).parents[1] / "ansible_collections"
"""Those that the package `ansible` brings."""
_OURS = ("ANSIBLE_", "PYTHON", "VIRTUAL_ENV", "LAB_", "AWS_")


def python_of(minor: int) -> str:
    """Return a Python 3 of this minor version that really runs, or skip the test."""
    versions = sorted(Path.home().glob(f".pyenv/versions/3.{minor}.*/bin/python3"))
    for candidate in (*map(str, versions), f"/usr/bin/python3.{minor}", f"python3.{minor}"):
        check = [candidate, "-c", "import venv, ensurepip"]
        if shutil.which(candidate) and subprocess.run(check, capture_output=True, check=False).returncode == 0:
            return candidate
    pytest.skip(f"there is no Python 3.{minor} with venv on this machine")


def build_tarballs(folder: Path) -> list[Path]:
    """Build this collection, and those that it depends on as they are installed here: a stand-in for Galaxy."""
    tarballs = [_build(ROOT, folder)]
    for name in OTHERS:
        source = folder / "sources" / name
        shutil.copytree(_COLLECTIONS.joinpath(*name.split(".")), source, ignore=shutil.ignore_patterns("__pycache__"))
        manifest = json.loads((source / "MANIFEST.json").read_text())["collection_info"]
        for built in ("MANIFEST.json", "FILES.json"):
            (source / built).unlink()
        told = {key: value for key, value in manifest.items() if value not in (None, [], "")}
        (source / "galaxy.yml").write_text(json.dumps(told))
        tarballs.append(_build(source, folder))
    return tarballs


def _build(source: Path, folder: Path) -> Path:
    command = [installed("ansible-galaxy"), "collection", "build", "--output-path", str(folder), str(source)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return Path(done.stdout.strip().rpartition(" ")[2])


def copy_checkout(target: Path) -> None:
    """Copy what git keeps of this checkout, changed or not: what a clone of it would have."""
    command = ["git", "-C", str(ROOT), "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, capture_output=True, text=True, check=True)
    for name in filter(None, listed.stdout.split("\0")):
        if not os.path.lexists(ROOT / name):
            continue
        (target / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(ROOT / name, target / name, follow_symlinks=False)


@dataclass(frozen=True)
class Machine:
    """A user's machine: a home of its own, and in it a virtual environment and a folder for the inventory."""

    home: Path

    @property
    def folder(self) -> Path:
        """Where the user works."""
        return self.home / "work"

    def run(self, *command: str, cwd: Path | None = None, timeout: float = 120, **environment: str) -> Any:
        """Run a command as the user would, with nothing of this process's own environment that Ansible heeds."""
        kept = {key: value for key, value in os.environ.items() if not key.startswith(_OURS)}
        path = f"{self.home / 'venv/bin'}:/usr/sbin:/usr/bin:/sbin:/bin"
        return subprocess.run(
            command,
            cwd=cwd or self.folder,
            env={**kept, "HOME": str(self.home), "PATH": path, "ANSIBLE_NOCOLOR": "1", **environment},
            capture_output=True,
            text=True,
            timeout=timeout,
            check=False,
        )

    def must(self, *command: str, cwd: Path | None = None, timeout: float = 120) -> str:
        """Run a command that must succeed; return what it printed."""
        done = self.run(*command, cwd=cwd, timeout=timeout)
        assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]
        return str(done.stdout)


def set_up(home: Path, python: str, core: str, tarballs: list[Path]) -> Machine:
    """Do what docs/getting-started.md says, with tarballs in Galaxy's place."""
    machine = Machine(home)
    machine.folder.mkdir(parents=True)
    subprocess.run([python, "-m", "venv", str(home / "venv")], check=True)
    pip = [str(home / "venv/bin/python"), "-m", "pip", "install", "-q"]
    subprocess.run([*pip, f"ansible-core=={core}"], check=True)
    machine.must("ansible-galaxy", "collection", "install", "--offline", *map(str, tarballs))
    subprocess.run([*pip, "-r", str(home / INSTALLED / "meta/requirements.txt")], check=True)
    return machine


def write_inventory(folder: Path, place: LabPaths) -> None:
    """Copy the example, and add what makes a site of the lab out of it."""
    endpoint = require(place)
    variables = folder / "group_vars" / "all.yml"
    text = variables.read_text().replace("www.example.com", "www.hasite.test")
    more = {
        "site_endpoint_url": endpoint.url,
        "site_access_key": endpoint.access_key,
        "site_secret_key": endpoint.secret_key,
        "site_clock_speed": endpoint.speed,
        "site_ami_parameter": "/aws/service/debian/release/12/latest/amd64",
    }
    variables.write_text(text + "".join(f"{key}: {json.dumps(value)}\n" for key, value in more.items()))
    visitor = {
        "ansible_connection": "ansible.builtin.local",
        "ansible_python_interpreter": "{{ ansible_playbook_python }}",
        "ansible_pipelining": True,
        "ansible_shell_executable": str(place.folder / "visitor"),
    }
    hosts = {"all": {"children": {"visitors": {"hosts": {"visitor": visitor}}}}}
    (folder / "visitors.yml").write_text(json.dumps(hosts))
