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
import typing as t
from collections.abc import Iterator, Mapping

from .._resource import Resource
from .._target_group import SHIFTED
from .balancing import group_of, targets, where_group
from .evidence import Evidence, rows
from .finding import CRITICAL, NOTICE, PROVISION, WARNING, Area, Occurrence, RuleInfo, Where
from .places import display_name, ids, place

AREA = Area("balancing")
SITE_TAG = "hasite:site"
BEHIND = ("page-unavailable", "alias-unavailable", "check-failing", "plain-unavailable")
MOVE = "Have the site's rules tried before those of others, or remove the other rule."
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
        fnmatch.fnmatchcase(asked.lower() if fold else asked, str(pattern).lower() if fold else str(pattern))
        for pattern in patterns
    )


def met_rule(rules: list[Resource], host: str, path: str) -> Resource | None:
    """Return the first rule that a request meets."""
    for rule in rules:
        if all(meets(condition, host, path) for condition in rows(rule, "conditions")):
            return rule
    return None


def is_own(evidence: Evidence, rule: Mapping[str, t.Any]) -> bool:
    """Tell whether a rule of a listener is the site's: it bears the site's tag, or it is the default one."""
    return bool(rule.get("is_default")) or (rule.get("tags") or {}).get(SITE_TAG) == evidence.site.get("name")


def may_catch(rule: Resource, host: str) -> bool:
    """Tell whether some request for a host may meet a rule, whatever else it says of paths, headers, addresses."""
    hosts = [condition for condition in rows(rule, "conditions") if condition.get("field") == "host-header"]
    return all(meets(condition, host, "/") for condition in hosts)


def behind(rules: list[Resource], rule: Resource) -> str:
    """Return the call that moves a rule of others behind all that the listener has."""
    last = max((int(one["priority"]) for one in rules if str(one.get("priority")).isdecimal()), default=0)
    arn = rule.get("rule_arn")
    return f"Call: aws elbv2 set-rule-priorities --rule-priorities RuleArn={arn},Priority={last + 1}"


def groups_in(actions: list[Resource]) -> set[str]:
    """Return the target groups to which actions forward with a weight."""
    found = {str(action["target_group_arn"]) for action in actions if action.get("target_group_arn")}
    for action in actions:
        for row in rows(action.get("forward_config"), "target_groups"):
            if row.get("weight") != 0:
                found.add(str(row.get("target_group_arn")))
    return found


def said(actions: list[Resource]) -> str:
    """Return actions as evidence."""
    groups = ", ".join(sorted(groups_in(actions)))
    return ", ".join(str(action.get("type")) for action in actions) + (f" to {groups}" if groups else "")


@AREA.rule(
    RuleInfo(
        "in-maintenance",
        NOTICE,
        "Somebody has planned it. The names go over to the error page, if nobody is admitted meanwhile.",
        "When the work is done, give visitors the site again: run playbooks/maintenance.yml -e maintenance=off.",
        ("listener-answers-elsewhere", *BEHIND),
    ),
    "elbv2: load balancers",
)
def in_maintenance(evidence: Evidence) -> Iterator[Occurrence]:
    """The site is in maintenance: visitors get the planned page."""
    balancer = evidence.balancer
    if balancer and balancer.get("maintenance"):
        what = f"Visitors of {evidence.domain} get the planned page, for the site is in maintenance."
        yield Occurrence(what, place("load balancer", balancer, "load_balancer_arn"), "rules of the part maintenance")


@AREA.rule(
    RuleInfo(
        "zone-shifted-away",
        NOTICE,
        "Somebody has planned it, or AWS has. Until it ends, visitors have the machines of the other zones only.",
        "When the zone is well, bring visitors back: run playbooks/zone.yml -e zone_away=none.",
    ),
    "elbv2: target groups",
)
def zone_shifted_away(evidence: Evidence) -> Iterator[Occurrence]:
    """A zonal shift keeps visitors away from a machine's zone."""
    zones = {
        resource.get("instance_id"): resource.get("availability_zone") for resource in evidence.resources("instances")
    }
    for group, target in targets(evidence):
        if target.get("override") in SHIFTED:
            zone = zones.get(target.get("id")) or "of a machine that is not the site's"
            what = f"A zonal shift keeps visitors away from the zone {zone}."
            yield Occurrence(what, where_group(group), f"{target.get('id')}: {target.get('override')}")


