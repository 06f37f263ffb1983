# SPDX-License-Identifier: GPL-3.0-or-later
"""What the demo site has in each of its two zones, and whether it answers."""

from __future__ import annotations

from tests.integration.labs import run_lab
from tests.integration.owner import URL, Owner, visit

A, C = "ap-northeast-1a", "ap-northeast-1c"


def associations(owner: Owner) -> dict[str, str]:
    """Return each subnet's network ACL."""
    found = owner.client("ec2").describe_network_acls()["NetworkAcls"]
    return {each["SubnetId"]: acl["NetworkAclId"] for acl in found for each in acl["Associations"]}


def subnets(owner: Owner, zone: str) -> dict[str, str]:
    """Return the site's subnets in a zone by their names."""
    inside = [{"Name": "tag:hasite:site", "Values": ["demo"]}, {"Name": "availability-zone", "Values": [zone]}]
    found = owner.client("ec2").describe_subnets(Filters=inside)["Subnets"]
    return {tag["Value"]: one["SubnetId"] for one in found for tag in one["Tags"] if tag["Key"] == "Name"}


def is_cut_off(owner: Owner) -> bool:
    found = owner.client("ec2").describe_subnets(Filters=[{"Name": "tag-key", "Values": ["hasite:drill-network-acl"]}])
    return len(found["Subnets"]) == 2


def associate(owner: Owner, subnet: str, acl: str) -> None:
    ec2 = owner.client("ec2")
    [association] = [
        each["NetworkAclAssociationId"]
        for one in ec2.describe_network_acls()["NetworkAcls"]
        for each in one["Associations"]
        if each["SubnetId"] == subnet
    ]
    ec2.replace_network_acl_association(AssociationId=association, NetworkAclId=acl)


def nodes(owner: Owner) -> dict[str, str]:
    """Return the public addresses of the load balancer's nodes by their zones."""
    found = owner.client("ec2").describe_network_interfaces(
        Filters=[{"Name": "description", "Values": ["ELB app/demo/*"]}]
    )["NetworkInterfaces"]
    return {one["AvailabilityZone"]: one["Association"]["PublicIp"] for one in found}


def answers(owner: Owner, address: str) -> bool:
    """Tell whether somebody answers at the site's port at an address."""
    return (
        visit(owner, "-m", "2", "-o", "/dev/null", "--resolve", f"www.hasite.test:443:{address}", URL).returncode == 0
    )


def mount_targets(owner: Owner) -> dict[str, str]:
    """Return the addresses of the share's mount targets by their zones."""
    efs = owner.client("efs")
    share = efs.describe_file_systems()["FileSystems"][0]["FileSystemId"]
    found = efs.describe_mount_targets(FileSystemId=share)["MountTargets"]
    return {one["AvailabilityZoneName"]: one["IpAddress"] for one in found}


def reaches(owner: Owner, machine: str, address: str) -> bool:
    """Tell whether a machine reaches the share's port at an address."""
    asked = f"timeout 2 bash -c '</dev/tcp/{address}/2049'"
    return run_lab(owner.place.name, "exec", machine, "--", "sh", "-c", asked).returncode == 0
