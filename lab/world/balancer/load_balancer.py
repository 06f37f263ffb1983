# SPDX-License-Identifier: GPL-3.0-or-later
"""The Application Load Balancers that the API describes. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from lab.base import words
from lab.base.backends import Backends
from lab.world.balancer import web_acl
from lab.world.balancer.web_acl import WebAcl

ActionKind = Literal["forward", "redirect", "fixed-response"]


@dataclass(frozen=True)
class Node:
    """A load balancer's presence in one zone: a network interface that listens and that probes the targets."""

    interface_id: str
    zone: str
    address: str
    public_address: str | None

    def __post_init__(self) -> None:
        """Refuse what must not become configuration (`lab.base.words`), as the other classes here do."""
        words.address(self.address)


@dataclass(frozen=True)
class Target:
    """What a target group sends requests to; `usable` is false while an instance does not run."""

    id: str
    address: str
    port: int
    zone: str
    usable: bool
    state: str = "running"

    def __post_init__(self) -> None:
        """See Node; a target that is gone has no address."""
        words.name(self.id)
        if self.address:
            words.address(self.address)


@dataclass(frozen=True)
class HealthCheck:
    """How a target group's targets are probed; times are in seconds of lab time."""

    enabled: bool
    protocol: str
    port: int | None
    """None is the port on which the target gets its traffic."""
    path: str
    interval: float
    timeout: float
    passes: int
    """So many checks in a row make an unhealthy target healthy."""
    failures: int
    """So many failed checks in a row make a healthy target unhealthy."""
    matcher: str
    """Such as `200`, `200,302` or `200-399`."""

    def __post_init__(self) -> None:
        """See Node."""
        words.target(self.path)


@dataclass(frozen=True)
class HealthyMinimum:
    """How many of a group's targets have to be healthy, by number and by their share in percent.

    https://docs.aws.amazon.com/elasticloadbalancing/latest/application/edit-target-group-health.html
    """

    count: int = 1
    percentage: int = 0

    def is_met(self, healthy: int, registered: int) -> bool:
        """Tell whether so many healthy ones of those that are registered are enough."""
        return healthy >= self.count and healthy * 100 >= self.percentage * registered


@dataclass(frozen=True)
class TargetGroup:
    """A target group that at least one listener of the balancer forwards to."""

    arn: str
    protocol: str
    targets: tuple[Target, ...]
    check: HealthCheck
    cross_zone: bool = True
    cookie_seconds: int | None = None
    """How long a client stays with a target; None without stickiness."""
    dns_minimum: HealthyMinimum = HealthyMinimum()
    """With fewer, the group is unhealthy for DNS."""
    routing_minimum: HealthyMinimum = HealthyMinimum()
    """With fewer, requests go to unhealthy targets, too."""

    def __post_init__(self) -> None:
        """See Node."""
        words.name(self.arn)


@dataclass(frozen=True)
class Action:
    """What is done with a request; only the fields of its kind are set."""

    kind: ActionKind
    groups: tuple[tuple[str, int], ...] = ()
    """Target group ARNs and their weights."""
    status: int = 0
    body: str = ""
    content_type: str = ""
    location: tuple[str, str, str, str, str] = ("", "", "", "", "")
    """A redirect's protocol, host, port, path and query, with placeholders such as `#{host}`."""


@dataclass(frozen=True)
class Condition:
    """One condition of a rule: any of its values is enough."""

    field: str
    values: tuple[str, ...]
    name: str = ""
    """The header's name of `http-header`."""

    def __post_init__(self) -> None:
        """See Node; other values are quoted where they are written."""
        if self.field == "http-header":
            words.header(self.name)
        if self.field == "source-ip":
            for value in self.values:
                words.source(value)


@dataclass(frozen=True)
class ListenerRule:
    """All conditions together lead to the action; the default rule has no condition."""

    conditions: tuple[Condition, ...]
    action: Action


