# Copyright: hasite.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection: this file may change at any time.
"""Rules: the load balancer and what it asks of the machines (stumbling block 3)."""

from __future__ import annotations

import re
from collections.abc import Iterator

from .evidence import Evidence, Resource, Unit, rows
from .finding import CONFIGURE, CRITICAL, PROVISION, WARNING, Area, Case, Kind, Where
from .places import blocked, by_stop, called, ids, machine, only, place, stopped_by, where_of

AREA = Area("balancing")
UNHEALTHY = ("target-unhealthy",)
SLOW_CHECKS = 60
"""Seconds that a dead machine may go on getting requests; AWS's defaults make 60."""
HEALTH_PAGE = (
    "The load balancer sends visitors only to machines whose health page answers with a status that the target group "
    "accepts."
)


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


def down(unit: Unit | None) -> bool:
    """Tell whether a unit is installed and does not run."""
    return unit is not None and not unit.active


# ---- packets


@AREA.rule(
    Kind(
        "balancer-not-admitted",
        CRITICAL,
        "Requests and health checks come from the load balancer's nodes; without the rule they are dropped, and the "
        "targets time out.",
        f"Allow TCP 80 from the load balancer's security group in the web group's inbound rules: {PROVISION}",
        UNHEALTHY,
    )
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
    )
)
def balancer_way_blocked(evidence: Evidence) -> Iterator[Case]:
    """The load balancer's packets do not reach a machine, or its answers not the balancer."""
    ways = [pair for pair in blocked(evidence, "requests") if not stopped_by(pair[1], "security_group", "ingress")]
    for way, stop, touched in by_stop(ways):
        what = f"The load balancer does not reach {way.get('machine_name') or way.get('machine')}."
        yield Case(what, where_of(stop), str(way.get("explanation")), touched)


@AREA.rule(
    Kind(
        "balancer-closed",
        CRITICAL,
        "The load balancer is the only way in, and it has to be open to the world on 80 and 443.",
        f"Let 80 and 443 in where the way is stopped: {PROVISION}",
        ("page-unavailable", "check-failing", "plain-unavailable"),
    )
)
def balancer_closed(evidence: Evidence) -> Iterator[Case]:
    """Visitors do not reach the load balancer."""
    for way, stop, _ in by_stop(blocked(evidence, "visitors")):
        what = f"Visitors do not reach the load balancer on port {way.get('port')}."
        yield Case(what, where_of(stop), str(way.get("explanation")))


# ---- the health page


