# SPDX-License-Identifier: GPL-3.0-or-later
"""What a zonal shift makes of a target's health: it stays what it is, and something stands above it.

https://docs.aws.amazon.com/elasticloadbalancing/latest/application/target-group-health-checks.html
"""

from __future__ import annotations

from typing import Any

from lab.base.backends import Backends

_NONE = {
    "State": "no_override",
    "Reason": "AdministrativeOverride.NoOverride",
    "Description": "No override is currently active on target",
}
_ACTIVE = {
    "State": "zonal_shift_active",
    "Reason": "AdministrativeOverride.ZonalShiftActive",
    "Description": "Zonal shift is active on target",
}
_BY_NAME = {
    "State": "zonal_shift_delegated_to_dns",
    "Reason": "AdministrativeOverride.ZonalShiftDelegatedToDns",
    "Description": "Zonal shift is delegated to DNS",
}


def of_target(group: Any, target_id: str, backends: Backends) -> dict[str, str] | None:
    """Return what stands above a target's health; nothing where the load balancer's owner has not opted in."""
    region = group.region_name
    balancers = backends.at("elbv2", region).load_balancers
    [balancer] = [balancers[arn] for arn in group.load_balancer_arns] or [None]
    if balancer is None or balancer.attrs.get("zonal_shift.config.enabled") != "true":
        return None
    away_from = backends.at("arczonalshift", region).zone_away_from(balancer.arn)
    instance = backends.at("ec2", region).get_instance_by_id(target_id)
    zone = instance.nics[0].subnet.availability_zone if instance and instance.nics else ""
    if not away_from or zone != away_from:
        return _NONE
    return _ACTIVE if group.attributes["load_balancing.cross_zone.enabled"] != "false" else _BY_NAME
