# SPDX-License-Identifier: GPL-3.0-or-later
"""Elastic File System: mount targets that are available once they listen, and the operations that moto lacks."""

from __future__ import annotations

import functools
import json
from collections.abc import Callable, Iterable
from typing import Any

from moto.efs import urls
from moto.efs.exceptions import (
    BadRequest,
    EFSError,
    FileSystemNotFound,
    MountTargetNotFound,
    PolicyNotFound,
    SecurityGroupLimitExceeded,
    SecurityGroupNotFound,
)
from moto.efs.models import EFSBackend, FileSystem, MountTarget
from moto.efs.responses import EFSResponse

from lab.api.moto.extension import adds, replaces
from lab.api.services.backup import backup
from lab.api.services.kms.kms import aws_managed_key
from lab.context import Context

_GROUPS_LIMIT = 5
_MODES = ("bursting", "provisioned", "elastic")
_BACKUP = {"ENABLED": "ENABLED", "ENABLING": "ENABLED", "DISABLED": "DISABLED", "DISABLING": "DISABLED"}
"""What may be asked for, and what it is once done: at once, here."""
_JSON = {"Content-Type": "application/json"}
Original = Callable[..., Any]


class InvalidPolicyError(EFSError):
    """A file system policy that is none."""

    code = 400

    def __init__(self, message: str) -> None:
        super().__init__("InvalidPolicyException", message)


class LifeCycleStateError(EFSError):
    """A call that comes too early or too late for what it is about."""

    code = 409

    def __init__(self, what: str, message: str) -> None:
        super().__init__(f"Incorrect{what}LifeCycleState", message)


def extend(context: Context) -> None:
    """Put the lab's mount targets and the missing operations into moto."""
    # moto routes only the paths it knows; with this one an operation that nobody knows is refused as such.
    urls.url_paths["/2015-02-01/<path:lab_path>"] = urls.response.dispatch
    _file_systems(context)
    _states(context)
    _mount_targets(context)
    _deletions(context)
    _old_tags()
    _system_tags()
    _policies()
    _backups()


def _known(backend: Any, file_system_id: str) -> Any:
    if file_system_id not in backend.file_systems_by_id:
        raise FileSystemNotFound(file_system_id)
    return backend.file_systems_by_id[file_system_id]


def _file_systems(context: Context) -> None:
    @replaces(EFSBackend, "create_file_system")
    def create_file_system(original: Original, self: Any, *args: Any, **kwargs: Any) -> Any:
        _check_throughput(kwargs["throughput_mode"], kwargs["provisioned_throughput_in_mibps"])
        system = original(self, *args, **kwargs)
        if system.encrypted and not system.kms_key_id:
            key = aws_managed_key(self.account_id, self.region_name, "elasticfilesystem", "EFS filesystems")
            system.kms_key_id = key.arn
        if system._backup:
            _back_up(self, system)
        context.waits.begin("file system", system.file_system_id, label=system.creation_token)
        return system

    @replaces(FileSystem, "info_json")
    def info_json(original: Original, self: Any) -> dict[str, Any]:
        # AWS leaves out what a file system does not have, and its policy has an operation of its own.
        known = {**original(self), "LifeCycleState": self.life_cycle_state}
        return {key: value for key, value in known.items() if value is not None and key != "FileSystemPolicy"}

    @adds(EFSResponse, "update_file_system")
    def update_file_system(self: Any) -> Any:
        system = _known(self.efs_backend, self._get_param("FileSystemId"))
        mode = self._get_param("ThroughputMode") or system.throughput_mode
        amount = self._get_param("ProvisionedThroughputInMibps") or system.provisioned_throughput_in_mibps
        _check_throughput(mode, amount)
        system.throughput_mode = mode
        system.provisioned_throughput_in_mibps = amount if mode == "provisioned" else None
        return json.dumps(system.info_json()), {"status": 202, **_JSON}


def _check_throughput(mode: str | None, amount: Any) -> None:
    if mode and mode not in _MODES:
        raise BadRequest(f"ThroughputMode must be one of {', '.join(_MODES)}, not '{mode}'.")
    if mode == "provisioned" and not amount:
        raise BadRequest("ProvisionedThroughputInMibps must be given when ThroughputMode is provisioned.")


