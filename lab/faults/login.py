# SPDX-License-Identifier: GPL-3.0-or-later
"""Mistakes after which nobody can log in to a machine (the first stumbling block)."""

from __future__ import annotations

from lab.faults import changes, steps
from lab.faults.fault import fault
from lab.faults.site import Site


@fault(1, one_machine=True)
def profile_detached(site: Site) -> None:
    """Detach the instance profile from one machine."""
    wanted = [{"Name": "instance-id", "Values": [site.machine_id]}]
    associations = site.ec2.describe_iam_instance_profile_associations(Filters=wanted)
    found = site.one(f"instance profile at {site.machine_id}", associations["IamInstanceProfileAssociations"])
    profile = {"Arn": found["IamInstanceProfile"]["Arn"]}
    site.to_mend(
        steps.call, "ec2", "associate_iam_instance_profile", InstanceId=site.machine_id, IamInstanceProfile=profile
    )
    site.ec2.disassociate_iam_instance_profile(AssociationId=found["AssociationId"])


@fault(1, one_machine=True)
def agent_stopped(site: Site) -> None:
    """Stop and disable the agent of Systems Manager on one machine."""
    changes.stop_service(site, site.machine_id, "amazon-ssm-agent")


@fault(1, one_machine=True)
def endpoints_unreachable(site: Site) -> None:
    """Give one private subnet a network ACL that admits the VPC's own addresses only, and so no answers."""
    subnet = site.machine["SubnetId"]
    acl = site.ec2.create_network_acl(
        VpcId=site.vpc["VpcId"],
        TagSpecifications=[{"ResourceType": "network-acl", "Tags": [{"Key": "Name", "Value": "hardened"}]}],
    )["NetworkAcl"]["NetworkAclId"]
    site.to_mend(steps.call, "ec2", "delete_network_acl", NetworkAclId=acl)
    for egress, block in ((False, site.vpc["CidrBlock"]), (True, "0.0.0.0/0")):
        site.ec2.create_network_acl_entry(
            NetworkAclId=acl, RuleNumber=100, Protocol="-1", RuleAction="allow", Egress=egress, CidrBlock=block
        )
    site.to_mend(steps.network_acl, subnet, steps.network_acl_of(site, subnet)["NetworkAclId"])
    steps.network_acl(site, subnet, acl)


@fault(1)
def egress_443_closed(site: Site) -> None:
    """Close the web group's way out to 443."""
    changes.close(site, "web", "egress", 443)
