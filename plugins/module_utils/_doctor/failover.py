# Copyright: hasite.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection: this file may change at any time.
"""Rules: records and health checks that let the name fail over (stumbling blocks 5 and 9)."""

from __future__ import annotations

from collections.abc import Iterator

from .._resource import Resource
from .._route53 import ALIAS_TTL
from .evidence import Evidence, alias_of, rows, same_name, same_target
from .finding import CRITICAL, PROVISION, WARNING, Area, Occurrence, RuleInfo, Where
from .places import place

AREA = Area("failover")
SLOWEST_SECONDS = 60
"""The longest that the checkers may take to see that the site is down."""


def role_of(evidence: Evidence, role: str) -> list[Resource]:
    """Return the site's A records of a failover role."""
    return [record for record in evidence.records(evidence.domain, "A") if record.get("failover") == role]


def where(evidence: Evidence, kind: str, note: str) -> Where:
    """Return where a record is."""
    return Where("record", f"{evidence.domain} {kind}", note)


POLICIES = {
    "weight": "weighted",
    "region": "latency",
    "geo_location": "geolocation",
    "geo_proximity_location": "geoproximity",
    "multi_value_answer": "multivalue",
    "cidr_routing_config": "IP-based",
}
"""The routing policies by what tells a record of each."""


def routing(record: Resource) -> str:
    """Return a record's routing policy, or its role in a failover pair."""
    return str(record.get("failover") or next((POLICIES[key] for key in POLICIES if key in record), "simple"))


def said(record: Resource) -> str:
    """Return a record as evidence."""
    values = [str(row.get("value")) for row in rows(record, "resource_records")]
    role = routing(record)
    return f"{role} {record.get('type')} → {alias_of(record) or ', '.join(values) or 'nothing'}"


def used_checks(evidence: Evidence) -> Iterator[Resource]:
    """Return the health checks that the site's records use, and the site's own."""
    used = {record.get("health_check_id") for record in evidence.records(evidence.domain)}
    for resource in evidence.resources("health_checks"):
        if resource.get("id") in used or not used - {None}:
            yield resource


def title(check: Resource) -> Where:
    """Return where a health check is."""
    return place("health check", check, "id")


def update(check: Resource, switch: str) -> str:
    """Return the call that sets a switch of a health check."""
    return f"Call: aws route53 update-health-check --health-check-id {check.get('id')} {switch}"


def built(evidence: Evidence) -> bool:
    """Tell whether there is a zone that was read, and both ends that a failover needs."""
    readable = not evidence.unread("route53: hosted zones")
    return bool(evidence.zone and evidence.balancer and evidence.distribution and readable)


# ---- records

REPLACE = "Replace it by the pair in one change: run playbooks/site.yml with -e site_take_over=true once."


@AREA.rule(
    RuleInfo(
        "failover-pair-replaced",
        CRITICAL,
        "Only a failover pair switches to the error page. Route 53 takes no other record of the name beside it, so the "
        "pair cannot be made before this one is gone.",
        REPLACE,
        ("primary-missing", "secondary-missing", "name-unresolved"),
    ),
    "route53: hosted zones",
    "elbv2: load balancers",
    "cloudfront: distributions",
)
def failover_pair_replaced(evidence: Evidence) -> Iterator[Occurrence]:
    """The site's name has an address record of another routing policy in the place of the failover pair."""
    found = [record for kind in ("A", "CNAME") for record in evidence.records(evidence.domain, kind)]
    if built(evidence) and found and not any(one.get("failover") for one in found):
        kinds = " and ".join(sorted({routing(one) for one in found}))
        what = f"{evidence.domain} has a {kinds} record in the place of its failover pair."
        yield Occurrence(what, where(evidence, str(found[0].get("type")), kinds), "; ".join(map(said, found)))


@AREA.rule(
    RuleInfo(
        "primary-missing",
        CRITICAL,
        "The name does not lead to the load balancer.",
        f"Make the PRIMARY record: {PROVISION}",
        ("name-unresolved", "page-unavailable", "plain-unavailable"),
    ),
    "route53: hosted zones",
    "elbv2: load balancers",
    "cloudfront: distributions",
)
def primary_missing(evidence: Evidence) -> Iterator[Occurrence]:
    """The site's name has no PRIMARY record."""
    if built(evidence) and not role_of(evidence, "PRIMARY"):
        found = [said(record) for record in evidence.records(evidence.domain)]
        proof = f"records: {'; '.join(found) or 'none'}"
        yield Occurrence(f"{evidence.domain} has no PRIMARY record.", where(evidence, "A", "PRIMARY"), proof)


