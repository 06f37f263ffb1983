# Copyright: hasite.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection: this file may change at any time.
"""EFS file systems: what has to change, and the order in which it may."""

from __future__ import annotations

import typing as t
from collections.abc import Iterable, Mapping

from . import _efs_api as api
from ._aws import UNKNOWN, ChangeResult, acceptor, compare_tags, failure, named, on_error, tag_list, waited
from ._policy import kept_policy
from ._resource import Resource

NEW = {"encrypted": True, "kms_key_id": None, "performance_mode": "generalPurpose", "throughput_mode": "elastic"}
"""What a new file system gets if the options leave it open."""
FIXED = ("encrypted", "kms_key_id", "performance_mode")

# ---- pure


def wanted_settings(params: Mapping[str, t.Any], present: Mapping[str, t.Any]) -> Resource:
    """Return the settings that the options ask for; what they leave open stays as it is."""
    policy, backup = params["policy"], params["backup"]
    mode = params["throughput_mode"] or present.get("throughput_mode", NEW["throughput_mode"])
    mibps = params["provisioned_throughput_in_mibps"] or present.get("provisioned_throughput_in_mibps")
    return {
        "throughput_mode": mode,
        "provisioned_throughput_in_mibps": mibps if mode == "provisioned" else None,
        "backup": present.get("backup", False) if backup is None else backup,
        "policy": kept_policy(present.get("policy", {}), policy),
        **{key: params[key] or present.get(key, "none") for key in api.LIFECYCLE},
        "mount_targets": wanted_targets(params["mount_targets"], present.get("mount_targets", [])),
    }


def wanted_targets(wanted: list[Resource] | None, present: list[Resource]) -> list[Resource]:
    """Return the mount targets as they will be, sorted by subnet."""
    if wanted is None:
        return present
    by_subnet = {target["subnet_id"]: target for target in present}
    fresh = {
        "mount_target_id": UNKNOWN,
        "ip_address": UNKNOWN,
        "availability_zone_name": UNKNOWN,
        "life_cycle_state": "creating",
        "network_interface_id": UNKNOWN,
        "security_groups": [],
    }
    return sorted(
        (
            _wanted_target(target, by_subnet.get(target["subnet_id"], {**fresh, "subnet_id": target["subnet_id"]}))
            for target in wanted
        ),
        key=lambda one: str(one["subnet_id"]),
    )


def _wanted_target(wanted: Mapping[str, t.Any], present: Resource) -> Resource:
    groups = wanted["security_groups"]
    return present if groups is None else {**present, "security_groups": sorted(groups)}


def refuse_fixed(params: Mapping[str, t.Any], present: Mapping[str, t.Any]) -> None:
    """Fail if an option asks for what can only be said at creation."""
    for key in FIXED:
        wanted = params[key]
        # A key may be named by its ID or its alias, where EFS tells its ARN.
        if wanted is None or wanted == present[key] or (key == "kms_key_id" and str(present[key]).endswith(wanted)):
            continue
        raise failure(
            f"The file system {present['name']} ({present['file_system_id']}) has {key}={present[key]}, which cannot "
            f"be changed to {wanted}. Set {key} to what it is, or make another file system and copy the files."
        )


def merged_lifecycle(present: Iterable[Mapping[str, str]], settings: Mapping[str, t.Any]) -> list[Resource]:
    """Return all lifecycle policies with ours among them; EFS wants one transition in each."""
    ours = {name: settings[key] for key, name in api.LIFECYCLE.items() if settings[key] != "none"}
    others = {key: value for policy in present for key, value in policy.items() if key not in api.LIFECYCLE.values()}
    return [{key: value} for key, value in {**others, **ours}.items()]


# ---- doing


def find(client: t.Any, name: str) -> Resource:
    """Return the file system with the name, empty if there is none."""
    found = [system for system in api.list_file_systems(client) or [] if api.summary(system, "")["name"] == name]
    if len(found) > 1:
        ids = ", ".join(sorted(system["FileSystemId"] for system in found))
        raise failure(f"Several file systems have the name {name}: {ids}. Rename or delete all but one.")
    return api.normalize(client, found[0]) if found else {}