@dataclass(frozen=True)
class Listener:
    """A port on which every node of a balancer listens."""

    arn: str
    protocol: str
    port: int
    certificates: tuple[str, ...]
    """ARNs; the first one is the default."""
    policy: str
    rules: tuple[ListenerRule, ...]
    """In the order in which they are tried; the last one is the default rule."""

    def __post_init__(self) -> None:
        """See Node."""
        if self.protocol not in ("HTTP", "HTTPS"):
            raise words.WordError(f"{self.protocol!r} is not the protocol of a listener.")


@dataclass(frozen=True)
class LoadBalancer:
    """An Application Load Balancer."""

    arn: str
    name: str
    dns_name: str
    canonical_zone_id: str
    region: str
    scheme: str
    state: str
    nodes: tuple[Node, ...]
    listeners: tuple[Listener, ...]
    target_groups: tuple[TargetGroup, ...]
    attributes: Mapping[str, str] = field(default_factory=dict)
    away_from: str = ""
    """The zone that a zonal shift keeps visitors away from."""
    web_acl: WebAcl | None = None
    """What is asked about a request before the listeners' rules are."""

    @property
    def zones(self) -> frozenset[str]:
        """Return the zones in which the balancer has nodes."""
        return frozenset(node.zone for node in self.nodes)


def interface_description(arn: str) -> str:
    """Return how the description of a balancer's network interfaces reads: it is how anybody finds them.

    https://docs.aws.amazon.com/elasticloadbalancing/latest/application/application-load-balancers.html
    """
    return f"ELB {arn.partition(':loadbalancer/')[2]}"


def describe(backends: Backends) -> tuple[LoadBalancer, ...]:
    """Return every application load balancer of every region."""
    return tuple(
        _balancer(balancer, region, elbv2, backends)
        for region, elbv2 in backends.regional("elbv2")
        for balancer in elbv2.load_balancers.values()
        if balancer.type == "application"
    )


def _balancer(balancer: Any, region: str, elbv2: Any, backends: Backends) -> LoadBalancer:
    ec2 = backends.at("ec2", region)
    listeners = tuple(_listener(listener) for listener in balancer.listeners.values())
    used = dict.fromkeys(
        arn for listener in listeners for rule in listener.rules for arn, _weight in rule.action.groups
    )
    return LoadBalancer(
        arn=balancer.arn,
        name=balancer.name,
        dns_name=balancer.dns_name,
        canonical_zone_id=balancer.canonical_hosted_zone_id,
        region=region,
        scheme=balancer.scheme,
        state=balancer.state,
        nodes=tuple(_nodes(balancer.arn, ec2)),
        listeners=listeners,
        target_groups=tuple(_group(elbv2.target_groups[arn], ec2) for arn in used if arn in elbv2.target_groups),
        attributes=dict(balancer.attrs),
        away_from=backends.at("arczonalshift", region).zone_away_from(balancer.arn),
        web_acl=web_acl.of_resource(backends.at("wafv2", region), balancer.arn),
    )


def _nodes(arn: str, ec2: Any) -> Iterator[Node]:
    description = interface_description(arn)
    for interface in ec2.enis.values():
        if interface.description == description:
            yield Node(
                interface_id=interface.id,
                zone=interface.subnet.availability_zone,
                address=interface.private_ip_address,
                public_address=interface.public_ip,
            )


def _listener(listener: Any) -> Listener:
    own = sorted(listener._non_default_rules.values(), key=lambda rule: int(rule.priority))
    rules = [
        ListenerRule(tuple(_condition(condition) for condition in rule.conditions), _action(rule.actions))
        for rule in own
    ]
    return Listener(
        arn=listener.arn,
        protocol=listener.protocol,
        port=int(listener.port),
        certificates=tuple(listener.certificates),
        policy=listener.ssl_policy,
        rules=(*rules, ListenerRule((), _action(listener.default_actions))),
    )


def _condition(condition: Mapping[str, Any]) -> Condition:
    """Read one condition, in its old form (`Values`) or its new one (`PathPatternConfig` and so on)."""
    kind = condition["Field"]
    details: Mapping[str, Any] = next((value for key, value in condition.items() if key.endswith("Config")), {})
    values = details.get("Values") or condition.get("Values") or []
    if kind == "query-string":
        values = [f"{pair.get('Key', '')}={pair['Value']}" for pair in values]
    return Condition(kind, tuple(values), details.get("HttpHeaderName", ""))


