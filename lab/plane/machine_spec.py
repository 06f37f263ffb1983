# SPDX-License-Identifier: GPL-3.0-or-later
"""Changes what podman has the runtime make: a machine joins its lab's user namespace, instead of one of its own.

podman calls this program as a hook of its stage `precreate`, with the specification on its standard input, and goes
on with what it prints, see oci-hooks(5).
https://github.com/opencontainers/runtime-spec/blob/main/config-linux.md
"""

from __future__ import annotations

import json
import sys
from typing import Any

_SYS = {"destination": "/sys", "type": "sysfs", "source": "sysfs", "options": ["nosuid", "noexec", "nodev", "ro"]}
_CGROUP = {
    "destination": "/sys/fs/cgroup",
    "type": "cgroup",
    "source": "cgroup",
    "options": ["rprivate", "nosuid", "noexec", "nodev", "relatime", "ro"],
}


def joined(specification: dict[str, Any], user_namespace: str) -> dict[str, Any]:
    """Return the specification with the user namespace of this path, and with a /sys that shows the machine's network.

    podman does not know that the network namespace is the user namespace's own, so it would show the host's /sys.
    """
    namespaces = [
        {**each, "path": user_namespace} if each["type"] == "user" else each
        for each in specification["linux"]["namespaces"]
    ]
    mounts: list[dict[str, Any]] = []
    known = {each["destination"] for each in specification["mounts"]}
    for mount in specification["mounts"]:
        if mount["destination"] != "/sys":
            mounts.append(mount)
            continue
        mounts.append(_SYS)
        if "/sys/fs/cgroup" not in known:
            mounts.append(_CGROUP)
    return {**specification, "mounts": mounts, "linux": {**specification["linux"], "namespaces": namespaces}}


if __name__ == "__main__":
    json.dump(joined(json.load(sys.stdin), sys.argv[1]), sys.stdout)
