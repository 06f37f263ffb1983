# Copyright: hasite.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection: this file may change at any time.
"""Rules: the load balancer and what it asks of the machines (stumbling block 3)."""

from __future__ import annotations

from collections.abc import Iterator

from .evidence import Evidence, Resource, rows
from .finding import CONFIGURE, CRITICAL, PROVISION, WARNING, Area, Case, Kind, Where
from .needs import INSIDE
from .places import acl_cure, blocked, by_stop, called, machine, only, place, stopped_by, where_of

AREA = Area("balancing")
UNHEALTHY = ("target-unhealthy",)
SLOW_CHECKS = 60
"""Seconds that a dead machine may go on getting requests; AWS's defaults make 60."""


def targets(evidence: Evidence) -> Iterator[tuple[Resource, Resource]]:
    """Return each target with its group."""
    for group in evidence.listed("target_groups"):
        for one in rows(group, "targets"):
            yield group, one


def where_group(group: Resource) -> Where:
    """Return where a target group is."""
    return place("target group", {**group, "name": group.get("target_group_name")}, "target_group_arn")


def group_of(evidence: Evidence) -> Resource | None:
    """Return the site's target group."""
    return next(iter(evidence.listed("target_groups")), None)


# ---- packets


@AREA.rule(
    Kind(
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
def balancer_not_admitted(evidence: Evidence) -> Iterator[Case]:
    """The machines' security group does not admit the load balancer."""
    ways = [pair for pair in blocked(evidence, "requests") if stopped_by(pair[1], "security_group", "ingress")]
    for way, stop, touched in by_stop(ways):
        what = f"The security group {stop.get('name') or stop.get('id')} does not admit the load balancer."
        yield Case(what, where_of(stop), str(way.get("explanation")), touched)


@AREA.rule(
    Kind(
        "balancer-way-blocked",
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
def balancer_way_blocked(evidence: Evidence) -> Iterator[Case]:
    """The load balancer's packets do not reach a machine, or its answers not the balancer."""
    ways = [pair for pair in blocked(evidence, "requests") if not stopped_by(pair[1], "security_group", "ingress")]
    for way, stop, touched in by_stop(ways):
        what = f"The load balancer does not reach {way.get('machine_name') or way.get('machine')}."
        yield Case(what, where_of(stop), str(way.get("explanation")), touched, cure=acl_cure(stop))


@AREA.rule(
    Kind(
        "balancer-closed",
        CRITICAL,
        "The load balancer is the only way in, and it has to be open to the world on 80 and 443.",
        f"Let 80 and 443 in where the way is stopped: {PROVISION}",
        ("page-unavailable", "check-failing", "plain-unavailable"),
    ),
    "elbv2: load balancers",
    "ec2: reachability",
)
def balancer_closed(evidence: Evidence) -> Iterator[Case]:
    """Visitors do not reach the load balancer."""
    for way, stop, _ in by_stop(blocked(evidence, "visitors")):
        what = f"Visitors do not reach the load balancer on port {way.get('port')}."
        yield Case(what, where_of(stop), str(way.get("explanation")), cure=acl_cure(stop))


@AREA.rule(
    Kind(
        "target-deregistered",
        CRITICAL,
        "The load balancer sends nobody to it.",
        f"Register it: {PROVISION}",
        UNHEALTHY,
    ),
    "ec2: instances",
    "elbv2: target groups",
)
def target_deregistered(evidence: Evidence) -> Iterator[Case]:
    """A machine is not in the target group."""
    group = group_of(evidence)
    registered = {one.get("id") for _, one in targets(evidence) if one.get("state") != "draining"}
    for one in evidence.listed("instances") if group else []:
        if one.get("instance_id") not in registered:
            what = f"{called(one)} is not registered in the target group {(group or {}).get('target_group_name')}."
            proof = f"targets: {', '.join(sorted(map(str, registered))) or 'none'}"
            yield Case(what, machine(one), proof, only(one))


# ---- settings that show later


@AREA.rule(
    Kind(
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
def keep_alive_too_short(evidence: Evidence) -> Iterator[Case]:
    """The web server closes idle connections before the load balancer does."""
    attributes = evidence.detail("load_balancer_attributes") or {}
    idle = str(attributes.get("idle_timeout.timeout_seconds") or "")
    for one, seen in evidence.asked() if idle.isdecimal() else []:
        if seen.keep_alive_seconds is not None and seen.keep_alive_seconds <= int(idle):
            kept = f"{seen.keep_alive_seconds} s" if seen.keep_alive_seconds else "not at all"
            yield Case(
                f"{called(one)} keeps idle connections {kept}, the load balancer {idle} s.",
                machine(one),
                f"KeepAliveTimeout={seen.keep_alive_seconds}, idle_timeout.timeout_seconds={idle}",
                only(one),
            )


@AREA.rule(
    Kind(
        "slow-target-checks",
        WARNING,
        "Until then it sends visitors to a dead machine, or none to one that is back.",
        f"Set load_balancer_health_interval to 10: {PROVISION}",
    ),
    "elbv2: target groups",
)
def slow_target_checks(evidence: Evidence) -> Iterator[Case]:
    """The load balancer finds out late that a machine is dead or back."""
    for group in evidence.listed("target_groups"):
        interval = int(group.get("health_check_interval_seconds") or 0)
        late = interval * int(group.get("unhealthy_threshold_count") or 0)
        back = interval * int(group.get("healthy_threshold_count") or 0)
        if max(late, back) >= SLOW_CHECKS:
            yield Case(
                f"A dead machine is noticed after {late} s, and one that is back after {back} s.",
                where_group(group),
                f"health_check_interval_seconds={interval}, "
                f"unhealthy_threshold_count={group.get('unhealthy_threshold_count')}, "
                f"healthy_threshold_count={group.get('healthy_threshold_count')}",
            )


@AREA.rule(
    Kind(
        "http-not-redirected",
        WARNING,
        "Who types the name without https:// gets no page, or one without encryption.",
        f"Let the listener on port 80 redirect to HTTPS: {PROVISION}",
        ("plain-unavailable",),
    ),
    "elbv2: load balancers",
)
def http_not_redirected(evidence: Evidence) -> Iterator[Case]:
    """HTTP is not redirected to HTTPS."""
    balancer = evidence.balancer
    if not balancer:
        return
    listeners = [one for one in rows(balancer, "listeners") if one.get("port") == 80]
    actions = [action for one in listeners for action in rows(one, "default_actions")]
    redirects = [one for one in actions if (one.get("redirect_config") or {}).get("protocol") == "HTTPS"]
    if not redirects:
        said = ", ".join(str(one.get("type")) for one in actions) if listeners else "no listener on port 80"
        yield Case("HTTP is not redirected to HTTPS.", place("load balancer", balancer, "load_balancer_arn"), said)


# ---- what follows from something


@AREA.rule(
    Kind(
        "target-unhealthy",
        CRITICAL,
        "It sends visitors to the other machine only.",
        f"Look into the web server's error log on the machine, then: {CONFIGURE}",
        ("no-healthy-target",),
    ),
    "elbv2: target groups",
)
def target_unhealthy(evidence: Evidence) -> Iterator[Case]:
    """The load balancer finds a machine unhealthy."""
    names = {one.get("instance_id"): one for one in evidence.listed("instances")}
    for _, one in targets(evidence):
        if one.get("state") in ("unhealthy", "unused", "unavailable"):
            raw = names.get(one.get("id")) or {"instance_id": one.get("id")}
            proof = f"state={one.get('state')}, reason={one.get('reason')}: {one.get('description')}"
            yield Case(f"The load balancer finds {called(raw)} {one['state']}.", machine(raw), proof, only(raw))


@AREA.rule(
    Kind(
        "no-healthy-target",
        CRITICAL,
        "It answers 503 itself, or sends visitors to machines that are not well; names fail over to the error page.",
        CONFIGURE,
        ("page-unavailable", "check-failing"),
    ),
    "elbv2: target groups",
)
def no_healthy_target(evidence: Evidence) -> Iterator[Case]:
    """The load balancer has no healthy machine."""
    group = group_of(evidence)
    found = list(targets(evidence))
    if group and not any(one.get("state") == "healthy" for _, one in found):
        states = ", ".join(f"{one.get('id')}: {one.get('state')}" for _, one in found) or "no targets"
        yield Case(
            "The load balancer has no healthy machine.",
            where_group(group),
            states,
        )
