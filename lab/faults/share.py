# SPDX-License-Identifier: GPL-3.0-or-later
"""Mistakes after which the share does not mount, or not again (the seventh and eighth stumbling blocks)."""

from __future__ import annotations

import json

from lab.faults import changes, steps
from lab.faults.fault import fault
from lab.faults.site import Site

_MOUNTS = "/etc/fstab"
_POINT = " /srv/site "


@fault(7)
def nfs_ingress_closed(site: Site) -> None:
    """Remove the rule that admits the machines to the share."""
    changes.close(site, "file_system", "ingress", 2049)


@fault(7)
def nfs_egress_closed(site: Site) -> None:
    """Remove the rule that lets the machines out to the share."""
    changes.close(site, "web", "egress", 2049)


@fault(7, one_machine=True)
def mount_target_missing(site: Site) -> None:
    """Delete the mount target of one zone."""
    efs = site.client("efs")
    share = site.file_system["FileSystemId"]
    targets = efs.describe_mount_targets(FileSystemId=share)["MountTargets"]
    zone = site.machine["Placement"]["AvailabilityZone"]
    target = site.one(
        f"mount target in {zone}", [target for target in targets if target["AvailabilityZoneName"] == zone]
    )
    identity = target["MountTargetId"]
    groups = efs.describe_mount_target_security_groups(MountTargetId=identity)["SecurityGroups"]
    site.to_mend(steps.mount_target, share, target["SubnetId"], target["IpAddress"], groups)
    efs.delete_mount_target(MountTargetId=identity)


@fault(7)
def share_name_unresolved(site: Site) -> None:
    """Switch off the VPC's DNS host names, which the share's name needs."""
    vpc = site.vpc["VpcId"]
    site.to_mend(steps.call, "ec2", "modify_vpc_attribute", VpcId=vpc, EnableDnsHostnames={"Value": True})
    site.ec2.modify_vpc_attribute(VpcId=vpc, EnableDnsHostnames={"Value": False})


@fault(8, one_machine=True)
def mounted_by_hand(site: Site) -> None:
    """Remove the share from the fstab of one machine: what is mounted stays so until the next boot."""
    changes.edit(
        site,
        site.machine_id,
        _MOUNTS,
        lambda text: "".join(line for line in text.splitlines(keepends=True) if _POINT not in line),
        *("systemctl", "daemon-reload"),
    )


@fault(8, one_machine=True)
def fstab_without_netdev(site: Site) -> None:
    """Write the share into the fstab of one machine as if it were a disk, without `_netdev` and `nofail`."""
    changes.edit(
        site,
        site.machine_id,
        _MOUNTS,
        lambda text: text.replace("_netdev,nofail,", ""),
        *("systemctl", "daemon-reload"),
    )


@fault(None)
def file_system_locked(site: Site) -> None:
    """Give the share a policy that admits administrators only."""
    efs, share = site.client("efs"), site.file_system["FileSystemId"]
    policy = efs.describe_file_system_policy(FileSystemId=share)["Policy"]
    site.to_mend(steps.call, "efs", "put_file_system_policy", FileSystemId=share, Policy=policy)
    admins = f"arn:aws:iam::{site.file_system['OwnerId']}:role/admin"
    statement = {"Effect": "Allow", "Principal": {"AWS": admins}, "Action": "elasticfilesystem:*", "Resource": "*"}
    locked = {"Version": "2012-10-17", "Statement": [{"Sid": "OnlyAdmins", **statement}]}
    efs.put_file_system_policy(FileSystemId=share, Policy=json.dumps(locked))


@fault(None, one_machine=True)
def share_read_only(site: Site) -> None:
    """Mount the share read-only on one machine, for a backup, and forget it."""
    site.to_mend(steps.run, site.machine_id, "mount", "-o", "remount,rw", "/srv/site")
    site.run(site.machine_id, "mount", "-o", "remount,ro", "/srv/site")
