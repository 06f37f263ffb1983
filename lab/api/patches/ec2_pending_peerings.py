# SPDX-License-Identifier: GPL-3.0-or-later
"""Of a VPC peering connection that is not accepted, the accepter's side shows owner, VPC and region alone.

https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_VpcPeeringConnectionVpcInfo.html, and the example at
https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateVpcPeeringConnection.html
"""

from __future__ import annotations

from typing import Any

from moto.ec2.models.vpc_peering_connections import VPCPeeringConnection

_whole = VPCPeeringConnection.accepter_vpc_info
_BARE = ("OwnerId", "VpcId", "Region")


def _accepter(peering: Any) -> dict[str, Any]:
    whole: dict[str, Any] = _whole.fget(peering)
    if peering.status["Code"] in ("active", "provisioning"):
        return whole
    return {key: whole[key] for key in _BARE}


def extend() -> None:
    """Show as much as AWS does."""
    VPCPeeringConnection.accepter_vpc_info = property(_accepter)
