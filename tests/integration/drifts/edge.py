# SPDX-License-Identifier: GPL-3.0-or-later
"""Drift of the error page's edge: distribution, origin access control, function, headers."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

from tests.integration.drifts.account import SITE, Account, Drift, Resource

NAME = f"{SITE}-error-page"
DISTRIBUTION = "Put the page behind CloudFront"


def configuration(a: Account) -> Any:
    return a.distribution[2]


def edited(change: Callable[[Resource], Any]) -> Callable[[Account], None]:
    """Return what changes the distribution's configuration, as the console does: all of it is sent."""

    def make(a: Account) -> None:
        identity, version, found = a.distribution
        wanted = copy.deepcopy(found)
        change(wanted)
        a.abroad("cloudfront").update_distribution(Id=identity, IfMatch=version, DistributionConfig=wanted)

    return make


def other_errors(config: Resource) -> None:
    for one in config["CustomErrorResponses"]["Items"]:
        one["ErrorCachingMinTTL"] = 3600


def old_tls(config: Resource) -> None:
    config["ViewerCertificate"]["MinimumProtocolVersion"] = "TLSv1"


def unsigned(config: Resource) -> None:
    config["Origins"]["Items"][0]["OriginAccessControlId"] = ""


def no_function(config: Resource) -> None:
    config["DefaultCacheBehavior"]["FunctionAssociations"] = {"Quantity": 0}


def no_headers(config: Resource) -> None:
    config["DefaultCacheBehavior"].pop("ResponseHeadersPolicyId")


def no_names(config: Resource) -> None:
    config["Aliases"] = {"Quantity": 0}


def distribution_tags(a: Account) -> Any:
    cloudfront = a.abroad("cloudfront")
    arn = cloudfront.get_distribution(Id=a.distribution[0])["Distribution"]["ARN"]
    return cloudfront.list_tags_for_resource(Resource=arn)["Tags"]["Items"]


def untagged(a: Account) -> None:
    cloudfront = a.abroad("cloudfront")
    arn = cloudfront.get_distribution(Id=a.distribution[0])["Distribution"]["ARN"]
    cloudfront.untag_resource(Resource=arn, TagKeys={"Items": ["hasite:part"]})


def control(a: Account) -> Resource:
    cloudfront = a.abroad("cloudfront")
    items = cloudfront.list_origin_access_controls()["OriginAccessControlList"]["Items"]
    [identity] = [one["Id"] for one in items if one["Name"] == NAME]
    found: Resource = cloudfront.get_origin_access_control(Id=identity)
    return found


def never_signs(a: Account) -> None:
    found = control(a)
    wanted = {**found["OriginAccessControl"]["OriginAccessControlConfig"], "SigningBehavior": "never"}
    a.abroad("cloudfront").update_origin_access_control(
        Id=found["OriginAccessControl"]["Id"], IfMatch=found["ETag"], OriginAccessControlConfig=wanted
    )


def code(a: Account) -> Any:
    return a.abroad("cloudfront").get_function(Name=NAME, Stage="LIVE")["FunctionCode"].read()


def other_code(a: Account) -> None:
    cloudfront = a.abroad("cloudfront")
    found = cloudfront.describe_function(Name=NAME, Stage="DEVELOPMENT")
    changed = cloudfront.update_function(
        Name=NAME,
        IfMatch=found["ETag"],
        FunctionConfig=found["FunctionSummary"]["FunctionConfig"],
        FunctionCode=b"function handler(event) { return event.request; }",
    )
    cloudfront.publish_function(Name=NAME, IfMatch=changed["ETag"])


def headers(a: Account) -> Any:
    return headers_policy(a)["ResponseHeadersPolicy"]["ResponseHeadersPolicyConfig"]


def headers_policy(a: Account) -> Resource:
    cloudfront = a.abroad("cloudfront")
    items = cloudfront.list_response_headers_policies(Type="custom")["ResponseHeadersPolicyList"]["Items"]
    [identity] = [
        one["ResponseHeadersPolicy"]["Id"]
        for one in items
        if one["ResponseHeadersPolicy"]["ResponseHeadersPolicyConfig"]["Name"] == NAME
    ]
    found: Resource = cloudfront.get_response_headers_policy(Id=identity)
    return found


def other_headers(a: Account) -> None:
    found = headers_policy(a)
    wanted = copy.deepcopy(found["ResponseHeadersPolicy"]["ResponseHeadersPolicyConfig"])
    for one in wanted["CustomHeadersConfig"]["Items"]:
        if one["Header"] == "Cache-Control":
            one["Value"] = "max-age=3600"
    a.abroad("cloudfront").update_response_headers_policy(
        Id=found["ResponseHeadersPolicy"]["Id"], IfMatch=found["ETag"], ResponseHeadersPolicyConfig=wanted
    )


DRIFTS = (
    Drift(
        "the distribution is disabled",
        DISTRIBUTION,
        edited(lambda c: c.update(Enabled=False)),
        configuration,
        "enabled",
    ),
    Drift("the distribution has lost its name", DISTRIBUTION, edited(no_names), configuration, "aliases"),
    Drift(
        "the edge keeps errors for an hour", DISTRIBUTION, edited(other_errors), configuration, "custom_error_responses"
    ),
    Drift("the edge speaks old TLS", DISTRIBUTION, edited(old_tls), configuration, "minimum_protocol_version"),
    Drift("the edge signs no requests", DISTRIBUTION, edited(unsigned), configuration, "origin_access_control_id"),
    Drift("the edge runs no function", DISTRIBUTION, edited(no_function), configuration, "viewer_request_function_arn"),
    Drift("the edge adds no headers", DISTRIBUTION, edited(no_headers), configuration, "response_headers_policy_id"),
    Drift("the distribution has lost its part", DISTRIBUTION, untagged, distribution_tags, "tags"),
    Drift(
        "the origin access control never signs",
        "Create the origin access control",
        never_signs,
        lambda a: control(a)["OriginAccessControl"]["OriginAccessControlConfig"],
    ),
    Drift(
        "the function is another one",
        "Create the CloudFront function that asks for an absent object",
        other_code,
        code,
    ),
    Drift(
        "the error page may be kept",
        "Keep the page out of every cache, and other sites off it",
        other_headers,
        headers,
    ),
)
