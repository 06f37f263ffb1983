#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run a scheduled job, if this is the machine to run it.

Each machine's timer starts this program at the scheduled time, with the file of the job's settings. The
scheduled minute is claimed by creating a file on the share that must not be there yet: the
first machine can, the others can't and leave. So one machine runs the job, and which one is a matter of
who is up. While it runs, it holds a lock, so that a long run and the next one do not overlap, on whatever
machines they are.

What this relies on: NFS 4.1 creates a file exclusively, once even if the request is sent again (RFC 8881,
sections 18.16 and 2.10.6), and has locks that end with their client's lease, so that a machine that dies
holds nothing; EFS has both. Each machine starts this program within five minutes of the scheduled time, by
its own clock: timers never elapse early, and clocks differ by milliseconds (chrony).
"""

from __future__ import annotations

import calendar
import contextlib
import fcntl
import json
import os
import re
import selectors
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

LATE = 300
"""Seconds by which a machine may be late, and still starts the job for the same scheduled time as the others."""
ELAPSES = re.compile(r"(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d) UTC$", re.MULTILINE)
CLAIMS_KEPT = 2 * 86400
"""Seconds; no machine is that late."""
GRACE = 10
"""Seconds between a job's SIGTERM and its SIGKILL."""
PAUSE = 0.2
"""Seconds between two looks at a job that says nothing."""
TIMED_OUT = 124


def minute(moment: float) -> str:
    """Return the name of the minute in which a moment lies, in UTC."""
    return time.strftime("%Y%m%dT%H%MZ", time.gmtime(moment))


def scheduled(schedule: str, moment: float) -> float:
    """Return the scheduled time for which a job starts at a moment, or the moment if there was none of late.

    Not TRIGGER_TIMER_REALTIME_USEC: systemd 252 hands on the first time at which the timer elapsed, again and again.
    """
    # More than there are minutes to look at: a job runs once a minute at most.
    command = ["systemd-analyze", "calendar", f"--base-time=@{int(moment) - LATE - 1}", "--iterations=8", schedule]
    shown = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout
    times = [calendar.timegm(time.strptime(text, "%Y-%m-%d %H:%M:%S")) for text in ELAPSES.findall(shown)]
    return max((one for one in times if one <= moment), default=moment)


def claim(claims: Path, slot: str) -> bool:
    """Tell whether this machine is the first to claim a minute."""
    claims.mkdir(mode=0o750, exist_ok=True)
    try:
        handle = os.open(claims / slot, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o640)
    except FileExistsError:
        return False
    with os.fdopen(handle, "w") as file:
        file.write(f"{socket.gethostname()}\n")
    return True


def forget(folder: Path, oldest: str) -> None:
    """Remove the files of a folder whose minutes lie before the oldest that is kept."""
    for path in folder.iterdir():
        if path.stem < oldest:
            with contextlib.suppress(FileNotFoundError):
                path.unlink()


def oldest_log_kept(logs: Path, kept: int) -> str:
    """Return the minute of the oldest log that is kept."""
    names = sorted((path.stem for path in logs.iterdir()), reverse=True)
    return names[kept - 1] if len(names) >= kept else ""


@contextlib.contextmanager
def sole(path: Path) -> Iterator[bool]:
    """Hold the lock of the job's runs; gives False if another run holds it."""
    # Linux turns this into a lock at the NFS server, which wants the file open for writing.
    with path.open("ab") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
        else:
            yield True


class Log:
    """Writes what a job says to the journal (by standard output) and, up to a limit, to a file."""

    def __init__(self, file: BinaryIO, limit: int) -> None:
        self._file, self._left = file, limit

    def write(self, data: bytes) -> None:
        """Write what a job says."""
        sys.stdout.buffer.write(data)
        sys.stdout.buffer.flush()
        self._file.write(data[: max(self._left, 0)])
        if 0 <= self._left < len(data):
            self._file.write(b"\n# More was said than is kept here; the journal has it.\n")
            self._left = 0
        self._left -= len(data)
        self._file.flush()

    def note(self, text: str) -> None:
        """Write a line about the run."""
        line = f"# {text}\n".encode()
        sys.stdout.buffer.write(line)
        sys.stdout.buffer.flush()
        self._file.write(line)
        self._file.flush()


def follow(process: subprocess.Popen[bytes], log: Log, timeout: float) -> int:
    """Write what a job says until it ends, or end it; return its code. What it leaves running is not waited for."""
    pipe = process.stdout
    assert pipe is not None
    deadline, signals, late = time.monotonic() + timeout, [signal.SIGTERM, signal.SIGKILL], False
    with selectors.DefaultSelector() as selector:
        selector.register(pipe, selectors.EVENT_READ)
        while True:
            # Looked at before the pipe is: what was said until the end is there by then.
            code = process.poll()
            said = bool(selector.get_map()) and bool(selector.select(0 if code is not None else PAUSE))
            data = os.read(pipe.fileno(), 65536) if said else b""
            if data:
                log.write(data)
            elif code is not None:
                return TIMED_OUT if late else code
            elif said:
                selector.unregister(pipe)
            elif not selector.get_map():
                time.sleep(PAUSE)
            if time.monotonic() >= deadline and signals:
                os.killpg(process.pid, signals.pop(0))
                deadline, late = time.monotonic() + GRACE, True


def run(job: dict[str, Any], slot: str) -> int:
    """Run the job's command and keep what it says."""
    logs = Path(job["folder"]) / "logs"
    logs.mkdir(mode=0o750, exist_ok=True)
    with (logs / f"{slot}.log").open("wb") as file:
        log = Log(file, job["log_bytes"])
        # A release may come while the job runs: it stays in the one in which it has begun.
        directory = os.path.realpath(job["directory"])
        log.note(f"{socket.gethostname()} runs it in {directory}")
        began = time.monotonic()
        process = subprocess.Popen(
            ["/bin/sh", "-c", job["command"]],
            cwd=directory,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        code = follow(process, log, job["timeout"])
        why = f", ended after its timeout of {job['timeout']} s" if code == TIMED_OUT else ""
        log.note(f"It took {time.monotonic() - began:.1f} s and returned {code}{why}.")
    forget(logs, oldest_log_kept(logs, job["logs_kept"]))
    return code


def main(settings: str) -> int:
    """Run a job, or leave it to another machine."""
    job = json.loads(Path(settings).read_text(encoding="utf-8"))
    if not os.path.ismount(job["share"]):
        print("The share is not mounted; this machine runs no job.")
        return 0
    folder, moment = Path(job["folder"]), scheduled(job["schedule"], time.time())
    if not claim(folder / "claims", minute(moment)):
        print("Another machine runs it.")
        return 0
    forget(folder / "claims", minute(moment - CLAIMS_KEPT))
    with sole(folder / "lock") as alone:
        if not alone:
            print("It is left out this time: the run before has not ended.")
            return 0
        return run(job, minute(moment))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
