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
from collections.abc import Iterator, Sequence

from .._target_group import SHIFTED
from .balancing import where_group
from .evidence import Evidence
from .finding import CRITICAL, NOTICE, PROVISION, WARNING, Area, Occurrence, RuleInfo, Where
from .known.balancing import Action, Condition, ListenerRule
from .places import balancer_place, display_name, https_listener, ids

AREA = Area("balancing")
SITE_TAG = "hasite:site"
BEHIND = ("page-unavailable", "alias-unavailable", "check-failing", "plain-unavailable")
MOVE = "Have the site's rules tried before those of others, or remove the other rule."


def meets(condition: Condition, host: str, path: str) -> bool:
    """Tell whether a visitor's request meets a condition; what it says of headers or addresses, no visitor meets."""
    # Host names are compared without regard to case, paths with it.
    if condition.field == "host-header":
        patterns = condition.host_header_config.values or condition.values
        return any(fnmatch.fnmatchcase(host.lower(), pattern.lower()) for pattern in patterns)
    patterns = condition.path_pattern_config.values or condition.values
    return condition.field == "path-pattern" and any(fnmatch.fnmatchcase(path, pattern) for pattern in patterns)


def met_rule(rules: Sequence[ListenerRule], host: str, path: str) -> ListenerRule | None:
    """Return the first rule that a request meets."""
    return next((rule for rule in rules if all(meets(part, host, path) for part in rule.conditions)), None)


def is_own(evidence: Evidence, rule: ListenerRule) -> bool:
    """Tell whether a rule of a listener is the site's: it bears the site's tag, or it is the default one."""
    return rule.is_default or rule.tags.get(SITE_TAG) == evidence.site.name


def may_catch(rule: ListenerRule, host: str) -> bool:
    """Tell whether some request for a host may meet a rule, whatever else it says of paths, headers, addresses."""
    hosts = [condition for condition in rule.conditions if condition.field == "host-header"]
    return all(meets(condition, host, "/") for condition in hosts)


def behind(rules: Sequence[ListenerRule], rule: ListenerRule) -> str:
    """Return the call that moves a rule of others behind all that the listener has."""
    last = max((int(other.priority) for other in rules if other.priority.isdecimal()), default=0)
    return f"Call: aws elbv2 set-rule-priorities --rule-priorities RuleArn={rule.rule_arn},Priority={last + 1}"


def groups_in(actions: Sequence[Action]) -> set[str]:
    """Return the target groups to which actions forward with a weight."""
    weighted = [
        row.target_group_arn for action in actions for row in action.forward_config.target_groups if row.weight != 0
    ]
    return {action.target_group_arn for action in actions if action.target_group_arn} | set(weighted)


def leads_here(evidence: Evidence, rule: ListenerRule) -> bool:
    """Tell whether a rule forwards to the site's target group."""
    return evidence.group is not None and evidence.group.target_group_arn in groups_in(rule.actions)


def said(actions: Sequence[Action]) -> str:
    """Return actions as evidence."""
    groups = ", ".join(sorted(groups_in(actions)))
    return ", ".join(action.type for action in actions) + (f" to {groups}" if groups else "")


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
    if balancer and balancer.maintenance:
        what = f"Visitors of {evidence.domain} get the planned page, for the site is in maintenance."
        yield Occurrence(what, balancer_place(balancer), "rules of the part maintenance")


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
    for group, target in evidence.targets:
        if target.override in SHIFTED:
            zone = evidence.instance(target.id).availability_zone or "of a machine that is not the site's"
            what = f"A zonal shift keeps visitors away from the zone {zone}."
            yield Occurrence(what, where_group(group), f"{target.id}: {target.override}")


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
    found = evidence.listeners
    # A load balancer without any listener, or without a target, is not built to its end yet.
    served = bool(evidence.targets)
    if balancer and found and served and not any(listener.port == 443 for listener in found):
        told = ", ".join(f"{listener.protocol} on {listener.port}" for listener in found)
        what = "The load balancer does not listen on port 443."
        yield Occurrence(what, balancer_place(balancer), f"listeners: {told}")


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
    for listener in evidence.listeners if evidence.group else ():
        rules = evidence.details.listener_rules.get(listener.listener_arn, ())
        met = met_rule(rules, evidence.domain, "/") if listener.protocol == "HTTPS" else None
        if met and not leads_here(evidence, met):
            which = "its default action" if met.is_default else f"its rule with priority {met.priority}"
            what = f"The HTTPS listener answers requests for {evidence.domain} by {which}, not by the site's machines."
            yield Occurrence(
                what,
                https_listener(listener),
                f"action: {said(met.actions)}",
                remedy=None if is_own(evidence, met) else f"{MOVE} {behind(rules, met)}",
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
    for listener in evidence.listeners:
        found = evidence.details.listener_rules.get(listener.listener_arn, ())
        everything = met_rule(found, evidence.domain, "/")
        for host in (evidence.domain, *evidence.aliases):
            own = next((rank for rank, rule in enumerate(found) if is_own(evidence, rule) and may_catch(rule, host)), 0)
            above = [rule for rule in found[:own] if may_catch(rule, host)]
            # What takes all requests for the domain is listener-answers-elsewhere, unless it leads to the machines too.
            for rule in above:
                if rule is not everything or leads_here(evidence, rule):
                    where = Where("listener rule", rule.rule_arn, f"with priority {rule.priority}")
                    what = f"A rule that is not the site's comes before the site's rule for {host}."
                    yield Occurrence(what, where, f"action: {said(rule.actions)}", remedy=behind(found, rule))


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
    for group in evidence.site.target_groups:
        wrong = [
            target
            for target in group.targets
            if target.port
            and group.port
            and target.port != group.port
            and target.state in ("unhealthy", "unused", "unavailable")
        ]
        if wrong:
            machines = [evidence.instance(target.id) for target in wrong]
            verb = "is" if len(wrong) == 1 else "are"
            ports = ", ".join(sorted({str(target.port) for target in wrong}))
            what = f"{' and '.join(map(display_name, machines))} {verb} registered on port {ports}."
            yield Occurrence(what, where_group(group), f"the target group's port is {group.port}", ids(machines))
