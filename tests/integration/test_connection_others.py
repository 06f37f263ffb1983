# SPDX-License-Identifier: GPL-3.0-or-later
"""What others have made: ansible-core's own test of connections, the coming ansible-core, another client.

They come from the Python registry, as it has them now.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tarfile
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest

from tests.integration.fleet import Fleet, Runner
from tests.integration.labs import ROOT, installed, keys
from tests.integration.small_world import until

pytestmark = [pytest.mark.lab, pytest.mark.acceptance]
PIP = (sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check")
WAYS: dict[str, dict[str, Any]] = {
    "ssm": {},
    "ssm-cold": {"ansible_aws_ssm_warm_interpreter": False, "ansible_aws_ssm_reuse_built_modules": False},
    "ssm-no-pipelining": {"ansible_pipelining": False},
    "ssm-no-sharing": {"ansible_aws_ssm_idle_timeout": 0},
}


def runner_of(fleet: Fleet, folder: Path) -> Runner:
    """Return a runner whose hosts are the same machine in every way."""
    always = {"ansible_connection": "hasite.aws.ssm", "ansible_host": fleet.instances[0]}
    runner = Runner(fleet.place, folder, {}, {"ansible_aws_ssm_idle_timeout": 10})
    inventory = json.loads(runner.inventory.read_text())
    inventory["all"]["hosts"] = {name: {**always, **more} for name, more in WAYS.items()}
    runner.inventory.write_text(json.dumps(inventory))
    return runner


def over(fleet: Fleet, runner: Runner) -> None:
    runner.close()
    until(lambda: not fleet.sessions() and not runner.daemons(), 60)


def test_the_target_of_ansible_core(fleet: Fleet, tmp_path: Path) -> None:
    """`test/integration/targets/connection`, as it is published."""
    core = version("ansible-core")
    wanted = ["--no-deps", "--no-binary", "ansible-core", "--dest", str(tmp_path), f"ansible-core=={core}"]
    subprocess.run([*PIP, "download", *wanted], check=True)
    with tarfile.open(tmp_path / f"ansible_core-{core}.tar.gz") as archive:
        archive.extractall(tmp_path, filter="data")
    runner = runner_of(fleet, tmp_path)
    words = [
        "-e",
        "target_hosts=all",
        "-e",
        "action_prefix=",
        "-e",
        f"local_tmp={tmp_path}/l",
        "-e",
        "remote_tmp=/tmp/r",
    ]
    done = subprocess.run(
        ["bash", "test.sh", *words],
        cwd=tmp_path / f"ansible_core-{core}" / "test" / "integration" / "targets" / "connection",
        env={
            **runner.environment,
            "INVENTORY": str(runner.inventory),
            "ANSIBLE_COLLECTIONS_PATH": f"{ROOT}/playbooks/collections",
            "PATH": f"{Path(installed('ansible')).parent}:{os.environ['PATH']}",
        },
        capture_output=True,
        text=True,
        timeout=500,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-4000:]
    assert "SUCCESS: Connection vars not found" in done.stdout
    over(fleet, runner)


@pytest.mark.skipif(sys.version_info < (3, 13), reason="ansible-core 2.22 needs Python 3.13")
def test_the_coming_ansible_core(fleet: Fleet, tmp_path: Path) -> None:
    """The newest pre-release: warm interpreters and built modules give what they give without."""
    subprocess.run(
        [*PIP, "install", "--pre", "--no-deps", "--target", str(tmp_path / "core"), "ansible-core"], check=True
    )
    runner = runner_of(fleet, tmp_path)
    runner.environment["PYTHONPATH"] = f"{tmp_path / 'core'}:{ROOT}"
    runner.environment["ANSIBLE_HOME"] = str(tmp_path / "home")
    assert version("ansible-core") not in runner.run("ansible", "--version")[1].splitlines()[0]
    for _twice in range(2):  # the second time with what the first has built
        status, output = runner.run("ansible", "all", "-m", "ansible.builtin.command", "-a", "echo $((6*7)) é")
        assert status == 0, output
        assert output.count("$((6*7)) é") == len(WAYS)
        assert "WARNING" not in output, output
        status, output = runner.run("ansible", "all", "-m", "ansible.builtin.stat", "-a", "path=/etc/passwd", "-b")
        assert status == 0, output
        assert output.count('"exists": true') == len(WAYS)
    assert list((tmp_path / "home" / "built_modules").glob("*/ansible.modules.stat*"))
    over(fleet, runner)


@pytest.fixture(scope="module")
def other_client(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The environment in which pyssm-client can be imported."""
    if sys.version_info < (3, 12):
        pytest.skip("pyssm-client needs Python 3.12")
    site = tmp_path_factory.mktemp("site")
    subprocess.run(
        [*PIP, "install", "--no-deps", "--target", str(site), "pyssm-client==0.2.0", "click", "websockets"], check=True
    )
    return {**os.environ, "PYTHONPATH": f"{site}:{ROOT}"}


def run_other_client(environment: dict[str, str], *words: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "tests.integration.other_client", *words],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=90,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_another_client_makes_the_same_frames(other_client: dict[str, str]) -> None:
    run_other_client(other_client, "frames")


def test_another_client_has_sessions_with_a_machine(fleet: Fleet, other_client: dict[str, str]) -> None:
    environment = {**other_client, **keys(fleet.place)}
    shown = run_other_client(environment, "talk", fleet.instances[0], "echo $((6*7)); id -un; seq 3000")
    lines = shown.split()
    assert "42" in lines
    assert "ssm-user" in lines
    assert lines[-3000:] == [str(number) for number in range(1, 3001)]
    until(lambda: not fleet.sessions(), 60)
