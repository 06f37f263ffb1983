# SPDX-License-Identifier: GPL-3.0-or-later
"""Labs of the tests' own, brought up and down by the public command."""

from __future__ import annotations

import hashlib
import os
import socket
import subprocess
import sys
from pathlib import Path

import boto3

from lab.base.endpoint import Endpoint, environment, require
from lab.base.paths import LabPaths

ROOT = Path(__file__).parents[2]
LAB_SECONDS = 400
_NETWORK_QUOTAS = ("L-F678F1CE", "L-A4707A72", "L-FE5A380F")
"""VPCs, internet gateways, NAT gateways."""


def worker() -> str:
    """Return the number of this one of several pytest processes: what a whole run shares, each has of its own."""
    return os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw")


def place_of(role: str) -> LabPaths:
    """Return the place of a test lab: of this checkout, so that another one's tests beside it are left alone."""
    return LabPaths(role + hashlib.sha256(str(ROOT).encode()).hexdigest()[:4])


def installed(command: str) -> str:
    """Return the path of a command that came with this environment's packages, whatever PATH says."""
    return str(Path(sys.executable).with_name(command))


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def run_lab(name: str, *words: str, timeout: float = LAB_SECONDS) -> subprocess.CompletedProcess[str]:
    """Run the public command as a user would, in this checkout."""
    return subprocess.run(
        [sys.executable, "-m", "lab", "--name", name, *words],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=timeout,
        check=False,
    )


def keys(place: LabPaths) -> dict[str, str]:
    """Return the environment variables by which a running lab's owner calls its API: address, keys and region."""
    return environment(place)


def session_of(place: LabPaths) -> boto3.session.Session:
    """Return an SDK's session with the keys of a running lab's owner; they are others after each `lab up`."""
    found = keys(place)
    return boto3.session.Session(
        found["AWS_ACCESS_KEY_ID"], found["AWS_SECRET_ACCESS_KEY"], region_name=found["AWS_DEFAULT_REGION"]
    )


def up(name: str, *words: str) -> Endpoint:
    run_lab(name, "down")
    done = run_lab(name, "up", "--port", str(free_port()), *words)
    assert done.returncode == 0, done.stderr
    place = LabPaths(name)
    _raise_quotas(place)
    return require(place)


def _raise_quotas(place: LabPaths) -> None:
    """Ask for what an account needs in which many tests have networks side by side."""
    client = session_of(place).client("service-quotas", endpoint_url=require(place).url)
    for code in _NETWORK_QUOTAS:
        client.request_service_quota_increase(ServiceCode="vpc", QuotaCode=code, DesiredValue=50)
