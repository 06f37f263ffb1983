# SPDX-License-Identifier: GPL-3.0-or-later
"""Drift of the load balancer: its attributes, listeners, rules, target group and targets."""

from __future__ import annotations

from typing import Any

from tests.integration.drifts.account import SITE, Account, Drift, tags

SET = "Set the load balancer and its listeners"
LIMIT = "Limit connections, and admit zonal shifts"
RULES = "Answer the site's names, and leave the listener's rules of others alone"
GROUP = "Set the target group"


def attribute(a: Account, key: str, value: str) -> None:
    a.client("elbv2").modify_load_balancer_attributes(
        LoadBalancerArn=a.balancer, Attributes=[{"Key": key, "Value": value}]
    )


def attributes(a: Account) -> Any:
    return a.client("elbv2").describe_load_balancer_attributes(LoadBalancerArn=a.balancer)["Attributes"]


def balancer(a: Account) -> Any:
    elbv2 = a.client("elbv2")
    [found] = elbv2.describe_load_balancers(Names=[SITE])["LoadBalancers"]
    [described] = elbv2.describe_tags(ResourceArns=[a.balancer])["TagDescriptions"]
    zones = [zone["SubnetId"] for zone in found["AvailabilityZones"]]
    return found["SecurityGroups"], zones, tags(described)


def listeners(a: Account) -> Any:
    found = a.client("elbv2").describe_listeners(LoadBalancerArn=a.balancer)["Listeners"]
    return [
        (one["Port"], one["Protocol"], one.get("SslPolicy"), one.get("Certificates"), one["DefaultActions"])
        for one in found
    ]


def rules(a: Account) -> Any:
    found = a.client("elbv2").describe_rules(ListenerArn=a.listener(443)["ListenerArn"])["Rules"]
    return [(one["Priority"], one["Conditions"], one["Actions"]) for one in found]


def rule(a: Account, priority: str) -> str:
    found = a.client("elbv2").describe_rules(ListenerArn=a.listener(443)["ListenerArn"])["Rules"]
    [arn] = [one["RuleArn"] for one in found if one["Priority"] == priority]
    return str(arn)


def group_added(a: Account) -> None:
    groups = [a.group(f"{SITE}-load-balancer")["GroupId"], a.group("default")["GroupId"]]
    a.client("elbv2").set_security_groups(LoadBalancerArn=a.balancer, SecurityGroups=groups)


def shown_over_http(a: Account) -> None:
    forward = [{"Type": "forward", "TargetGroupArn": a.target_group["TargetGroupArn"]}]
    a.client("elbv2").modify_listener(ListenerArn=a.listener(80)["ListenerArn"], DefaultActions=forward)


def answers_every_name(a: Account) -> None:
    forward = [{"Type": "forward", "TargetGroupArn": a.target_group["TargetGroupArn"]}]
    a.client("elbv2").modify_listener(
        ListenerArn=a.listener(443)["ListenerArn"], DefaultActions=forward, SslPolicy="ELBSecurityPolicy-2016-08"
    )


def other_name(a: Account) -> None:
    names = ["www.hasite.test", "shop.hasite.test"]
    a.client("elbv2").modify_rule(
        RuleArn=rule(a, "101"), Conditions=[{"Field": "host-header", "HostHeaderConfig": {"Values": names}}]
    )


def group(a: Account) -> Any:
    found = dict(a.target_group)
    elbv2, arn = a.client("elbv2"), found["TargetGroupArn"]
    states = elbv2.describe_target_health(TargetGroupArn=arn)["TargetHealthDescriptions"]
    targets = [one["Target"]["Id"] for one in states if one["TargetHealth"]["State"] != "draining"]
    return found, elbv2.describe_target_group_attributes(TargetGroupArn=arn)["Attributes"], targets


def change_group(a: Account, **settings: Any) -> None:
    a.client("elbv2").modify_target_group(TargetGroupArn=a.target_group["TargetGroupArn"], **settings)


def group_attribute(a: Account, key: str, value: str) -> None:
    a.client("elbv2").modify_target_group_attributes(
        TargetGroupArn=a.target_group["TargetGroupArn"], Attributes=[{"Key": key, "Value": value}]
    )


def deregistered(a: Account) -> None:
    a.client("elbv2").deregister_targets(
        TargetGroupArn=a.target_group["TargetGroupArn"], Targets=[{"Id": a.machine("c")["InstanceId"]}]
    )


def careless(a: Account) -> None:
    attribute(a, "routing.http.drop_invalid_header_fields.enabled", "false")
    attribute(a, "access_logs.s3.enabled", "false")


DRIFTS = (
    Drift("the load balancer passes headers that are none, and logs nothing", SET, careless, attributes),
    Drift("the load balancer has one group more", SET, group_added, balancer),
    Drift("visitors are served over HTTP", SET, shown_over_http, listeners),
    Drift("every name is answered, and old TLS spoken", SET, answers_every_name, listeners),
    Drift(
        "idle connections end at once",
        LIMIT,
        lambda a: attribute(a, "idle_timeout.timeout_seconds", "5"),
        attributes,
        "idle_timeout",
    ),
    Drift(
        "visitors can't be kept away from a zone",
        LIMIT,
        lambda a: attribute(a, "zonal_shift.config.enabled", "false"),
        attributes,
        "zonal_shift",
    ),
    Drift("the site's rule has another name", RULES, other_name, rules),
    Drift(
        "the health check's rule is gone",
        RULES,
        lambda a: a.client("elbv2").delete_rule(RuleArn=rule(a, "102")),
        rules,
    ),
    Drift(
        "targets are checked at another page",
        GROUP,
        lambda a: change_group(a, HealthCheckPath="/"),
        group,
        "health_check_path",
    ),
    Drift(
        "targets are sick late",
        GROUP,
        lambda a: change_group(a, UnhealthyThresholdCount=9),
        group,
        "unhealthy_threshold_count",
    ),
    Drift(
        "targets are drained long",
        GROUP,
        lambda a: group_attribute(a, "deregistration_delay.timeout_seconds", "3600"),
        group,
        "deregistration_delay",
    ),
    Drift(
        "visitors stay with a machine",
        GROUP,
        lambda a: group_attribute(a, "stickiness.enabled", "true"),
        group,
        "stickiness.enabled",
    ),
    Drift("a machine is no target", GROUP, deregistered, group, "targets"),
)
