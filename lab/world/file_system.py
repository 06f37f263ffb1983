# SPDX-License-Identifier: GPL-3.0-or-later
"""The EFS file systems that the API describes, and whom they admit. Pure."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, Literal

from lab.context import Backends
from lab.world.permissions import Request, decide

Admission = Literal["rw", "ro", "denied"]


@dataclass(frozen=True)
class MountTarget:
    """A file system's presence in one zone: a network interface on which port 2049 listens."""

    id: str
    interface_id: str
    address: str
    zone: str
    subnet_id: str
    vpc_id: str


@dataclass(frozen=True)
class FileSystem:
    """A file system; `policy` is its JSON, or empty where the default one counts, which admits everybody."""

    id: str
    arn: str
    region: str
    mount_targets: tuple[MountTarget, ...]
    policy: str = ""


def describe(backends: Backends) -> tuple[FileSystem, ...]:
    """Return every file system of every region."""
    return tuple(
        _file_system(system, region)
        for region, efs in backends.regional("efs")
        for system in efs.file_systems_by_id.values()
    )


def _file_system(system: Any, region: str) -> FileSystem:
    targets = (
        MountTarget(
            id=each.mount_target_id,
            interface_id=each.network_interface_id,
            address=each.ip_address,
            zone=each.availability_zone_name,
            subnet_id=each.subnet_id,
            vpc_id=each.vpc_id,
        )
        for each in system.iter_mount_targets()
    )
    return FileSystem(
        id=system.file_system_id,
        arn=system.file_system_arn,
        region=region,
        mount_targets=tuple(targets),
        policy=system.file_system_policy or "",
    )


def admit(system: FileSystem, address: str) -> Admission:
    """Return what an NFS client at this address may do: it is anonymous, and it does not encrypt.

    https://docs.aws.amazon.com/efs/latest/ug/iam-access-control-nfs-efs.html
    The lab does not squash root where `ClientRootAccess` is missing.
    """
    if not system.policy:
        return "rw"
    policy = json.loads(system.policy)
    context = {
        "aws:SecureTransport": "false",
        "aws:SourceIp": address,
        "elasticfilesystem:AccessedViaMountTarget": "true",
    }

    def may(action: str) -> bool:
        request = Request(f"elasticfilesystem:{action}", system.arn, context)
        return decide(policy, request, of_resource=True) == "allow"

    if not may("ClientMount"):
        return "denied"
    return "rw" if may("ClientWrite") else "ro"
