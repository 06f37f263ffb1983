# SPDX-License-Identifier: GPL-3.0-or-later
"""The network half of the EC2 API, as AWS has it."""

from __future__ import annotations

from lab.api import (
    ec2_account,
    ec2_acls,
    ec2_addresses,
    ec2_dependencies,
    ec2_endpoints,
    ec2_gateways,
    ec2_references,
    ec2_regions,
    ec2_values,
)
from lab.api.ec2_addresses import associate_public_address, free_private_address, service_interface
from lab.context import Context

__all__ = ["associate_public_address", "extend", "free_private_address", "service_interface"]


def extend(context: Context) -> None:
    """Add to moto's networks what they lack, and refuse what AWS refuses."""
    ec2_regions.extend()
    ec2_account.extend()
    ec2_acls.extend()
    ec2_addresses.extend()
    ec2_gateways.extend(context)
    ec2_endpoints.extend(context)
    ec2_dependencies.extend()
    ec2_references.extend()
    ec2_values.extend()
