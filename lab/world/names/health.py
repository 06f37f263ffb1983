# SPDX-License-Identifier: GPL-3.0-or-later
"""When Route 53 holds a health check, an alias target or a record to be healthy.

https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/dns-failover-determining-health-of-endpoints.html
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from lab.base.observed import Observed
from lab.world.names.names import CLOUDFRONT_ZONE, Alias, Balancer, HealthCheck, Names, Needed, Record

HEALTHY_SHARE = 0.18
"""More than 18 % of the checkers must report an endpoint healthy for it to be so."""

_DEPTH = 10


def check_is_healthy(check: HealthCheck, names: Names, observed: Observed, depth: int = _DEPTH) -> bool:
    """Return what Route 53 makes of a check: healthy until there are data, and while it is disabled.

    Inverting comes last, which is how a disabled check is made to stop traffic:
    https://docs.aws.amazon.com/Route53/latest/APIReference/API_UpdateHealthCheck.html
    """
    return _before_inverting(check, names, observed, depth) != check.inverted


def _before_inverting(check: HealthCheck, names: Names, observed: Observed, depth: int) -> bool:
    if check.disabled or not depth:
        return True
    if check.type == "CALCULATED":
        healthy = sum(
            check_is_healthy(names.checks[child], names, observed, depth - 1)
            for child in check.children
            if child in names.checks
        )
        return healthy >= check.healthy_children
    readings = list(observed.checks.get(check.id, {}).values())
    if not readings:
        return True
    return sum(reading.healthy for reading in readings) > HEALTHY_SHARE * len(readings)


def record_is_healthy(record: Record, names: Names, observed: Observed, depth: int = _DEPTH) -> bool:
    """Tell whether a record may be answered: its check, and its alias target where that is evaluated, are healthy.

    A check that no longer exists says nothing, so the record counts as healthy.
    """
    check = names.checks.get(record.check)
    if check and not check_is_healthy(check, names, observed):
        return False
    if record.alias and record.alias.evaluate:
        return _target_is_healthy(record.alias, record.type, names, observed, depth)
    return True


def _target_is_healthy(alias: Alias, record_type: str, names: Names, observed: Observed, depth: int) -> bool:
    if alias.zone_id == CLOUDFRONT_ZONE or not depth:
        return True
    balancer = names.balancer_by_name.get(balancer_name(alias.name))
    if balancer:
        return balancer_is_healthy(balancer.groups, observed)
    zone = names.zone_by_id.get(alias.zone_id)
    if zone is None:
        return False
    targets = zone.nodes.get(alias.name, {}).get(record_type, ())
    return any(record_is_healthy(target, names, observed, depth - 1) for target in targets)


def balancer_name(alias_name: str) -> str:
    """Return a load balancer's own name from an alias's, which the console writes with `dualstack.` before it."""
    return alias_name.removeprefix("dualstack.")


def balancer_is_healthy(groups: Mapping[str, Needed], observed: Observed) -> bool:
    """Tell whether every target group has healthy targets enough; an empty group has none, as a balancer without any.

    https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/resource-record-sets-values-failover-alias.html
    """
    healthy = Counter(group for (group, _), health in list(observed.targets.items()) if health.state == "healthy")
    return bool(groups) and all(
        needed.minimum.is_met(healthy[group], needed.registered) and healthy[group] for group, needed in groups.items()
    )


def balancer_addresses(balancer: Balancer, observed: Observed) -> tuple[str, ...]:
    """Return the addresses of the nodes that are healthy in DNS, or of all when none is.

    A node in a zone that is shifted away from is none of them, unless there is no other.
    Each node is as healthy as the groups are that it sees: with cross-zone balancing all their targets count, without
    only those of its own zone. So one whose subnet is cut off leaves the name:
    https://docs.aws.amazon.com/elasticloadbalancing/latest/application/target-group-health.html
    https://repost.aws/knowledge-center/elb-dns-cross-zone-balance-configuration
    """
    healthy = frozenset(key for key, health in list(observed.targets.items()) if health.state == "healthy")

    def serves(zone: str) -> bool:
        seen = observed.nodes.get((balancer.dns_name, zone), healthy)
        return all(_is_met(balancer, group, zone, seen) for group in balancer.groups)

    nodes = [(zone, address) for zone, address in balancer.nodes if zone != balancer.away_from] or balancer.nodes
    good = [address for zone, address in nodes if serves(zone)]
    return tuple(good or (address for _, address in nodes))


def _is_met(balancer: Balancer, group: str, zone: str, seen: frozenset[tuple[str, str]]) -> bool:
    needed = balancer.groups[group]
    found = [target for group_arn, target in seen if group_arn == group]
    registered = needed.registered
    if group in balancer.zonal:
        own = [target for target, where in balancer.zonal[group].items() if where == zone]
        found, registered = [target for target in found if target in own], len(own)
    return bool(found) and needed.minimum.is_met(len(found), registered)