@AREA.rule(
    RuleInfo(
        "secondary-missing",
        CRITICAL,
        "When the primary fails there is nothing to switch to: visitors get the failure instead of the error page.",
        f"Make the SECONDARY record: {PROVISION}",
    ),
    "route53: hosted zones",
    "elbv2: load balancers",
    "cloudfront: distributions",
)
def secondary_missing(evidence: Evidence) -> Iterator[Occurrence]:
    """The site's name has no SECONDARY record."""
    if built(evidence) and not role_of(evidence, "SECONDARY"):
        found = [said(record) for record in evidence.records(evidence.domain)]
        proof = f"records: {'; '.join(found) or 'none'}"
        yield Occurrence(f"{evidence.domain} has no SECONDARY record.", where(evidence, "A", "SECONDARY"), proof)


@AREA.rule(
    RuleInfo(
        "primary-elsewhere",
        CRITICAL,
        "Visitors come to something else than the site.",
        "Let it be an alias of the load balancer: run playbooks/site.yml, with -e site_take_over=true if it leads to "
        "another load balancer.",
        ("page-unavailable", "plain-unavailable", "name-unresolved"),
    ),
    "route53: hosted zones",
    "elbv2: load balancers",
)
def primary_elsewhere(evidence: Evidence) -> Iterator[Occurrence]:
    """The PRIMARY record leads elsewhere than to the load balancer."""
    for one in role_of(evidence, "PRIMARY") if evidence.balancer else []:
        wanted = (evidence.balancer or {}).get("dns_name")
        if not same_target(one, wanted):
            what = f"The PRIMARY record of {evidence.domain} does not lead to the load balancer."
            yield Occurrence(what, where(evidence, "A", "PRIMARY"), f"{said(one)}; the load balancer is {wanted}")


@AREA.rule(
    RuleInfo(
        "secondary-elsewhere",
        CRITICAL,
        "When the primary fails, visitors come to something else than the error page.",
        f"Let it be an alias of the error page's distribution: {PROVISION}",
    ),
    "route53: hosted zones",
    "cloudfront: distributions",
)
def secondary_elsewhere(evidence: Evidence) -> Iterator[Occurrence]:
    """The SECONDARY record leads elsewhere than to the error page."""
    for one in role_of(evidence, "SECONDARY") if evidence.distribution else []:
        wanted = (evidence.distribution or {}).get("domain_name")
        if not same_target(one, wanted):
            what = f"The SECONDARY record of {evidence.domain} does not lead to the error page."
            yield Occurrence(what, where(evidence, "A", "SECONDARY"), f"{said(one)}; the distribution is {wanted}")


@AREA.rule(
    RuleInfo(
        "aaaa-without-pair",
        WARNING,
        "Visitors with IPv6 ask for AAAA: they stay on the error page, or never come to it.",
        "Delete the AAAA record, or make a PRIMARY and a SECONDARY of it as of A; the playbooks make none.",
    ),
    "route53: hosted zones",
)
def aaaa_without_pair(evidence: Evidence) -> Iterator[Occurrence]:
    """The site's name has AAAA records that do not fail over with its A records."""
    found = evidence.records(evidence.domain, "AAAA")
    roles = {one.get("failover") for one in found}
    if found and not {"PRIMARY", "SECONDARY"} <= roles:
        what = f"{evidence.domain} has an AAAA record without a failover pair."
        yield Occurrence(what, where(evidence, "AAAA", ""), "; ".join(map(said, found)))


# ---- what lets it switch


def served_health_page(evidence: Evidence) -> str:
    """Return the path at which the load balancer finds all machines healthy, empty where that is not known."""
    groups = evidence.resources("target_groups")
    well = all(target.get("state") == "healthy" for group in groups for target in rows(group, "targets"))
    return str(groups[0].get("health_check_path") or "") if groups and well else ""


