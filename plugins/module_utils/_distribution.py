# Copyright: hasite.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection: this file may change at any time.
"""CloudFront distributions over one private bucket.

A distribution's configuration is large, and CloudFront adds defaults to it. So the part that the module manages is read
out of it into flat settings, compared, and written back into it; the rest is never looked at.
"""

from __future__ import annotations

import copy
import typing as t
import uuid
from collections.abc import Mapping

from ._aws import (
    UNKNOWN,
    ChangeResult,
    Tags,
    acceptor,
    aws_call,
    aws_lookup,
    compare_tags,
    failure,
    named,
    on_error,
    pages,
    tag_dict,
    tag_list,
    waited,
)
from ._resource import Resource

# https://docs.aws.amazon.com/general/latest/gr/cf_region.html: the same for all distributions.
HOSTED_ZONE_ID = "Z2FDTNDATAQYW2"

# The settings that are one key of the configuration each.
_PLAIN = {
    "comment": "Comment",
    "default_root_object": "DefaultRootObject",
    "price_class": "PriceClass",
    "http_version": "HttpVersion",
    "ipv6_enabled": "IsIPV6Enabled",
    "enabled": "Enabled",
    "web_acl_arn": "WebACLId",
}
# What a behaviour without a cache policy has and one with it must not have.
_LEGACY_CACHE_KEYS = ("ForwardedValues", "MinTTL", "DefaultTTL", "MaxTTL")


def read_settings(config: Mapping[str, t.Any]) -> Resource:
    """Return the part of a configuration that the module manages."""
    certificate = config.get("ViewerCertificate", {})
    origin = config["Origins"]["Items"][0]
    behavior = config["DefaultCacheBehavior"]
    functions = _items(behavior.get("FunctionAssociations"))
    return {
        **{key: config.get(name, "") for key, name in _PLAIN.items()},
        "http_version": str(config.get("HttpVersion", "")).lower(),
        "aliases": sorted(_items(config.get("Aliases"))),
        "certificate_arn": certificate.get("ACMCertificateArn") or None,
        "minimum_protocol_version": certificate.get("MinimumProtocolVersion")
        if certificate.get("ACMCertificateArn")
        else None,
        "origin_domain_name": origin["DomainName"],
        "origin_access_control_id": origin.get("OriginAccessControlId", ""),
        "viewer_protocol_policy": behavior["ViewerProtocolPolicy"],
        "cache_policy_id": behavior.get("CachePolicyId", ""),
        "response_headers_policy_id": behavior.get("ResponseHeadersPolicyId") or None,
        "viewer_request_function_arn": _function(functions, "viewer-request"),
        "viewer_response_function_arn": _function(functions, "viewer-response"),
        "custom_error_responses": sorted(
            (_error_response(response) for response in _items(config.get("CustomErrorResponses"))),
            key=lambda one: int(one["error_code"]),
        ),
    }


def _items(collection: Mapping[str, t.Any] | None) -> list[t.Any]:
    return list((collection or {}).get("Items") or [])


def _collection(items: list[t.Any]) -> Resource:
    return {"Quantity": len(items), "Items": items} if items else {"Quantity": 0}


def _function(associations: list[Resource], event: str) -> str | None:
    return next((association["FunctionARN"] for association in associations if association["EventType"] == event), None)


def _error_response(response: Mapping[str, t.Any]) -> Resource:
    return {
        "error_code": response["ErrorCode"],
        "response_page_path": response.get("ResponsePagePath") or None,
        "response_code": int(response["ResponseCode"]) if response.get("ResponseCode") else None,
        "error_caching_min_ttl": response.get("ErrorCachingMinTTL", 10),
    }


def wanted_settings(params: Mapping[str, t.Any], present: Mapping[str, t.Any]) -> Resource:
    """Return the settings that the options ask for, in the shape of `read_settings`."""
    secured = bool(params["certificate_arn"])
    copied = (
        "origin_domain_name",
        "origin_access_control_id",
        "certificate_arn",
        "default_root_object",
        "price_class",
        "http_version",
        "ipv6_enabled",
        "enabled",
        "viewer_protocol_policy",
        "cache_policy_id",
        "response_headers_policy_id",
        "viewer_request_function_arn",
        "viewer_response_function_arn",
    )
    web_acl = params["web_acl_arn"]
    return {
        **{key: params[key] for key in copied},
        "comment": params["name"] if params["comment"] is None else params["comment"],
        "web_acl_arn": present.get("web_acl_arn", "") if web_acl is None else web_acl,
        "aliases": sorted(params["aliases"]),
        "minimum_protocol_version": params["minimum_protocol_version"] if secured else None,
        "custom_error_responses": sorted(params["custom_error_responses"], key=lambda one: int(one["error_code"])),
    }


