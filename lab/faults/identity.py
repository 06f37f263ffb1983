# SPDX-License-Identifier: GPL-3.0-or-later
"""Mistakes with what the machines may do: role, instance profile, metadata, and their security group."""

from __future__ import annotations

import json
from typing import Any

from lab.faults import steps
from lab.faults.fault import fault
from lab.faults.site import Site


@fault(None)
def session_manager_denied(site: Site) -> None:
    """Delete the policy by which the machines' agents speak to Systems Manager."""
    iam = site.client("iam")
    name = {"RoleName": f"{site.name}-web", "PolicyName": "agent"}
    document: Any = iam.get_role_policy(**name)["PolicyDocument"]
    site.to_mend(steps.call, "iam", "put_role_policy", **name, PolicyDocument=json.dumps(document))
    iam.delete_role_policy(**name)


@fault(None)
def role_bounded(site: Site) -> None:
    """Give the machines' role the permissions boundary of people who only read logs."""
    iam, role = site.client("iam"), f"{site.name}-web"
    logs = {"Effect": "Allow", "Action": "logs:*", "Resource": "*"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [logs]})
    boundary = iam.create_policy(PolicyName=f"{site.name}-log-readers", PolicyDocument=document)["Policy"]["Arn"]
    site.to_mend(steps.call, "iam", "delete_policy", PolicyArn=boundary)
    site.to_mend(steps.call, "iam", "delete_role_permissions_boundary", RoleName=role)
    iam.put_role_permissions_boundary(RoleName=role, PermissionsBoundary=boundary)


@fault(None)
def role_denied(site: Site) -> None:
    """Give the machines' role a policy that denies S3, so that nobody copies the site."""
    policy = {"RoleName": f"{site.name}-web", "PolicyName": "no-copies"}
    deny = {"Effect": "Deny", "Action": "s3:*", "Resource": "*"}
    site.to_mend(steps.call, "iam", "delete_role_policy", **policy)
    document = json.dumps({"Version": "2012-10-17", "Statement": [deny]})
    site.client("iam").put_role_policy(**policy, PolicyDocument=document)


@fault(None)
def role_not_in_profile(site: Site) -> None:
    """Take the machines' role out of their instance profile."""
    which = {"InstanceProfileName": f"{site.name}-web", "RoleName": f"{site.name}-web"}
    site.to_mend(steps.call, "iam", "add_role_to_instance_profile", **which)
    site.client("iam").remove_role_from_instance_profile(**which)


@fault(None, one_machine=True)
def profile_replaced(site: Site) -> None:
    """Give one machine the instance profile of something else in the account."""
    iam, name = site.client("iam"), "jumphost"
    trust = {"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}
    site.to_mend(steps.call, "iam", "delete_role", RoleName=name)
    iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [trust]}))
    site.to_mend(steps.call, "iam", "delete_instance_profile", InstanceProfileName=name)
    iam.create_instance_profile(InstanceProfileName=name)
    both = {"InstanceProfileName": name, "RoleName": name}
    site.to_mend(steps.call, "iam", "remove_role_from_instance_profile", **both)
    iam.add_role_to_instance_profile(**both)
    site.to_mend(steps.instance_profile, site.machine_id, f"{site.name}-web")
    steps.instance_profile(site, site.machine_id, name)


@fault(None, one_machine=True)
def metadata_off(site: Site) -> None:
    """Switch off one machine's metadata service, from which it has its credentials."""
    which = {"InstanceId": site.machine_id}
    on = {"HttpEndpoint": "enabled", "HttpTokens": "required"}
    site.to_mend(steps.call, "ec2", "modify_instance_metadata_options", **which, **on)
    site.ec2.modify_instance_metadata_options(**which, HttpEndpoint="disabled")


@fault(None, one_machine=True)
def web_group_detached(site: Site) -> None:
    """Give one machine the VPC's default security group in the place of its own."""
    wanted = [{"Name": "vpc-id", "Values": [site.vpc["VpcId"]]}, {"Name": "group-name", "Values": ["default"]}]
    [default] = site.ec2.describe_security_groups(Filters=wanted)["SecurityGroups"]
    former = [group["GroupId"] for group in site.machine["SecurityGroups"]]
    site.to_mend(steps.call, "ec2", "modify_instance_attribute", InstanceId=site.machine_id, Groups=former)
    site.ec2.modify_instance_attribute(InstanceId=site.machine_id, Groups=[default["GroupId"]])
