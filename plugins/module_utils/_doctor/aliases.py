# Copyright: hasite.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection: this file may change at any time.
"""Rules: the site's further names, which redirect to its domain."""

from __future__ import annotations

from collections.abc import Iterator

from .._visit import is_served
from .certificates import CLOUDFRONT_REGION, covers, ours, owners_own
from .evidence import Evidence, same_target
from .failover import REPLACE, built, leads, said
from .finding import CRITICAL, PROVISION, Area, Occurrence, RuleInfo, Where
from .needs import ALIASES, PAGE

AREA = Area("aliases")


@AREA.rule(
    RuleInfo(
        "alias-record-missing",
        CRITICAL,
        "Visitors of this name do not come to the site, or do not see the error page when it is down.",
        f"Create the failover records of all names: {PROVISION}",
        ("alias-unavailable",),
    ),
    "route53: hosted zones",
    "elbv2: load balancers",
    "cloudfront: distributions",
)
def alias_record_missing(evidence: Evidence) -> Iterator[Occurrence]:
    """An alias has no failover records that lead to the site."""
    if not built(evidence):
        return
    targets = leads(evidence)
    for alias in evidence.aliases:
        found = evidence.records(alias, "A")
        good = {record.failover for record in found if same_target(record, targets.get(record.failover, ""))}
        missing = [role for role in targets if role not in good]
        if missing:
            there = "; ".join(map(said, evidence.records(alias))) or "none"
            what = f"{alias} has no {' and no '.join(missing)} record that leads to the site."
            other = any(not record.failover for record in evidence.records(alias, "A"))
            yield Occurrence(
                what, Where("record", f"{alias} A"), f"records: {there}", remedy=REPLACE if other else None
            )


@AREA.rule(
    RuleInfo(
        "alias-certificate-missing",
        CRITICAL,
        "Browsers refuse the name before they see the redirect.",
        f"Request a certificate with all names in both regions: {PROVISION}",
        ("alias-unavailable",),
    ),
    "acm: certificates",
)
def alias_certificate_missing(evidence: Evidence) -> Iterator[Occurrence]:
    """The site's certificates do not cover an alias."""
    for region in sorted({str(evidence.site.region), CLOUDFRONT_REGION}):
        found = ours(evidence, region)
        if not found or owners_own(evidence, region):
            continue
        for alias in evidence.aliases:
            if not any(covers(certificate.subject_alternative_names, alias) for certificate in found):
                names = [", ".join(certificate.subject_alternative_names) for certificate in found]
                what = f"No certificate of the site in {region} covers {alias}."
                yield Occurrence(what, Where("certificate", region, alias), f"certificates: {'; '.join(names)}")


@AREA.rule(
    RuleInfo(
        "alias-unavailable",
        CRITICAL,
        "Visitors who type this name, and links to it, end there.",
        f"Run the playbooks, which redirect the name at the load balancer: {PROVISION}",
    ),
    PAGE,
    ALIASES,
)
def alias_unavailable(evidence: Evidence) -> Iterator[Occurrence]:
    """An alias does not redirect to the site's domain."""
    visit = evidence.outside
    # Where the domain itself is not served, that is the finding.
    if not visit.page or not is_served(visit.page.status or 0):
        return
    for name, fetch in ((alias.name, alias.page) for alias in visit.aliases):
        location = fetch.headers.get("location", "")
        if fetch.status != 301 or not location.startswith(
            (f"https://{evidence.domain}/", f"https://{evidence.domain}:")
        ):
            proof = fetch.problem or f"status {fetch.status}, Location: {location or 'none'}"
            yield Occurrence(f"{name} does not redirect to {evidence.domain}.", Where("page", fetch.url or name), proof)
