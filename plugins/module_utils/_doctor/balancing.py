# Copyright: hasite.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection: this file may change at any time.
"""Rules: the load balancer and what it asks of the machines (stumbling block 3)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from .evidence import Evidence
from .finding import CONFIGURE, CRITICAL, PROVISION, WARNING, Area, Occurrence, RuleInfo, Where
from .known.balancing import LoadBalancer, TargetGroup
from .needs import INSIDE
from .places import acl_remedy, balancer_place, blocked, by_stop, display_name, on, place, stopped_by, where_of

AREA = Area("balancing")
UNHEALTHY = ("target-unhealthy",)
SLOW_CHECKS = 60
"""Seconds that a dead machine may go on getting requests; AWS's defaults make 60."""


def where_group(group: TargetGroup) -> Where:
    """Return where a target group is."""
    return place("target group", group.target_group_arn, group.target_group_name)


def idle_timeout(evidence: Evidence) -> int | None:
    """Return after how many seconds the load balancer closes an idle connection."""
    told = evidence.details.load_balancer_attributes.get("idle_timeout.timeout_seconds", "")
    return int(told) if told.isdecimal() else None


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
        what = f"The security group {stop.name or stop.id} does not admit the load balancer."
        yield Occurrence(what, where_of(stop), path.explanation, touched)


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
        what = f"The load balancer does not reach {path.machine_name or path.machine}."
        yield Occurrence(what, where_of(stop), path.explanation, touched, remedy=acl_remedy(stop))


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
        what = f"Visitors do not reach the load balancer on port {path.port}."
        yield Occurrence(what, where_of(stop), path.explanation, remedy=acl_remedy(stop))


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
    acl, balancer = evidence.details.web_acl, evidence.balancer or LoadBalancer()
    if acl and acl.default_action == "block":
        yield Occurrence(
            f"The web ACL {acl.name} before the load balancer blocks what no rule admits.",
            Where("web ACL", acl.name),
            "DefaultAction=Block",
            remedy="Take it off the load balancer, or have it allow by default: aws wafv2 disassociate-web-acl "
            f"--resource-arn {balancer.load_balancer_arn}",
        )


@AREA.rule(
    RuleInfo(
        "target-deregistered", CRITICAL, "The load balancer sends nobody to it.", f"Register it: {PROVISION}", UNHEALTHY
    ),
    "ec2: instances",
    "elbv2: target groups",
)
def target_deregistered(evidence: Evidence) -> Iterator[Occurrence]:
    """A machine is not in the target group."""
    group = evidence.group
    registered = {target.id for dummy, target in evidence.targets if target.state != "draining"}
    for instance in evidence.site.instances:
        if group and instance.instance_id not in registered:
            what = f"{display_name(instance)} is not registered in the target group {group.target_group_name}."
            proof = f"targets: {', '.join(sorted(registered)) or 'none'}"
            yield on(instance, what, proof)


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
    balancer, idle = evidence.balancer, idle_timeout(evidence)
    if balancer and idle is not None and idle < LONGEST_SILENCE:
        what = f"The load balancer waits {idle} s for a page, PHP may take {LONGEST_SILENCE} s."
        yield Occurrence(what, balancer_place(balancer), f"idle_timeout.timeout_seconds={idle}")


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
    idle = idle_timeout(evidence)
    for instance, seen in evidence.asked() if idle is not None else []:
        if seen.keep_alive_seconds is not None and seen.keep_alive_seconds <= (idle or 0):
            kept = f"{seen.keep_alive_seconds} s" if seen.keep_alive_seconds else "not at all"
            yield on(
                instance,
                f"{display_name(instance)} keeps idle connections {kept}, the load balancer {idle} s.",
                f"KeepAliveTimeout={seen.keep_alive_seconds}, idle_timeout.timeout_seconds={idle}",
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
    for group in evidence.site.target_groups:
        interval = group.health_check_interval_seconds
        late, back = interval * group.unhealthy_threshold_count, interval * group.healthy_threshold_count
        if max(late, back) >= SLOW_CHECKS:
            yield Occurrence(
                f"A dead machine is noticed after {late} s, and one that is back after {back} s.",
                where_group(group),
                f"health_check_interval_seconds={interval}, "
                f"unhealthy_threshold_count={group.unhealthy_threshold_count}, "
                f"healthy_threshold_count={group.healthy_threshold_count}",
            )


FAILOVER, ROUTING = "dns_failover", "unhealthy_state_routing"
BELOW_MINIMUM = {
    FAILOVER: "the name fails over to the error page",
    ROUTING: "the load balancer sends visitors to unhealthy machines, too",
}
"""What happens when a group has fewer healthy targets than it has to have.

https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-target-groups.html#target-group-health
"""


def healthy_minimum(attributes: Mapping[str, str], what: str, registered: int) -> int:
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
    for group in evidence.site.target_groups:
        registered = len(group.targets)
        attributes = evidence.details.target_group_attributes.get(group.target_group_arn, {})
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
    listeners = [listener for listener in balancer.listeners if listener.port == 80]
    actions = [action for listener in listeners for action in listener.default_actions]
    redirects = [action for action in actions if action.redirect_config.protocol == "HTTPS"]
    if not redirects:
        said = ", ".join(action.type for action in actions) if listeners else "no listener on port 80"
        yield Occurrence("HTTP is not redirected to HTTPS.", balancer_place(balancer), said)


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
    for dummy, target in evidence.targets:
        if target.state in ("unhealthy", "unused", "unavailable"):
            instance = evidence.instance(target.id)
            proof = f"state={target.state}, reason={target.reason}: {target.description}"
            what = f"The load balancer finds {display_name(instance)} {target.state}."
            yield on(instance, what, proof)


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
    group, found = evidence.group, [target for dummy, target in evidence.targets]
    if group and not any(target.state == "healthy" for target in found):
        states = ", ".join(f"{target.id}: {target.state}" for target in found) or "no targets"
        yield Occurrence("The load balancer has no healthy machine.", where_group(group), states)
