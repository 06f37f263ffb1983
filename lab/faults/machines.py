# SPDX-License-Identifier: GPL-3.0-or-later
"""Mistakes with the machines and what guards them, beside the nine stumbling blocks."""

from __future__ import annotations

import json
from typing import Any

from lab.faults import changes, steps
from lab.faults.fault import fault
from lab.faults.site import Site


@fault(None, one_machine=True)
def machine_stopped(site: Site) -> None:
    """Stop one machine to save money."""
    site.to_mend(steps.running, site.machine_id)
    site.ec2.stop_instances(InstanceIds=[site.machine_id])


@fault(None, one_machine=True)
def metadata_v1_allowed(site: Site) -> None:
    """Make one machine's metadata service answer without a token."""
    options = {"InstanceId": site.machine_id, "HttpEndpoint": "enabled"}
    site.to_mend(steps.call, "ec2", "modify_instance_metadata_options", **options, HttpTokens="required")
    site.ec2.modify_instance_metadata_options(**options, HttpTokens="optional")


@fault(None, one_machine=True)
def public_address_on_launch(site: Site) -> None:
    """Make one private subnet give public addresses to whatever is launched in it."""
    subnet = {"SubnetId": site.machine["SubnetId"]}
    site.to_mend(steps.call, "ec2", "modify_subnet_attribute", **subnet, MapPublicIpOnLaunch={"Value": False})
    site.ec2.modify_subnet_attribute(**subnet, MapPublicIpOnLaunch={"Value": True})


@fault(None)
def port_22_open(site: Site) -> None:
    """Open port 22 of the machines to the world."""
    changes.admit_world(site, "web", 22, "SSH from everywhere")


@fault(None)
def web_group_open_to_world(site: Site) -> None:
    """Open port 80 of the machines to the world, past the load balancer."""
    changes.admit_world(site, "web", 80, "HTTP from everywhere")


@fault(None)
def content_unreadable(site: Site) -> None:
    """Delete the policy by which the machines read the content bucket."""
    iam = site.client("iam")
    name = {"RoleName": f"{site.name}-web", "PolicyName": "content"}
    document: Any = iam.get_role_policy(**name)["PolicyDocument"]
    site.to_mend(steps.call, "iam", "put_role_policy", **name, PolicyDocument=json.dumps(document))
    iam.delete_role_policy(**name)
