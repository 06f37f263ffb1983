# SPDX-License-Identifier: GPL-3.0-or-later
"""Brings a lab up and takes it down, whatever an earlier one, also a killed one, has left behind."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from lab.base import private
from lab.base.endpoint import Endpoint, start_time
from lab.base.errors import LabError
from lab.base.paths import DEFAULT_PORT, LabPaths
from lab.commands import cleanup, preflight, shell
from lab.commands.starter import GO
from lab.image.build import ensure
from lab.image.recipe import RECIPES
from lab.plane.machines.user_namespace import UserNamespace
from lab.running.saved import folder, orders, restoring
from lab.running.saved.folder import SavedWorld
from lab.running.settings import Settings

_HERE = Path(__file__).parents[2]
"""Where this package is found, installed or not."""
_START_SECONDS = 90
"""That of a world that comes back waits for its machines."""
_STOP_SECONDS = 60


def check_port(port: int) -> None:
    """Refuse a port that is taken."""
    with socket.socket() as probe:
        if probe.connect_ex(("127.0.0.1", port)) == 0:
            raise LabError(f"Port {port} on the loopback is taken; end what uses it or give another one with --port.")


def build_image(place: LabPaths, system: str) -> None:
    """Build the image of a system's machines unless the cache has it."""
    ensure(place, recipe=RECIPES[system]())


def up(place: LabPaths, port: int | None, given: Mapping[str, Any]) -> Endpoint:
    """Start the lab's process in the background and return once it is ready; a lab that runs already is left alone.

    The world that was kept comes back, and with it the options that are not given.
    """
    if running := Endpoint.read(place):
        return running
    kept = folder.kept(place)
    return _start(place, port, given, kept if kept.there else None)


def restore(place: LabPaths, port: int | None, world: SavedWorld) -> Endpoint:
    """Start the lab with a saved world, in the place of the one that runs, if one does; return once it is ready."""
    running = Endpoint.read(place)
    return _start(place, port or (urlsplit(running.url).port if running else None), {}, world, running)


def _start(
    place: LabPaths,
    port: int | None,
    given: Mapping[str, Any],
    world: SavedWorld | None,
    running: Endpoint | None = None,
) -> Endpoint:
    """Start the lab; what runs or was left is ended while the new process loads."""
    preflight.check()
    manifest = restoring.check(place, world) if world else None
    settings = Settings(**{**(manifest.settings if manifest else {}), **given})
    port = port or (manifest.port if manifest else DEFAULT_PORT)
    if not running or urlsplit(running.url).port != port:
        check_port(port)
    folder.sweep(place)
    place.make_folder()
    process = _spawn(place, ["serve", "--watched", f"--port={port}", *settings.to_argv()], world)
    try:
        if running:
            _end(running, signal.SIGKILL)  # what it would do in order is swept, too, and nobody keeps its world
        cleanup.sweep(place)
        for left in (place.faults, place.disks):
            shutil.rmtree(left, ignore_errors=True)
        ensure(place)
        assert process.stdin is not None
        with contextlib.suppress(BrokenPipeError):  # it has ended already, as is seen below
            process.stdin.write(GO)
            process.stdin.flush()
        return _ready(place, process)
    except BaseException:
        process.kill()
        raise


def _spawn(place: LabPaths, words: Sequence[str], world: SavedWorld | None) -> subprocess.Popen[bytes]:
    saved = [f"--saved={world.folder}"] if world else []
    with os.fdopen(private.open_file(place.log), "wb") as log:
        return subprocess.Popen(
            [sys.executable, "-m", "lab", "--name", place.name, *words, *saved],
            cwd=_HERE,
            stdin=subprocess.PIPE,  # ends with this process, however it ends
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )


def _ready(place: LabPaths, process: subprocess.Popen[bytes]) -> Endpoint:
    """Wait until the process serves."""
    deadline = time.monotonic() + _START_SECONDS
    while time.monotonic() < deadline:
        if endpoint := Endpoint.read(place):
            shell.write_shell(place)
            return endpoint
        if process.poll() is not None:
            raise LabError(
                f"The lab's process ended while starting: {_last_line(place)} All of its log is in {place.log}."
            )
        time.sleep(0.05)
    raise LabError(f"The lab was not ready after {_START_SECONDS} s; look into {place.log}.")


def warning(place: LabPaths) -> str:
    """Return the sentence for hosts whose kernel keeps the machines' users and its own together, or an empty text."""
    if UserNamespace(place).there:
        return ""
    return (
        "This host's kernel makes no user namespace, so root of a machine is root of the host: run nothing in this lab "
        "that you would not run as root here (docs/lab.md, Trust)."
    )


def _last_line(place: LabPaths) -> str:
    lines = place.log.read_text(errors="replace").strip().splitlines()
    return lines[-1] if lines else "it said nothing."


def down(place: LabPaths, *, keep: bool = False) -> None:
    """End the lab's process, then remove whatever still bears the lab's name, but for its snapshots.

    What is kept comes back with the next `lab up`; a lab that is kept already stays so.
    """
    endpoint, kept = Endpoint.read(place), folder.kept(place)
    if keep and endpoint:
        orders.keep(place)
    elif keep and not kept.there:
        raise LabError(f"The lab {place.name!r} is not running, so there is no world to keep; start it with `lab up`.")
    if endpoint:
        _end(endpoint)
    cleanup.sweep(place)
    folder.sweep(place)
    if not keep:
        folder.discard(kept.folder)
    shutil.rmtree(place.folder, ignore_errors=False) if place.folder.exists() else None


def _end(endpoint: Endpoint, how: signal.Signals = signal.SIGTERM) -> None:
    """End a lab's process and wait until it has gone, also if it goes by itself meanwhile."""
    deadline = time.monotonic() + _STOP_SECONDS
    with contextlib.suppress(ProcessLookupError):
        os.kill(endpoint.pid, how)
        while start_time(endpoint.pid) == endpoint.started:
            if time.monotonic() > deadline:
                os.kill(endpoint.pid, signal.SIGKILL)
            time.sleep(0.05)
