# Copyright: hasite.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection: this file may change at any time.
"""Rules: certificates (stumbling block 4)."""

from __future__ import annotations

import ssl
from collections.abc import Collection, Iterator

from .evidence import Evidence, plain, same_name
from .finding import CRITICAL, PROVISION, WARNING, Area, Occurrence, RuleInfo, Where
from .known.names import Certificate, ProofRecord, Zone
from .known.visit import Fetch
from .needs import CAA, CERTIFICATES
from .places import place

AREA = Area("certificates")
CLOUDFRONT_REGION = "us-east-1"
AMAZON = ("amazon.com", "amazontrust.com", "awstrust.com", "amazonaws.com")
USABLE = ("ISSUED", "PENDING_VALIDATION")
PENDING = "PENDING_VALIDATION"
SOON, NOW = 21, 3
"""Days."""


def covers(names: Collection[str], domain: str) -> bool:
    """Tell whether a certificate's names cover a domain; a wildcard stands for one label."""
    wanted = plain(domain)
    return any(plain(name) in (wanted, f"*.{wanted.partition('.')[2]}") for name in names)


def where(certificate: Certificate) -> Where:
    """Return where a certificate is."""
    name = f"{certificate.domain_name} in {certificate.region}"
    return place("certificate", certificate.certificate_arn, name)


def ours(evidence: Evidence, region: str) -> list[Certificate]:
    """Return the certificates of a region for the site's name that are issued or may be."""
    return [
        certificate
        for certificate in evidence.site.certificates
        if certificate.region == region
        and certificate.status in USABLE
        and covers(certificate.subject_alternative_names, evidence.domain)
    ]


def owners_own(evidence: Evidence, region: str) -> bool:
    """Tell whether the site presents a certificate of its owner's in a region, and visitors accept it."""
    known = {certificate.certificate_arn for certificate in evidence.site.certificates}
    listeners = evidence.details.listener_certificates if region == evidence.site.region else {}
    if {arn for arns in listeners.values() for arn in arns} - known and covers(served(evidence), evidence.domain):
        return True
    edges = {distribution.certificate_arn for distribution in evidence.site.distributions} - {"", *known}
    alias = evidence.outside.edge_alias
    return region == CLOUDFRONT_REGION and bool(edges) and bool(alias and not alias.problem)


def served(evidence: Evidence) -> Collection[str]:
    """Return the names of the certificate that visitors of the page are shown."""
    return (evidence.outside.page or Fetch()).certificate_names


def waiting(evidence: Evidence) -> list[Certificate]:
    """Return the certificates that are not issued."""
    return [certificate for certificate in evidence.site.certificates if certificate.status in (PENDING, "FAILED")]


@AREA.rule(
    RuleInfo(
        "certificate-missing-in-us-east-1",
        CRITICAL,
        "CloudFront takes certificates from us-east-1 only. Without one the error page cannot bear the site's name, "
        "and browsers refuse it just when it is needed.",
        f"Request one in us-east-1 too, with the same validation record: {PROVISION}",
        ("edge-alias-missing", "edge-unavailable"),
    ),
    "elbv2: load balancers",
    "acm: certificates",
    "cloudfront: distributions",
)
def certificate_missing_in_us_east_1(evidence: Evidence) -> Iterator[Occurrence]:
    """There is no certificate for CloudFront."""
    yield from _missing(evidence, CLOUDFRONT_REGION, evidence.site.region)


@AREA.rule(
    RuleInfo(
        "certificate-missing-in-site-region",
        CRITICAL,
        "A load balancer takes certificates from its own region only.",
        f"Request one in the site's region too, with the same validation record: {PROVISION}",
        ("stale-certificate", "page-unavailable", "alias-unavailable"),
    ),
    "elbv2: load balancers",
    "acm: certificates",
    "cloudfront: distributions",
)
def certificate_missing_in_site_region(evidence: Evidence) -> Iterator[Occurrence]:
    """There is no certificate for the load balancer."""
    if evidence.site.region != CLOUDFRONT_REGION:
        yield from _missing(evidence, evidence.site.region, CLOUDFRONT_REGION)


