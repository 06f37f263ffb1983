# SPDX-License-Identifier: GPL-3.0-or-later
"""Mistakes after which the load balancer's targets are not healthy (the third stumbling block), and others at it."""

from __future__ import annotations

import json

from lab.faults import changes, steps
from lab.faults.fault import fault
from lab.faults.site import Site


@fault(3)
def balancer_not_admitted(site: Site) -> None:
    """Remove the rule that admits the load balancer to the machines."""
    changes.close(site, "web", "ingress", 80)


@fault(3, one_machine=True)
def httpd_down(site: Site) -> None:
    """Stop and disable the web server on one machine."""
    changes.stop_service(site, site.machine_id, site.layout().web)


@fault(3)
def health_path_404(site: Site) -> None:
    """Point the target group's health check to a path that is not there."""
    changes.set_target_group(site, HealthCheckPath="/healthz")


@fault(None)
def slow_target_checks(site: Site) -> None:
    """Set the target group to check every 30 s, five times until a machine is healthy again, as AWS does by default."""
    changes.set_target_group(site, HealthCheckIntervalSeconds=30, HealthyThresholdCount=5)


@fault(None, one_machine=True)
def target_deregistered(site: Site) -> None:
    """Take one machine out of the target group, and forget to put it back."""
    target = {"TargetGroupArn": site.target_group["TargetGroupArn"], "Targets": [{"Id": site.machine_id, "Port": 80}]}
    site.to_mend(steps.call, "elbv2", "register_targets", **target)
    site.client("elbv2").deregister_targets(**target)


@fault(None)
def http_not_redirected(site: Site) -> None:
    """Serve the site over HTTP at the load balancer, instead of sending visitors to HTTPS."""
    listener = site.listener(80)
    site.to_mend(steps.listener, listener["ListenerArn"], DefaultActions=listener["DefaultActions"])
    forward = {"Type": "forward", "TargetGroupArn": site.target_group["TargetGroupArn"]}
    steps.listener(site, listener["ListenerArn"], DefaultActions=[forward])


@fault(None)
def target_check_elsewhere(site: Site) -> None:
    """Point the target group's health check to port 8081, where the machines tell nothing."""
    changes.set_target_group(site, HealthCheckPort="8081")


@fault(None)
def matcher_refuses_page(site: Site) -> None:
    """Set the target group to take 204 only for healthy."""
    changes.set_target_group(site, Matcher={"HttpCode": "204"})


@fault(None)
def https_listener_missing(site: Site) -> None:
    """Move the HTTPS listener to port 8443."""
    listener = site.listener(443)["ListenerArn"]
    site.to_mend(steps.call, "elbv2", "modify_listener", ListenerArn=listener, Port=443)
    steps.listener(site, listener, Port=8443)


@fault(None, finding="listener-answers-elsewhere")
def listener_rule_for_other_host(site: Site) -> None:
    """Change the host of the rule that forwards to the machines."""
    elbv2 = site.client("elbv2")
    rules = elbv2.describe_rules(ListenerArn=site.listener(443)["ListenerArn"])["Rules"]
    own = [rule for rule in rules if site.domain in json.dumps(rule["Conditions"])]
    forwarding = [rule for rule in own if any(action["Type"] == "forward" for action in rule["Actions"])]
    rule = site.one(f"rule that forwards {site.domain}", forwarding)
    former = [
        {"Field": condition["Field"], **{key: condition[key] for key in condition if key.endswith("Config")}}
        for condition in rule["Conditions"]
    ]
    hosts = {"Field": "host-header", "HostHeaderConfig": {"Values": ["shop.example"]}}
    site.to_mend(steps.call, "elbv2", "modify_rule", RuleArn=rule["RuleArn"], Conditions=former)
    elbv2.modify_rule(RuleArn=rule["RuleArn"], Conditions=[hosts])


@fault(None)
def spare_machine_unused(site: Site) -> None:
    """Make the load balancer send visitors to all machines, as soon as not all of them are healthy."""
    key = "target_group_health.unhealthy_state_routing.minimum_healthy_targets.percentage"
    group = {"TargetGroupArn": site.target_group["TargetGroupArn"]}
    off = [{"Key": key, "Value": "off"}]
    site.to_mend(steps.call, "elbv2", "modify_target_group_attributes", **group, Attributes=off)
    site.client("elbv2").modify_target_group_attributes(**group, Attributes=[{"Key": key, "Value": "100"}])


@fault(None)
def slow_pages_cut(site: Site) -> None:
    """Have the load balancer wait for one second only, to be rid of slow visitors."""
    key, balancer = "idle_timeout.timeout_seconds", {"LoadBalancerArn": site.balancer["LoadBalancerArn"]}
    former = [{"Key": key, "Value": "60"}]
    site.to_mend(steps.call, "elbv2", "modify_load_balancer_attributes", **balancer, Attributes=former)
    site.client("elbv2").modify_load_balancer_attributes(**balancer, Attributes=[{"Key": key, "Value": "1"}])


@fault(None)
def old_tls_allowed(site: Site) -> None:
    """Give the HTTPS listener the TLS policy that the API's default once was, for a customer with an old phone."""
    listener = site.listener(443)
    site.to_mend(steps.listener, listener["ListenerArn"], SslPolicy=listener["SslPolicy"])
    steps.listener(site, listener["ListenerArn"], SslPolicy="ELBSecurityPolicy-2016-08")