def ensure_present(client: t.Any, params: Mapping[str, t.Any], check_mode: bool) -> ChangeResult:
    """Create or change the file system, as the options say."""
    before = find(client, params["name"])
    if before:
        refuse_fixed(params, before)
    settings = wanted_settings(params, before)
    present_tags = before.get("tags", {})
    tags = compare_tags(present_tags, named(params["tags"], params["name"], present_tags), params["purge_tags"])
    changed = not before or tags.changed or any(before[key] != value for key, value in settings.items())
    if check_mode:
        return ChangeResult(changed, before, {**(before or _planned(params)), **settings, "tags": tags.after})
    present = before or _create(client, params, settings, tags.after)
    file_system_id = present["file_system_id"]
    if before and tags.changed:
        api.write_tags(client, file_system_id, tags.to_set, tags.to_unset)
    _write_settings(client, present, settings)
    _write_targets(client, present, settings["mount_targets"], params)
    _wait_for_targets(client, file_system_id, params)
    return ChangeResult(changed, before, find(client, params["name"]))


def fixed_settings(params: Mapping[str, t.Any]) -> Resource:
    """Return what a new file system is for ever."""
    return {key: NEW[key] if params[key] is None else params[key] for key in FIXED}


def _planned(params: Mapping[str, t.Any]) -> Resource:
    return {
        "file_system_id": UNKNOWN,
        "file_system_arn": UNKNOWN,
        "name": params["name"],
        "life_cycle_state": "creating",
        "dns_name": UNKNOWN,
        **fixed_settings(params),
    }


def _create(client: t.Any, params: Mapping[str, t.Any], settings: Resource, tags: Mapping[str, str]) -> Resource:
    fixed, mode = fixed_settings(params), settings["throughput_mode"]
    arguments: Resource = {
        "Encrypted": fixed["encrypted"],
        "PerformanceMode": fixed["performance_mode"],
        "ThroughputMode": mode,
        "Tags": tag_list(tags),
    }
    if fixed["kms_key_id"]:
        arguments["KmsKeyId"] = fixed["kms_key_id"]
    if mode == "provisioned":
        arguments["ProvisionedThroughputInMibps"] = settings["provisioned_throughput_in_mibps"]
    file_system_id = api.create(client, params["name"], arguments)
    if params["wait"] or params["mount_targets"]:
        _wait_until_available(client, file_system_id, params["wait_timeout"])
    found = api.list_file_systems(client, FileSystemId=file_system_id) or []
    return api.normalize(client, found[0])


def _write_settings(client: t.Any, present: Resource, settings: Resource) -> None:
    file_system_id = present["file_system_id"]
    throughput = ("throughput_mode", "provisioned_throughput_in_mibps")
    if any(present[key] != settings[key] for key in throughput):
        api.write_throughput(client, file_system_id, *(settings[key] for key in throughput))
    if present["backup"] != settings["backup"]:
        api.write_backup(client, file_system_id, settings["backup"])
    if present["policy"] != settings["policy"]:
        api.write_policy(client, file_system_id, settings["policy"])
    if any(present[key] != settings[key] for key in api.LIFECYCLE):
        merged = merged_lifecycle(api.read_lifecycle(client, file_system_id), settings)
        api.write_lifecycle(client, file_system_id, merged)