def _states(context: Context) -> None:
    """Tell that a mount target is available while the plane listens for it; what moto assigns is not kept."""

    def system_state(self: Any) -> str:
        if getattr(self, "_leaves", False):
            return "deleting"
        return "creating" if context.waits.pending(self.file_system_id) else "available"

    def target_state(self: Any) -> str:
        if getattr(self, "_leaves", False):
            return "deleting"
        return "available" if self.mount_target_id in context.observed.mount_targets else "creating"

    FileSystem.life_cycle_state = property(system_state, lambda _self, _value: None)
    MountTarget.life_cycle_state = property(target_state, lambda _self, _value: None)

    @replaces(MountTarget, "info_json")
    def info_json(original: Original, self: Any) -> dict[str, Any]:
        known = {key: value for key, value in original(self).items() if key != "SecurityGroups"}
        return {**known, "LifeCycleState": self.life_cycle_state}


def _mount_targets(context: Context) -> None:
    @replaces(EFSBackend, "create_mount_target")
    def create_mount_target(
        original: Original,
        self: Any,
        file_system_id: str,
        subnet_id: str,
        ip_address: str | None = None,
        security_groups: list[str] | None = None,
    ) -> Any:
        state = _known(self, file_system_id).life_cycle_state
        if state != "available":
            raise LifeCycleStateError("FileSystem", f"None of the file system's states admits this: it is {state}.")
        subnets = {
            subnet_id: subnet for zone in self.ec2_backend.subnets.values() for subnet_id, subnet in zone.items()
        }
        if subnet_id in subnets:
            vpc_id = subnets[subnet_id].vpc_id
            security_groups = security_groups or [self.ec2_backend.get_default_security_group(vpc_id).id]
            _check_groups(self.ec2_backend, security_groups, vpc_id)
        target = original(self, file_system_id, subnet_id, ip_address, security_groups)
        interface = self.ec2_backend.enis[target.network_interface_id]
        interface.description = f"EFS mount target for {file_system_id} ({target.mount_target_id})"
        interface.requester_id, interface.requester_managed = "amazon-elasticfilesystem", True
        interface.status = "in-use"
        context.waits.begin(
            "mount target",
            target.mount_target_id,
            label=target.availability_zone_name,
            withholds=[target.mount_target_id],
            needs=[file_system_id],
        )
        return target

    @replaces(EFSBackend, "modify_mount_target_security_groups")
    def modify_mount_target_security_groups(
        original: Original, self: Any, mount_target_id: str, security_groups: list[str] | None
    ) -> None:
        target = self.mount_targets_by_id.get(mount_target_id)
        if target is None:
            raise MountTargetNotFound(mount_target_id)
        groups = security_groups or [self.ec2_backend.get_default_security_group(target.vpc_id).id]
        _check_groups(self.ec2_backend, groups, target.vpc_id)
        original(self, mount_target_id, groups)


def _deletions(context: Context) -> None:
    @replaces(EFSBackend, "delete_mount_target")
    def delete_mount_target(_original: Original, self: Any, mount_target_id: str) -> None:
        target = self.mount_targets_by_id.get(mount_target_id)
        if target is None:
            raise MountTargetNotFound(mount_target_id)
        if target.life_cycle_state == "deleting":
            raise LifeCycleStateError("MountTarget", f"The mount target {mount_target_id} is being deleted.")
        target._leaves = True

        def end() -> None:
            del self.mount_targets_by_id[mount_target_id]
            self.ec2_backend.delete_network_interface(target.network_interface_id)
            target.clean_up()

        context.waits.begin("mount target, deletion", mount_target_id, then=end)

    @replaces(EFSBackend, "delete_file_system")
    def delete_file_system(original: Original, self: Any, file_system_id: str) -> None:
        system = _known(self, file_system_id)
        if system.number_of_mount_targets > 0:
            original(self, file_system_id)  # refuses
        system._leaves = True
        end = functools.partial(original, self, file_system_id)
        context.waits.begin("file system, deletion", file_system_id, then=end)


def _check_groups(ec2_backend: Any, groups: list[str], vpc_id: str) -> None:
    if len(groups) > _GROUPS_LIMIT:
        raise SecurityGroupLimitExceeded("The maximum number of security groups per interface has been reached.")
    for group_id in groups:
        group = ec2_backend.get_security_group_from_id(group_id)
        if group is None or group.vpc_id != vpc_id:
            raise SecurityGroupNotFound(group_id)