@AREA.rule(
    RuleInfo(
        "health-check-on-failover-name",
        CRITICAL,
        "After the switch it finds the error page at that name, and what it says of that switches back: the name "
        "flaps, or never comes back.",
        f"Check the load balancer's own name; a health check's kind cannot be changed, so it is made anew: {PROVISION}",
        ("check-failing",),
    ),
    "route53: hosted zones",
    "route53: health checks",
)
def health_check_on_failover_name(evidence: Evidence) -> Iterator[Occurrence]:
    """The health check asks the very name that it switches."""
    for check in used_checks(evidence):
        config = check.get("config") or {}
        asked = config.get("fully_qualified_domain_name")
        if asked and same_name(asked, evidence.domain):
            what = f"The health check asks {asked}, the name that it switches itself."
            yield Occurrence(what, title(check), f"FullyQualifiedDomainName={asked}")


@AREA.rule(
    RuleInfo(
        "health-check-elsewhere",
        CRITICAL,
        "It says nothing about the site: visitors get the error page while the site is well, or the site when it is "
        "down.",
        f"Let it ask the load balancer for the health page over HTTPS on port 443: {PROVISION}",
        ("check-failing", "page-unavailable", "alias-unavailable"),
    ),
    "route53: hosted zones",
    "route53: health checks",
    "elbv2: load balancers",
)
def health_check_elsewhere(evidence: Evidence) -> Iterator[Occurrence]:
    """The health check asks something else than the load balancer's port 443 for the page of its own checks."""
    wanted = str((evidence.balancer or {}).get("dns_name") or "")
    page = served_health_page(evidence)
    for check in used_checks(evidence) if wanted else []:
        config = check.get("config") or {}
        asked, port = config.get("fully_qualified_domain_name"), config.get("port")
        others = [name for name in (wanted, evidence.domain, *evidence.aliases) if same_name(asked, name)]
        wrong = [f"FullyQualifiedDomainName={asked}"] if asked and not others else []
        wrong += [f"Port={port}"] if port and int(port) != 443 else []
        path = config.get("resource_path")
        wrong += [f"ResourcePath={path}"] if page and path and path != page else []
        if wrong:
            what = f"The health check asks {asked or 'nobody'}:{port or ''}{path or ''} instead of {wanted}:443{page}."
            yield Occurrence(what, title(check), ", ".join(wrong))


@AREA.rule(
    RuleInfo(
        "nothing-evaluated",
        CRITICAL,
        "Without a health check and without evaluating the target's health the PRIMARY record counts as healthy "
        "always, so the name can never switch.",
        f"Evaluate the load balancer's health in the PRIMARY record, and give it the health check: {PROVISION}",
    ),
    "route53: hosted zones",
)
def nothing_evaluated(evidence: Evidence) -> Iterator[Occurrence]:
    """Nothing tells Route 53 whether the primary is healthy."""
    for one in role_of(evidence, "PRIMARY"):
        evaluates = (one.get("alias_target") or {}).get("evaluate_target_health")
        if not evaluates and not one.get("health_check_id"):
            proof = "EvaluateTargetHealth=false, no health check"
            what = f"The PRIMARY record of {evidence.domain} can never count as unhealthy."
            yield Occurrence(what, where(evidence, "A", "PRIMARY"), proof)


@AREA.rule(
    RuleInfo(
        "secondary-checked-too",
        CRITICAL,
        "With the check of the primary the secondary is unhealthy whenever that is, and of two unhealthy records Route "
        "53 answers with the primary: the name never switches "
        "(https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/health-checks-how-route-53-chooses-records.html).",
        f"Take the health check off the SECONDARY record: {PROVISION}",
    ),
    "route53: hosted zones",
)
def secondary_checked_too(evidence: Evidence) -> Iterator[Occurrence]:
    """The SECONDARY record has the health check of the PRIMARY one."""
    checks = {record.get("health_check_id") for record in role_of(evidence, "PRIMARY")} - {None}
    for record in role_of(evidence, "SECONDARY"):
        if record.get("health_check_id") in checks:
            what = f"The SECONDARY record of {evidence.domain} has the health check of the PRIMARY one."
            proof = f"HealthCheckId={record['health_check_id']}"
            yield Occurrence(what, where(evidence, "A", "SECONDARY"), proof)


