# SPDX-License-Identifier: GPL-3.0-or-later
"""Mistakes on a visitor's way: from the name by the balancer's subnets and listener to the machine's port."""

from __future__ import annotations

from lab.faults import outside, steps
from lab.faults.fault import fault
from lab.faults.site import Site


@fault(None)
def target_on_other_port(site: Site) -> None:
    """Register the machines on port 8080, where nothing listens, instead of 80."""
    elbv2, group = site.client("elbv2"), site.target_group["TargetGroupArn"]
    right, wrong = (
        {"TargetGroupArn": group, "Targets": [{"Id": one, "Port": port} for one in site.machine_ids]}
        for port in (80, 8080)
    )
    site.to_mend(steps.call, "elbv2", "register_targets", **right)
    site.to_mend(steps.call, "elbv2", "deregister_targets", **wrong)
    elbv2.deregister_targets(**right)
    elbv2.register_targets(**wrong)


@fault(None)
def listener_answers_elsewhere(site: Site) -> None:
    """Put a rule for `/*` above all others of the HTTPS listener, which says that the site is being worked at."""
    elbv2, listener = site.client("elbv2"), site.listener(443)["ListenerArn"]
    found = elbv2.describe_rules(ListenerArn=listener)["Rules"]
    former = [
        {"RuleArn": one["RuleArn"], "Priority": int(one["Priority"])} for one in found if one["Priority"] != "default"
    ]
    moved = [{**one, "Priority": one["Priority"] + 100} for one in former]
    site.to_mend(steps.rule_priorities, former)
    elbv2.set_rule_priorities(RulePriorities=moved)
    said = {"ContentType": "text/plain", "MessageBody": "We are working at it.", "StatusCode": "503"}
    site.to_mend(steps.no_rule, listener, "/*")
    elbv2.create_rule(
        ListenerArn=listener,
        Priority=1,
        Conditions=[{"Field": "path-pattern", "PathPatternConfig": {"Values": ["/*"]}}],
        Actions=[{"Type": "fixed-response", "FixedResponseConfig": said}],
    )


@fault(None)
def public_route_missing(site: Site) -> None:
    """Delete the public subnets' route to the internet gateway."""
    wanted = [*site.tagged, {"Name": "tag:Name", "Values": [f"{site.name}-public"]}]
    table = site.one("public route table", site.ec2.describe_route_tables(Filters=wanted)["RouteTables"])
    [route] = [one for one in table["Routes"] if one.get("DestinationCidrBlock") == "0.0.0.0/0"]
    which = {"RouteTableId": table["RouteTableId"], "DestinationCidrBlock": "0.0.0.0/0"}
    site.to_mend(steps.call, "ec2", "create_route", **which, GatewayId=route["GatewayId"])
    site.ec2.delete_route(**which)


@fault(None)
def balancer_in_private_subnets(site: Site) -> None:
    """Move the load balancer into the private subnets, where the machines are."""
    balancer = site.balancer["LoadBalancerArn"]
    former = [one["SubnetId"] for one in site.balancer["AvailabilityZones"]]
    private = sorted({one["SubnetId"] for one in site.machines})
    site.to_mend(steps.call, "elbv2", "set_subnets", LoadBalancerArn=balancer, Subnets=former)
    site.client("elbv2").set_subnets(LoadBalancerArn=balancer, Subnets=private)


@fault(None)
def failover_pair_replaced(site: Site) -> None:
    """Replace the failover pair by a weighted record that leads to the load balancer."""
    primary, secondary = site.failover("PRIMARY"), site.failover("SECONDARY")
    weighted = {
        **{key: primary[key] for key in ("Name", "Type", "AliasTarget")},
        "SetIdentifier": "all",
        "Weight": 100,
    }
    site.to_mend(outside.records_instead, [weighted], [primary, secondary])
    outside.records_instead(site, [primary, secondary], [weighted])
