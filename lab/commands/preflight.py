# SPDX-License-Identifier: GPL-3.0-or-later
"""What a lab needs of its host, looked at before anything is made."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from lab.base.errors import LabError
from lab.base.paths import ROOT

_TOOLS = {"ip": "iproute2", "nft": "nftables", "podman": "podman", "runc": "runc", "haproxy": "haproxy"}
_OPTIONS = {"nodev": os.ST_NODEV, "noexec": os.ST_NOEXEC, "nosuid": os.ST_NOSUID}
_GROUPS = Path("/sys/fs/cgroup")


def check() -> None:
    """Refuse to start where a lab can't run."""
    if os.geteuid() != 0:
        raise LabError("The lab makes network namespaces and containers; run it as root.")
    for tool, package in _TOOLS.items():
        if shutil.which(tool) is None:
            raise LabError(
                f"The command {tool} is not on this machine; install the package {package} or run `make setup`."
            )
    refuse_mount(ROOT)
    refuse_control_groups(Path("/proc/self/cgroup").read_text(), _GROUPS)


def refuse_mount(folder: Path) -> None:
    """Refuse a folder whose file system takes no devices, programs or setuid files: machines' disks lie there."""
    present = next(ancestor for ancestor in (folder, *folder.parents) if ancestor.exists())
    flags = os.statvfs(present).f_flag
    if found := [name for name, flag in _OPTIONS.items() if flags & flag]:
        raise LabError(
            f"{folder} is mounted with {', '.join(found)}, and machines' disks can't lie there; mount it without, such "
            f"as with `--volume NAME:{folder}:dev,suid,exec` in a container of podman."
        )


def refuse_control_groups(own: str, root: Path) -> None:
    """Refuse a container that sees its control groups by their names on its host, and so has no place for others below.

    `own` is the text of `/proc/self/cgroup`. The machines' systemd takes their own places by such names:
    https://systemd.io/CONTAINER_INTERFACE/
    """
    for line in own.splitlines():
        _number, controllers, path = line.split(":", 2)
        hierarchy = {"name=systemd": root / "systemd", "": _unified(root)}.get(controllers)
        if hierarchy and hierarchy.is_dir() and not hierarchy.joinpath(path.lstrip("/")).is_dir():
            raise LabError(
                f"This container's control group {path} is not below {hierarchy}, so machines have no place there; "
                "start the container with --privileged and --cgroupns=private."
            )


def _unified(root: Path) -> Path:
    """Return where the second version of control groups is, which may stand beside the first."""
    return root if (root / "cgroup.controllers").exists() else root / "unified"
