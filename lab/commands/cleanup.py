# SPDX-License-Identifier: GPL-3.0-or-later
"""Removes what bears a lab's name from the host, whether the lab has ended in order or was killed."""

from __future__ import annotations

import contextlib
import shutil
from pathlib import Path

from lab.base import namespaces
from lab.base.paths import LabPaths
from lab.plane.balancer import load_balancer
from lab.plane.machines import machines
from lab.plane.machines.user_namespace import UserNamespace
from lab.plane.network import uplink


def sweep(place: LabPaths) -> None:
    """Remove the lab's processes, containers, namespaces, uplink, packet-filter table and resolver settings."""
    load_balancer.sweep(place)
    machines.sweep(place)
    sweep_network(place)


def sweep_network(place: LabPaths) -> None:
    """Remove what the lab's networks have left; the host's IP forwarding is put back with the last lab."""
    found = namespaces.every(place.namespace_prefix)
    namespaces.ip_batch([f"netns del {name}" for name in found], force=True)
    UserNamespace(place).remove()
    uplink.remove(place)
    for folder in Path("/etc/netns").glob(f"{place.namespace_prefix}*"):
        shutil.rmtree(folder, ignore_errors=True)
    with contextlib.suppress(OSError):  # others' folders are in it, or there is none
        Path("/etc/netns").rmdir()
