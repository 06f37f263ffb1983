# SPDX-License-Identifier: GPL-3.0-or-later
"""How long what EC2 has made or deleted is not yet so for other calls. Pure.

AWS tells that it may be so and with which errors, and of seconds, but no figure:
https://docs.aws.amazon.com/ec2/latest/devguide/eventual-consistency.html
"""

from __future__ import annotations

import random
from dataclasses import dataclass

LONGEST = 3.0
"""Seconds of lab time. Clients are told to begin with a couple of seconds of waiting."""


@dataclass(frozen=True)
class Resource:
    """A kind of EC2's resources: by which calls, parameters, elements and errors it is known."""

    prefix: str
    """What its ids begin with."""
    describe: str
    items: str
    """The element of the answer that holds the items."""
    id: str
    """The element of an item that holds its id."""
    error: str
    parameter: str
    """By which parameter the operation that lists them takes an id."""
    delete: str
    """The operation after which it is listed for a while yet; empty where AWS lists it with a state of its own."""


RESOURCES = {
    kind.prefix: kind
    for kind in (
        Resource("vpc", "DescribeVpcs", "vpcSet", "vpcId", "InvalidVpcID.NotFound", "VpcId", "DeleteVpc"),
        Resource(
            *("subnet", "DescribeSubnets", "subnetSet", "subnetId", "InvalidSubnetID.NotFound", "SubnetId"),
            delete="DeleteSubnet",
        ),
        Resource(
            *("igw", "DescribeInternetGateways", "internetGatewaySet", "internetGatewayId"),
            *("InvalidInternetGatewayID.NotFound", "InternetGatewayId", "DeleteInternetGateway"),
        ),
        Resource(
            *("rtb", "DescribeRouteTables", "routeTableSet", "routeTableId", "InvalidRouteTableID.NotFound"),
            *("RouteTableId", "DeleteRouteTable"),
        ),
        Resource(
            *("sg", "DescribeSecurityGroups", "securityGroupInfo", "groupId", "InvalidGroup.NotFound", "GroupId"),
            delete="DeleteSecurityGroup",
        ),
        Resource(
            *("eni", "DescribeNetworkInterfaces", "networkInterfaceSet", "networkInterfaceId"),
            *("InvalidNetworkInterfaceID.NotFound", "NetworkInterfaceId", "DeleteNetworkInterface"),
        ),
        Resource(
            *("eipalloc", "DescribeAddresses", "addressesSet", "allocationId", "InvalidAllocationID.NotFound"),
            *("AllocationId", "ReleaseAddress"),
        ),
        Resource(
            "vol", "DescribeVolumes", "volumeSet", "volumeId", "InvalidVolume.NotFound", "VolumeId", "DeleteVolume"
        ),
        Resource(
            *("lt", "DescribeLaunchTemplates", "launchTemplates", "launchTemplateId"),
            *("InvalidLaunchTemplateId.NotFound", "LaunchTemplateId", "DeleteLaunchTemplate"),
        ),
        Resource(
            "i", "DescribeInstances", "instancesSet", "instanceId", "InvalidInstanceID.NotFound", "InstanceId", ""
        ),
        Resource(
            *("nat", "DescribeNatGateways", "natGatewaySet", "natGatewayId", "NatGatewayNotFound", "NatGatewayId", "")
        ),
        Resource(
            *("vpce", "DescribeVpcEndpoints", "vpcEndpointSet", "vpcEndpointId", "InvalidVpcEndpointId.NotFound"),
            *("VpcEndpointId", ""),
        ),
    )
}
"""By the prefix of their ids. The errors: https://docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html"""


@dataclass(frozen=True)
class Lateness:
    """Draws how late a change is seen: half of all changes are at once, the others after up to `LONGEST`."""

    seed: int
    factor: float = 1.0

    def seconds(self, prefix: str, ordinal: int, change: str) -> float:
        """Return how late the n-th change of its kind is seen; it does not depend on what happens in between."""
        chance = random.Random(f"{self.seed}/{prefix}/{change}/{ordinal}").random()  # noqa: S311 - a draw, no secret
        return max(0.0, 2 * chance - 1) * LONGEST * self.factor
