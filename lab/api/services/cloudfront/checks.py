# SPDX-License-Identifier: GPL-3.0-or-later
"""What CloudFront refuses in a distribution's configuration, with its error codes.

https://docs.aws.amazon.com/cloudfront/latest/APIReference/API_CreateDistribution.html#API_CreateDistribution_Errors
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from moto.cloudfront.exceptions import (
    CloudFrontException,
    DomainNameNotAnS3Bucket,
    NoSuchOriginAccessControl,
    OriginDoesNotExist,
)

from lab.api.services.cloudfront import custom_origins, policies
from lab.base.backends import ACCOUNT, Backends
from lab.world.edge import config as edge_config
from lab.world.edge.edge import items

Config = Mapping[str, Any]
_ERROR_CODES = frozenset({400, 403, 404, 405, 414, 416, 500, 501, 502, 503, 504})
_RESPONSE_CODES = frozenset({200, *_ERROR_CODES})
_S3_DOMAIN = re.compile(r".+\.s3([.-][a-z0-9-]+)?\.amazonaws\.com")
_CERTIFICATE = re.compile(rf"arn:aws:acm:us-east-1:{ACCOUNT}:certificate/.+")


def check(backends: Backends, cloudfront: Any, config: Config, present: Any = None) -> None:
    """Refuse what CloudFront refuses; `present` is the distribution that is being updated."""
    _origins(cloudfront, config)
    _behaviors(config)
    _references(cloudfront, config)
    _errors(config)
    if config["DefaultRootObject"].startswith("/"):
        raise CloudFrontException(
            "InvalidDefaultRootObject", "The default root object file name is too big or contains an invalid character."
        )
    _aliases(cloudfront, config, present)
    _certificate(backends, config)


def _origins(cloudfront: Any, config: Config) -> None:
    origins = items(config["Origins"])
    ids = [origin["Id"] for origin in origins]
    if len(set(ids)) != len(ids):
        raise CloudFrontException("InvalidArgument", "The parameter Origin Id must be unique in the distribution.")
    for origin in origins:
        if "VpcOriginConfig" in origin:
            raise CloudFrontException(
                "NotImplemented",
                f"The lab's edge has no origins inside of VPCs; origin {origin['Id']} is one, nothing was done.",
            )
        if ("S3OriginConfig" in origin) == ("CustomOriginConfig" in origin):
            raise CloudFrontException("InvalidOrigin", "The specified origin server does not exist or is not valid.")
        if not 1 <= origin["ConnectionAttempts"] <= 3 or not 1 <= origin["ConnectionTimeout"] <= 10:
            raise CloudFrontException(
                "InvalidArgument", "The connection attempts are 1 to 3, the connection timeout is 1 to 10 seconds."
            )
        if "CustomOriginConfig" in origin:
            custom_origins.check(origin)
        elif not _S3_DOMAIN.fullmatch(origin["DomainName"]):
            raise DomainNameNotAnS3Bucket
        if origin["OriginPath"] and not re.fullmatch(r"/.*[^/]", origin["OriginPath"]):
            raise CloudFrontException(
                "InvalidArgument", "The parameter Origin Path must begin with a slash and not end with one."
            )
        _access_control(cloudfront, origin)
        _access_identity(cloudfront, origin)


def _access_identity(cloudfront: Any, origin: Config) -> None:
    wanted = origin.get("S3OriginConfig", {}).get("OriginAccessIdentity", "")
    if wanted and wanted.removeprefix(edge_config.IDENTITY) not in cloudfront.access_identities:
        raise CloudFrontException(
            "InvalidOriginAccessIdentity", "The specified origin access identity does not exist or is not valid."
        )


def _access_control(cloudfront: Any, origin: Config) -> None:
    wanted = origin["OriginAccessControlId"]
    if not wanted:
        return
    if wanted not in cloudfront.origin_access_controls:
        raise NoSuchOriginAccessControl
    if "S3OriginConfig" not in origin:
        raise CloudFrontException(
            "InvalidOriginAccessControl", "The origin access control is for another type of origin."
        )
    if origin["S3OriginConfig"]["OriginAccessIdentity"]:
        raise CloudFrontException(
            "IllegalOriginAccessConfiguration",
            "An origin cannot contain both an origin access control and an origin access identity.",
        )
    if cloudfront.origin_access_controls[wanted].origin_type != "s3":
        raise CloudFrontException(
            "InvalidOriginAccessControl", "The origin access control is for another type of origin."
        )


def _every_behavior(config: Config) -> Iterator[Config]:
    yield config["DefaultCacheBehavior"]
    yield from items(config["CacheBehaviors"])


def _behaviors(config: Config) -> None:
    origins = {origin["Id"] for origin in items(config["Origins"])}
    for behavior in _every_behavior(config):
        if behavior["TargetOriginId"] not in origins:
            raise OriginDoesNotExist
        if "MinTTL" in behavior and not behavior["MinTTL"] <= behavior["DefaultTTL"] <= behavior["MaxTTL"]:
            raise CloudFrontException("InvalidTTLOrder", "The order of the specified TTL values is invalid.")


def _references(cloudfront: Any, config: Config) -> None:
    for kind in policies.KINDS:
        for wanted in edge_config.references(config, kind.reference):
            cloudfront.lab_policies.require(kind, wanted)
    published = {function.arn for function in cloudfront.functions.values() if function.live is not None}
    for behavior in _every_behavior(config):
        events = [association["EventType"] for association in items(behavior["FunctionAssociations"])]
        if len(set(events)) != len(events) or not set(events) <= {"viewer-request", "viewer-response"}:
            raise CloudFrontException(
                "InvalidFunctionAssociation",
                "A behavior has at most one function for viewer-request and one for viewer-response.",
            )
    if missing := [arn for arn in edge_config.function_arns(config) if arn not in published]:
        raise CloudFrontException(
            "InvalidFunctionAssociation",
            f"The function {missing[0]} does not exist or has not been published to the LIVE stage.",
        )


def _errors(config: Config) -> None:
    for response in items(config["CustomErrorResponses"]):
        if int(response["ErrorCode"]) not in _ERROR_CODES:
            raise CloudFrontException("InvalidErrorCode", "An invalid error code was specified.")
        code, page = response["ResponseCode"], response["ResponsePagePath"]
        if bool(code) != bool(page):
            raise CloudFrontException(
                "InvalidArgument", "The parameter ResponsePagePath must be given together with ResponseCode."
            )
        if code and (not str(code).isdigit() or int(code) not in _RESPONSE_CODES):
            raise CloudFrontException("InvalidResponseCode", "A response code is not valid.")
        if page and not page.startswith("/"):
            raise CloudFrontException("InvalidArgument", "The parameter ResponsePagePath must begin with a slash.")


def _aliases(cloudfront: Any, config: Config, present: Any) -> None:
    wanted = {alias.lower() for alias in items(config["Aliases"])}
    for other in cloudfront.distributions.values():
        if other is not present and wanted & {alias.lower() for alias in other.aliases}:
            raise CloudFrontException(
                "CNAMEAlreadyExists",
                "One or more of the CNAMEs you provided are already associated with a different resource.",
            )


def _certificate(backends: Backends, config: Config) -> None:
    aliases = items(config["Aliases"])
    arn = config["ViewerCertificate"].get("ACMCertificateArn")
    if arn is None:
        if aliases:
            raise _invalid(
                "To add an alternate domain name (CNAME) to a CloudFront distribution, you must attach a trusted "
                "certificate that validates your authorization to use the domain name."
            )
        return
    names = _issued_names(backends, arn)
    if names is None:
        raise _invalid(
            "The specified SSL certificate doesn't exist, isn't in us-east-1 region, isn't valid, or doesn't include "
            "a valid certificate chain."
        )
    if not all(covers(names, alias) for alias in aliases):
        raise _invalid(
            "The certificate that is attached to your distribution doesn't cover the alternate domain name (CNAME) "
            "that you're trying to add."
        )


def _issued_names(backends: Backends, arn: str) -> list[str] | None:
    if not _CERTIFICATE.fullmatch(arn):
        return None
    bundle = backends.at("acm", "us-east-1")._certificates.get(arn)
    described = bundle.describe()["Certificate"] if bundle else {}
    if described.get("Status") != "ISSUED":
        return None
    return [described["DomainName"], *described.get("SubjectAlternativeNames", ())]


def covers(names: list[str], alias: str) -> bool:
    """Tell whether a certificate's names cover an alias; an asterisk is one label (RFC 6125, section 6.4.3)."""
    wanted = alias.lower()
    return any(name.lower() in (wanted, f"*.{wanted.partition('.')[2]}") for name in names)


def _invalid(message: str) -> CloudFrontException:
    return CloudFrontException("InvalidViewerCertificate", message)
