# SPDX-License-Identifier: GPL-3.0-or-later
"""Mistakes with the error page (the ninth stumbling block, and others at the edge)."""

from __future__ import annotations

import json

from lab.faults import changes, outside, steps
from lab.faults.fault import fault
from lab.faults.site import Site

_HOUR = 3600


@fault(9)
def error_page_cacheable(site: Site) -> None:
    """Answer with the error page as with any other: 200, to be kept for an hour."""
    policy = site.distribution["DefaultCacheBehavior"]["ResponseHeadersPolicyId"]
    former = outside.header_of(site, policy, "Cache-Control")
    site.to_mend(outside.header, policy, "Cache-Control", former)
    outside.header(site, policy, "Cache-Control", f"max-age={_HOUR}")
    changes.set_error_responses(site, "ResponseCode", "200")


@fault(9)
def long_error_ttl(site: Site) -> None:
    """Make the edge keep errors for an hour."""
    site.to_mend(outside.forgotten_by_edge)
    changes.set_error_responses(site, "ErrorCachingMinTTL", _HOUR)


@fault(None)
def error_page_denied(site: Site) -> None:
    """Remove the distribution from the policy of the error page's bucket."""
    s3, bucket = site.client("s3"), site.bucket("error-page")
    policy = s3.get_bucket_policy(Bucket=bucket)["Policy"]
    site.to_mend(steps.call, "s3", "put_bucket_policy", Bucket=bucket, Policy=policy)
    found = json.loads(policy)
    found["Statement"] = [statement for statement in found["Statement"] if statement["Effect"] == "Deny"]
    s3.put_bucket_policy(Bucket=bucket, Policy=json.dumps(found))


@fault(None)
def edge_alias_missing(site: Site) -> None:
    """Remove the site's name from the distribution."""
    site.to_mend(outside.distribution, {"Aliases": site.distribution["Aliases"]})
    outside.distribution(site, {"Aliases": {"Quantity": 0}})


@fault(None)
def distribution_disabled(site: Site) -> None:
    """Disable the distribution: nobody needs it as long as the site is up."""
    site.to_mend(outside.distribution, {"Enabled": True})
    outside.distribution(site, {"Enabled": False})


@fault(None)
def edge_access_control_missing(site: Site) -> None:
    """Take the origin access control off the distribution's origin: the bucket gets requests that nobody has signed."""
    origins = site.distribution_config["Origins"]
    site.to_mend(outside.distribution, {"Origins": origins})
    bare = [{**origin, "OriginAccessControlId": ""} for origin in origins["Items"]]
    outside.distribution(site, {"Origins": {**origins, "Items": bare}})


@fault(None)
def error_responses_missing(site: Site) -> None:
    """Delete the distribution's custom error responses."""
    site.to_mend(outside.distribution, {"CustomErrorResponses": site.distribution_config["CustomErrorResponses"]})
    outside.distribution(site, {"CustomErrorResponses": {"Quantity": 0}})


@fault(None)
def headers_policy_missing(site: Site) -> None:
    """Take the response headers policy off the distribution."""
    behavior = site.distribution_config["DefaultCacheBehavior"]
    site.to_mend(outside.distribution, {"DefaultCacheBehavior": behavior})
    bare = {key: value for key, value in behavior.items() if key != "ResponseHeadersPolicyId"}
    outside.distribution(site, {"DefaultCacheBehavior": bare})


@fault(None)
def error_page_unshown(site: Site) -> None:
    """Upload the error page by a tool that does not say what it is, so that browsers save it to a file."""
    s3, page = site.client("s3"), {"Bucket": site.bucket("error-page"), "Key": "error/index.html"}
    former = s3.get_object(**page)
    body = former["Body"].read().decode()
    kept = {
        "ContentType": former["ContentType"],
        "CacheControl": former["CacheControl"],
        "Metadata": former["Metadata"],
    }
    site.to_mend(steps.call, "s3", "put_object", **page, Body=body, **kept)
    s3.put_object(**page, Body=body, ContentType="binary/octet-stream")


@fault(None)
def edge_countries_refused(site: Site) -> None:
    """Admit visitors of one country to the distribution, as a lawyer had asked for another one."""
    restrictions = {"Restrictions": site.distribution_config["Restrictions"]}
    site.to_mend(outside.distribution, restrictions)
    admitted = {"RestrictionType": "whitelist", "Quantity": 1, "Items": ["US"]}
    outside.distribution(site, {"Restrictions": {"GeoRestriction": admitted}})


@fault(None)
def edge_http_refused(site: Site) -> None:
    """Make the distribution refuse HTTP, for more security."""
    behavior = site.distribution_config["DefaultCacheBehavior"]
    site.to_mend(outside.distribution, {"DefaultCacheBehavior": behavior})
    outside.distribution(site, {"DefaultCacheBehavior": {**behavior, "ViewerProtocolPolicy": "https-only"}})