def _missing(evidence: Evidence, region: str, other: str) -> Iterator[Occurrence]:
    if evidence.unread("acm: certificates") or ours(evidence, region) or owners_own(evidence, region):
        return
    # Without any certificate the site is not built that far, and the rule about that says so.
    if ours(evidence, other) or (evidence.distribution and evidence.balancer):
        found = [f"{certificate.domain_name} in {certificate.region}" for certificate in evidence.site.certificates]
        what = f"There is no certificate for {evidence.domain} in {region}."
        yield Occurrence(
            what, Where("certificate", region, evidence.domain), f"certificates: {', '.join(found) or 'none'}"
        )


@AREA.rule(
    RuleInfo(
        "validation-record-missing",
        CRITICAL,
        "Amazon issues a certificate, and renews it, only while this record is there.",
        f"Put the record back: {PROVISION}",
        ("certificate-pending",),
    ),
    "route53: hosted zones",
    "acm: certificates",
)
def validation_record_missing(evidence: Evidence) -> Iterator[Occurrence]:
    """The record that validates a certificate is not in the zone."""
    if not evidence.zone or evidence.unread("route53: hosted zones"):
        return
    awaited: dict[str, list[Certificate]] = {}
    for certificate in evidence.site.certificates:
        for option in certificate.domain_validation_options:
            record = option.resource_record
            if record.name and certificate.status in USABLE and not _there(evidence, record):
                awaited.setdefault(record.name, []).append(certificate)
    for name, certificates in awaited.items():
        pending = [certificate for certificate in certificates if certificate.status == PENDING]
        regions = " and ".join(sorted({certificate.region for certificate in certificates}))
        what = f"The validation record {name.rstrip('.')} of the certificate in {regions} is not in the zone."
        first = (pending or certificates)[0]
        proof = f"status={first.status}; no record {name} in {evidence.zone.id}"
        yield Occurrence(what, where(first), proof, severity=CRITICAL if pending else WARNING)


def _there(evidence: Evidence, record: ProofRecord) -> bool:
    values = [
        value.value
        for found in evidence.records(record.name, record.type or "CNAME")
        for value in found.resource_records
    ]
    return any(same_name(value, record.value) for value in values)


@AREA.rule(
    RuleInfo(
        "caa-forbids-amazon",
        CRITICAL,
        "Amazon issues and renews a certificate only if the nearest CAA records of the name admit it (RFC 8659).",
        'Add the CAA record 0 issue "amazon.com", or delete the CAA records.',
        ("certificate-pending",),
    ),
    "route53: hosted zones",
    CAA,
)
def caa_forbids_amazon(evidence: Evidence) -> Iterator[Occurrence]:
    """CAA records forbid Amazon to issue the certificates."""
    found = dict(nearest_caa(evidence, name) for name in (evidence.domain, *evidence.aliases))
    for name, values in found.items():
        issuers = [value.split(" ", 2)[2].strip('"') for value in values if value.split(" ", 2)[1:2] == ["issue"]]
        admitted = [issuer.partition(";")[0].strip().lower() for issuer in issuers]
        if admitted and not set(admitted) & set(AMAZON):
            yield Occurrence(
                f"The CAA records of {name} admit {', '.join(filter(None, admitted)) or 'nobody'}, and not Amazon.",
                Where("record", f"{name} CAA"),
                "; ".join(values),
                severity=CRITICAL if waiting(evidence) else WARNING,
            )


def nearest_caa(evidence: Evidence, name: str) -> tuple[str | None, list[str]]:
    """Return the nearest CAA records of a name: in its zone, or else as a visitor of the domain sees them above it."""
    zone = max((held.name for held in evidence.zones if _holds(held, name)), key=len, default="")
    above = name.rstrip(".")
    while zone and (above == zone or above.endswith(f".{zone}")):
        values = [value.value for record in evidence.records(above, "CAA") for value in record.resource_records]
        if values:
            return above, [value for value in values if len(value.split(" ", 2)) == 3]
        above = above.partition(".")[2]
    seen = evidence.outside.authorities if name == evidence.domain else None
    if seen and seen.domain and not (zone and (seen.domain == zone or seen.domain.endswith(f".{zone}"))):
        return seen.domain, [value for value in seen.records if len(value.split(" ", 2)) == 3]
    return None, []


def _holds(zone: Zone, name: str) -> bool:
    return bool(zone.name) and (name == zone.name or name.rstrip(".").endswith(f".{zone.name}"))


