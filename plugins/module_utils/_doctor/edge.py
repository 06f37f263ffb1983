# Copyright: hasite.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection: this file may change at any time.
"""Rules: the error page at the edge (stumbling block 9)."""

from __future__ import annotations

import re
from collections.abc import Iterator

from .._resource import Resource
from . import policies
from .certificates import covers
from .evidence import Evidence, Fetch, rows
from .finding import CRITICAL, NOTICE, PROVISION, WARNING, Area, Occurrence, RuleInfo, Where
from .needs import EDGE, ERROR_PAGE
from .places import place

AREA = Area("edge")
LONGEST_TTL = 10
"""Seconds that the edge may keep an error; CloudFront's own default."""
STICKS = (
    "Browsers and caches may keep it: visitors go on seeing the error page when the site is long back, or get the page "
    "for a working site."
)


def seen(evidence: Evidence) -> Fetch | None:
    """Return the error page as a visitor gets it: by the site's name, or else by the distribution's own."""
    visit = evidence.visit
    fetches = (visit.edge_alias, visit.edge) if visit else ()
    return next((fetch for fetch in fetches if fetch and fetch.status), None)


def lasting(cache_control: str | None) -> bool:
    """Tell whether a Cache-Control lets an answer be kept, be it for a moment (RFC 9111, section 5.2.2)."""
    words = re.split(r"\s*,\s*", (cache_control or "").strip().lower())
    return not {"no-store", "no-cache", "max-age=0"} & set(words)


@AREA.rule(
    RuleInfo(
        "distribution-disabled",
        CRITICAL,
        "When names fail over, visitors get no answer at all.",
        f"Enable it: {PROVISION}",
        ("edge-unavailable", "error-page-wrong"),
    ),
    "cloudfront: distributions",
)
def distribution_disabled(evidence: Evidence) -> Iterator[Occurrence]:
    """The error page's distribution is disabled."""
    for resource in evidence.resources("distributions"):
        if resource.get("enabled") is False:
            yield Occurrence(
                "The error page's distribution is disabled.", place("distribution", resource, "id"), "enabled=false"
            )


@AREA.rule(
    RuleInfo(
        "edge-alias-missing",
        CRITICAL,
        "CloudFront refuses requests for a name that is no alias of a distribution: visitors get an error of TLS or a "
        "403 instead of the error page.",
        f"Give the distribution the site's name as alias, with the certificate of us-east-1: {PROVISION}",
        ("edge-unavailable", "error-page-wrong"),
    ),
    "cloudfront: distributions",
)
def edge_alias_missing(evidence: Evidence) -> Iterator[Occurrence]:
    """The error page's distribution does not bear the site's name."""
    for resource in evidence.resources("distributions"):
        names = [evidence.domain, *evidence.aliases]
        missing = [name for name in names if not covers(list(resource.get("aliases") or []), name)]
        if missing:
            proof = f"aliases: {', '.join(resource.get('aliases') or []) or 'none'}"
            what = f"The distribution does not bear the name {' and '.join(missing)}."
            yield Occurrence(what, place("distribution", resource, "id"), proof)


@AREA.rule(
    RuleInfo(
        "edge-access-control-missing",
        CRITICAL,
        "The bucket is private, and CloudFront signs its requests to it only with an origin access control.",
        f"Give the origin its access control back: {PROVISION}",
        ("edge-unavailable", "error-page-wrong"),
    ),
    "cloudfront: distributions",
)
def edge_access_control_missing(evidence: Evidence) -> Iterator[Occurrence]:
    """The distribution's origin has no origin access control."""
    for resource in evidence.resources("distributions"):
        if resource.get("origin_access_control_id") == "":
            what = "The distribution does not sign its requests to the error page's bucket."
            yield Occurrence(what, place("distribution", resource, "id"), "OriginAccessControlId: none")


