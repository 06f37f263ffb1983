# SPDX-License-Identifier: GPL-3.0-or-later
"""Brings a lab up and takes it down, whatever an earlier one, also a killed one, has left behind."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

from lab import host, private, visit
from lab.endpoint import Endpoint, start_time
from lab.errors import LabError
from lab.image.build import ensure
from lab.place import Place
from lab.plane.user_namespace import UserNamespace
from lab.settings import Settings

_TOOLS = {"ip": "iproute2", "nft": "nftables", "podman": "podman", "runc": "runc", "haproxy": "haproxy"}
_CHECKOUT = Path(__file__).parents[1]
"""Where the lab's process finds the wire format of sessions, which is the collection's."""
_START_SECONDS = 60
_STOP_SECONDS = 60


def preflight(port: int) -> None:
    """Refuse to start where a lab can't run."""
    if os.geteuid() != 0:
        raise LabError("The lab makes network namespaces and containers; run it as root.")
    for tool, package in _TOOLS.items():
        if shutil.which(tool) is None:
            raise LabError(
                f"The command {tool} is not on this machine; install the package {package} or run `make setup`."
            )
    with socket.socket() as probe:
        if probe.connect_ex(("127.0.0.1", port)) == 0:
            raise LabError(f"Port {port} on the loopback is taken; end what uses it or give another one with --port.")


def build_image(place: Place) -> None:
    """Build the machines' image unless the cache has it."""
    ensure(place)


def up(place: Place, port: int, settings: Settings) -> Endpoint:
    """Start the lab's process in the background and return once it is ready; a lab that runs already is kept."""
    if running := Endpoint.read(place):
        return running
    preflight(port)
    host.sweep(place)
    shutil.rmtree(place.faults, ignore_errors=True)
    build_image(place)
    place.make_folder()
    command = [sys.executable, "-m", "lab", "--name", place.name, "serve", "--port", str(port), *settings.words()]
    with os.fdopen(private.open_file(place.log), "wb") as log:
        process = subprocess.Popen(
            command,
            cwd=_CHECKOUT,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    deadline = time.monotonic() + _START_SECONDS
    while time.monotonic() < deadline:
        if endpoint := Endpoint.read(place):
            visit.write_shell(place)
            return endpoint
        if process.poll() is not None:
            raise LabError(
                f"The lab's process ended while starting: {_last_line(place)} All of its log is in {place.log}."
            )
        time.sleep(0.05)
    process.kill()
    raise LabError(f"The lab was not ready after {_START_SECONDS} s; look into {place.log}.")


def warning(place: Place) -> str:
    """Return the sentence for hosts whose kernel keeps the machines' users and its own together, or an empty text."""
    if UserNamespace(place).there:
        return ""
    return (
        "This host's kernel makes no user namespace, so root of a machine is root of the host: run nothing in this lab "
        "that you would not run as root here (docs/lab.md, Trust)."
    )


def _last_line(place: Place) -> str:
    lines = place.log.read_text(errors="replace").strip().splitlines()
    return lines[-1] if lines else "it said nothing."


def down(place: Place) -> None:
    """End the lab's process, then remove whatever still bears the lab's name."""
    if endpoint := Endpoint.read(place):
        os.kill(endpoint.pid, signal.SIGTERM)
        deadline = time.monotonic() + _STOP_SECONDS
        while start_time(endpoint.pid) == endpoint.started:
            if time.monotonic() > deadline:
                os.kill(endpoint.pid, signal.SIGKILL)
            time.sleep(0.05)
    host.sweep(place)
    shutil.rmtree(place.folder, ignore_errors=False) if place.folder.exists() else None
