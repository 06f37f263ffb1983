# SPDX-License-Identifier: GPL-3.0-or-later
"""Mistakes with security groups and network ACLs between visitor, load balancer, machines and share."""

from __future__ import annotations

from lab.faults import changes, steps
from lab.faults.fault import fault
from lab.faults.site import Site


@fault(None, finding="balancer-closed")
def balancer_ingress_closed(site: Site) -> None:
    """Close port 443 of the load balancer's group."""
    changes.close(site, "load_balancer", "ingress", 443)


@fault(None, finding="balancer-path-blocked")
def balancer_egress_closed(site: Site) -> None:
    """Close the load balancer's way out to the machines."""
    changes.close(site, "load_balancer", "egress", 80)


@fault(None, finding="endpoints-unreachable")
def answers_denied(site: Site) -> None:
    """Deny the ephemeral ports in the VPC's network ACL, above the entry that lets everything pass."""
    acl = steps.network_acl_of(site, site.machine["SubnetId"])["NetworkAclId"]
    entry = {"NetworkAclId": acl, "RuleNumber": 50, "Egress": False}
    site.to_mend(steps.call, "ec2", "delete_network_acl_entry", **entry)
    site.ec2.create_network_acl_entry(
        **entry, Protocol="6", RuleAction="deny", CidrBlock="0.0.0.0/0", PortRange={"From": 1024, "To": 65535}
    )


@fault(None, one_machine=True)
def mount_target_in_other_group(site: Site) -> None:
    """Give the mount target of one zone the VPC's default security group."""
    efs = site.client("efs")
    targets = efs.describe_mount_targets(FileSystemId=site.file_system["FileSystemId"])["MountTargets"]
    zone = site.machine["Placement"]["AvailabilityZone"]
    target = site.one(
        f"mount target in {zone}", [target for target in targets if target["AvailabilityZoneName"] == zone]
    )
    which = {"MountTargetId": target["MountTargetId"]}
    former = efs.describe_mount_target_security_groups(**which)["SecurityGroups"]
    wanted = [{"Name": "vpc-id", "Values": [site.vpc["VpcId"]]}, {"Name": "group-name", "Values": ["default"]}]
    [default] = site.ec2.describe_security_groups(Filters=wanted)["SecurityGroups"]
    site.to_mend(steps.call, "efs", "modify_mount_target_security_groups", **which, SecurityGroups=former)
    efs.modify_mount_target_security_groups(**which, SecurityGroups=[default["GroupId"]])