@AREA.rule(
    RuleInfo(
        "error-page-denied",
        CRITICAL,
        "The bucket is private, and its policy has to admit this distribution: else CloudFront has no page to show.",
        f"Put the bucket's policy back: {PROVISION}",
        ("edge-unavailable", "error-page-wrong"),
    ),
    "cloudfront: distributions",
    "s3: buckets",
    "s3: bucket policies",
)
def error_page_denied(evidence: Evidence) -> Iterator[Occurrence]:
    """The distribution may not read the error page's bucket."""
    found = evidence.documents("bucket_policies")
    for resource in evidence.resources("distributions"):
        bucket = str(resource.get("origin_domain_name") or "").partition(".s3.")[0]
        if bucket in found and not policies.lets_distribution_read(found[bucket], str(resource.get("arn")), bucket):
            proof = f"statements of the policy of {bucket}: {', '.join(policies.titles(found[bucket]))}"
            yield Occurrence(f"The distribution may not read {bucket}.", place("distribution", resource, "id"), proof)


@AREA.rule(
    RuleInfo(
        "error-page-missing",
        CRITICAL,
        "CloudFront has no page to show: visitors get the bare error of the bucket.",
        f"Upload the error page again: {PROVISION}",
        ("edge-unavailable", "error-page-wrong", "error-page-cacheable", "error-page-without-retry-after"),
    ),
    "cloudfront: distributions",
    "s3: buckets",
    "s3: error pages",
)
def error_page_missing(evidence: Evidence) -> Iterator[Occurrence]:
    """The error page is not in its bucket."""
    for place_of_page, page in evidence.documents("error_objects").items():
        if not page:
            bucket, dummy, key = place_of_page.partition("/")
            yield Occurrence(f"The error page {key} is not in {bucket}.", Where("bucket", bucket), f"no object {key}")


@AREA.rule(
    RuleInfo(
        "error-page-unshown",
        CRITICAL,
        "While the site is down its visitors see a blank page, or are offered a file to save.",
        f"Upload the error page again: {PROVISION}",
    ),
    "cloudfront: distributions",
    "s3: buckets",
    "s3: error pages",
)
def error_page_unshown(evidence: Evidence) -> Iterator[Occurrence]:
    """The error page is nothing that a browser shows."""
    for place_of_page, page in evidence.documents("error_objects").items():
        bucket, dummy, key = place_of_page.partition("/")
        length, kind = page.get("content_length"), str(page.get("content_type"))
        if page and (not length or not kind.startswith("text/html")):
            what = f"The error page {key} of {bucket} is {'not HTML' if length else 'empty'}."
            yield Occurrence(what, Where("bucket", bucket), f"Content-Length: {length}, Content-Type: {kind}")


@AREA.rule(
    RuleInfo(
        "edge-http-refused",
        WARNING,
        "While the site is down, who types its name without https:// is refused, or gets the page without encryption.",
        f"Let the distribution redirect HTTP to HTTPS: {PROVISION}",
    ),
    "cloudfront: distributions",
)
def edge_http_refused(evidence: Evidence) -> Iterator[Occurrence]:
    """The error page's distribution does not redirect HTTP to HTTPS."""
    for resource in evidence.resources("distributions"):
        policy = resource.get("viewer_protocol_policy")
        if policy and policy != "redirect-to-https":
            what = "The error page's distribution does not redirect HTTP to HTTPS."
            yield Occurrence(what, place("distribution", resource, "id"), f"ViewerProtocolPolicy={policy}")


@AREA.rule(
    RuleInfo(
        "edge-countries-refused",
        WARNING,
        "While the site is down, visitors from other countries get CloudFront's bare 403 in place of the error page.",
        "Remove the geographic restrictions of the distribution in the CloudFront console; if they are meant, silence "
        "this finding.",
        ("edge-unavailable", "error-page-wrong"),
    ),
    "cloudfront: distributions",
)
def edge_countries_refused(evidence: Evidence) -> Iterator[Occurrence]:
    """The error page's distribution refuses visitors by their country."""
    for resource in evidence.resources("distributions"):
        kind, countries = resource.get("geo_restriction"), ", ".join(resource.get("geo_countries") or [])
        if kind in ("whitelist", "blacklist"):
            whom = f"all countries but {countries}" if kind == "whitelist" else countries
            what = f"The error page's distribution refuses visitors from {whom}."
            proof = f"GeoRestriction={kind} {countries}"
            yield Occurrence(what, place("distribution", resource, "id"), proof)