@AREA.rule(
    RuleInfo(
        "https-listener-missing",
        CRITICAL,
        "Visitors and health checks ask on port 443, where nobody answers.",
        f"Create the HTTPS listener: {PROVISION}",
        BEHIND,
    ),
    "elbv2: load balancers",
    "elbv2: target groups",
)
def https_listener_missing(evidence: Evidence) -> Iterator[Occurrence]:
    """The load balancer does not listen on port 443."""
    balancer = evidence.balancer
    listeners = rows(balancer, "listeners")
    # A load balancer without any listener, or without a target, is not built to its end yet.
    served = group_of(evidence) and any(True for dummy in targets(evidence))
    if balancer and listeners and served and not any(listener.get("port") == 443 for listener in listeners):
        told = ", ".join(f"{listener.get('protocol')} on {listener.get('port')}" for listener in listeners)
        what = "The load balancer does not listen on port 443."
        yield Occurrence(what, place("load balancer", balancer, "load_balancer_arn"), f"listeners: {told}")


@AREA.rule(
    RuleInfo(
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
def listener_answers_elsewhere(evidence: Evidence) -> Iterator[Occurrence]:
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
            yield Occurrence(
                what,
                place("listener", {**listener, "name": "HTTPS"}, "listener_arn"),
                f"action: {said(actions)}",
                remedy=None if is_own(evidence, met) else f"{MOVE} {behind(rules[arn], met)}",
            )


@AREA.rule(
    RuleInfo(
        "listener-rule-above",
        WARNING,
        "Visitors whose requests meet it get what somebody else has decided, whatever the machines serve.",
        MOVE,
    ),
    "elbv2: load balancers",
    "elbv2: listener rules",
)
def listener_rule_above(evidence: Evidence) -> Iterator[Occurrence]:
    """A listener's rule that others have added takes requests for the site's names before the site's own rules."""
    rules: dict[str, list[Resource]] = evidence.detail("listener_rules") or {}
    for listener in rows(evidence.balancer, "listeners"):
        found = rules.get(str(listener.get("listener_arn"))) or []
        everything = met_rule(found, evidence.domain, "/")
        for host in (evidence.domain, *evidence.aliases):
            own = next((rank for rank, rule in enumerate(found) if is_own(evidence, rule) and may_catch(rule, host)), 0)
            above = [rule for rule in found[:own] if may_catch(rule, host)]
            # What takes all requests for the domain is listener-answers-elsewhere, unless it leads to the machines too.
            for rule in above:
                if rule is not everything or _leads_here(evidence, rule):
                    where = Where("listener rule", str(rule.get("rule_arn")), f"with priority {rule.get('priority')}")
                    what = f"A rule that is not the site's comes before the site's rule for {host}."
                    yield Occurrence(what, where, f"action: {said(rows(rule, 'actions'))}", remedy=behind(found, rule))


def _leads_here(evidence: Evidence, rule: Resource) -> bool:
    return str((group_of(evidence) or {}).get("target_group_arn")) in groups_in(rows(rule, "actions"))


@AREA.rule(
    RuleInfo(
        "target-on-other-port",
        CRITICAL,
        "Requests and health checks go to the port of the registration, where nothing listens.",
        f"Register the machines on the target group's own port: {PROVISION}",
        ("target-unhealthy", "balancer-not-admitted", "balancer-path-blocked"),
    ),
    "elbv2: target groups",
)
def target_on_other_port(evidence: Evidence) -> Iterator[Occurrence]:
    """A machine is registered on another port than the target group's, and is unhealthy there."""
    names = {str(resource.get("instance_id")): resource for resource in evidence.resources("instances")}
    for group in evidence.resources("target_groups"):
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
            what = f"{' and '.join(map(display_name, machines))} {verb} registered on port {ports}."
            yield Occurrence(what, where_group(group), f"the target group's port is {group['port']}", ids(machines))
