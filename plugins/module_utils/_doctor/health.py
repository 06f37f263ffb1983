# Copyright: hasite.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection: this file may change at any time.
"""Rules: what a machine answers when it is asked whether visitors may come (stumbling block 3)."""

from __future__ import annotations

import re
from collections.abc import Iterator

from .._resource import Resource
from .balancing import group_of, targets, where_group
from .evidence import Evidence, Unit
from .finding import CONFIGURE, CRITICAL, PROVISION, WARNING, Area, Occurrence, RuleInfo
from .needs import INSIDE
from .places import display_name, ids, machine, only

AREA = Area("health")
UNHEALTHY = ("target-unhealthy",)
HEALTH_PAGE = (
    "The load balancer sends visitors only to machines whose health page answers with a status that the target group "
    "accepts."
)


def down(unit: Unit | None) -> bool:
    """Tell whether a unit is installed and does not run."""
    return unit is not None and not unit.active


@AREA.rule(
    RuleInfo(
        "httpd-down",
        CRITICAL,
        HEALTH_PAGE,
        f"Start it, and let it start at every boot: {CONFIGURE}",
        UNHEALTHY,
    ),
    "ec2: instances",
    INSIDE,
)
def httpd_down(evidence: Evidence) -> Iterator[Occurrence]:
    """The web server on a machine does not run."""
    for one, seen in evidence.asked():
        unit = seen.units.get("web_server")
        if unit and down(unit):
            yield Occurrence(f"{unit.name} on {display_name(one)} does not run.", machine(one), str(unit), only(one))


@AREA.rule(
    RuleInfo(
        "php-fpm-down",
        CRITICAL,
        "Apache answers 503 for every page that PHP makes, the health page among them.",
        f"Start it, and let it start at every boot: {CONFIGURE}",
        (*UNHEALTHY, "health-page-500", "release-fails"),
    ),
    "ec2: instances",
    INSIDE,
)
def php_fpm_down(evidence: Evidence) -> Iterator[Occurrence]:
    """PHP on a machine does not run."""
    for one, seen in evidence.asked():
        unit = seen.units.get("php")
        if unit and down(unit):
            yield Occurrence(f"{unit.name} on {display_name(one)} does not run.", machine(one), str(unit), only(one))


@AREA.rule(
    RuleInfo(
        "httpd-not-enabled",
        WARNING,
        "After the next reboot the machine serves nothing.",
        CONFIGURE,
    ),
    "ec2: instances",
    INSIDE,
)
def httpd_not_enabled(evidence: Evidence) -> Iterator[Occurrence]:
    """The web server or PHP will not start at the next boot."""
    for one, seen in evidence.asked():
        for unit in (seen.units.get("web_server"), seen.units.get("php")):
            if unit and unit.active and not unit.enabled:
                yield Occurrence(
                    f"{unit.name} on {display_name(one)} is not enabled.", machine(one), str(unit), only(one)
                )


CODES = re.compile(r"\[([0-9, ]+)\]")


def answered(evidence: Evidence, one: Resource) -> int | None:
    """Return the status of a machine's health page: asked on the machine, or else as the load balancer tells it."""
    seen = evidence.machines.get(str(one.get("instance_id")))
    if seen and seen.health and seen.health.status:
        return seen.health.status
    for dummy, target in targets(evidence):
        codes = CODES.search(str(target.get("description") or ""))
        if target.get("id") == one.get("instance_id") and codes:
            return int(codes[1].split(",")[0])
    return None


def accepted(matcher: object, status: int) -> bool:
    """Tell whether a target group takes a status for healthy: `200`, `200,202` or `200-299`."""
    for part in str(matcher or "200").split(","):
        low, dummy, high = part.strip().partition("-")
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


def path_cases(evidence: Evidence, low: int, high: int, how: str) -> Iterator[Occurrence]:
    """Return the occurrence at a target group whose path is answered wrongly by machines."""
    found = list(refused(evidence, low, high))
    if found:
        group, _machine, status = found[0]
        machines = [one for _group, one, _status in found]
        path = group.get("health_check_path")
        what = f"The health check's path {path} {how} on {' and '.join(map(display_name, machines))}."
        proof = f"health_check_path={path}, answer: {status}, matcher={group.get('matcher')}"
        yield Occurrence(what, where_group(group), proof, ids(machines))


