# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs a command and measures it together with all that it leaves in the background, which is ended afterwards.

    python -m bench.measured RESULT.json COMMAND…

A process of its own: it becomes the parent of the command's orphans, so these are seen, counted and ended, and nothing
else is.
"""

from __future__ import annotations

import ctypes
import json
import os
import resource
import signal
import subprocess
import sys
import time
from pathlib import Path

_PR_SET_CHILD_SUBREAPER = 36
"""prctl(2)."""
_PATIENCE = 3.0


def main(result: str, command: list[str]) -> int:
    """Run the command; return its exit status."""
    if ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0):
        raise OSError(ctypes.get_errno(), "prctl")
    began = time.monotonic()
    status = subprocess.run(command, check=False).returncode
    seconds = time.monotonic() - began
    left = _children()
    memory = sum(_pss(pid) for pid in left)
    while children := _children():
        for child in children:
            _end(child)
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    found = {
        "seconds": seconds,
        "cpu": used.ru_utime + used.ru_stime,
        "background": len(left),
        "background_mb": memory,
    }
    Path(result).write_text(json.dumps(found))
    return status


def _children() -> list[int]:
    return [int(pid) for pid in Path(f"/proc/self/task/{os.getpid()}/children").read_text().split()]


def _pss(process: int) -> float:
    """Return a process's memory in MB, of what it shares its share (proc(5), smaps_rollup)."""
    try:
        lines = Path(f"/proc/{process}/smaps_rollup").read_text().splitlines()
    except (FileNotFoundError, ProcessLookupError):  # it has just ended
        return 0.0
    return sum(int(line.split()[1]) for line in lines if line.startswith("Pss:")) / 1024


def _end(process: int) -> None:
    """End a process and wait for it, which adds what it used to what the children have used."""
    signal_number, deadline = signal.SIGTERM, time.monotonic() + _PATIENCE
    os.kill(process, signal_number)
    while os.waitpid(process, os.WNOHANG) == (0, 0):
        if time.monotonic() > deadline and signal_number != signal.SIGKILL:
            signal_number = signal.SIGKILL
            os.kill(process, signal_number)
        time.sleep(0.02)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2:]))
