# Copyright: hasite.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection: this file may change at any time.
"""Rules: what the load balancer does with a visitor's request, from the listener to the machine's port.

The listener's rules are tried by priority, the default action last
(https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-listeners.html).
"""

from __future__ import annotations

import fnmatch
from collections.abc import Iterator, Mapping

from .balancing import group_of, targets, where_group
from .evidence import Evidence, Resource, rows
from .finding import CRITICAL, PROVISION, Area, Case, Kind
from .places import called, ids, place

AREA = Area("balancing")
BEHIND = ("page-unavailable", "alias-unavailable", "check-failing", "plain-unavailable")
_VALUES = {"host-header": "host_header_config", "path-pattern": "path_pattern_config"}


def meets(condition: Mapping[str, object], host: str, path: str) -> bool:
    """Tell whether a visitor's request meets a condition; what it says of headers or addresses, no visitor meets."""
    field = str(condition.get("field"))
    asked = {"host-header": host, "path-pattern": path}.get(field)
    config = condition.get(_VALUES.get(field, ""))
    patterns = (config.get("values") if isinstance(config, Mapping) else None) or condition.get("values")
    if asked is None or not isinstance(patterns, list):
        return False
    # Host names are compared without regard to case, paths with it.
    fold = field == "host-header"
    return any(
        fnmatch.fnmatchcase(asked.lower() if fold else asked, str(one).lower() if fold else str(one))
        for one in patterns
    )


def met_rule(rules: list[Resource], host: str, path: str) -> Resource | None:
    """Return the first rule that a request meets."""
    for one in rules:
        if all(meets(condition, host, path) for condition in rows(one, "conditions")):
            return one
    return None


def groups_in(actions: list[Resource]) -> set[str]:
    """Return the target groups to which actions forward with a weight."""
    found = {str(one["target_group_arn"]) for one in actions if one.get("target_group_arn")}
    for one in actions:
        for row in rows(one.get("forward_config"), "target_groups"):
            if row.get("weight") != 0:
                found.add(str(row.get("target_group_arn")))
    return found


def said(actions: list[Resource]) -> str:
    """Return actions as evidence."""
    groups = ", ".join(sorted(groups_in(actions)))
    return ", ".join(str(one.get("type")) for one in actions) + (f" to {groups}" if groups else "")


@AREA.rule(
    Kind(
        "https-listener-missing",
        CRITICAL,
        "Visitors and health checks ask on port 443, where nobody answers.",
        f"Create the HTTPS listener: {PROVISION}",
        BEHIND,
    ),
    "elbv2: load balancers",
    "elbv2: target groups",
)
def https_listener_missing(evidence: Evidence) -> Iterator[Case]:
    """The load balancer does not listen on port 443."""
    balancer = evidence.balancer
    listeners = rows(balancer, "listeners")
    # A load balancer without any listener, or without a target, is not built to its end yet.
    served = group_of(evidence) and any(True for _ in targets(evidence))
    if balancer and listeners and served and not any(one.get("port") == 443 for one in listeners):
        told = ", ".join(f"{one.get('protocol')} on {one.get('port')}" for one in listeners)
        what = "The load balancer does not listen on port 443."
        yield Case(what, place("load balancer", balancer, "load_balancer_arn"), f"listeners: {told}")


@AREA.rule(
    Kind(
        "listener-answers-elsewhere",
        CRITICAL,
        "Visitors get what the load balancer answers by itself, or what another target group does, whatever the "
        "machines serve.",
        f"Put the HTTPS listener's rules back: {PROVISION}",
        BEHIND,
    ),
    "elbv2: load balancers",
    "elbv2: target groups",
    "elbv2: listener rules",
)
def listener_answers_elsewhere(evidence: Evidence) -> Iterator[Case]:
    """The HTTPS listener does not send a visitor's request to the site's machines."""
    balancer, group = evidence.balancer, group_of(evidence)
    rules: dict[str, list[Resource]] = evidence.detail("listener_rules") or {}
    for listener in rows(balancer, "listeners") if group else []:
        arn = str(listener.get("listener_arn"))
        if listener.get("protocol") != "HTTPS" or not rules.get(arn):
            continue
        met = met_rule(rules[arn], evidence.domain, "/")
        actions = rows(met, "actions")
        if met and str((group or {}).get("target_group_arn")) not in groups_in(actions):
            which = "its default action" if met.get("is_default") else f"its rule with priority {met.get('priority')}"
            what = f"The HTTPS listener answers requests for {evidence.domain} by {which}, not by the site's machines."
            yield Case(
                what, place("listener", {**listener, "name": "HTTPS"}, "listener_arn"), f"action: {said(actions)}"
            )


@AREA.rule(
    Kind(
        "target-on-other-port",
        CRITICAL,
        "Requests and health checks go to the port of the registration, where nothing listens.",
        f"Register the machines on the target group's own port: {PROVISION}",
        ("target-unhealthy", "balancer-not-admitted", "balancer-way-blocked"),
    ),
    "elbv2: target groups",
)
def target_on_other_port(evidence: Evidence) -> Iterator[Case]:
    """A machine is registered on another port than the target group's, and is unhealthy there."""
    names = {str(one.get("instance_id")): one for one in evidence.listed("instances")}
    for group in evidence.listed("target_groups"):
        wrong = [
            one
            for owner, one in targets(evidence)
            if owner is group
            and one.get("port")
            and group.get("port")
            and one["port"] != group["port"]
            and one.get("state") in ("unhealthy", "unused", "unavailable")
        ]
        if wrong:
            machines = [names.get(str(one.get("id"))) or {"instance_id": one.get("id")} for one in wrong]
            verb = "is" if len(wrong) == 1 else "are"
            ports = ", ".join(sorted({str(one["port"]) for one in wrong}))
            what = f"{' and '.join(map(called, machines))} {verb} registered on port {ports}."
            yield Case(what, where_group(group), f"the target group's port is {group['port']}", ids(machines))
