# SPDX-License-Identifier: GPL-3.0-or-later
"""The network half of the EC2 API, as AWS has it."""

from __future__ import annotations

from lab.api.services.ec2 import (
    account,
    acls,
    addresses,
    dependencies,
    endpoints,
    gateways,
    instance_options,
    launch_template_versions,
    network_insights,
    placement_groups,
    references,
    refusals,
    regions,
    values,
    volumes,
)
from lab.api.services.ec2.addresses import associate_public_address, free_private_address, service_interface
from lab.context import Context

__all__ = ["associate_public_address", "extend", "free_private_address", "service_interface"]


def extend(context: Context) -> None:
    """Add to moto's networks what they lack, and refuse what AWS refuses."""
    regions.extend()
    account.extend()
    acls.extend()
    addresses.extend()
    gateways.extend(context)
    endpoints.extend(context)
    dependencies.extend()
    references.extend()
    refusals.extend()
    values.extend()
    network_insights.extend()
    volumes.extend()
    instance_options.extend()
    launch_template_versions.extend()
    placement_groups.extend()
