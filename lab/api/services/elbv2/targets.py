# SPDX-License-Identifier: GPL-3.0-or-later
"""Target groups of the API: who uses them, and the health of their targets as the plane has found it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from moto.elbv2.exceptions import ELBClientError, InvalidTargetError
from moto.elbv2.models import ELBv2Backend, FakeHealthStatus, FakeTargetGroup, elbv2_backends

from lab.api.moto.extension import replaces
from lab.api.services.elbv2 import overrides, values
from lab.api.services.elbv2.defaults import GROUP_ATTRIBUTES
from lab.base.clock import Clock
from lab.base.observed import TargetHealth
from lab.context import Context
from lab.world.balancer.target_health import DRAINING, NOT_IN_USE, NOT_REGISTERED, REGISTERING

Original = Callable[..., Any]


def extend(context: Context) -> None:
    """Replace what moto does with target groups."""
    _creation()
    _attributes()
    _registration()
    _deregistration(context.clock)
    _health(context)


def users(group: Any) -> list[str]:
    """Return the ARNs of the load balancers that forward to a target group."""
    backend = elbv2_backends[group.account_id][group.region_name]
    return [arn for arn, balancer in backend.load_balancers.items() if group.arn in _groups_of(balancer, backend)]


def _groups_of(balancer: Any, backend: Any) -> set[str]:
    return {
        arn
        for listener in balancer.listeners.values()
        for rule in listener.rules.values()
        for action in rule.actions
        for arn in backend._get_target_group_arns_from(action_data=action.data)
    }


def _creation() -> None:
    # moto notes the balancers and never forgets one; what it notes is not kept.
    FakeTargetGroup.load_balancer_arns = property(users, lambda _self, _value: None)

    @replaces(ELBv2Backend, "create_target_group")
    def create_target_group(original: Original, self: Any, name: str, **kwargs: Any) -> Any:
        values.check_group(name, kwargs)
        group = original(self, name, **kwargs)
        if group.protocol in ("HTTP", "HTTPS"):
            group.attributes = {**GROUP_ATTRIBUTES, **group.attributes}
        return group


def _attributes() -> None:
    @replaces(ELBv2Backend, "modify_target_group_attributes")
    def modify(original: Original, self: Any, target_group_arn: str, attributes: dict[str, str]) -> None:
        for key, value in attributes.items():
            if key not in _ATTRIBUTES:
                raise ELBClientError("ValidationError", f"Target group attribute key '{key}' is not recognized")
            accepts, wanted = _VALUES.get(key, (bool, ""))
            if not accepts(value):
                raise ELBClientError("ValidationError", f"'{key}' value '{value}' must be {wanted}")
        # moto's own bound is a second too low.
        longest = {_DELAY: attributes[_DELAY]} if attributes.get(_DELAY) == _LONGEST_DELAY else {}
        original(self, target_group_arn, {key: value for key, value in attributes.items() if key not in longest})
        self.target_groups[target_group_arn].attributes.update(longest)


_DELAY, _LONGEST_DELAY = "deregistration_delay.timeout_seconds", "3600"
_ATTRIBUTES = frozenset(
    {
        *("deregistration_delay.timeout_seconds", "deregistration_delay.connection_termination.enabled"),
        *("stickiness.enabled", "stickiness.type", "stickiness.lb_cookie.duration_seconds"),
        *("stickiness.app_cookie.cookie_name", "stickiness.app_cookie.duration_seconds"),
        *("load_balancing.cross_zone.enabled", "load_balancing.algorithm.type"),
        *("load_balancing.algorithm.anomaly_mitigation", "slow_start.duration_seconds"),
        *(
            f"target_group_health.{part}.minimum_healthy_targets.{kind}"
            for part in ("dns_failover", "unhealthy_state_routing")
            for kind in ("count", "percentage")
        ),
        *("lambda.multi_value_headers.enabled", "preserve_client_ip.enabled", "proxy_protocol_v2.enabled"),
        *("target_failover.on_deregistration", "target_failover.on_unhealthy"),
        "target_health_state.unhealthy.connection_termination.enabled",
        "target_health_state.unhealthy.draining_interval_seconds",
    }
)
"""https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_TargetGroupAttribute.html"""


def _within_a_week(value: str) -> bool:
    return value.isdecimal() and 1 <= int(value) <= 604800


def _within_an_hour(value: str) -> bool:
    return value.isdecimal() and int(value) <= 3600


_WEEK = (_within_a_week, "between '1-604800' inclusive")
_VALUES: dict[str, tuple[Callable[[str], bool], str]] = {
    "deregistration_delay.timeout_seconds": (_within_an_hour, "between '0-3600' inclusive"),
    "stickiness.enabled": (("true", "false").__contains__, "one of [true, false]"),
    "stickiness.lb_cookie.duration_seconds": _WEEK,
    "stickiness.app_cookie.duration_seconds": _WEEK,
}
"""https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_TargetGroupAttribute.html"""


def _registration() -> None:
    @replaces(FakeTargetGroup, "register")
    def register(original: Original, self: Any, targets: list[dict[str, Any]]) -> None:
        if self.target_type == "instance":
            for target in targets:
                _check_instance(self, target["Id"])
        elif self.target_type == "ip":
            for target in targets:
                values.check_address(target["Id"])
        original(self, targets)
        for target in targets:
            self.terminated_targets.pop(target["Id"], None)


def _check_instance(group: Any, instance_id: str) -> None:
    instance = group.ec2_backend.get_instance_by_id(instance_id)
    if instance is None:
        raise InvalidTargetError(f"The following targets are not valid instance IDs: '{instance_id}'")
    if instance.vpc_id != group.vpc_id:
        raise InvalidTargetError(
            f"The following targets are not in the target group VPC '{group.vpc_id}': '{instance_id}'"
        )


def _deregistration(clock: Clock) -> None:
    def drain(group: Any, gone: dict[str, dict[str, Any]]) -> None:
        """Keep targets `draining` as long as the group says: the delay runs out even if nothing is in flight."""
        delay = float(group.attributes["deregistration_delay.timeout_seconds"])
        for target in gone.values():
            target["DrainedAt"] = clock.monotonic() + delay

    @replaces(FakeTargetGroup, "deregister")
    def deregister(original: Original, self: Any, targets: list[dict[str, Any]]) -> None:
        # Deregistering what is not registered succeeds, and a target is what is registered on that port
        # (https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_DeregisterTargets.html).
        known = [target for target in targets if _is_registered(self, target)]
        original(self, known)
        drain(self, {target["Id"]: self.deregistered_targets[target["Id"]] for target in known})

    @replaces(FakeTargetGroup, "deregister_terminated_instances")
    def deregister_terminated_instances(original: Original, self: Any, instance_ids: list[str]) -> None:
        before = set(self.targets)
        original(self, instance_ids)
        drain(self, {target: self.terminated_targets[target] for target in before - set(self.targets)})


def _is_registered(group: Any, target: dict[str, Any]) -> bool:
    registered = group.targets.get(target["Id"])
    return registered is not None and int(target.get("Port") or group.port) == int(registered["Port"] or group.port)


def _draining(group: Any, clock: Clock) -> dict[str, dict[str, Any]]:
    """Return the targets that have left and whose delay is not over."""
    left = {**group.deregistered_targets, **group.terminated_targets}
    return {key: target for key, target in left.items() if target.get("DrainedAt", 0.0) > clock.monotonic()}


def _health(context: Context) -> None:
    observed, clock = context.observed, context.clock

    @replaces(FakeTargetGroup, "health_for")
    def health_for(_original: Original, self: Any, target: dict[str, Any], _ec2_backend: Any) -> FakeHealthStatus:
        target_id = target["Id"]
        known = self.targets.get(target_id)
        if known is None:
            found = DRAINING if target_id in _draining(self, clock) else NOT_REGISTERED
        elif not self.load_balancer_arns:
            found = NOT_IN_USE
        else:
            found = observed.targets.get((self.arn, target_id), REGISTERING)
        status = _status(self, target_id, (known or target).get("Port") or self.port, found)
        status.administrative_override = overrides.of_target(self, target_id, context.backends)
        return status

    @replaces(ELBv2Backend, "describe_target_health")
    def describe_target_health(original: Original, self: Any, target_group_arn: str, targets: list[Any]) -> Any:
        group = self.target_groups.get(target_group_arn)
        if group is not None and not targets:
            targets = [*group.targets.values(), *_draining(group, clock).values()]
            if not targets:
                return []
        return original(self, target_group_arn, targets)


def _status(group: Any, target_id: str, port: Any, health: TargetHealth) -> FakeHealthStatus:
    check_port = port if group.health_check_port == "traffic-port" else group.health_check_port
    # AWS leaves out the reason and the description of a healthy target.
    return FakeHealthStatus(
        target_id, port, str(check_port), health.state, health.reason or None, health.description or None
    )
