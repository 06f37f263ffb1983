# SPDX-License-Identifier: GPL-3.0-or-later
"""The user namespace of a lab's machines, and how a machine joins it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from lab.base import namespaces
from lab.base.errors import LabError
from lab.base.paths import LabPaths
from lab.plane.machines import control_groups, spec, user_namespace
from lab.plane.machines.user_namespace import SIZE, UserNamespace

needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="needs root, for a namespace")


@pytest.fixture
def users(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[UserNamespace]:
    monkeypatch.setattr(user_namespace, "FOLDER", tmp_path / "run" / "users")
    made = UserNamespace(LabPaths("unit"))
    yield made
    made.remove()


def run(users: UserNamespace, *words: str) -> str:
    return subprocess.run([*users.enter(), *words], capture_output=True, text=True, check=True).stdout


@needs_root
def test_it_stays_until_it_is_removed(users: UserNamespace) -> None:
    assert not users.there
    users.make()
    users.make()
    assert users.there
    assert run(users, "cat", "/proc/self/uid_map").split() == ["0", str(users.first), str(SIZE)]
    assert run(users, "id", "-u") == "0\n"
    users.remove()
    assert not users.there
    users.remove()


@needs_root
def test_its_root_has_its_networks_and_no_file_of_the_hosts(users: UserNamespace, tmp_path: Path) -> None:
    name = f"hasite-test-{os.getpid()}"
    users.make()
    users.add_networks([name])
    try:
        entry = f"--net={namespaces.FOLDER / name}"
        words = ["nsenter", entry, f"--user={users.file}", "-S0", "-G0", "ip", "link", "set", "lo", "up"]
        assert subprocess.run(words, capture_output=True, check=False).returncode == 0
        secret = tmp_path / "secret"
        secret.write_text("the host's")
        secret.chmod(0o600)
        denied = subprocess.run([*users.enter(), "cat", str(secret)], capture_output=True, text=True, check=False)
        assert "Permission denied" in denied.stderr
    finally:
        namespaces.remove(name)


@needs_root
def test_only_what_is_the_hosts_roots_is_given(users: UserNamespace, tmp_path: Path) -> None:
    tree, outside = tmp_path / "tree", tmp_path / "outside"
    (tree / "folder").mkdir(parents=True)
    outside.touch()
    (tree / "folder" / "link").symlink_to(outside)
    other = tree / "other"
    other.touch()
    os.chown(other, 1234, 1234)
    users.give(tree)
    assert (tree / "folder" / "link").lstat().st_uid == users.first
    assert (tree / "folder").stat().st_gid == users.first
    assert (other.stat().st_uid, other.stat().st_gid) == (1234, 1234)
    assert outside.stat().st_uid == 0


@needs_root
def test_a_kernel_that_makes_none_is_said(users: UserNamespace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(user_namespace, "_READY", "exit 1")
    with pytest.raises(LabError, match="The kernel made no namespace"):
        users.make()
    assert not users.there


def test_labs_have_users_of_their_own_beyond_the_hosts() -> None:
    first = [UserNamespace(LabPaths(name)).first for name in ("default", "life", "test0", "test1")]
    assert len(set(first)) == len(first)
    assert all(one >= 0x4000_0000 and one + SIZE <= 1879048192 and one % SIZE == 0 for one in first)


def mount(destination: str) -> dict[str, object]:
    return {"destination": destination, "type": "bind", "source": destination, "options": []}


@pytest.mark.parametrize("own", [[], ["/sys/fs/cgroup"]])
def test_a_machine_joins_it_and_sees_its_own_network(own: list[str]) -> None:
    before: dict[str, Any] = {
        "mounts": [mount(each) for each in ("/proc", "/sys", *own, "/sys/fs/cgroup/systemd")],
        "linux": {"namespaces": [{"type": "pid"}, {"type": "user"}], "uidMappings": [{"containerID": 0}]},
        "process": {"args": ["/sbin/init"]},
    }
    words = [sys.executable, "-I", spec.__file__, "/run/x", "1073741824"]
    done = subprocess.run(words, input=json.dumps(before), capture_output=True, text=True, check=True)
    after = json.loads(done.stdout)
    assert after["linux"]["namespaces"] == [{"type": "pid"}, {"type": "user", "path": "/run/x"}]
    assert after["linux"]["uidMappings"] == before["linux"]["uidMappings"]
    found = [each["destination"] for each in after["mounts"]]
    assert found == ["/proc", "/sys", "/sys/fs/cgroup", "/sys/fs/cgroup/systemd"]
    assert after["mounts"][1]["type"] == "sysfs"
    assert (after["mounts"][2]["type"] == "bind") is bool(own)
    assert after["process"] == before["process"]
    (hook,) = after["hooks"]["createRuntime"]
    assert hook["args"][1:] == ["-I", control_groups.__file__, "1073741824"]
