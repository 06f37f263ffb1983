# SPDX-License-Identifier: GPL-3.0-or-later
"""From the outcomes of single checks to what DescribeTargetHealth answers. Pure.

https://docs.aws.amazon.com/elasticloadbalancing/latest/application/target-group-health-checks.html
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Literal

from lab.observed import TargetHealth
from lab.world.load_balancer import HealthCheck, LoadBalancer, Target, TargetGroup

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
class Outcome:
    """How one check ended: with an HTTP status, or `timeout`, or `failed` (refused, reset, not HTTP)."""

    kind: Literal["answered", "timeout", "failed"]
    status: int = 0


@dataclass(frozen=True)
class Tally:
    """What one node has learned about one target so far."""

    state: Literal["initial", "healthy", "unhealthy"] = "initial"
    passes: int = 0
    failures: int = 0
    last: Outcome | None = None


def matches(matcher: str, status: int) -> bool:
    """Tell whether a status is among those of a matcher such as `200,300-399`."""
    for part in matcher.split(","):
        low, _, high = part.strip().partition("-")
        if int(low) <= status <= int(high or low):
            return True
    return False


def after(tally: Tally, outcome: Outcome, check: HealthCheck) -> Tally:
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
    """Return one verdict from what all nodes have found; a target that one of them can't reach is unhealthy."""
    if not check.enabled:
        return UNCHECKED
    found = list(tallies)
    for tally in found:
        if tally.state == "unhealthy":
            return _complaint(tally.last, check)
    if any(tally.state == "healthy" for tally in found):
        return HEALTHY
    return CHECKING if any(tally.last for tally in found) else REGISTERING


def _complaint(last: Outcome | None, check: HealthCheck) -> TargetHealth:
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


def serving(group: TargetGroup, health: dict[tuple[str, str], TargetHealth]) -> tuple[Target, ...]:
    """Return the targets that get requests: the healthy ones, or all unhealthy ones if there is no healthy one.

    That is "fail open". A target whose first check is still due gets nothing, and one that is unused never does.
    """

    def in_state(*states: str) -> tuple[Target, ...]:
        known = ((target, health.get((group.arn, target.id))) for target in group.targets)
        return tuple(target for target, found in known if found and found.state in states)

    return in_state("healthy", "unavailable") or in_state("unhealthy")