@AREA.rule(
    RuleInfo(
        "edge-function-missing",
        WARNING,
        "The function lets every path end in the error page. Without it a path that happens to be in the bucket is "
        "answered with success, which search engines and caches believe.",
        f"Associate the CloudFront function with the distribution again: {PROVISION}",
        ("error-page-wrong", "error-page-cacheable"),
    ),
    "cloudfront: distributions",
)
def edge_function_missing(evidence: Evidence) -> Iterator[Occurrence]:
    """No CloudFront function is attached to the error page's distribution."""
    for resource in evidence.resources("distributions"):
        if not resource.get("viewer_request_function_arn"):
            what = "No CloudFront function is attached to the error page's distribution."
            yield Occurrence(what, place("distribution", resource, "id"), "viewer-request: none")


@AREA.rule(
    RuleInfo(
        "error-responses-missing",
        CRITICAL,
        "Whatever path visitors ask for, they are to get the error page, with 503.",
        f"Map the errors to the error page again: {PROVISION}",
        ("error-page-wrong", "error-page-cacheable", "error-page-without-retry-after"),
    ),
    "cloudfront: distributions",
)
def error_responses_missing(evidence: Evidence) -> Iterator[Occurrence]:
    """The distribution does not answer errors with the error page."""
    for resource in evidence.resources("distributions"):
        mapped = [row for row in rows(resource, "custom_error_responses") if row.get("response_page_path")]
        if "custom_error_responses" in resource and not mapped:
            what = "The distribution does not answer errors with the error page."
            yield Occurrence(what, place("distribution", resource, "id"), "custom error responses: none with a page")


@AREA.rule(
    RuleInfo(
        "headers-policy-missing",
        CRITICAL,
        f"It says that the error page must not be kept, and when to come back. {STICKS}",
        f"Give the distribution its response headers policy back: {PROVISION}",
        ("error-page-cacheable", "error-page-without-retry-after"),
    ),
    "cloudfront: distributions",
)
def headers_policy_missing(evidence: Evidence) -> Iterator[Occurrence]:
    """The distribution has no response headers policy."""
    for resource in evidence.resources("distributions"):
        if not resource.get("response_headers_policy_id"):
            what = "The distribution has no response headers policy."
            yield Occurrence(what, place("distribution", resource, "id"), "ResponseHeadersPolicyId: none")


@AREA.rule(
    RuleInfo(
        "error-page-cacheable",
        CRITICAL,
        STICKS,
        f"Let the distribution answer 503 with Cache-Control: no-store: {PROVISION}",
        ("error-page-wrong",),
    ),
    "cloudfront: distributions",
    "cloudfront: response headers policies",
    ERROR_PAGE,
)
def error_page_cacheable(evidence: Evidence) -> Iterator[Occurrence]:
    """The error page is answered with success, or may be cached."""
    one = evidence.distribution
    if not one:
        return
    mapped = [row for row in rows(one, "custom_error_responses") if row.get("response_page_path")]
    wrong = [row for row in mapped if int(row.get("response_code") or row.get("error_code") or 0) < 500]
    fetch = seen(evidence)
    said = [f"{row.get('error_code')} is answered with {row.get('response_code')}" for row in wrong]
    if not wrong and fetch and fetch.status == 200:
        said.append("the edge answers 200")
    policy = _policy_headers(evidence, one)
    kept = (fetch.headers if fetch else policy).get("cache-control")
    # Another status than these two is not the page's; unseen, the header may still come from the bucket.
    known = fetch.status in (200, 503) if fetch else "cache-control" in policy
    if known and lasting(kept):
        said.append(f"Cache-Control: {kept or 'not set'}")
    if said:
        yield Occurrence("The error page can stick.", place("distribution", one, "id"), "; ".join(said))


