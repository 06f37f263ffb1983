# Copyright: hasite.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection: this file may change at any time.
"""Rules: what a machine answers when it is asked whether visitors may come (stumbling block 3)."""

from __future__ import annotations

import re
from collections.abc import Iterator

from .balancing import where_group
from .evidence import Evidence
from .finding import CONFIGURE, CRITICAL, PROVISION, WARNING, Area, Occurrence, RuleInfo
from .known.balancing import TargetGroup
from .known.machines import Instance
from .needs import INSIDE
from .places import display_name, ids, on

AREA = Area("health")
UNHEALTHY = ("target-unhealthy",)
HEALTH_PAGE = (
    "The load balancer sends visitors only to machines whose health page answers with a status that the target group "
    "accepts."
)


@AREA.rule(
    RuleInfo("httpd-down", CRITICAL, HEALTH_PAGE, f"Start it, and let it start at every boot: {CONFIGURE}", UNHEALTHY),
    "ec2: instances",
    INSIDE,
)
def httpd_down(evidence: Evidence) -> Iterator[Occurrence]:
    """The web server on a machine does not run."""
    for instance, seen in evidence.asked():
        unit = seen.units.get("web_server")
        if unit and not unit.active:
            yield on(instance, f"{unit.name} on {display_name(instance)} does not run.", str(unit))


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
    for instance, seen in evidence.asked():
        unit = seen.units.get("php")
        if unit and not unit.active:
            yield on(instance, f"{unit.name} on {display_name(instance)} does not run.", str(unit))


@AREA.rule(
    RuleInfo("httpd-not-enabled", WARNING, "After the next reboot the machine serves nothing.", CONFIGURE),
    "ec2: instances",
    INSIDE,
)
def httpd_not_enabled(evidence: Evidence) -> Iterator[Occurrence]:
    """The web server or PHP will not start at the next boot."""
    for instance, seen in evidence.asked():
        for unit in (seen.units.get("web_server"), seen.units.get("php")):
            if unit and unit.active and not unit.enabled:
                yield on(instance, f"{unit.name} on {display_name(instance)} is not enabled.", str(unit))


CODES = re.compile(r"\[([0-9, ]+)\]")


def answered(evidence: Evidence, instance: Instance) -> int | None:
    """Return the status of a machine's health page: asked on the machine, or else as the load balancer tells it."""
    seen = evidence.machines.get(instance.instance_id)
    if seen and seen.health and seen.health.status:
        return seen.health.status
    for dummy, target in evidence.targets:
        codes = CODES.search(target.description or "")
        if target.id == instance.instance_id and codes:
            return int(codes[1].split(",")[0])
    return None


def accepted(matcher: str, status: int) -> bool:
    """Tell whether a target group takes a status for healthy: `200`, `200,202` or `200-299`."""
    for part in (matcher or "200").split(","):
        low, dummy, high = part.strip().partition("-")
        if low.isdecimal() and int(low) <= status <= int(high if high.isdecimal() else low):
            return True
    return False


def refused(evidence: Evidence, low: int, high: int) -> Iterator[tuple[TargetGroup, Instance, int]]:
    """Return the machines whose health page answers with a status of a range that the target group refuses."""
    group = evidence.group
    for instance in evidence.running if group else []:
        status = answered(evidence, instance)
        if group and status and low <= status < high and not accepted(group.matcher, status):
            yield group, instance, status


def path_cases(evidence: Evidence, low: int, high: int, how: str) -> Iterator[Occurrence]:
    """Return the occurrence at a target group whose path is answered wrongly by machines."""
    found = list(refused(evidence, low, high))
    if found:
        group, _machine, status = found[0]
        machines = [instance for _group, instance, _status in found]
        path = group.health_check_path
        what = f"The health check's path {path} {how} on {' and '.join(map(display_name, machines))}."
        proof = f"health_check_path={path}, answer: {status}, matcher={group.matcher}"
        yield Occurrence(what, where_group(group), proof, ids(machines))


def sick(evidence: Evidence, group: TargetGroup) -> list[Instance]:
    """Return the machines that the load balancer finds unhealthy in a group."""
    found = {target.id for owner, target in evidence.targets if owner is group and target.state == "unhealthy"}
    return [instance for instance in evidence.site.instances if instance.instance_id in found]


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
    for group in evidence.site.target_groups:
        port, protocol = group.health_check_port, group.health_check_protocol
        wrong = [port] if port and port not in ("traffic-port", str(group.port)) else []
        wrong += [protocol] if protocol and group.protocol and protocol != group.protocol else []
        concerned = sick(evidence, group)
        if wrong and concerned:
            what = f"The target group checks {' '.join(wrong)}, and {' and '.join(map(display_name, concerned))} fail."
            proof = f"health_check_port={port or 'unknown'}, health_check_protocol={protocol or 'unknown'}"
            yield Occurrence(what, where_group(group), f"{proof}, port={group.port}", ids(concerned))


@AREA.rule(
    RuleInfo("matcher-refuses-page", CRITICAL, HEALTH_PAGE, f"Let the target group accept 200: {PROVISION}", UNHEALTHY),
    "ec2: instances",
    "elbv2: target groups",
)
def matcher_refuses_page(evidence: Evidence) -> Iterator[Occurrence]:
    """The target group does not accept the status with which the health page says that all is well."""
    found = list(refused(evidence, 200, 300))
    if found:
        group, _machine, status = found[0]
        what = f"The target group accepts {group.matcher} only, and the health page answers {status}."
        machines = ids(instance for _group, instance, _status in found)
        yield Occurrence(what, where_group(group), f"matcher={group.matcher}", machines)


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
        (instance, status, evidence.machines.get(instance.instance_id))
        for dummy, instance, status in refused(evidence, 500, 600)
    ]
    for instance, status, seen in found:
        said = seen.health.body if seen and seen.health else ""
        yield on(
            instance,
            f"The health page on {display_name(instance)} answers {status}.",
            f"status {status}{f': {said}' if said else ''}",
        )