def _old_tags() -> None:
    """Answer the operations that AWS has replaced by TagResource, and that community.aws.efs still calls."""

    @adds(EFSResponse, "describe_tags")
    def describe_tags(self: Any) -> Any:
        system = _known(self.efs_backend, self._get_param("FileSystemId"))
        return json.dumps({"Tags": self.efs_backend.list_tags_for_resource(system.file_system_id)}), _JSON

    @adds(EFSResponse, "create_tags")
    def create_tags(self: Any) -> Any:
        system = _known(self.efs_backend, self._get_param("FileSystemId"))
        tags = {tag["Key"]: tag["Value"] for tag in self._get_param("Tags")}
        self.efs_backend.tag_resource(system.file_system_id, tags)
        return "", {"status": 204}

    @adds(EFSResponse, "delete_tags")
    def delete_tags(self: Any) -> Any:
        system = _known(self.efs_backend, self._get_param("FileSystemId"))
        self.efs_backend.untag_resource(system.file_system_id, self._get_param("TagKeys"))
        return "", {"status": 204}


def _system_tags() -> None:
    """Refuse tags that AWS reserves: https://docs.aws.amazon.com/efs/latest/ug/API_Tag.html."""

    def check(keys: Iterable[str]) -> None:
        if reserved := sorted(key for key in keys if key.lower().startswith("aws:")):
            raise BadRequest(f"System tags cannot be added, changed or removed: {', '.join(reserved)}.")

    @replaces(EFSBackend, "tag_resource")
    def tag_resource(original: Original, self: Any, arn: str, tags: dict[str, str]) -> None:
        check(tags)
        original(self, arn, tags)

    @replaces(EFSBackend, "untag_resource")
    def untag_resource(original: Original, self: Any, arn: str, tag_keys: list[str]) -> None:
        check(tag_keys)
        original(self, arn, tag_keys)


def _policies() -> None:
    @replaces(EFSBackend, "put_file_system_policy")
    def put_file_system_policy(original: Original, self: Any, file_system_id: str, policy: str, **kwargs: Any) -> None:
        _known(self, file_system_id)
        try:
            statements = json.loads(policy)["Statement"]
        except (ValueError, KeyError, TypeError):
            statements = None
        if not statements:
            raise InvalidPolicyError("The file system policy is not a valid JSON policy with statements.")
        original(self, file_system_id, policy, **kwargs)

    @replaces(EFSBackend, "describe_file_system_policy")
    def describe_file_system_policy(original: Original, self: Any, file_system_id: str) -> str:
        if not _known(self, file_system_id).file_system_policy:
            raise PolicyNotFound(f"Policy for file system '{file_system_id}' does not exist.")
        return str(original(self, file_system_id))

    @adds(EFSResponse, "delete_file_system_policy")
    def delete_file_system_policy(self: Any) -> Any:
        _known(self.efs_backend, self._get_param("FileSystemId")).file_system_policy = None
        return "", {"status": 200}


def _backups() -> None:
    """Switch automatic backups on and off: https://docs.aws.amazon.com/efs/latest/ug/API_PutBackupPolicy.html."""

    @adds(EFSResponse, "put_backup_policy")
    def put_backup_policy(self: Any) -> Any:
        system = _known(self.efs_backend, self._get_param("FileSystemId"))
        asked = self._get_param("BackupPolicy")
        status = asked.get("Status") if isinstance(asked, dict) else None
        if status not in _BACKUP:
            raise BadRequest(f"The status of a backup policy must be one of {', '.join(_BACKUP)}.")
        system._backup_status = _BACKUP[status]
        if system._backup_status == "ENABLED":
            _back_up(self.efs_backend, system)
        else:
            self.efs_backend.tagging_service.untag_resource_using_names(system.file_system_id, [backup.SYSTEM_TAG])
        return json.dumps({"BackupPolicy": {"Status": system._backup_status}}), _JSON

    @replaces(EFSBackend, "describe_backup_policy")
    def describe_backup_policy(_original: Original, self: Any, file_system_id: str) -> dict[str, str]:
        system = _known(self, file_system_id)
        status = getattr(system, "_backup_status", "ENABLED" if system._backup else None)
        if status is None:
            raise PolicyNotFound(f"Backup policy for file system '{file_system_id}' does not exist.")
        return {"Status": status}


def _back_up(backend: Any, system: Any) -> None:
    """Create AWS Backup's plan, and give the file system the tag that the plan selects by."""
    backup.begin_automatic(backend.account_id, backend.region_name)
    tag = {"Key": backup.SYSTEM_TAG, "Value": "enabled"}
    backend.tagging_service.tag_resource(system.file_system_id, [tag])
