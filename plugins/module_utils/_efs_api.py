# Copyright: hasite.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection: this file may change at any time.
"""EFS file systems: the calls of the API, and what they return in the modules' shape."""

from __future__ import annotations

import json
import typing as t
from collections.abc import Mapping

from ._aws import aws_call, aws_lookup, pages, tag_dict, tag_list
from ._resource import Resource

LIFECYCLE = {
    "transition_to_ia": "TransitionToIA",
    "transition_to_primary_storage_class": "TransitionToPrimaryStorageClass",
}
GONE = ("deleting", "deleted")

# ---- reading


@aws_lookup("list file systems", "FileSystemNotFound")
def list_file_systems(client: t.Any, **which: str) -> list[Resource]:
    """Return the file systems that are not being deleted."""
    found = pages(client, "describe_file_systems", **which).get("FileSystems", [])
    return [resource for resource in found if resource["LifeCycleState"] not in GONE]


@aws_lookup("read the backup policy of file system {file_system_id}", "PolicyNotFound")
def _read_backup_status(client: t.Any, file_system_id: str) -> str:
    return t.cast("str", client.describe_backup_policy(FileSystemId=file_system_id)["BackupPolicy"]["Status"])


def is_backed_up(client: t.Any, file_system_id: str) -> bool:
    """Return whether AWS Backup backs a file system up by itself."""
    return _read_backup_status(client, file_system_id) in ("ENABLED", "ENABLING")


@aws_lookup("read the policy of file system {file_system_id}", "PolicyNotFound")
def _read_policy(client: t.Any, file_system_id: str) -> Resource:
    return t.cast("Resource", json.loads(client.describe_file_system_policy(FileSystemId=file_system_id)["Policy"]))


@aws_call("read the lifecycle of file system {file_system_id}")
def read_lifecycle(client: t.Any, file_system_id: str) -> list[Resource]:
    """Return the lifecycle policies as EFS has them."""
    found = client.describe_lifecycle_configuration(FileSystemId=file_system_id)
    return t.cast("list[Resource]", found.get("LifecyclePolicies", []))


@aws_lookup("list the mount targets of file system {file_system_id}", "FileSystemNotFound")
def list_mount_targets(client: t.Any, file_system_id: str) -> list[Resource]:
    """Return the mount targets that are not being deleted, in the modules' shape, sorted by subnet."""
    found = pages(client, "describe_mount_targets", FileSystemId=file_system_id).get("MountTargets", [])
    return sorted(
        (
            {
                "mount_target_id": target["MountTargetId"],
                "subnet_id": target["SubnetId"],
                "ip_address": target.get("IpAddress"),
                "availability_zone_name": target.get("AvailabilityZoneName"),
                "life_cycle_state": target["LifeCycleState"],
                "network_interface_id": target.get("NetworkInterfaceId"),
            }
            for target in found
            if target["LifeCycleState"] not in GONE
        ),
        key=lambda one: str(one["subnet_id"]),
    )


@aws_lookup("read the security groups of mount target {mount_target_id}", "MountTargetNotFound")
def _read_groups(client: t.Any, mount_target_id: str) -> list[str]:
    return sorted(client.describe_mount_target_security_groups(MountTargetId=mount_target_id)["SecurityGroups"])


def normalize(client: t.Any, file_system: Mapping[str, t.Any]) -> Resource:
    """Return a listed file system with all that belongs to it, the way the module returns it."""
    file_system_id = file_system["FileSystemId"]
    lifecycle = {key: value for policy in read_lifecycle(client, file_system_id) for key, value in policy.items()}
    targets = list_mount_targets(client, file_system_id) or []
    return {
        **summary(file_system, client.meta.region_name),
        "backup": is_backed_up(client, file_system_id),
        "policy": _read_policy(client, file_system_id) or {},
        **{key: lifecycle.get(name, "none") for key, name in LIFECYCLE.items()},
        "mount_targets": [
            {**target, "security_groups": _read_groups(client, target["mount_target_id"]) or []} for target in targets
        ],
    }


