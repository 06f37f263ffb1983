# Copyright: hasite.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection: this file may change at any time.
"""Rules: the load balancer and what it asks of the machines (stumbling block 3)."""

from __future__ import annotations

from collections.abc import Iterator

from .._resource import Resource
from .evidence import Evidence, rows
from .finding import CONFIGURE, CRITICAL, PROVISION, WARNING, Area, Occurrence, RuleInfo, Where
from .needs import INSIDE
from .places import acl_remedy, blocked, by_stop, display_name, machine, only, place, stopped_by, where_of

AREA = Area("balancing")
UNHEALTHY = ("target-unhealthy",)
SLOW_CHECKS = 60
"""Seconds that a dead machine may go on getting requests; AWS's defaults make 60."""


def targets(evidence: Evidence) -> Iterator[tuple[Resource, Resource]]:
    """Return each target with its group."""
    for group in evidence.resources("target_groups"):
        for row in rows(group, "targets"):
            yield group, row


def where_group(group: Resource) -> Where:
    """Return where a target group is."""
    return place("target group", {**group, "name": group.get("target_group_name")}, "target_group_arn")


def group_of(evidence: Evidence) -> Resource | None:
    """Return the site's target group."""
    return next(iter(evidence.resources("target_groups")), None)


# ---- packets


@AREA.rule(
    RuleInfo(
        "balancer-not-admitted",
        CRITICAL,
        "Requests and health checks come from the load balancer's nodes; without the rule they are dropped, and the "
        "targets time out.",
        f"Allow TCP 80 from the load balancer's security group in the web group's inbound rules: {PROVISION}",
        UNHEALTHY,
    ),
    "ec2: instances",
    "elbv2: load balancers",
    "elbv2: target groups",
    "ec2: reachability",
)
def balancer_not_admitted(evidence: Evidence) -> Iterator[Occurrence]:
    """The machines' security group does not admit the load balancer."""
    paths = [pair for pair in blocked(evidence, "requests") if stopped_by(pair[1], "security_group", "ingress")]
    for path, stop, touched in by_stop(paths):
        what = f"The security group {stop.get('name') or stop.get('id')} does not admit the load balancer."
        yield Occurrence(what, where_of(stop), str(path.get("explanation")), touched)


@AREA.rule(
    RuleInfo(
        "balancer-path-blocked",
        CRITICAL,
        "Requests and health checks have to pass the groups and the network ACLs of both sides.",
        f"Let TCP 80 and its answers pass where they are stopped: {PROVISION}",
        UNHEALTHY,
    ),
    "ec2: instances",
    "elbv2: load balancers",
    "elbv2: target groups",
    "ec2: reachability",
)
def balancer_way_blocked(evidence: Evidence) -> Iterator[Occurrence]:
    """The load balancer's packets do not reach a machine, or its answers not the balancer."""
    paths = [pair for pair in blocked(evidence, "requests") if not stopped_by(pair[1], "security_group", "ingress")]
    for path, stop, touched in by_stop(paths):
        what = f"The load balancer does not reach {path.get('machine_name') or path.get('machine')}."
        yield Occurrence(what, where_of(stop), str(path.get("explanation")), touched, remedy=acl_remedy(stop))


@AREA.rule(
    RuleInfo(
        "balancer-closed",
        CRITICAL,
        "The load balancer is the only way in, and it has to be open to the world on 80 and 443.",
        f"Let 80 and 443 in where the path is stopped: {PROVISION}",
        ("page-unavailable", "check-failing", "plain-unavailable"),
    ),
    "elbv2: load balancers",
    "ec2: reachability",
)
def balancer_closed(evidence: Evidence) -> Iterator[Occurrence]:
    """Visitors do not reach the load balancer."""
    for path, stop, dummy in by_stop(blocked(evidence, "visitors")):
        what = f"Visitors do not reach the load balancer on port {path.get('port')}."
        yield Occurrence(what, where_of(stop), str(path.get("explanation")), remedy=acl_remedy(stop))


@AREA.rule(
    RuleInfo(
        "web-acl-blocks",
        CRITICAL,
        "A web ACL that blocks by default lets nothing pass but what one of its rules admits: visitors get 403, and so "
        "do the health checkers, by which the name fails over.",
        "Take the web ACL off the load balancer, or have it allow by default: aws wafv2 disassociate-web-acl "
        "--resource-arn ARN",
        ("page-unavailable", "alias-unavailable", "plain-unavailable", "check-failing"),
    ),
    "elbv2: load balancers",
    "wafv2: the load balancer's web ACL",
)
def web_acl_blocks(evidence: Evidence) -> Iterator[Occurrence]:
    """The web ACL before the load balancer blocks by default."""
    acl, balancer = evidence.detail("web_acl") or {}, evidence.balancer or {}
    if acl.get("default_action") == "block":
        yield Occurrence(
            f"The web ACL {acl.get('name')} before the load balancer blocks what no rule admits.",
            Where("web ACL", str(acl.get("name"))),
            "DefaultAction=Block",
            remedy="Take it off the load balancer, or have it allow by default: aws wafv2 disassociate-web-acl "
            f"--resource-arn {balancer.get('load_balancer_arn')}",
        )


