# SPDX-License-Identifier: GPL-3.0-or-later
"""Watches over one mounted share: takes it away while its mount target is out of reach, and brings it back.

Each look is a new connection, so a security group's rule that is taken away is noticed at once. On
AWS an NFS connection that is established already may live on for a while.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import sys
import time
from pathlib import Path

from share import mounts, target
from share.mounting import Mounted

_PAUSE_SECONDS = 3
_ANSWER_SECONDS = 3
_FAILURES = 2
"""So many looks in a row must fail before the share is taken away."""


def main(arguments: list[str]) -> int:
    """Watch until the share is unmounted by somebody else."""
    mounted = Mounted(**json.loads(arguments[1]))
    lock = Path("/run") / f"hasite-lab-share-{hashlib.sha256(mounted.point.encode()).hexdigest()[:16]}.lock"
    with lock.open("w") as file:
        # Another watcher of this mount point has lost its mount and ends soon.
        fcntl.flock(file, fcntl.LOCK_EX)
        watch(mounted)
    return 0


def watch(mounted: Mounted) -> None:
    """Look every few seconds."""
    failures, away = 0, False
    while True:
        time.sleep(_PAUSE_SECONDS)
        if not away and not mounts.is_mounted(mounted.point):
            return
        failures = 0 if answers(mounted.where) else failures + 1
        if away and failures == 0:
            _bring_back(mounted)
            away = False
        elif not away and failures >= _FAILURES:
            print(f"{mounted.share}: the mount target {mounted.address} does not answer; {mounted.point} is cut off")
            mounts.detach(mounted.point)
            away = True
        sys.stdout.flush()


def answers(where: target.Target) -> bool:
    """Tell whether the mount target can be reached from here."""
    try:
        return target.ask(where, "PROBE", _ANSWER_SECONDS) == ["ALIVE"]
    except (OSError, target.RefusedError):
        return False


def _bring_back(mounted: Mounted) -> None:
    with mounts.alone():
        if not mounts.is_mounted(mounted.point):
            mounts.bind(mounted.share, mounted.path, mounted.point, read_only=mounted.read_only)
            print(f"{mounted.share}: the mount target {mounted.address} answers again; {mounted.point} is back")
