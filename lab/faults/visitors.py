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
        {"TargetGroupArn": group, "Targets": [{"Id": id_, "Port": port} for id_ in site.machine_ids]}
        for port in (80, 8080)
    )
    site.to_mend(steps.call, "elbv2", "register_targets", **right)
    site.to_mend(steps.call, "elbv2", "deregister_targets", **wrong)
    elbv2.deregister_targets(**right)
    elbv2.register_targets(**wrong)


@fault(None)
def listener_answers_elsewhere(site: Site) -> None:
    """Put a rule for `/*` above all others of the HTTPS listener, which says that the site is being worked at."""
    _answer_above(site, "/*", "503", "We are working at it.")


@fault(None)
def listener_rule_above(site: Site) -> None:
    """Put a rule for `/old/*` above the site's rules of the HTTPS listener, which says that the old pages are gone."""
    _answer_above(site, "/old/*", "410", "The old pages are gone.")


def _answer_above(site: Site, path: str, status: str, text: str) -> None:
    listener = site.listener(443)["ListenerArn"]
    said = {"ContentType": "text/plain", "MessageBody": text, "StatusCode": status}
    site.to_mend(steps.no_rule, listener, path)
    site.client("elbv2").create_rule(
        ListenerArn=listener,
        Priority=1,
        Conditions=[{"Field": "path-pattern", "PathPatternConfig": {"Values": [path]}}],
        Actions=[{"Type": "fixed-response", "FixedResponseConfig": said}],
    )


@fault(None)
def public_route_missing(site: Site) -> None:
    """Delete the public subnets' route to the internet gateway."""
    wanted = [*site.tagged, {"Name": "tag:Name", "Values": [f"{site.name}-public"]}]
    table = site.one("public route table", site.ec2.describe_route_tables(Filters=wanted)["RouteTables"])
    [route] = [route for route in table["Routes"] if route.get("DestinationCidrBlock") == "0.0.0.0/0"]
    which = {"RouteTableId": table["RouteTableId"], "DestinationCidrBlock": "0.0.0.0/0"}
    site.to_mend(steps.call, "ec2", "create_route", **which, GatewayId=route["GatewayId"])
    site.ec2.delete_route(**which)


@fault(None)
def balancer_in_private_subnets(site: Site) -> None:
    """Move the load balancer into the private subnets, where the machines are."""
    balancer = site.balancer["LoadBalancerArn"]
    former = [zone["SubnetId"] for zone in site.balancer["AvailabilityZones"]]
    private = sorted({machine["SubnetId"] for machine in site.machines})
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


@fault(None, one_machine=True)
def balancer_zone_missing(site: Site) -> None:
    """Move the load balancer out of one machine's zone into a third one."""
    zones = {zone["ZoneName"]: zone["SubnetId"] for zone in site.balancer["AvailabilityZones"]}
    known = [zone["ZoneName"] for zone in site.ec2.describe_availability_zones()["AvailabilityZones"]]
    third = next(zone for zone in sorted(known) if zone not in zones)
    left = site.machine["Placement"]["AvailabilityZone"]
    within = [{"Name": "association.subnet-id", "Values": [zones[left]]}]
    [table] = site.ec2.describe_route_tables(Filters=within)["RouteTables"]
    block = site.vpc["CidrBlock"].rsplit(".", 2)[0] + ".250.0/24"
    site.to_mend(steps.no_subnet, site.vpc["VpcId"], block)
    subnet = site.ec2.create_subnet(VpcId=site.vpc["VpcId"], CidrBlock=block, AvailabilityZone=third)["Subnet"]
    site.ec2.associate_route_table(RouteTableId=table["RouteTableId"], SubnetId=subnet["SubnetId"])
    which = {"LoadBalancerArn": site.balancer["LoadBalancerArn"]}
    site.to_mend(steps.call, "elbv2", "set_subnets", **which, Subnets=list(zones.values()))
    others = [subnet for zone, subnet in zones.items() if zone != left]
    site.client("elbv2").set_subnets(**which, Subnets=[*others, subnet["SubnetId"]])


@fault(None)
def web_acl_blocks(site: Site) -> None:
    """Put a web ACL before the load balancer that blocks everything, whose rules are still to come."""
    waf, balancer = site.client("wafv2"), site.balancer["LoadBalancerArn"]
    seen = {"SampledRequestsEnabled": False, "CloudWatchMetricsEnabled": False, "MetricName": "office"}
    made = waf.create_web_acl(
        Name="office", Scope="REGIONAL", DefaultAction={"Block": {}}, VisibilityConfig=seen, Rules=[]
    )["Summary"]
    which = {"Name": "office", "Scope": "REGIONAL", "Id": made["Id"], "LockToken": made["LockToken"]}
    site.to_mend(steps.call, "wafv2", "delete_web_acl", **which)
    site.to_mend(steps.call, "wafv2", "disassociate_web_acl", ResourceArn=balancer)
    waf.associate_web_acl(WebACLArn=made["ARN"], ResourceArn=balancer)