def _policy_headers(evidence: Evidence, distribution: Resource) -> dict[str, str]:
    policy = distribution.get("response_headers_policy_id")
    found = [resource for resource in evidence.resources("response_headers_policies") if resource.get("id") == policy]
    kept = [row for one in found for row in rows(one, "custom_headers")]
    return {str(row.get("header")).lower(): str(row.get("value")) for row in kept}


@AREA.rule(
    RuleInfo(
        "long-error-ttl",
        WARNING,
        "The edge goes on answering with what it keeps, whatever the bucket and the header say by then.",
        f"Use the cache policy CachingDisabled and an error caching minimum TTL of 0: {PROVISION}",
    ),
    "cloudfront: distributions",
    "cloudfront: cache policies",
)
def long_error_ttl(evidence: Evidence) -> Iterator[Occurrence]:
    """The edge keeps errors or the error page for long."""
    times = evidence.documents("cache_policies")
    for resource in evidence.resources("distributions"):
        policy = times.get(str(resource.get("cache_policy_id"))) or resource
        kept = {
            f"ErrorCachingMinTTL of {row.get('error_code')}": int(row.get("error_caching_min_ttl") or 0)
            for row in rows(resource, "custom_error_responses")
        }
        kept["MinTTL"] = int(policy.get("min_ttl") or 0)
        long = {name: seconds for name, seconds in kept.items() if seconds > LONGEST_TTL}
        if long:
            proof = ", ".join(f"{name}={seconds}" for name, seconds in long.items())
            yield Occurrence(
                f"The edge keeps the error page for {max(long.values())} s.",
                place("distribution", resource, "id"),
                proof,
            )


@AREA.rule(
    RuleInfo(
        "edge-unavailable",
        CRITICAL,
        "It is needed just when everything else fails.",
        PROVISION,
    ),
    "elbv2: load balancers",
    "cloudfront: distributions",
    EDGE,
)
def edge_unavailable(evidence: Evidence) -> Iterator[Occurrence]:
    """Visitors do not get the error page by the site's name."""
    one, fetch = evidence.distribution, evidence.visit.edge_alias if evidence.visit else None
    if one and fetch and fetch.problem and evidence.balancer:
        what = f"The edge does not answer for {evidence.domain}."
        yield Occurrence(what, place("distribution", one, "id"), fetch.problem)


@AREA.rule(
    RuleInfo(
        "error-page-wrong",
        WARNING,
        "Visitors should see that the site is down and will be back, and caches should know it.",
        PROVISION,
    ),
    "elbv2: load balancers",
    "cloudfront: distributions",
    ERROR_PAGE,
)
def error_page_wrong(evidence: Evidence) -> Iterator[Occurrence]:
    """The edge answers something else than the error page."""
    one, fetch = evidence.distribution, seen(evidence)
    if one and fetch and fetch.status != 503 and evidence.balancer:
        proof = f"status {fetch.status} at {fetch.url}"
        yield Occurrence(f"The edge answers {fetch.status} instead of 503.", place("distribution", one, "id"), proof)


@AREA.rule(
    RuleInfo(
        "error-page-without-retry-after",
        NOTICE,
        "Search engines and clients that obey Retry-After come back sooner, and do not take the site off their lists.",
        PROVISION,
    ),
    "cloudfront: distributions",
    ERROR_PAGE,
)
def error_page_without_retry_after(evidence: Evidence) -> Iterator[Occurrence]:
    """The error page does not say when to come back."""
    one, fetch = evidence.distribution, seen(evidence)
    if one and fetch and fetch.status == 503 and "retry-after" not in fetch.headers:
        yield Occurrence(
            "The error page has no Retry-After.", place("distribution", one, "id"), f"headers at {fetch.url}"
        )
