# SPDX-License-Identifier: GPL-3.0-or-later
"""A lab comes up and goes down whatever was there before, and says in one sentence why it can't."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from lab.base import namespaces
from lab.base.endpoint import Endpoint, require
from lab.base.paths import LabPaths
from tests.integration.labs import ROOT, free_port, place_of, run_lab, session_of, up
from tests.integration.small_world import until

pytestmark = pytest.mark.lab


@pytest.fixture
def other() -> Iterator[LabPaths]:
    """A second lab's place, beside the shared lab."""
    other = place_of("life")
    yield other
    run_lab(other.name, "down")


def make_interface(place: LabPaths) -> str:
    """Make something of the lab's that outlives its process; return the interface's id."""
    ec2 = session_of(place).client("ec2", endpoint_url=require(place).url)
    vpc = ec2.create_vpc(CidrBlock="10.9.0.0/16")["Vpc"]["VpcId"]
    subnet = ec2.create_subnet(VpcId=vpc, CidrBlock="10.9.0.0/24")["Subnet"]["SubnetId"]
    interface = str(ec2.create_network_interface(SubnetId=subnet)["NetworkInterface"]["NetworkInterfaceId"])
    until(lambda: place.namespace(interface) in namespaces.every(place.namespace_prefix))
    return interface


def test_a_killed_lab_is_cleaned_up_and_begun_anew_beside_another(place: LabPaths, other: LabPaths) -> None:
    killed = up(other.name)
    interface = make_interface(other)
    os.kill(killed.pid, signal.SIGKILL)
    until(lambda: Endpoint.read(other) is None)

    assert run_lab(other.name, "up", "--port", str(free_port())).returncode == 0
    assert other.namespace(interface) not in namespaces.every(other.namespace_prefix)
    assert '"resources": []' in run_lab(other.name, "status", "--json").stdout

    assert run_lab(other.name, "down").returncode == 0
    assert namespaces.every(other.namespace_prefix) == []
    assert not other.folder.exists()
    assert run_lab(place.name, "status").returncode == 0


def test_a_busy_port_is_named(other: LabPaths) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        done = run_lab(other.name, "up", "--port", str(port))
    assert done.returncode == 1
    assert (
        done.stderr == f"lab: Port {port} on the loopback is taken; end what uses it or give another one with --port.\n"
    )


def test_a_lab_that_does_not_run_says_how_to_start_it(other: LabPaths) -> None:
    done = run_lab(other.name, "status")
    assert done.stderr == f"lab: The lab '{other.name}' is not running; start it with `lab up`.\n"


def test_a_lab_needs_root(other: LabPaths) -> None:
    command = ["unshare", "--user", sys.executable, "-m", "lab", "--name", other.name, "up", "--port", str(free_port())]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)
    assert done.stderr == "lab: The lab makes network namespaces and containers; run it as root.\n"


def test_a_lab_needs_a_container_runtime(other: LabPaths, tmp_path: Path) -> None:
    for tool in ("ip", "nft", "haproxy", "runc"):
        (tmp_path / tool).symlink_to(shutil.which(tool) or tool)
    command = [sys.executable, "-m", "lab", "--name", other.name, "up", "--port", str(free_port())]
    environment = {**os.environ, "PATH": str(tmp_path)}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=60, check=False)
    assert (
        done.stderr
        == "lab: The command podman is not on this machine; install the package podman or run `make setup`.\n"
    )