@AREA.rule(
    RuleInfo(
        "health-check-missing",
        CRITICAL,
        "Nobody checks any more, and what Route 53 takes the PRIMARY record for from now on is not defined "
        "(https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/health-checks-creating-deleting.html).",
        f"Create the health check and give it to the record: {PROVISION}",
    ),
    "route53: hosted zones",
    "route53: used health checks",
)
def health_check_missing(evidence: Evidence) -> Iterator[Occurrence]:
    """A record names a health check that is gone."""
    there: dict[str, bool] = evidence.detail("used_health_checks") or {}
    for name in (evidence.domain, *evidence.aliases):
        for record in evidence.records(name, "A"):
            check = str(record.get("health_check_id") or "")
            if check and there.get(check) is False:
                what = f"The {routing(record)} record of {name} names a health check that is gone."
                yield Occurrence(what, Where("record", f"{name} A", routing(record)), f"HealthCheckId={check}")


@AREA.rule(
    RuleInfo(
        "health-check-disabled",
        CRITICAL,
        "A disabled health check counts as healthy always, and is paid for all the same.",
        "Enable it: aws route53 update-health-check --health-check-id ID --no-disabled",
    ),
    "route53: hosted zones",
    "route53: health checks",
)
def health_check_disabled(evidence: Evidence) -> Iterator[Occurrence]:
    """The health check is disabled."""
    for check in used_checks(evidence):
        if (check.get("config") or {}).get("disabled"):
            yield Occurrence(
                "The health check is disabled.", title(check), "Disabled=true", remedy=update(check, "--no-disabled")
            )


@AREA.rule(
    RuleInfo(
        "health-check-inverted",
        CRITICAL,
        "It calls the site unhealthy while it is well: visitors get the error page, and the site when it is down.",
        "Turn it back: aws route53 update-health-check --health-check-id ID --no-inverted",
        ("check-failing", "page-unavailable"),
    ),
    "route53: hosted zones",
    "route53: health checks",
)
def health_check_inverted(evidence: Evidence) -> Iterator[Occurrence]:
    """The health check is inverted."""
    for check in used_checks(evidence):
        if (check.get("config") or {}).get("inverted"):
            yield Occurrence(
                "The health check is inverted.", title(check), "Inverted=true", remedy=update(check, "--no-inverted")
            )


@AREA.rule(
    RuleInfo(
        "slow-health-check",
        WARNING,
        "Visitors get the failure until the checkers agree, and then until they have forgotten the old address.",
        "Set site_health_check to an interval of 10 and a threshold of 3. A health check's interval cannot be changed: "
        f"give the present one another Name tag, {PROVISION[:-1]}, which makes a new one, and delete the old one.",
    ),
    "route53: hosted zones",
    "route53: health checks",
)
def slow_health_check(evidence: Evidence) -> Iterator[Occurrence]:
    """The health check sees late that the site is down."""
    for check in used_checks(evidence):
        config = check.get("config") or {}
        interval, threshold = int(config.get("request_interval") or 0), int(config.get("failure_threshold") or 0)
        if interval * threshold > SLOWEST_SECONDS:
            yield Occurrence(
                f"The failover takes about {interval * threshold} s to begin, and up to {ALIAS_TTL} s more to be seen.",
                title(check),
                f"RequestInterval={interval}, FailureThreshold={threshold}",
            )


@AREA.rule(
    RuleInfo(
        "check-failing",
        CRITICAL,
        "The name has switched to the error page, or is about to.",
        "Look at what the checkers were answered.",
        ("page-unavailable",),
    ),
    "route53: hosted zones",
    "route53: health checks",
)
def check_failing(evidence: Evidence) -> Iterator[Occurrence]:
    """The health check fails."""
    for check in used_checks(evidence):
        if check.get("healthy") is False and not (check.get("config") or {}).get("disabled"):
            checkers = check.get("checkers") or {}
            said_by = [str(seen.get("status")) for seen in rows(check, "observations")]
            bad = next((status for status in said_by if not status.startswith("Success")), "")
            proof = f"{checkers.get('healthy')} of {checkers.get('all')} checkers find it healthy; one says: {bad}"
            yield Occurrence("The health check fails.", title(check), proof)
