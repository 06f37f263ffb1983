# SPDX-License-Identifier: GPL-3.0-or-later
"""The container runtime, with storage of its own: nothing of the user's containers is seen or touched."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import IO

from lab.base import private
from lab.base.errors import LabError
from lab.base.paths import ROOT

STORAGE = ROOT / "cache" / "containers"
RUN = Path("/run/hasite-lab/containers")

_CONFIGURATION = """\
# Written by the lab: podman reads this instead of the host's own configuration.
[containers]
log_driver = "none"
[engine]
cgroup_manager = "cgroupfs"
events_logger = "none"
"""


@cache
def oci_runtime() -> str:
    """Return the program that podman starts containers with.

    runc first: crun refuses the hybrid of cgroups v1 and v2 that some hosts have.
    """
    for name in ("runc", "crun"):
        if found := shutil.which(name):
            return found
    raise LabError("The lab's machines need runc (or crun), and none is installed; run: apt-get install podman runc.")


@cache
def _base() -> tuple[str, ...]:
    if not shutil.which("podman"):
        raise LabError("The lab's machines are podman containers, and podman is not installed; run: apt-get install "
                       "podman runc.")  # fmt: skip
    return (
        "podman",
        f"--root={STORAGE}",
        f"--runroot={RUN}",
        f"--tmpdir={RUN / 'tmp'}",
        "--cgroup-manager=cgroupfs",
        "--events-backend=none",
        f"--runtime={oci_runtime()}",
    )


def command(*arguments: str) -> list[str]:
    """Return the command line of a podman call on the lab's storage."""
    return [*_base(), *arguments]


def isolation() -> dict[str, str]:
    """Return the environment variables that keep the host's own configuration of podman out."""
    private.make_passage(STORAGE.parent)
    STORAGE.mkdir(exist_ok=True)
    private.make_passage(RUN.parent)
    RUN.mkdir(exist_ok=True)
    file = STORAGE.parent / "containers.conf"
    if not file.exists() or file.read_text() != _CONFIGURATION:
        file.write_text(_CONFIGURATION)
    return {"CONTAINERS_CONF": str(file)}


def podman(
    *arguments: str,
    stdin: IO[bytes] | None = None,
    timeout: float = 120,
    check: bool = True,
    hooks: Path | None = None,
) -> str:
    """Run podman and return what it printed; `hooks` is a folder of oci-hooks(5)."""
    options = [f"--hooks-dir={hooks}"] if hooks else []
    try:
        done = subprocess.run(
            command(*options, *arguments),
            env={**os.environ, **isolation()},
            stdin=stdin or subprocess.DEVNULL,
            capture_output=True,
            timeout=timeout,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise LabError(f"podman {arguments[0]} did not end within {timeout:.0f} s; see the host's load.") from None
    if check and done.returncode:
        raise LabError(f"podman {arguments[0]} failed: {done.stderr.decode(errors='replace').strip()}.")
    return done.stdout.decode(errors="replace")


def containers(prefix: str) -> Sequence[str]:
    """Return the names of all containers, running or not, that begin with the prefix."""
    if not STORAGE.is_dir():
        return ()
    names = podman("ps", "--all", "--format", "{{.Names}}", "--filter", f"name=^{prefix}").split()
    return tuple(name for name in names if name.startswith(prefix))


def remove(*names: str) -> None:
    """Remove containers, running or not; those that are not there are no fault.

    Podman's monitor of a container that ends cleans up after it, and has its /dev/shm for a moment longer: podman says
    that it is busy then, and has removed nothing. A second call comes after that.
    """
    call = ("rm", "--force", "--ignore", "--time=0", "--volumes", *names)
    try:
        podman(*call)
    except LabError:
        podman(*call)


def unmount_storage() -> None:
    """Undo the mount that podman leaves on its storage; not while another lab's machines need it."""
    if STORAGE.is_dir():
        subprocess.run(["umount", str(STORAGE / "overlay")], capture_output=True, check=False)
