# Copyright: hasite.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection: this file may change at any time.
"""Rules: the error page at the edge (stumbling block 9)."""

from __future__ import annotations

import re
from collections.abc import Iterator

from . import policies
from .certificates import covers
from .evidence import Evidence
from .finding import CRITICAL, NOTICE, PROVISION, WARNING, Area, Occurrence, RuleInfo, Where
from .known.edge import Distribution
from .known.visit import Fetch
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
    fetches = (evidence.outside.edge_alias, evidence.outside.edge)
    return next((fetch for fetch in fetches if fetch and fetch.status), None)


def occurrence(distribution: Distribution, what: str, proof: str) -> Occurrence:
    """Return the occurrence at a distribution."""
    return Occurrence(what, place("distribution", distribution.id, distribution.name), proof)


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
    for distribution in evidence.site.distributions:
        if distribution.enabled is False:
            yield occurrence(distribution, "The error page's distribution is disabled.", "enabled=false")


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
    for distribution in evidence.site.distributions:
        names = [evidence.domain, *evidence.aliases]
        missing = [name for name in names if not covers(distribution.aliases, name)]
        if missing:
            proof = f"aliases: {', '.join(distribution.aliases) or 'none'}"
            what = f"The distribution does not bear the name {' and '.join(missing)}."
            yield occurrence(distribution, what, proof)


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
    for distribution in evidence.site.distributions:
        if distribution.origin_access_control_id == "":
            what = "The distribution does not sign its requests to the error page's bucket."
            yield occurrence(distribution, what, "OriginAccessControlId: none")


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
    found = evidence.details.bucket_policies
    for distribution in evidence.site.distributions:
        bucket = distribution.origin_domain_name.partition(".s3.")[0]
        if bucket in found and not policies.lets_distribution_read(found[bucket], distribution.arn, bucket):
            proof = f"statements of the policy of {bucket}: {', '.join(policies.titles(found[bucket]))}"
            yield occurrence(distribution, f"The distribution may not read {bucket}.", proof)


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
    for place_of_page, page in evidence.details.error_objects.items():
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
    for place_of_page, page in evidence.details.error_objects.items():
        bucket, dummy, key = place_of_page.partition("/")
        length, kind = (page.content_length, page.content_type) if page else (None, None)
        if page and not (length and kind and kind.startswith("text/html")):
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
    for distribution in evidence.site.distributions:
        policy = distribution.viewer_protocol_policy
        if policy and policy != "redirect-to-https":
            what = "The error page's distribution does not redirect HTTP to HTTPS."
            yield occurrence(distribution, what, f"ViewerProtocolPolicy={policy}")


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
    for distribution in evidence.site.distributions:
        kind, countries = distribution.geo_restriction, ", ".join(distribution.geo_countries)
        if kind in ("whitelist", "blacklist"):
            whom = f"all countries but {countries}" if kind == "whitelist" else countries
            what = f"The error page's distribution refuses visitors from {whom}."
            proof = f"GeoRestriction={kind} {countries}"
            yield occurrence(distribution, what, proof)


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
    for distribution in evidence.site.distributions:
        if not distribution.viewer_request_function_arn:
            what = "No CloudFront function is attached to the error page's distribution."
            yield occurrence(distribution, what, "viewer-request: none")


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
    for distribution in evidence.site.distributions:
        responses = distribution.custom_error_responses
        if responses is not None and not any(row.response_page_path for row in responses):
            what = "The distribution does not answer errors with the error page."
            yield occurrence(distribution, what, "custom error responses: none with a page")


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
    for distribution in evidence.site.distributions:
        if not distribution.response_headers_policy_id:
            what = "The distribution has no response headers policy."
            yield occurrence(distribution, what, "ResponseHeadersPolicyId: none")


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
    distribution = evidence.distribution
    if not distribution:
        return
    mapped = [row for row in distribution.custom_error_responses or () if row.response_page_path]
    wrong = [row for row in mapped if (row.response_code or row.error_code or 0) < 500]
    fetch = seen(evidence)
    said = [f"{row.error_code} is answered with {row.response_code}" for row in wrong]
    if not wrong and fetch and fetch.status == 200:
        said.append("the edge answers 200")
    policy = _policy_headers(evidence, distribution)
    kept = (fetch.headers if fetch else policy).get("cache-control")
    # Another status than these two is not the page's; unseen, the header may still come from the bucket.
    known = fetch.status in (200, 503) if fetch else "cache-control" in policy
    if known and lasting(kept):
        said.append(f"Cache-Control: {kept or 'not set'}")
    if said:
        yield occurrence(distribution, "The error page can stick.", "; ".join(said))


def _policy_headers(evidence: Evidence, distribution: Distribution) -> dict[str, str]:
    wanted = distribution.response_headers_policy_id
    found = [policy for policy in evidence.site.response_headers_policies if policy.id == wanted]
    kept = [row for policy in found for row in policy.custom_headers]
    return {row.header.lower(): row.value for row in kept}


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
    times = evidence.details.cache_policies
    for distribution in evidence.site.distributions:
        policy = times.get(distribution.cache_policy_id, distribution)
        kept = {
            f"ErrorCachingMinTTL of {row.error_code}": row.error_caching_min_ttl
            for row in distribution.custom_error_responses or ()
        }
        kept["MinTTL"] = policy.min_ttl
        long = {name: seconds for name, seconds in kept.items() if seconds > LONGEST_TTL}
        if long:
            proof = ", ".join(f"{name}={seconds}" for name, seconds in long.items())
            yield occurrence(distribution, f"The edge keeps the error page for {max(long.values())} s.", proof)


@AREA.rule(
    RuleInfo("edge-unavailable", CRITICAL, "It is needed just when everything else fails.", PROVISION),
    "elbv2: load balancers",
    "cloudfront: distributions",
    EDGE,
)
def edge_unavailable(evidence: Evidence) -> Iterator[Occurrence]:
    """Visitors do not get the error page by the site's name."""
    distribution, fetch = evidence.distribution, evidence.outside.edge_alias
    if distribution and fetch and fetch.problem and evidence.balancer:
        what = f"The edge does not answer for {evidence.domain}."
        yield occurrence(distribution, what, fetch.problem)


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
    distribution, fetch = evidence.distribution, seen(evidence)
    if distribution and fetch and fetch.status != 503 and evidence.balancer:
        proof = f"status {fetch.status} at {fetch.url}"
        yield occurrence(distribution, f"The edge answers {fetch.status} instead of 503.", proof)


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
    distribution, fetch = evidence.distribution, seen(evidence)
    if distribution and fetch and fetch.status == 503 and "retry-after" not in fetch.headers:
        yield occurrence(distribution, "The error page has no Retry-After.", f"headers at {fetch.url}")
