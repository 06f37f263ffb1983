# SPDX-License-Identifier: GPL-3.0-or-later
"""What CloudFront answers for a distribution's configuration: what was given, and its defaults for the rest. Pure.

Clients compare what they want with what is there, so both must be whole.
https://docs.aws.amazon.com/cloudfront/latest/APIReference/API_DistributionConfig.html
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from lab.world.edge.cache import ERROR_CACHING_MIN_TTL

Config = Mapping[str, Any]
_YEAR = 31536000
_METHODS = ("HEAD", "GET")


def completed(given: Config) -> dict[str, Any]:
    """Return the configuration with CloudFront's defaults."""
    config = {
        "DefaultRootObject": "",
        "PriceClass": "PriceClass_All",
        "WebACLId": "",
        "HttpVersion": "http2",
        "IsIPV6Enabled": False,
        "ContinuousDeploymentPolicyId": "",
        "Staging": False,
    } | _given(given)
    return config | {
        "Comment": given.get("Comment") or "",
        "Aliases": quantified(_items(given, "Aliases")),
        "Origins": quantified([_origin(origin) for origin in _items(given, "Origins")]),
        "OriginGroups": quantified(_items(given, "OriginGroups")),
        "DefaultCacheBehavior": _behavior(given["DefaultCacheBehavior"]),
        "CacheBehaviors": quantified([_behavior(behavior) for behavior in _items(given, "CacheBehaviors")]),
        "CustomErrorResponses": quantified(
            [_error_response(response) for response in _items(given, "CustomErrorResponses")]
        ),
        "Logging": {"Enabled": False, "IncludeCookies": False, "Bucket": "", "Prefix": ""}
        | _given(given.get("Logging")),
        "ViewerCertificate": _certificate(_given(given.get("ViewerCertificate"))),
        "Restrictions": {"GeoRestriction": _restriction(_given(given.get("Restrictions")).get("GeoRestriction"))},
    }


def quantified(items: Sequence[Any]) -> dict[str, Any]:
    """Return one of CloudFront's `{Quantity, Items}` structures; an empty one has no `Items`."""
    return {"Quantity": len(items)} | ({"Items": list(items)} if items else {})


def _given(structure: Config | None) -> dict[str, Any]:
    return {name: value for name, value in (structure or {}).items() if value is not None}


def _items(structure: Config, name: str) -> list[Any]:
    return list(_given(structure.get(name)).get("Items") or [])


def _origin(given: Config) -> dict[str, Any]:
    origin: dict[str, Any] = {
        "OriginPath": "",
        "ConnectionAttempts": 3,
        "ConnectionTimeout": 10,
        "OriginAccessControlId": "",
    } | _given(given)
    origin["CustomHeaders"] = quantified(_items(given, "CustomHeaders"))
    origin["OriginShield"] = {"Enabled": False} | _given(given.get("OriginShield"))
    if "CustomOriginConfig" in origin:
        custom = {"OriginReadTimeout": 30, "OriginKeepaliveTimeout": 5} | _given(origin["CustomOriginConfig"])
        protocols = _items(custom, "OriginSslProtocols") or ["TLSv1", "TLSv1.1", "TLSv1.2"]
        origin["CustomOriginConfig"] = custom | {"OriginSslProtocols": quantified(protocols)}
    if "S3OriginConfig" in origin:
        origin["S3OriginConfig"] = {"OriginAccessIdentity": "", "OriginReadTimeout": 30} | _given(
            origin["S3OriginConfig"]
        )
    return origin


def _behavior(given: Config) -> dict[str, Any]:
    behavior: dict[str, Any] = {"SmoothStreaming": False, "Compress": False, "FieldLevelEncryptionId": ""} | _given(
        given
    )
    for name in ("LambdaFunctionAssociations", "FunctionAssociations"):
        behavior[name] = quantified(_items(given, name))
    for name in ("TrustedSigners", "TrustedKeyGroups"):
        items = _items(given, name)
        behavior[name] = {"Enabled": bool(items)} | quantified(items)
    behavior["GrpcConfig"] = {"Enabled": False} | _given(given.get("GrpcConfig"))
    behavior["AllowedMethods"] = _methods(_given(given.get("AllowedMethods")))
    if behavior.get("CachePolicyId"):
        # A cache policy takes the place of the deprecated members.
        for name in ("ForwardedValues", "MinTTL", "DefaultTTL", "MaxTTL"):
            behavior.pop(name, None)
        return behavior
    minimum = behavior.setdefault("MinTTL", 0)
    behavior.setdefault("DefaultTTL", max(86400, minimum))
    behavior.setdefault("MaxTTL", max(_YEAR, behavior["DefaultTTL"]))
    behavior["ForwardedValues"] = _forwarded(_given(given.get("ForwardedValues")))
    return behavior


def _methods(given: Config) -> dict[str, Any]:
    allowed = list(given.get("Items") or _METHODS)
    cached = _items(given, "CachedMethods") or list(_METHODS)
    return {**quantified(allowed), "CachedMethods": quantified(cached)}


def _forwarded(given: Config) -> dict[str, Any]:
    cookies = {"Forward": "none"} | _given(given.get("Cookies"))
    return {
        "QueryString": given.get("QueryString", False),
        "Cookies": cookies,
        "Headers": quantified(_items(given, "Headers")),
        "QueryStringCacheKeys": quantified(_items(given, "QueryStringCacheKeys")),
    }


def _error_response(given: Config) -> dict[str, Any]:
    return {"ResponsePagePath": "", "ResponseCode": "", "ErrorCachingMinTTL": ERROR_CACHING_MIN_TTL} | _given(given)


def _certificate(given: Config) -> dict[str, Any]:
    certificate = dict(given)
    if arn := certificate.get("ACMCertificateArn"):
        return (
            {"SSLSupportMethod": "sni-only", "MinimumProtocolVersion": "TLSv1"}
            | certificate
            | {
                "CloudFrontDefaultCertificate": False,
                "Certificate": arn,
                "CertificateSource": "acm",
            }
        )
    return {
        "CloudFrontDefaultCertificate": True,
        "SSLSupportMethod": "vip",
        "MinimumProtocolVersion": "TLSv1",
        "CertificateSource": "cloudfront",
    }


def _restriction(given: Config | None) -> dict[str, Any]:
    items = _given(given).get("Items") or []
    return {"RestrictionType": _given(given).get("RestrictionType", "none")} | quantified(items)


def references(config: Config, kind: str) -> list[str]:
    """Return all values of a member that the origins (`OriginAccessControlId`) or behaviors name, such as a policy."""
    holders = [*_items(config, "Origins"), config["DefaultCacheBehavior"], *_items(config, "CacheBehaviors")]
    return [holder[kind] for holder in holders if holder.get(kind)]


IDENTITY = "origin-access-identity/cloudfront/"
"""What stands before the id of an origin access identity in an S3 origin."""


def access_identities(config: Config) -> list[str]:
    """Return the ids of all origin access identities that the origins name."""
    named = [
        _given(origin.get("S3OriginConfig")).get("OriginAccessIdentity", "") for origin in _items(config, "Origins")
    ]
    return [name.removeprefix(IDENTITY) for name in named if name]


def function_arns(config: Config) -> list[str]:
    """Return the ARNs of all functions that the behaviors name."""
    behaviors = [config["DefaultCacheBehavior"], *_items(config, "CacheBehaviors")]
    return [
        association["FunctionARN"] for behavior in behaviors for association in _items(behavior, "FunctionAssociations")
    ]