def _action(actions: list[Any]) -> Action:
    """Read the action that ends a rule; authentication, which may come before it, is refused by the API."""
    data = actions[-1].data
    if data["Type"] == "redirect":
        return _redirect(data["RedirectConfig"])
    if data["Type"] == "fixed-response":
        fixed = data["FixedResponseConfig"]
        content_type = fixed.get("ContentType", "text/plain")
        return Action("fixed-response", (), int(fixed["StatusCode"]), fixed.get("MessageBody", ""), content_type)
    several = data.get("ForwardConfig", {}).get("TargetGroups") or [{"TargetGroupArn": data.get("TargetGroupArn")}]
    return Action("forward", tuple((target["TargetGroupArn"], int(target.get("Weight", 1))) for target in several))


def _redirect(config: Mapping[str, Any]) -> Action:
    # https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_RedirectActionConfig.html
    defaults = {
        "Protocol": "#{protocol}",
        "Host": "#{host}",
        "Port": "#{port}",
        "Path": "/#{path}",
        "Query": "#{query}",
    }
    protocol, host, port, path, query = (str(config.get(key, default)) for key, default in defaults.items())
    status = int(config["StatusCode"].removeprefix("HTTP_"))
    return Action("redirect", status=status, location=(protocol, host, port, path, query))


def _group(group: Any, ec2: Any) -> TargetGroup:
    port = str(group.health_check_port)
    attributes = group.attributes
    sticky = attributes["stickiness.enabled"] == "true" and attributes.get("stickiness.type") == "lb_cookie"
    return TargetGroup(
        arn=group.arn,
        protocol=group.protocol or "HTTP",
        targets=tuple(_target(target, group, ec2) for target in group.targets.values()),
        check=HealthCheck(
            enabled=str(group.health_check_enabled).lower() == "true",
            protocol=group.health_check_protocol,
            port=int(port) if port.isdigit() else None,
            path=group.health_check_path or "/",
            interval=float(group.health_check_interval_seconds),
            timeout=float(group.health_check_timeout_seconds),
            passes=int(group.healthy_threshold_count),
            failures=int(group.unhealthy_threshold_count),
            matcher=str((group.matcher or {}).get("HttpCode", "200")),
        ),
        cross_zone=attributes["load_balancing.cross_zone.enabled"] != "false",
        cookie_seconds=int(attributes.get("stickiness.lb_cookie.duration_seconds", 86400)) if sticky else None,
        dns_minimum=_minimum(attributes, "dns_failover"),
        routing_minimum=_minimum(attributes, "unhealthy_state_routing"),
    )


def _minimum(attributes: Mapping[str, str], part: str) -> HealthyMinimum:
    prefix = f"target_group_health.{part}.minimum_healthy_targets"
    count, percentage = attributes.get(f"{prefix}.count", "1"), attributes.get(f"{prefix}.percentage", "off")
    return HealthyMinimum(0 if count == "off" else int(count), 0 if percentage == "off" else int(percentage))


def _target(target: Mapping[str, Any], group: Any, ec2: Any) -> Target:
    port = int(target["Port"] or group.port)
    if group.target_type == "ip":
        return Target(target["Id"], target["Id"], port, _zone_of(target["Id"], group.vpc_id, ec2), usable=True)
    instance = ec2.get_instance_by_id(target["Id"])
    if instance is None or not instance.nics:
        return Target(target["Id"], "", port, "", usable=False, state="terminated")
    interface = instance.nics[0]
    return Target(
        id=target["Id"],
        address=interface.private_ip_address,
        port=port,
        zone=interface.subnet.availability_zone,
        usable=instance.state == "running",
        state=instance.state,
    )


def _zone_of(address: str, vpc_id: str, ec2: Any) -> str:
    for interface in ec2.enis.values():
        if interface.private_ip_address == address and interface.subnet.vpc_id == vpc_id:
            return str(interface.subnet.availability_zone)
    return ""
