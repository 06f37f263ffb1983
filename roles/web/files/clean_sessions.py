#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Remove the PHP sessions of a folder that are over.

On a share every machine asks at the same time: the first one takes a lock in the folder and does it for all, and who
comes within the pause after it has nothing to do. PHP itself never does it (session.gc_probability is 0), for a visitor
would wait while it lists the whole folder.
"""

from __future__ import annotations

import argparse
import fcntl
import os
import re
import socket
import sys
import time
from pathlib import Path

CLAIM = ".cleaned"
# What PHP's handler `files` calls a session: https://www.php.net/manual/en/session.configuration.php#ini.session.sid-length
SESSION = re.compile(r"sess_[A-Za-z0-9,-]+\Z")


def clean(folder: str, seconds: float, pause: float) -> str:
    """Remove what is over, unless it has just been done or is being done; return what there is to say."""
    # NFS has locks for files that are open for writing only.
    descriptor = os.open(Path(folder, CLAIM), os.O_RDWR | os.O_CREAT, 0o600)
    with os.fdopen(descriptor, "r+") as claim:
        try:
            fcntl.flock(claim, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return "Another machine is at it."
        last, ago = claim.read(), time.time() - os.fstat(descriptor).st_mtime
        if last and ago < pause:
            return f"{last} did it {ago:.0f} s ago."
        claim.seek(0)
        claim.write(socket.gethostname())
        claim.truncate()
        claim.flush()
        return f"{remove(folder, time.time() - seconds)} sessions were over."


def remove(folder: str, before: float) -> int:
    """Remove the sessions that nobody has used since; return how many."""
    removed = 0
    with os.scandir(folder) as entries:
        for entry in entries:
            try:
                if SESSION.match(entry.name) and entry.stat(follow_symlinks=False).st_mtime < before:
                    Path(entry.path).unlink()
                    removed += 1
            except FileNotFoundError:
                # Its visitor has logged out meanwhile.
                continue
    return removed


def main(arguments: list[str] | None = None) -> int:
    """Run the command."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder")
    parser.add_argument("--seconds", type=float, required=True, help="how long a session lasts without a visit")
    parser.add_argument("--pause", type=float, required=True, help="for how many seconds once is enough")
    options = parser.parse_args(arguments)
    print(clean(options.folder, options.seconds, options.pause))
    return 0


if __name__ == "__main__":
    sys.exit(main())
