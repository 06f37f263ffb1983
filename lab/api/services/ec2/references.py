# SPDX-License-Identifier: GPL-3.0-or-later
"""Which VPCs on the other side of a peering connection have rules that name a security group.

https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeSecurityGroupReferences.html
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from moto.core.responses import ActionResult
from moto.ec2.exceptions import InvalidSecurityGroupNotFoundError
from moto.ec2.responses import EC2Response

from lab.api.moto.extension import adds


def extend() -> None:
    """Add the operation, which moto lacks."""

    @adds(EC2Response, "describe_security_group_references")
    def describe_security_group_references(self: Any) -> ActionResult:
        self.error_on_dryrun()
        found = [
            reference
            for group in self._get_param("GroupId", [])
            for reference in _references(self.ec2_backend, str(group))
        ]
        return ActionResult({"SecurityGroupReferenceSet": found})


def _references(backend: Any, group_id: str) -> Iterator[dict[str, str]]:
    group = backend.get_security_group_from_id(group_id)
    if group is None:
        raise InvalidSecurityGroupNotFoundError(group_id)
    naming = {
        other.vpc_id
        for groups in backend.groups.values()
        for other in groups.values()
        if any(rule.source_group.get("GroupId") == group_id for rule in (*other.ingress_rules, *other.egress_rules))
    }
    for peering in backend.vpc_pcxs.values():
        ends = {peering.vpc.id, peering.peer_vpc.id}
        if peering._status.code == "active" and group.vpc_id in ends:
            for vpc in sorted((ends - {group.vpc_id}) & naming):
                yield {"GroupId": group_id, "ReferencingVpcId": vpc, "VpcPeeringConnectionId": peering.id}
