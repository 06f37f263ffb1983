# SPDX-License-Identifier: GPL-3.0-or-later
"""The EFS file systems that the API describes, and whom they admit. Pure."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, Literal

from lab.base.backends import Backends
from lab.world.access.permissions import ANONYMOUS, AccessRequest, Principal, decide

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
            id=target.mount_target_id,
            interface_id=target.network_interface_id,
            address=target.ip_address,
            zone=target.availability_zone_name,
            subnet_id=target.subnet_id,
            vpc_id=target.vpc_id,
        )
        for target in system.iter_mount_targets()
    )
    return FileSystem(
        id=system.file_system_id,
        arn=system.file_system_arn,
        region=region,
        mount_targets=tuple(targets),
        policy=system.file_system_policy or "",
    )


@dataclass(frozen=True)
class Client:
    """Who mounts: plain NFS is anonymous and does not encrypt; the EFS mount helper may do both."""

    address: str
    encrypted: bool = False
    principal: Principal = ANONYMOUS


def admit(system: FileSystem, client: Client) -> Admission:
    """Return what a client may do.

    https://docs.aws.amazon.com/efs/latest/ug/iam-access-control-nfs-efs.html
    The lab does not squash root where `ClientRootAccess` is missing.
    """
    if not system.policy:
        return "rw"
    policy = json.loads(system.policy)
    context = {
        "aws:SecureTransport": str(client.encrypted).lower(),
        "aws:SourceIp": client.address,
        "elasticfilesystem:AccessedViaMountTarget": "true",
    }

    def may(action: str) -> bool:
        request = AccessRequest(f"elasticfilesystem:{action}", system.arn, context, client.principal)
        return decide(policy, request, of_resource=True) == "allow"

    if not may("ClientMount"):
        return "denied"
    return "rw" if may("ClientWrite") else "ro"
