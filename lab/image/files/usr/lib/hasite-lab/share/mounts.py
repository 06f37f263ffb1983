# SPDX-License-Identifier: GPL-3.0-or-later
"""The mounts that this machine's kernel has."""

from __future__ import annotations

import contextlib
import fcntl
import os
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

HIDDEN = Path("/var/lib/hasite-lab/efs")
"""Where the files of all shares are."""
LOCK = Path("/run/hasite-lab-share.lock")


@contextlib.contextmanager
def alone() -> Iterator[None]:
    """Hold a lock under which one program at a time looks and mounts."""
    with LOCK.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def points() -> list[str]:
    """Return all mount points, see proc_pid_mountinfo(5)."""
    lines = Path("/proc/self/mountinfo").read_text().splitlines()
    return [re.sub(r"\\([0-7]{3})", lambda octal: chr(int(octal[1], 8)), line.split()[4]) for line in lines]


def is_mounted(point: str) -> bool:
    """Tell whether something is mounted there."""
    return os.path.realpath(point) in points()


def bind(share: str, path: str, point: str, *, read_only: bool) -> None:
    """Mount a folder of a share."""
    source = str(HIDDEN / share / path.lstrip("/"))
    subprocess.run(["/bin/mount", "--no-canonicalize", "--bind", source, point], check=True)
    if read_only:
        restrict(point, "ro")


def restrict(point: str, access: str) -> None:
    """Have a mount read-only (`ro`), or not (`rw`)."""
    # Without helpers: this is called by one.
    subprocess.run(["/bin/mount", "--internal-only", "-o", f"remount,bind,{access}", point], check=True)


def detach(point: str) -> None:
    """Take the mount away at once, also from under who uses it."""
    subprocess.run(["/bin/umount", "--lazy", point], check=False)
