# SPDX-License-Identifier: GPL-3.0-or-later
"""Another user beside a connection, on the controller or on the machine. Its text runs under any Python from 3.9.

Root starts it, and it becomes nobody, for its Python may be where only root finds it. Standard input: the words to look
for, in JSON, for arguments are seen by everybody. The arguments: sockets that are there, and after `--` where to look.
Standard output: what this user could do, in JSON.
"""

from __future__ import annotations

import contextlib
import json
import os
import socket
import sys
from pathlib import Path

NOBODY = 65534


def main() -> None:
    """Try everything."""
    os.setgroups([])
    os.setresgid(NOBODY, NOBODY, NOBODY)
    os.setresuid(NOBODY, NOBODY, NOBODY)
    words = [word.encode() for word in json.load(sys.stdin)]
    border = sys.argv.index("--")
    found: list[list[str]] = []
    for path in sys.argv[1:border]:
        with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX) as sock:
            sock.connect(path)
            found.append(["connected", path])
    for folder in sys.argv[border + 1 :]:
        top = Path(folder)
        for each in (top, *top.rglob("*")):
            found += _tried(each)
    for process in Path("/proc").glob("[0-9]*"):
        for name in ("cmdline", "environ"):
            with contextlib.suppress(OSError):
                data = (process / name).read_bytes()
                found += [["saw", f"{process / name}: {data!r}"] for word in words if word in data]
    print(json.dumps(found))


def _tried(path: Path) -> list[list[str]]:
    """Return what could be done with a file or a folder."""
    found = []
    if path.is_file():
        with contextlib.suppress(OSError):
            path.read_bytes()
            found.append(["read", str(path)])
    with contextlib.suppress(OSError):
        path.rename(path.with_name(path.name + ".taken"))
        path.with_name(path.name + ".taken").rename(path)
        found.append(["replaced", str(path)])
    if os.access(path, os.W_OK):
        found.append(["written", str(path)])
    return found


if __name__ == "__main__":
    main()