def write_settings(config: Mapping[str, t.Any], settings: Mapping[str, t.Any]) -> Resource:
    """Return a configuration with the settings written into it, and all else as it is."""
    written = copy.deepcopy(dict(config))
    written |= {name: settings[key] for key, name in _PLAIN.items()}
    written["Aliases"] = _collection(settings["aliases"])
    written["ViewerCertificate"] = _certificate(settings)
    written["CustomErrorResponses"] = _collection(
        [_written_error(response) for response in settings["custom_error_responses"]]
    )
    origins = _items(written.get("Origins"))
    origin: Resource = origins[0] if origins else {"Id": "bucket", "OriginPath": "", "CustomHeaders": _collection([])}
    origin.pop("CustomOriginConfig", None)
    origin |= {
        "DomainName": settings["origin_domain_name"],
        "OriginAccessControlId": settings["origin_access_control_id"],
        # Empty, but not missing: it says that the origin is a bucket.
        "S3OriginConfig": {"OriginAccessIdentity": ""},
    }
    written["Origins"] = _collection([origin])
    written["DefaultCacheBehavior"] = _behavior(written.get("DefaultCacheBehavior", {}), settings, origin["Id"])
    return written


def _certificate(settings: Mapping[str, t.Any]) -> Resource:
    if not settings["certificate_arn"]:
        return {"CloudFrontDefaultCertificate": True}
    return {
        "ACMCertificateArn": settings["certificate_arn"],
        "SSLSupportMethod": "sni-only",
        "MinimumProtocolVersion": settings["minimum_protocol_version"],
    }


def _written_error(response: Mapping[str, t.Any]) -> Resource:
    return {
        "ErrorCode": response["error_code"],
        "ResponsePagePath": response["response_page_path"] or "",
        "ResponseCode": str(response["response_code"] or ""),
        "ErrorCachingMinTTL": response["error_caching_min_ttl"],
    }


def _behavior(present: Mapping[str, t.Any], settings: Mapping[str, t.Any], origin_id: str) -> Resource:
    behavior = {key: value for key, value in present.items() if key not in _LEGACY_CACHE_KEYS}
    managed_events = {
        "viewer-request": settings["viewer_request_function_arn"],
        "viewer-response": settings["viewer_response_function_arn"],
    }
    functions = [{"FunctionARN": arn, "EventType": event} for event, arn in managed_events.items() if arn]
    behavior.setdefault("Compress", True)
    behavior.pop("ResponseHeadersPolicyId", None)
    if settings["response_headers_policy_id"]:
        behavior["ResponseHeadersPolicyId"] = settings["response_headers_policy_id"]
    return {
        **behavior,
        "TargetOriginId": origin_id,
        "ViewerProtocolPolicy": settings["viewer_protocol_policy"],
        "CachePolicyId": settings["cache_policy_id"],
        "FunctionAssociations": _collection(functions),
    }


def normalize(distribution: Mapping[str, t.Any], tags: dict[str, str]) -> Resource:
    """Return a described distribution the way the module returns it."""
    return {
        "id": distribution["Id"],
        "arn": distribution["ARN"],
        "domain_name": distribution["DomainName"],
        "hosted_zone_id": HOSTED_ZONE_ID,
        "status": distribution["Status"],
        "name": tags.get("Name", ""),
        **read_settings(distribution["DistributionConfig"]),
        **_geography(distribution["DistributionConfig"]),
        "tags": tags,
    }


def _geography(config: Mapping[str, t.Any]) -> Resource:
    restriction = (config.get("Restrictions") or {}).get("GeoRestriction") or {}
    return {"geo_restriction": restriction.get("RestrictionType", "none"), "geo_countries": sorted(_items(restriction))}


@aws_call("list distributions")
def list_distributions(client: t.Any) -> list[Resource]:
    """Return the summaries of all distributions."""
    return t.cast("list[Resource]", pages(client, "list_distributions").get("DistributionList", {}).get("Items", []))


@aws_call("list tags of distribution {arn}")
def list_tags(client: t.Any, arn: str) -> dict[str, str]:
    """Return the tags of a distribution."""
    return tag_dict(client.list_tags_for_resource(Resource=arn)["Tags"].get("Items", []))


@aws_lookup("read distribution {distribution_id}", "NoSuchDistribution")
def get_distribution(client: t.Any, distribution_id: str) -> Resource:
    """Return a distribution with its configuration and its ETag."""
    return t.cast("Resource", client.get_distribution(Id=distribution_id))


@aws_call("create distribution {config[Comment]}")
def _create(client: t.Any, config: Resource, tags: list[dict[str, str]]) -> str:
    arguments = {"DistributionConfig": config, "Tags": {"Items": tags}}
    answer = client.create_distribution_with_tags(DistributionConfigWithTags=arguments)
    return t.cast("str", answer["Distribution"]["Id"])


@aws_call("update distribution {distribution_id}")
def _update(client: t.Any, distribution_id: str, etag: str, config: Resource) -> None:
    client.update_distribution(Id=distribution_id, IfMatch=etag, DistributionConfig=config)


