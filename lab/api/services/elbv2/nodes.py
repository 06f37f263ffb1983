# SPDX-License-Identifier: GPL-3.0-or-later
"""A load balancer's network interfaces: one for each of its subnets."""

from __future__ import annotations

from typing import Any

from lab.api.services.ec2.network import associate_public_address, service_interface
from lab.world.balancer.load_balancer import interface_description


def interfaces(balancer: Any, ec2_backend: Any) -> list[Any]:
    """Return the balancer's network interfaces."""
    description = interface_description(balancer.arn)
    return [eni for eni in ec2_backend.enis.values() if eni.description == description]


def converge(balancer: Any, ec2_backend: Any) -> None:
    """Make the interfaces fit the balancer's subnets and security groups."""
    wanted = {subnet.id: subnet for subnet in balancer.subnets}
    present = {interface.subnet.id: interface for interface in interfaces(balancer, ec2_backend)}
    for subnet_id in present.keys() - wanted.keys():
        ec2_backend.delete_network_interface(present[subnet_id].id)
    for subnet_id in wanted.keys() - present.keys():
        _add(balancer, wanted[subnet_id], ec2_backend)
    groups = [ec2_backend.get_security_group_from_id(group) for group in balancer.security_groups]
    for interface in interfaces(balancer, ec2_backend):
        interface._group_set = list(groups)


def clear(balancer: Any, ec2_backend: Any) -> None:
    """Remove all of the balancer's interfaces."""
    for interface in interfaces(balancer, ec2_backend):
        ec2_backend.delete_network_interface(interface.id)


def _add(balancer: Any, subnet: Any, ec2_backend: Any) -> None:
    description = interface_description(balancer.arn)
    interface = service_interface(ec2_backend, subnet, list(balancer.security_groups), description)
    interface.requester_id = interface.attached_to = "amazon-elb"
    if balancer.scheme == "internet-facing":
        associate_public_address(ec2_backend, interface)