def summary(file_system: Mapping[str, t.Any], region: str) -> Resource:
    """Return what the list of file systems alone tells."""
    tags = tag_dict(file_system.get("Tags"))
    return {
        "file_system_id": file_system["FileSystemId"],
        "file_system_arn": file_system.get("FileSystemArn"),
        "name": tags.get("Name", ""),
        "life_cycle_state": file_system["LifeCycleState"],
        "dns_name": f"{file_system['FileSystemId']}.efs.{region}.amazonaws.com",
        "encrypted": bool(file_system.get("Encrypted")),
        "kms_key_id": file_system.get("KmsKeyId"),
        "performance_mode": file_system.get("PerformanceMode", "generalPurpose"),
        "throughput_mode": file_system.get("ThroughputMode", "bursting"),
        "provisioned_throughput_in_mibps": file_system.get("ProvisionedThroughputInMibps"),
        "tags": tags,
    }


# ---- writing


@aws_call("create file system {name}")
def create(client: t.Any, name: str, arguments: Resource) -> str:
    """Create a file system and return its ID. The name is the token that keeps it from being made twice."""
    return t.cast("str", client.create_file_system(CreationToken=name, **arguments)["FileSystemId"])


@aws_call("set the throughput of file system {file_system_id}")
def write_throughput(client: t.Any, file_system_id: str, mode: str, mibps: float | None) -> None:
    """Set how throughput is given."""
    provisioned = {"ProvisionedThroughputInMibps": mibps} if mode == "provisioned" else {}
    client.update_file_system(FileSystemId=file_system_id, ThroughputMode=mode, **provisioned)


@aws_call("set the backup policy of file system {file_system_id}")
def write_backup(client: t.Any, file_system_id: str, enabled: bool) -> None:
    """Switch daily backups on or off."""
    status = "ENABLED" if enabled else "DISABLED"
    client.put_backup_policy(FileSystemId=file_system_id, BackupPolicy={"Status": status})


@aws_call("set the policy of file system {file_system_id}")
def write_policy(client: t.Any, file_system_id: str, policy: Resource) -> None:
    """Set the policy, or remove it if it is empty."""
    if policy:
        client.put_file_system_policy(FileSystemId=file_system_id, Policy=json.dumps(policy))
    else:
        client.delete_file_system_policy(FileSystemId=file_system_id)


@aws_call("set the lifecycle of file system {file_system_id}")
def write_lifecycle(client: t.Any, file_system_id: str, policies: list[Resource]) -> None:
    """Set all lifecycle policies."""
    client.put_lifecycle_configuration(FileSystemId=file_system_id, LifecyclePolicies=policies)


@aws_call("tag file system {file_system_id}")
def write_tags(client: t.Any, file_system_id: str, to_set: Mapping[str, str], to_unset: list[str]) -> None:
    """Set and remove tags."""
    if to_unset:
        client.untag_resource(ResourceId=file_system_id, TagKeys=to_unset)
    if to_set:
        client.tag_resource(ResourceId=file_system_id, Tags=tag_list(to_set))


@aws_call("create a mount target in subnet {subnet_id}")
def create_mount_target(client: t.Any, file_system_id: str, subnet_id: str, groups: list[str] | None) -> None:
    """Create a mount target; without groups EFS takes the VPC's default one."""
    wanted = {} if groups is None else {"SecurityGroups": groups}
    client.create_mount_target(FileSystemId=file_system_id, SubnetId=subnet_id, **wanted)


@aws_call("set the security groups of mount target {mount_target_id}")
def write_groups(client: t.Any, mount_target_id: str, groups: list[str]) -> None:
    """Set the security groups of a mount target."""
    client.modify_mount_target_security_groups(MountTargetId=mount_target_id, SecurityGroups=groups)


@aws_lookup("delete mount target {mount_target_id}", "MountTargetNotFound")
def delete_mount_target(client: t.Any, mount_target_id: str) -> None:
    """Delete a mount target."""
    client.delete_mount_target(MountTargetId=mount_target_id)


@aws_lookup("delete file system {file_system_id}", "FileSystemNotFound")
def delete(client: t.Any, file_system_id: str) -> None:
    """Delete a file system."""
    client.delete_file_system(FileSystemId=file_system_id)