@AREA.rule(
    RuleInfo(
        "target-deregistered",
        CRITICAL,
        "The load balancer sends nobody to it.",
        f"Register it: {PROVISION}",
        UNHEALTHY,
    ),
    "ec2: instances",
    "elbv2: target groups",
)
def target_deregistered(evidence: Evidence) -> Iterator[Occurrence]:
    """A machine is not in the target group."""
    group = group_of(evidence)
    registered = {one.get("id") for dummy, one in targets(evidence) if one.get("state") != "draining"}
    for one in evidence.resources("instances") if group else []:
        if one.get("instance_id") not in registered:
            what = (
                f"{display_name(one)} is not registered in the target group {(group or {}).get('target_group_name')}."
            )
            proof = f"targets: {', '.join(sorted(map(str, registered))) or 'none'}"
            yield Occurrence(what, machine(one), proof, only(one))


# ---- settings that show later


LONGEST_SILENCE = 30
"""Seconds for which PHP computes a page, if nobody has said otherwise, without a word to the load balancer.

https://www.php.net/manual/en/info.configuration.php#ini.max-execution-time
"""


@AREA.rule(
    RuleInfo(
        "slow-pages-cut",
        WARNING,
        "A page that takes longer ends with a 504, whatever PHP allows it.",
        f"Set load_balancer_idle_timeout_seconds, and then the load balancer: {PROVISION}",
    ),
    "elbv2: load balancers",
    "elbv2: load balancer attributes",
)
def slow_pages_cut(evidence: Evidence) -> Iterator[Occurrence]:
    """The load balancer gives a page up before PHP does."""
    balancer, attributes = evidence.balancer, evidence.detail("load_balancer_attributes") or {}
    idle = str(attributes.get("idle_timeout.timeout_seconds") or "")
    if balancer and idle.isdecimal() and int(idle) < LONGEST_SILENCE:
        what = f"The load balancer waits {idle} s for a page, PHP may take {LONGEST_SILENCE} s."
        where = place("load balancer", balancer, "load_balancer_arn")
        yield Occurrence(what, where, f"idle_timeout.timeout_seconds={idle}")


@AREA.rule(
    RuleInfo(
        "keep-alive-too-short",
        WARNING,
        "The load balancer may send a request on a connection that is just being closed: the visitor gets a 502.",
        f"Set web_keep_alive_seconds above the load balancer's idle timeout: {CONFIGURE}",
    ),
    "ec2: instances",
    "elbv2: load balancers",
    "elbv2: load balancer attributes",
    INSIDE,
)
def keep_alive_too_short(evidence: Evidence) -> Iterator[Occurrence]:
    """The web server closes idle connections before the load balancer does."""
    attributes = evidence.detail("load_balancer_attributes") or {}
    idle = str(attributes.get("idle_timeout.timeout_seconds") or "")
    for one, seen in evidence.asked() if idle.isdecimal() else []:
        if seen.keep_alive_seconds is not None and seen.keep_alive_seconds <= int(idle):
            kept = f"{seen.keep_alive_seconds} s" if seen.keep_alive_seconds else "not at all"
            yield Occurrence(
                f"{display_name(one)} keeps idle connections {kept}, the load balancer {idle} s.",
                machine(one),
                f"KeepAliveTimeout={seen.keep_alive_seconds}, idle_timeout.timeout_seconds={idle}",
                only(one),
            )


@AREA.rule(
    RuleInfo(
        "slow-target-checks",
        WARNING,
        "Until then it sends visitors to a dead machine, or none to one that is back.",
        f"Set load_balancer_health_interval to 10: {PROVISION}",
    ),
    "elbv2: target groups",
)
def slow_target_checks(evidence: Evidence) -> Iterator[Occurrence]:
    """The load balancer finds out late that a machine is dead or back."""
    for group in evidence.resources("target_groups"):
        interval = int(group.get("health_check_interval_seconds") or 0)
        late = interval * int(group.get("unhealthy_threshold_count") or 0)
        back = interval * int(group.get("healthy_threshold_count") or 0)
        if max(late, back) >= SLOW_CHECKS:
            yield Occurrence(
                f"A dead machine is noticed after {late} s, and one that is back after {back} s.",
                where_group(group),
                f"health_check_interval_seconds={interval}, "
                f"unhealthy_threshold_count={group.get('unhealthy_threshold_count')}, "
                f"healthy_threshold_count={group.get('healthy_threshold_count')}",
            )


