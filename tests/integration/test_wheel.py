# SPDX-License-Identifier: GPL-3.0-or-later
"""The lab as a package of its own: installed from its wheel, and started outside any checkout."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from lab.base.endpoint import require
from tests.integration.fleet import Fleet
from tests.integration.labs import LAB_SECONDS, ROOT, free_port, place_of, run_lab, session_of

pytestmark = pytest.mark.acceptance

PLACE = place_of("wheel")


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the wheel from a copy: what an earlier build has left in the checkout is not packed."""
    folder = tmp_path_factory.mktemp("wheel")
    shutil.copytree(ROOT / "lab", folder / "source" / "lab", ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", "LICENSE"):
        shutil.copy(ROOT / name, folder / "source")
    words = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation"]
    subprocess.run([*words, "--wheel-dir", folder, folder / "source"], check=True, timeout=120)
    (built,) = folder.glob("*.whl")
    return built


@pytest.fixture
def elsewhere(wheel: Path, tmp_path: Path) -> Iterator[Path]:
    """Install the wheel in a folder, start a lab from there, and end it."""
    library = tmp_path / "library"
    words = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--target", str(library), str(wheel)]
    subprocess.run(words, check=True, timeout=120)
    run_lab(PLACE.name, "down")
    command = [sys.executable, "-P", "-m", "lab", "--name", PLACE.name]
    environ = {**os.environ, "PYTHONPATH": str(library)}
    up = [*command, "up", "--port", str(free_port())]
    subprocess.run(up, cwd=tmp_path, env=environ, check=True, timeout=LAB_SECONDS)
    try:
        yield library
    finally:
        subprocess.run([*command, "down"], cwd=tmp_path, env=environ, check=True, timeout=LAB_SECONDS)


def test_the_wheel_has_what_machines_need_and_nothing_compiled(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    trees = [file for tree in ("files", "amazon/tree") for file in (ROOT / "lab/image" / tree).rglob("*")]
    made_from = {str(file.relative_to(ROOT)) for file in trees if file.is_file() and "__pycache__" not in file.parts}
    assert made_from <= set(names)
    links = {"lab/wire/frames.py", "lab/image/files/usr/lib/hasite-lab/wire/frames.py", "lab/reachability/judging.py"}
    assert links <= set(names)
    assert not [name for name in names if "__pycache__" in name]
    assert not [name for name in names if not name.startswith(("lab/", "hasite_aws_lab-"))]


def test_a_lab_from_the_wheel_has_machines_that_sessions_reach(
    elsewhere: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", require(PLACE).url)
    process = Path(f"/proc/{require(PLACE).pid}/environ").read_bytes()
    assert f"PYTHONPATH={elsewhere}".encode() in process
    fleet = Fleet(session_of(PLACE), PLACE, "wheel", 77)
    try:
        assert fleet.connected(fleet.instances[0])
    finally:
        fleet.close()