def sick(evidence: Evidence, group: Resource) -> list[Resource]:
    """Return the machines that the load balancer finds unhealthy in a group."""
    found = {
        str(one.get("id")) for owner, one in targets(evidence) if owner is group and one.get("state") == "unhealthy"
    }
    return [resource for resource in evidence.resources("instances") if resource.get("instance_id") in found]


@AREA.rule(
    RuleInfo(
        "target-check-elsewhere",
        CRITICAL,
        f"{HEALTH_PAGE} They answer on the port, and in the protocol, by which they serve.",
        f"Let the target group check the port that serves: {PROVISION}",
        (*UNHEALTHY, "balancer-path-blocked"),
    ),
    "ec2: instances",
    "elbv2: target groups",
)
def target_check_elsewhere(evidence: Evidence) -> Iterator[Occurrence]:
    """The target group checks another port, or in another protocol, than the machines serve by."""
    for group in evidence.resources("target_groups"):
        port, protocol = str(group.get("health_check_port") or ""), str(group.get("health_check_protocol") or "")
        wrong = [port] if port and port not in ("traffic-port", str(group.get("port"))) else []
        wrong += [protocol] if protocol and group.get("protocol") and protocol != group["protocol"] else []
        concerned = sick(evidence, group)
        if wrong and concerned:
            what = f"The target group checks {' '.join(wrong)}, and {' and '.join(map(display_name, concerned))} fail."
            proof = f"health_check_port={port or 'unknown'}, health_check_protocol={protocol or 'unknown'}"
            yield Occurrence(what, where_group(group), f"{proof}, port={group.get('port')}", ids(concerned))


@AREA.rule(
    RuleInfo(
        "matcher-refuses-page",
        CRITICAL,
        HEALTH_PAGE,
        f"Let the target group accept 200: {PROVISION}",
        UNHEALTHY,
    ),
    "ec2: instances",
    "elbv2: target groups",
)
def matcher_refuses_page(evidence: Evidence) -> Iterator[Occurrence]:
    """The target group does not accept the status with which the health page says that all is well."""
    found = list(refused(evidence, 200, 300))
    if found:
        group, _machine, status = found[0]
        what = f"The target group accepts {group.get('matcher')} only, and the health page answers {status}."
        machines = ids(one for _group, one, _status in found)
        yield Occurrence(what, where_group(group), f"matcher={group.get('matcher')}", machines)


@AREA.rule(
    RuleInfo(
        "health-behind-redirect",
        CRITICAL,
        f"{HEALTH_PAGE} The balancer's check does not follow redirects.",
        "Look in Apache's files for the redirect, and take the health page's path out of it (the roles write none), or "
        "let the target group check a path that answers directly.",
        UNHEALTHY,
    ),
    "ec2: instances",
    "elbv2: target groups",
)
def health_behind_redirect(evidence: Evidence) -> Iterator[Occurrence]:
    """The health page answers with a redirect."""
    yield from path_cases(evidence, 300, 400, "is answered with a redirect")


@AREA.rule(
    RuleInfo(
        "health-path-404",
        CRITICAL,
        HEALTH_PAGE,
        f"Set the target group's path and the machines' web_health_path alike; the roles' own is /health: {PROVISION}",
        UNHEALTHY,
    ),
    "ec2: instances",
    "elbv2: target groups",
)
def health_path_404(evidence: Evidence) -> Iterator[Occurrence]:
    """The target group checks a path that is not there."""
    yield from path_cases(evidence, 400, 500, "is not there")


@AREA.rule(
    RuleInfo(
        "health-page-500",
        CRITICAL,
        HEALTH_PAGE,
        f"Read the web server's error log on the machine; to write the page anew, {CONFIGURE}",
        UNHEALTHY,
    ),
    "ec2: instances",
    "elbv2: target groups",
)
def health_page_500(evidence: Evidence) -> Iterator[Occurrence]:
    """The health page answers with an error."""
    found = [
        (one, status, evidence.machines.get(str(one.get("instance_id"))))
        for dummy, one, status in refused(evidence, 500, 600)
    ]
    for one, status, seen in found:
        said = seen.health.body if seen and seen.health else ""
        yield Occurrence(
            f"The health page on {display_name(one)} answers {status}.",
            machine(one),
            f"status {status}{f': {said}' if said else ''}",
            only(one),
        )
