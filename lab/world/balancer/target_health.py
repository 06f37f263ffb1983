# SPDX-License-Identifier: GPL-3.0-or-later
"""From the outcomes of single checks to what DescribeTargetHealth answers. Pure.

https://docs.aws.amazon.com/elasticloadbalancing/latest/application/target-group-health-checks.html
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Literal

from lab.base.observed import TargetHealth
from lab.world.balancer.load_balancer import HealthCheck, LoadBalancer, Target, TargetGroup

Health = dict[tuple[str, str], TargetHealth]
"""A verdict on each target, by the group's ARN and the target's id."""

REGISTERING = TargetHealth("initial", "Elb.RegistrationInProgress", "Target registration is in progress")
CHECKING = TargetHealth("initial", "Elb.InitialHealthChecking", "Initial health checks in progress")
HEALTHY = TargetHealth("healthy")
TIMED_OUT = TargetHealth("unhealthy", "Target.Timeout", "Request timed out")
FAILED = TargetHealth("unhealthy", "Target.FailedHealthChecks", "Health checks failed")
UNCHECKED = TargetHealth(
    "unavailable", "Target.HealthCheckDisabled", "Health checks are not enabled for this target group"
)
DRAINING = TargetHealth("draining", "Target.DeregistrationInProgress", "Target deregistration is in progress")
NOT_REGISTERED = TargetHealth("unused", "Target.NotRegistered", "Target is not registered to the target group")
NOT_IN_USE = TargetHealth(
    "unused", "Target.NotInUse", "Target group is not configured to receive traffic from the load balancer"
)
ZONE_NOT_ENABLED = TargetHealth(
    "unused", "Target.NotInUse", "Target is in an Availability Zone that is not enabled for the load balancer"
)


@dataclass(frozen=True)
class CheckResult:
    """How one check ended: with an HTTP status, or `timeout`, or `failed` (refused, reset, not HTTP)."""

    kind: Literal["answered", "timeout", "failed"]
    status: int = 0


@dataclass(frozen=True)
class Tally:
    """What one node has learned about one target so far."""

    state: Literal["initial", "healthy", "unhealthy"] = "initial"
    passes: int = 0
    failures: int = 0
    last: CheckResult | None = None


def matches(matcher: str, status: int) -> bool:
    """Tell whether a status is among those of a matcher such as `200,300-399`."""
    for part in matcher.split(","):
        low, _, high = part.strip().partition("-")
        if int(low) <= status <= int(high or low):
            return True
    return False


def after(tally: Tally, outcome: CheckResult, check: HealthCheck) -> Tally:
    """Return what is known after one more check.

    The first check that a new target passes makes it healthy; an unhealthy one must pass several in a row.
    """
    if outcome.kind == "answered" and matches(check.matcher, outcome.status):
        passes = tally.passes + 1
        healthy = tally.state != "unhealthy" or passes >= check.passes
        return Tally("healthy" if healthy else "unhealthy", passes, 0, outcome)
    failures = tally.failures + 1
    unhealthy = tally.state == "unhealthy" or failures >= check.failures
    return replace(tally, state="unhealthy" if unhealthy else tally.state, passes=0, failures=failures, last=outcome)


def unused(balancer: LoadBalancer, target: Target) -> TargetHealth | None:
    """Return why a target gets no checks, if it does not."""
    if not target.usable:
        return TargetHealth("unused", "Target.InvalidState", f"Target is in the {target.state} state")
    if target.zone and target.zone not in balancer.zones:
        return ZONE_NOT_ENABLED
    return None


def judge(check: HealthCheck, tallies: Iterable[Tally]) -> TargetHealth:
    """Return one verdict from what nodes have found; a target that one of them can't reach is unhealthy."""
    if not check.enabled:
        return UNCHECKED
    found = list(tallies)
    for tally in found:
        if tally.state == "unhealthy":
            return _complaint(tally.last, check)
    if any(tally.state == "healthy" for tally in found):
        return HEALTHY
    return CHECKING if any(tally.last for tally in found) else REGISTERING


def is_blind(found: Mapping[tuple[str, str], TargetHealth]) -> bool:
    """Tell whether a node has found targets sick, and none healthy."""
    states = {health.state for health in found.values()}
    return "unhealthy" in states and not states & {"healthy", "unavailable"}


def heard(nodes: Collection[Health]) -> list[Health]:
    """Return the nodes whose word counts: one that reaches nothing, while another does, is in trouble itself.

    AWS says that each node checks each target, and not what DescribeTargetHealth makes of nodes that disagree.
    https://docs.aws.amazon.com/elasticloadbalancing/latest/application/target-group-health-checks.html
    """
    seeing = [node for node in nodes if not is_blind(node)]
    return seeing if any("healthy" in {health.state for health in node.values()} for node in seeing) else list(nodes)


def view(node: Health, all_nodes: Health) -> Health:
    """Return what a node goes by: what it has found itself, and what the others have as long as it has not looked."""
    return {key: all_nodes[key] if found.state == "initial" else found for key, found in node.items()}


def _complaint(last: CheckResult | None, check: HealthCheck) -> TargetHealth:
    if last is None or last.kind == "failed":
        return FAILED
    if last.kind == "timeout":
        return TIMED_OUT
    if matches(check.matcher, last.status):
        # On its way back: it has passed, but not yet often enough.
        return FAILED
    return TargetHealth(
        "unhealthy", "Target.ResponseCodeMismatch", f"Health checks failed with these codes: [{last.status}]"
    )


def serving(group: TargetGroup, health: Health, away_from: str = "") -> tuple[Target, ...]:
    """Return the targets that a node sends requests to: the healthy ones, and if those are too few, unhealthy ones.

    That is "fail open", by default if there is no healthy one. A target whose first check is still due gets nothing,
    and one that is unused never does.
    With cross-zone balancing, no node sends anything to a zone that is shifted away from; without it, that zone's node
    goes on, for those who are still connected to it:
    https://docs.aws.amazon.com/r53recovery/latest/dg/arc-zonal-shift.resource-types.app-load-balancers.html
    """
    kept = [target for target in group.targets if not (group.cross_zone and target.zone == away_from)]

    def in_state(*states: str) -> tuple[Target, ...]:
        known = ((target, health.get((group.arn, target.id))) for target in kept)
        return tuple(target for target, found in known if found and found.state in states)

    healthy = in_state("healthy", "unavailable")
    enough = group.routing_minimum.is_met(len(healthy), len(kept))
    return healthy if enough else in_state("healthy", "unavailable", "unhealthy")