@AREA.rule(
    Kind(
        "target-deregistered",
        CRITICAL,
        "The load balancer sends nobody to it.",
        f"Register it: {PROVISION}",
        UNHEALTHY,
    )
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


@AREA.rule(
    Kind(
        "httpd-down",
        CRITICAL,
        HEALTH_PAGE,
        f"Start it, and let it start at every boot: {CONFIGURE}",
        UNHEALTHY,
    )
)
def httpd_down(evidence: Evidence) -> Iterator[Case]:
    """The web server on a machine does not run."""
    for one, seen in evidence.asked():
        unit = seen.units.get("web_server")
        if unit and down(unit):
            yield Case(f"{unit.name} on {called(one)} does not run.", machine(one), str(unit), only(one))


@AREA.rule(
    Kind(
        "php-fpm-down",
        CRITICAL,
        "Apache answers 503 for every page that PHP makes, the health page among them.",
        f"Start it, and let it start at every boot: {CONFIGURE}",
        (*UNHEALTHY, "health-page-500"),
    )
)
def php_fpm_down(evidence: Evidence) -> Iterator[Case]:
    """PHP on a machine does not run."""
    for one, seen in evidence.asked():
        unit = seen.units.get("php")
        if unit and down(unit):
            yield Case(f"{unit.name} on {called(one)} does not run.", machine(one), str(unit), only(one))


@AREA.rule(
    Kind(
        "httpd-not-enabled",
        WARNING,
        "After the next reboot the machine serves nothing.",
        CONFIGURE,
    )
)
def httpd_not_enabled(evidence: Evidence) -> Iterator[Case]:
    """The web server or PHP will not start at the next boot."""
    for one, seen in evidence.asked():
        for unit in (seen.units.get("web_server"), seen.units.get("php")):
            if unit and unit.active and not unit.enabled:
                yield Case(f"{unit.name} on {called(one)} is not enabled.", machine(one), str(unit), only(one))


CODES = re.compile(r"\[([0-9, ]+)\]")


def answered(evidence: Evidence, one: Resource) -> int | None:
    """Return the status of a machine's health page: asked on the machine, or else as the load balancer tells it."""
    seen = evidence.machines.get(str(one.get("instance_id")))
    if seen and seen.health and seen.health.status:
        return seen.health.status
    for _, target in targets(evidence):
        codes = CODES.search(str(target.get("description") or ""))
        if target.get("id") == one.get("instance_id") and codes:
            return int(codes[1].split(",")[0])
    return None


def accepted(matcher: object, status: int) -> bool:
    """Tell whether a target group takes a status for healthy: `200`, `200,202` or `200-299`."""
    for part in str(matcher or "200").split(","):
        low, _, high = part.strip().partition("-")
        if low.isdecimal() and int(low) <= status <= int(high if high.isdecimal() else low):
            return True
    return False


def refused(evidence: Evidence, low: int, high: int) -> Iterator[tuple[Resource, Resource, int]]:
    """Return the machines whose health page answers with a status of a range that the target group refuses."""
    group = group_of(evidence)
    for one in evidence.running if group else []:
        status = answered(evidence, one)
        if group and status and low <= status < high and not accepted(group.get("matcher"), status):
            yield group, one, status


def path_cases(evidence: Evidence, low: int, high: int, how: str) -> Iterator[Case]:
    """Return the case of a target group whose path is answered wrongly by machines."""
    found = list(refused(evidence, low, high))
    if found:
        group, _, status = found[0]
        machines = [one for _, one, _ in found]
        path = group.get("health_check_path")
        what = f"The health check's path {path} {how} on {' and '.join(map(called, machines))}."
        proof = f"health_check_path={path}, answer: {status}, matcher={group.get('matcher')}"
        yield Case(what, where_group(group), proof, ids(machines))


@AREA.rule(
    Kind(
        "health-behind-redirect",
        CRITICAL,
        f"{HEALTH_PAGE} The balancer's check does not follow redirects.",
        f"Check a path that answers directly, the role's /health: {PROVISION}",
        UNHEALTHY,
    )
)
def health_behind_redirect(evidence: Evidence) -> Iterator[Case]:
    """The health page answers with a redirect."""
    yield from path_cases(evidence, 300, 400, "is answered with a redirect")


@AREA.rule(
    Kind(
        "health-path-404",
        CRITICAL,
        HEALTH_PAGE,
        f"Set the target group's path and the machines' web_health_path alike; the roles' own is /health: {PROVISION}",
        UNHEALTHY,
    )
)
def health_path_404(evidence: Evidence) -> Iterator[Case]:
    """The target group checks a path that is not there."""
    yield from path_cases(evidence, 400, 500, "is not there")


@AREA.rule(
    Kind(
        "health-page-500",
        CRITICAL,
        HEALTH_PAGE,
        f"Read the web server's error log on the machine; to write the page anew, {CONFIGURE}",
        UNHEALTHY,
    )
)
def health_page_500(evidence: Evidence) -> Iterator[Case]:
    """The health page answers with an error."""
    found = [
        (one, status, evidence.machines.get(str(one.get("instance_id"))))
        for _, one, status in refused(evidence, 500, 600)
    ]
    for one, status, seen in found:
        said = seen.health.body if seen and seen.health else ""
        yield Case(
            f"The health page on {called(one)} answers {status}.",
            machine(one),
            f"status {status}{f': {said}' if said else ''}",
            only(one),
        )


# ---- settings that show later


@AREA.rule(
    Kind(
        "keep-alive-too-short",
        WARNING,
        "The load balancer may send a request on a connection that is just being closed: the visitor gets a 502.",
        f"Set web_keep_alive_seconds above the load balancer's idle timeout: {CONFIGURE}",
    )
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
    )
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
    )
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
    )
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
    )
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