FAILOVER, ROUTING = "dns_failover", "unhealthy_state_routing"
BELOW_MINIMUM = {
    FAILOVER: "the name fails over to the error page",
    ROUTING: "the load balancer sends visitors to unhealthy machines, too",
}
"""What happens when a group has fewer healthy targets than it has to have.

https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-target-groups.html#target-group-health
"""


def healthy_minimum(attributes: dict[str, str], what: str, registered: int) -> int:
    """Return how many healthy targets a group has to have: the larger of the number and the percentage."""
    prefix = f"target_group_health.{what}.minimum_healthy_targets"
    count, percentage = attributes.get(f"{prefix}.count", "1"), attributes.get(f"{prefix}.percentage", "off")
    share = -(-registered * int(percentage) // 100) if percentage.isdecimal() else 0
    return max(int(count) if count.isdecimal() else 0, share)


@AREA.rule(
    RuleInfo(
        "spare-machine-unused",
        WARNING,
        "The site is not redundant then: one machine that fails takes it away from visitors, or gives them its errors, "
        "while the others are well.",
        f"Have one healthy target be enough for the target group: {PROVISION}",
        ("page-unavailable",),
    ),
    "elbv2: target groups",
    "elbv2: target group attributes",
)
def spare_machine_unused(evidence: Evidence) -> Iterator[Occurrence]:
    """The load balancer wants so many healthy machines that none may fail."""
    for group in evidence.resources("target_groups"):
        registered = len(rows(group, "targets"))
        attributes = evidence.documents("target_group_attributes").get(str(group.get("target_group_arn"))) or {}
        for kind, then in BELOW_MINIMUM.items() if registered > 1 else []:
            minimum = healthy_minimum(attributes, kind, registered)
            if minimum >= registered:
                yield Occurrence(
                    f"With fewer than {minimum} healthy machines of {registered} {then}.",
                    where_group(group),
                    f"target_group_health.{kind}.minimum_healthy_targets: {minimum}",
                )


@AREA.rule(
    RuleInfo(
        "http-not-redirected",
        WARNING,
        "Who types the name without https:// gets no page, or one without encryption.",
        f"Let the listener on port 80 redirect to HTTPS: {PROVISION}",
        ("plain-unavailable",),
    ),
    "elbv2: load balancers",
)
def http_not_redirected(evidence: Evidence) -> Iterator[Occurrence]:
    """HTTP is not redirected to HTTPS."""
    balancer = evidence.balancer
    if not balancer:
        return
    listeners = [row for row in rows(balancer, "listeners") if row.get("port") == 80]
    actions = [action for listener in listeners for action in rows(listener, "default_actions")]
    redirects = [one for one in actions if (one.get("redirect_config") or {}).get("protocol") == "HTTPS"]
    if not redirects:
        said = ", ".join(str(one.get("type")) for one in actions) if listeners else "no listener on port 80"
        yield Occurrence(
            "HTTP is not redirected to HTTPS.", place("load balancer", balancer, "load_balancer_arn"), said
        )


# ---- what follows from something


@AREA.rule(
    RuleInfo(
        "target-unhealthy",
        CRITICAL,
        "It sends visitors to the other machine only.",
        f"Look into the web server's error log on the machine, then: {CONFIGURE}",
        ("no-healthy-target",),
    ),
    "elbv2: target groups",
)
def target_unhealthy(evidence: Evidence) -> Iterator[Occurrence]:
    """The load balancer finds a machine unhealthy."""
    names = {resource.get("instance_id"): resource for resource in evidence.resources("instances")}
    for dummy, one in targets(evidence):
        if one.get("state") in ("unhealthy", "unused", "unavailable"):
            raw = names.get(one.get("id")) or {"instance_id": one.get("id")}
            proof = f"state={one.get('state')}, reason={one.get('reason')}: {one.get('description')}"
            yield Occurrence(
                f"The load balancer finds {display_name(raw)} {one['state']}.", machine(raw), proof, only(raw)
            )


@AREA.rule(
    RuleInfo(
        "no-healthy-target",
        CRITICAL,
        "It answers 503 itself, or sends visitors to machines that are not well; names fail over to the error page.",
        CONFIGURE,
        ("page-unavailable", "check-failing"),
    ),
    "elbv2: target groups",
)
def no_healthy_target(evidence: Evidence) -> Iterator[Occurrence]:
    """The load balancer has no healthy machine."""
    group = group_of(evidence)
    found = list(targets(evidence))
    if group and not any(one.get("state") == "healthy" for dummy, one in found):
        states = ", ".join(f"{one.get('id')}: {one.get('state')}" for dummy, one in found) or "no targets"
        yield Occurrence(
            "The load balancer has no healthy machine.",
            where_group(group),
            states,
        )
