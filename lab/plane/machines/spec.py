# SPDX-License-Identifier: GPL-3.0-or-later
"""Changes what podman has the runtime make: a machine joins its lab's user namespace, instead of one of its own.

podman calls this program as a hook of its stage `precreate`, with the specification on its standard input, and goes
on with what it prints, see oci-hooks(5).
https://github.com/opencontainers/runtime-spec/blob/main/config-linux.md
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

_HOOK_SECONDS = 30

_SYS = {"destination": "/sys", "type": "sysfs", "source": "sysfs", "options": ["nosuid", "noexec", "nodev", "ro"]}
_CGROUP = {
    "destination": "/sys/fs/cgroup",
    "type": "cgroup",
    "source": "cgroup",
    "options": ["rprivate", "nosuid", "noexec", "nodev", "relatime", "ro"],
}


def joined(specification: dict[str, Any], user_namespace: str, owner: str) -> dict[str, Any]:
    """Return the specification with the user namespace of this path, and with a /sys that shows the machine's network.

    podman does not know that the network namespace is the user namespace's own, so it would show the host's /sys. The
    machine's control groups are given to the owner, the host's number of the machines' root, before its init begins.
    """
    program = str(Path(__file__).with_name("control_groups.py"))
    delegation = {"path": sys.executable, "args": [sys.executable, "-I", program, owner], "timeout": _HOOK_SECONDS}
    hooks = specification.get("hooks") or {}
    namespaces = [
        {**namespace, "path": user_namespace} if namespace["type"] == "user" else namespace
        for namespace in specification["linux"]["namespaces"]
    ]
    mounts: list[dict[str, Any]] = []
    known = {mount["destination"] for mount in specification["mounts"]}
    for mount in specification["mounts"]:
        if mount["destination"] != "/sys":
            mounts.append(mount)
            continue
        mounts.append(_SYS)
        if "/sys/fs/cgroup" not in known:
            mounts.append(_CGROUP)
    return {
        **specification,
        "hooks": {**hooks, "createRuntime": [*(hooks.get("createRuntime") or []), delegation]},
        "mounts": mounts,
        "linux": {**specification["linux"], "namespaces": namespaces},
    }


if __name__ == "__main__":
    json.dump(joined(json.load(sys.stdin), sys.argv[1], sys.argv[2]), sys.stdout)
