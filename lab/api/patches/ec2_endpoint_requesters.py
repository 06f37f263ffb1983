# SPDX-License-Identifier: GPL-3.0-or-later
"""A VPC endpoint tells whether a service made it for the user; those that calls make were not.

https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_VpcEndpoint.html (RequesterManaged)
"""

from __future__ import annotations

from moto.ec2.models.vpcs import VPCEndPoint


def extend() -> None:
    """Tell it."""
    VPCEndPoint.requester_managed = False