@AREA.rule(
    RuleInfo(
        "stale-certificate",
        CRITICAL,
        "Browsers refuse the page with a warning that visitors cannot or should not skip.",
        f"Give the HTTPS listener the certificate that was issued for the name: {PROVISION}",
        ("page-unavailable",),
    ),
    "elbv2: load balancers",
    "elbv2: listener certificates",
    "acm: certificates",
)
def stale_certificate(evidence: Evidence) -> Iterator[Occurrence]:
    """The load balancer's certificate does not fit the site's name."""
    if evidence.unread("acm: certificates"):
        return
    good = {
        certificate.certificate_arn
        for certificate in ours(evidence, evidence.site.region)
        if certificate.status == "ISSUED"
    }
    names = served(evidence)
    for listener, arns in evidence.details.listener_certificates.items():
        # A certificate without the site's tags may be the owner's, and fit: then a visitor sees that it does.
        if arns and not good & set(arns) and not covers(names, evidence.domain):
            proof = f"certificate {arns[0]}" + (f", for {', '.join(names)}" if names else "")
            issued = ", ".join(sorted(good)) or "none"
            yield Occurrence(
                f"The HTTPS listener serves a certificate that is not the one issued for {evidence.domain}.",
                place("listener", listener, "HTTPS"),
                f"{proof}; issued: {issued}",
            )


def days_left(evidence: Evidence, fetch: Fetch | None) -> int | None:
    """Return for how many days the certificate lasts that a visitor was shown."""
    try:
        end = ssl.cert_time_to_seconds(fetch.certificate_not_after if fetch else "")
    except ValueError:
        return None
    return int((end - evidence.now.timestamp()) // 86400)


@AREA.rule(
    RuleInfo(
        "certificate-ending",
        WARNING,
        "ACM renews what it has issued weeks before its end, if the certificate is in use and its record is in the "
        "zone (https://docs.aws.amazon.com/acm/latest/userguide/managed-renewal.html); an imported one "
        "it does not renew.",
        "Look at the certificate's renewal status in ACM. For one of your own, import the next one under the same ARN, "
        "or leave site_certificate_arns out: the playbooks then request one that ACM renews.",
    ),
    CERTIFICATES,
)
def certificate_ending(evidence: Evidence) -> Iterator[Occurrence]:
    """A certificate that visitors are shown ends soon."""
    visit = evidence.outside
    for owner, fetch in (("load balancer", visit.page), ("error page's distribution", visit.edge_alias)):
        left = days_left(evidence, fetch)
        if fetch and left is not None and left < SOON:
            what = f"The certificate that the {owner} shows ends in {left} days."
            proof, worst = f"not after {fetch.certificate_not_after}", CRITICAL if left < NOW else None
            yield Occurrence(what, Where("certificate", evidence.domain, owner), proof, severity=worst)


@AREA.rule(
    RuleInfo(
        "certificate-not-renewed",
        WARNING,
        "Some day it ends, and with it HTTPS.",
        "Look at the certificate's renewal eligibility in ACM. For one of your own, import the next one under the same "
        "ARN in time.",
    ),
    "acm: certificates",
)
def certificate_not_renewed(evidence: Evidence) -> Iterator[Occurrence]:
    """ACM will not renew a certificate that is in use."""
    for certificate in evidence.site.certificates:
        if certificate.status == "ISSUED" and certificate.in_use_by and certificate.renewal_eligibility == "INELIGIBLE":
            kind, end = certificate.type, certificate.not_after
            proof = f"RenewalEligibility=INELIGIBLE, Type={kind}, not after {end}"
            what = f"ACM will not renew the certificate of {certificate.domain_name}."
            yield Occurrence(what, where(certificate), proof)


@AREA.rule(
    RuleInfo(
        "certificate-pending",
        CRITICAL,
        "Without it there is no HTTPS.",
        "Wait some minutes: the record is in the zone, and the zone is delegated to its name servers. A FAILED one is "
        f"replaced by the playbooks: {PROVISION}",
    ),
    "acm: certificates",
)
def certificate_pending(evidence: Evidence) -> Iterator[Occurrence]:
    """A certificate is not issued."""
    for certificate in waiting(evidence):
        reason = f", failure_reason={certificate.failure_reason}" if certificate.failure_reason else ""
        what = f"The certificate of {certificate.domain_name} in {certificate.region} is {certificate.status}."
        yield Occurrence(what, where(certificate), f"status={certificate.status}{reason}")
