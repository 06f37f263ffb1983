# SPDX-License-Identifier: GPL-3.0-or-later
"""Everything that Ansible does to a host works over the connection as over others: the table in docs/ssm.md."""

from __future__ import annotations

import json
import os
import subprocess
import tarfile
from pathlib import Path
from typing import Any

import pytest

from tests.integration.fleet import Fleet, Runner
from tests.integration.labs import ROOT, installed
from tests.integration.small_world import until

pytestmark = [pytest.mark.lab, pytest.mark.acceptance]
HERE = Path(__file__).parent
ODD = ["-n", "a b", 'it\'s "odd" $x `y`', "汉语 ä", "two\nlines", "back\\slash", "*?[a]", "~", "{{ x", "# %"]
DESCRIBE = (
    "find odd sparse empty -mindepth 0 -printf '%P %y %s %l %m\\n' | grep -v '^ d' | LC_ALL=C sort; "
    "find odd sparse empty -type f -exec sha256sum -- {} + | LC_ALL=C sort"
)
VARIABLES: dict[str, Any] = {"ansible_connection": "hasite.aws.ssm", "ansible_aws_ssm_idle_timeout": 15}


def prepare(folder: Path) -> Path:
    """Write the controller's files: odd names, modes and links, holes, and a tree."""
    files = folder / "files"
    (files / "odd").mkdir(parents=True)
    for number, name in enumerate(ODD):
        (files / "odd" / name).write_bytes(os.urandom(number * 100))
        (files / "odd" / name).chmod(0o600 | number)
    (files / "odd" / "link").symlink_to("a b")
    (files / "odd" / "dangling").symlink_to("/nowhere/at all")
    (files / "empty").touch(mode=0o600)
    with (files / "sparse").open("wb") as file:
        file.seek(30_000_000)
        file.write(b"end")
    (files / "sparse").chmod(0o600)
    (files / "template.j2").write_text("{{ inventory_hostname }} ä\n")
    for number in range(2000):
        place = files / "tree" / str(number % 20)
        place.mkdir(parents=True, exist_ok=True)
        (place / f"file {number}").write_text(f"{number}\n" * 20)
    with tarfile.open(files / "tree.tar.gz", "w:gz") as archive:
        archive.add(files / "tree", "tree")
    return files


@pytest.fixture
def runner(fleet: Fleet, tmp_path: Path) -> Any:
    made = Runner(fleet.place, tmp_path, dict(zip(("one", "two"), fleet.instances, strict=True)), VARIABLES)
    yield made
    made.close()
    until(lambda: not fleet.sessions() and not made.daemons(), 60)
    for instance in fleet.instances:
        assert not fleet.root(instance, "ls -d /tmp/.ansible-ssm-* 2>/dev/null || true"), "no folder is left"


def many(fleet: Fleet, runner: Runner) -> None:
    """Add a group of twenty names for the two machines."""
    inventory = json.loads(runner.inventory.read_text())
    names = {f"name{number}": {"ansible_aws_ssm_instance_id": fleet.instances[number % 2]} for number in range(20)}
    inventory["all"]["children"] = {"machines": {"hosts": dict.fromkeys(("one", "two"))}, "many": {"hosts": names}}
    runner.inventory.write_text(json.dumps(inventory))


def test_tasks_of_every_kind(fleet: Fleet, runner: Runner, tmp_path: Path) -> None:
    files = prepare(tmp_path)
    many(fleet, runner)
    variables = {
        "folder": "/var/tmp/every-kind",
        "files": str(files),
        "odd": [name for name in ODD if "{" not in name],  # of a variable, that is a template
        "describe": DESCRIBE,
        "restart": True,
        "rsh": str(ROOT / "bin" / "ssm-rsh"),
    }
    for instance in fleet.instances:
        fleet.root(instance, "apt-get update -qq && apt-get install -qq -y rsync >/dev/null 2>&1", seconds=400)
    play = (HERE / "everything.yml").read_text().replace("hosts: all", "hosts: machines")
    (tmp_path / "play.yml").write_text(play)
    words = ["--extra-vars", json.dumps(variables), "--forks", "20", str(tmp_path / "play.yml")]
    status, output = runner.run("ansible-playbook", *words, seconds=560)
    assert status == 0, output[-6000:]


def test_a_console(fleet: Fleet, runner: Runner) -> None:
    done = subprocess.run(
        [installed("ansible-console"), "--inventory", str(runner.inventory), "all"],
        input="ping\nraw echo $((6*7))\nbecome yes\ncommand id -un\nexit\n",
        env=runner.environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    assert done.stdout.count("pong") == done.stdout.count("42") == 2, done.stdout
    assert done.stdout.count("root") >= 2