@aws_lookup("delete distribution {distribution_id}", "NoSuchDistribution")
def _delete(client: t.Any, distribution_id: str, etag: str) -> None:
    client.delete_distribution(Id=distribution_id, IfMatch=etag)


@aws_call("tag distribution {arn}")
def _tag(client: t.Any, arn: str, tags: list[dict[str, str]]) -> None:
    client.tag_resource(Resource=arn, Tags={"Items": tags})


@aws_call("remove tags from distribution {arn}")
def _untag(client: t.Any, arn: str, keys: list[str]) -> None:
    client.untag_resource(Resource=arn, TagKeys={"Items": keys})


def find(client: t.Any, name: str) -> tuple[Resource, dict[str, str]] | None:
    """Return the distribution whose `Name` it is, and its tags; fail rather than choose between several."""
    tagged = [(distribution, list_tags(client, distribution["ARN"])) for distribution in list_distributions(client)]
    found = [(distribution["Id"], tags) for distribution, tags in tagged if tags.get("Name") == name]
    if len(found) > 1:
        ids = ", ".join(sorted(distribution_id for distribution_id, dummy in found))
        raise failure(f"Several distributions have the name {name}: {ids}. Rename or delete all but one.")
    for distribution_id, tags in found:
        if whole := get_distribution(client, distribution_id):
            return whole, tags
    return None


def ensure_present(client: t.Any, params: Mapping[str, t.Any], check_mode: bool) -> ChangeResult:
    """Create or change the distribution, as the options say."""
    found = find(client, params["name"])
    if found is None:
        return _created(client, params, check_mode)
    distribution, present_tags = found
    before = normalize(distribution["Distribution"], present_tags)
    config = distribution["Distribution"]["DistributionConfig"]
    settings = wanted_settings(params, before)
    tags = compare_tags(present_tags, named(params["tags"], params["name"], present_tags), params["purge_tags"])
    different = settings != read_settings(config)
    if check_mode:
        return ChangeResult(different or tags.changed, before, {**before, **settings, "tags": tags.after})
    _write_tags(client, before["arn"], tags)
    if different:
        _update(client, before["id"], distribution["ETag"], write_settings(config, settings))
    return ChangeResult(different or tags.changed, before, _awaited(client, before["id"], params))


def _created(client: t.Any, params: Mapping[str, t.Any], check_mode: bool) -> ChangeResult:
    settings = wanted_settings(params, {})
    tags = named(params["tags"], params["name"], {})
    if check_mode:
        unknown = {"id": UNKNOWN, "arn": UNKNOWN, "domain_name": UNKNOWN, "status": "InProgress"}
        after = {**unknown, "hosted_zone_id": HOSTED_ZONE_ID, "name": params["name"], **settings, "tags": tags}
        return ChangeResult(True, {}, after)
    config = write_settings({"CallerReference": uuid.uuid4().hex}, settings)
    distribution_id = _create(client, config, tag_list(tags))
    return ChangeResult(True, {}, _awaited(client, distribution_id, params))


def _awaited(client: t.Any, distribution_id: str, params: Mapping[str, t.Any]) -> Resource:
    if params["wait"]:
        _wait_until_deployed(client, distribution_id, params["wait_timeout"])
    distribution = (get_distribution(client, distribution_id) or {})["Distribution"]
    return normalize(distribution, list_tags(client, distribution["ARN"]))


def _wait_until_deployed(client: t.Any, distribution_id: str, timeout: int, *or_else: Resource) -> None:
    accepted = [acceptor("Distribution.Status", "Deployed"), *or_else]
    if not waited(client, "GetDistribution", accepted, timeout, 10, Id=distribution_id):
        raise failure(
            f"The distribution {distribution_id} was not deployed within {timeout} seconds. "
            "CloudFront goes on by itself: run this again, or wait longer."
        )


def _write_tags(client: t.Any, arn: str, tags: Tags) -> None:
    if tags.to_unset:
        _untag(client, arn, tags.to_unset)
    if tags.to_set:
        _tag(client, arn, tags.to_set_list)


def ensure_absent(client: t.Any, params: Mapping[str, t.Any], check_mode: bool) -> ChangeResult:
    """Disable, wait for and delete the distribution."""
    found = find(client, params["name"])
    if found is None:
        return ChangeResult(False, {}, {})
    distribution, tags = found
    before = normalize(distribution["Distribution"], tags)
    if not check_mode:
        if before["enabled"]:
            config = {**distribution["Distribution"]["DistributionConfig"], "Enabled": False}
            _update(client, before["id"], distribution["ETag"], config)
        # Another run may remove it meanwhile, also one that was killed and whose last task goes on.
        _wait_until_deployed(client, before["id"], params["wait_timeout"], on_error("NoSuchDistribution"))
        if latest := get_distribution(client, before["id"]):
            _delete(client, before["id"], latest["ETag"])
    return ChangeResult(True, before, {})
