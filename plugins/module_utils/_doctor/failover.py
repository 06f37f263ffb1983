# Copyright: hasite.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection: this file may change at any time.
"""Rules: records and health checks that let the name fail over (stumbling blocks 5 and 9)."""

from __future__ import annotations

from collections.abc import Iterator

from .._route53 import ALIAS_TTL
from .evidence import Evidence, alias_of, same_name, same_target
from .finding import CRITICAL, PROVISION, WARNING, Area, Occurrence, RuleInfo, Where
from .known.balancing import LoadBalancer
from .known.edge import Distribution
from .known.names import HealthCheck, Record
from .places import place

AREA = Area("failover")
SLOWEST_SECONDS = 60
"""The longest that the checkers may take to see that the site is down."""


def role_of(evidence: Evidence, role: str) -> list[Record]:
    """Return the site's A records of a failover role."""
    return [record for record in evidence.records(evidence.domain, "A") if record.failover == role]


def where(evidence: Evidence, kind: str, note: str) -> Where:
    """Return where a record is."""
    return Where("record", f"{evidence.domain} {kind}", note)


def leads(evidence: Evidence) -> dict[str, str]:
    """Return where the record of each role has to lead."""
    balancer, distribution = evidence.balancer or LoadBalancer(), evidence.distribution or Distribution()
    return {"PRIMARY": balancer.dns_name, "SECONDARY": distribution.domain_name}


def routing(record: Record) -> str:
    """Return a record's routing policy, or its role in a failover pair."""
    policies = {
        "weighted": record.weight,
        "latency": record.region,
        "geolocation": record.geo_location,
        "geoproximity": record.geo_proximity_location,
        "multivalue": record.multi_value_answer,
        "IP-based": record.cidr_routing_config,
    }
    return record.failover or next((policy for policy, told in policies.items() if told is not None), "simple")


def said(record: Record) -> str:
    """Return a record as evidence."""
    values = ", ".join(row.value for row in record.resource_records)
    return f"{routing(record)} {record.type} → {alias_of(record) or values or 'nothing'}"


def used_checks(evidence: Evidence) -> list[HealthCheck]:
    """Return the health checks that the site's records use, and the site's own."""
    used = {record.health_check_id for record in evidence.records(evidence.domain)} - {""}
    return [check for check in evidence.site.health_checks if check.id in used or not used]


def title(check: HealthCheck) -> Where:
    """Return where a health check is."""
    return place("health check", check.id, check.name)


def update(check: HealthCheck, switch: str) -> str:
    """Return the call that sets a switch of a health check."""
    return f"Call: aws route53 update-health-check --health-check-id {check.id} {switch}"


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
    if built(evidence) and found and not any(record.failover for record in found):
        kinds = " and ".join(sorted({routing(record) for record in found}))
        what = f"{evidence.domain} has a {kinds} record in the place of its failover pair."
        yield Occurrence(what, where(evidence, found[0].type, kinds), "; ".join(map(said, found)))


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
    for record in role_of(evidence, "PRIMARY") if evidence.balancer else []:
        wanted = leads(evidence)["PRIMARY"]
        if not same_target(record, wanted):
            what = f"The PRIMARY record of {evidence.domain} does not lead to the load balancer."
            yield Occurrence(what, where(evidence, "A", "PRIMARY"), f"{said(record)}; the load balancer is {wanted}")


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
    for record in role_of(evidence, "SECONDARY") if evidence.distribution else []:
        wanted = leads(evidence)["SECONDARY"]
        if not same_target(record, wanted):
            what = f"The SECONDARY record of {evidence.domain} does not lead to the error page."
            yield Occurrence(what, where(evidence, "A", "SECONDARY"), f"{said(record)}; the distribution is {wanted}")


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
    roles = {record.failover for record in found}
    if found and not {"PRIMARY", "SECONDARY"} <= roles:
        what = f"{evidence.domain} has an AAAA record without a failover pair."
        yield Occurrence(what, where(evidence, "AAAA", ""), "; ".join(map(said, found)))


# ---- what lets it switch


def served_health_page(evidence: Evidence) -> str:
    """Return the path at which the load balancer finds all machines healthy, empty where that is not known."""
    well = all(target.state == "healthy" for dummy, target in evidence.targets)
    return (evidence.group.health_check_path or "") if evidence.group and well else ""


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
        asked = check.config.fully_qualified_domain_name
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
    wanted, page = leads(evidence)["PRIMARY"], served_health_page(evidence)
    for check in used_checks(evidence) if wanted else []:
        config = check.config
        asked, port, path = config.fully_qualified_domain_name, config.port, config.resource_path
        others = [name for name in (wanted, evidence.domain, *evidence.aliases) if same_name(asked, name)]
        wrong = [f"FullyQualifiedDomainName={asked}"] if asked and not others else []
        wrong += [f"Port={port}"] if port and port != 443 else []
        wrong += [f"ResourcePath={path}"] if page and path and path != page else []
        if wrong:
            what = f"The health check asks {asked or 'nobody'}:{port or ''}{path} instead of {wanted}:443{page}."
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
    for record in role_of(evidence, "PRIMARY"):
        if not record.alias_target.evaluate_target_health and not record.health_check_id:
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
    checks = {record.health_check_id for record in role_of(evidence, "PRIMARY")} - {""}
    for record in role_of(evidence, "SECONDARY"):
        if record.health_check_id in checks:
            what = f"The SECONDARY record of {evidence.domain} has the health check of the PRIMARY one."
            proof = f"HealthCheckId={record.health_check_id}"
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
    for name in (evidence.domain, *evidence.aliases):
        for record in evidence.records(name, "A"):
            check = record.health_check_id
            if check and evidence.details.used_health_checks.get(check) is False:
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
        if check.config.disabled:
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
        if check.config.inverted:
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
        interval, threshold = check.config.request_interval, check.config.failure_threshold
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
        if check.healthy is False and not check.config.disabled:
            said_by, checkers = [seen.status for seen in check.observations], check.checkers
            bad = next((status for status in said_by if not status.startswith("Success")), "")
            proof = f"{checkers.healthy} of {checkers.all} checkers find it healthy; one says: {bad}"
            yield Occurrence("The health check fails.", title(check), proof)