def _write_targets(client: t.Any, present: Resource, wanted: list[Resource], params: Mapping[str, t.Any]) -> None:
    by_subnet = {target["subnet_id"]: target for target in present["mount_targets"]}
    kept = {target["subnet_id"] for target in wanted}
    unwanted = [target["mount_target_id"] for target in present["mount_targets"] if target["subnet_id"] not in kept]
    for mount_target_id in unwanted:
        api.delete_mount_target(client, mount_target_id)
    if unwanted:
        # A zone has one mount target: a new one may need the place of one that is going.
        _wait_until_targets_gone(client, present["file_system_id"], unwanted, params["mount_targets_wait_timeout"])
    given = {target["subnet_id"]: target["security_groups"] for target in params["mount_targets"] or []}
    for target in wanted:
        before = by_subnet.get(target["subnet_id"])
        if before is None:
            api.create_mount_target(client, present["file_system_id"], target["subnet_id"], given[target["subnet_id"]])
        elif before["security_groups"] != target["security_groups"]:
            api.write_groups(client, before["mount_target_id"], target["security_groups"])


def _wait_until_available(client: t.Any, file_system_id: str, timeout: int) -> None:
    accepted = [
        acceptor("FileSystems[0].LifeCycleState", "available"),
        acceptor("FileSystems[0].LifeCycleState", "error", "failure"),
    ]
    if not waited(client, "DescribeFileSystems", accepted, timeout, 2, FileSystemId=file_system_id):
        raise failure(
            f"The file system {file_system_id} was not available within {timeout} seconds. "
            "Look at its state in the console of EFS."
        )


def _wait_for_targets(client: t.Any, file_system_id: str, params: Mapping[str, t.Any]) -> None:
    timeout = params["mount_targets_wait_timeout"]
    if not params["mount_targets_wait"]:
        return
    accepted = [
        acceptor("length(MountTargets[?LifeCycleState != 'available']) == `0`"),
        acceptor("length(MountTargets[?LifeCycleState == 'error']) > `0`", state="failure"),
    ]
    if not waited(client, "DescribeMountTargets", accepted, timeout, 5, FileSystemId=file_system_id):
        targets = api.list_mount_targets(client, file_system_id) or []
        states = ", ".join(
            f"{target['mount_target_id']} in {target['subnet_id']}: {target['life_cycle_state']}" for target in targets
        )
        raise failure(
            f"The mount targets of {file_system_id} were not available within {timeout} seconds ({states}). "
            "Look for a subnet without free addresses, or wait longer."
        )


def _wait_until_targets_gone(client: t.Any, file_system_id: str, ids: Iterable[str], timeout: int) -> None:
    listed = " || ".join(f"MountTargetId == '{id_}'" for id_ in ids)
    accepted = [acceptor(f"length(MountTargets[?{listed}]) == `0`"), on_error("FileSystemNotFound")]
    if not waited(client, "DescribeMountTargets", accepted, timeout, 5, FileSystemId=file_system_id):
        raise failure(
            f"The mount targets of {file_system_id} were not deleted within {timeout} seconds. Try again later."
        )


def ensure_absent(client: t.Any, params: Mapping[str, t.Any], check_mode: bool) -> ChangeResult:
    """Delete the mount targets, wait, and delete the file system."""
    before = find(client, params["name"])
    if not before:
        return ChangeResult(False, {}, {})
    if not check_mode:
        file_system_id = before["file_system_id"]
        targets = [target["mount_target_id"] for target in before["mount_targets"]]
        for mount_target_id in targets:
            api.delete_mount_target(client, mount_target_id)
        if targets:
            _wait_until_targets_gone(client, file_system_id, targets, params["mount_targets_wait_timeout"])
        api.delete(client, file_system_id)
        if params["wait"]:
            _wait_until_gone(client, file_system_id, params["wait_timeout"])
    return ChangeResult(True, before, {})


def _wait_until_gone(client: t.Any, file_system_id: str, timeout: int) -> None:
    accepted = [
        on_error("FileSystemNotFound"),
        acceptor("FileSystems[0].LifeCycleState", "deleted"),
        acceptor("length(FileSystems) == `0`"),
    ]
    if not waited(client, "DescribeFileSystems", accepted, timeout, 5, FileSystemId=file_system_id):
        raise failure(f"The file system {file_system_id} was not deleted within {timeout} seconds. Try again later.")
