# SPDX-License-Identifier: GPL-3.0-or-later
"""Gives a machine's own control groups to its root: systemd makes those of its units below them.

The container runtime calls this program as a hook of its stage `createRuntime`, with the machine's state on standard
input: the groups are there by then, and its init has not begun.
https://github.com/opencontainers/runtime-spec/blob/main/config.md#createruntime-hooks
https://systemd.io/CGROUP_DELEGATION/
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

_CONTROL_GROUPS = Path("/sys/fs/cgroup")
_DELEGATED = ("cgroup.procs", "cgroup.threads", "cgroup.subtree_control", "tasks")


def delegate(process: int, owner: int) -> None:
    """Give the groups of a process to a user."""
    for line in Path(f"/proc/{process}/cgroup").read_text().splitlines():
        _number, kind, path = line.split(":", 2)
        for root in {"name=systemd": ["systemd"], "": ["unified", "."]}.get(kind, []):
            group = _CONTROL_GROUPS / root / path.lstrip("/")
            for file in (group, *(group / name for name in _DELEGATED)):
                if file.exists():
                    os.chown(file, owner, owner)


if __name__ == "__main__":
    delegate(json.load(sys.stdin)["pid"], int(sys.argv[1]))
