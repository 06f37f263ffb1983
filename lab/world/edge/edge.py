# SPDX-License-Identifier: GPL-3.0-or-later
"""CloudFront's distributions, as the edge has to serve them. Pure.

https://docs.aws.amazon.com/cloudfront/latest/APIReference/API_DistributionConfig.html
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from lab.base.backends import Backends
from lab.world.edge.cache import Ttl
from lab.world.edge.config import IDENTITY
from lab.world.edge.policies import cache_key_of, forwarded_of, headers_of, ttl_of
from lab.world.edge.requests import NOTHING, Choice, path_matches
from lab.world.edge.responses import HeadersPolicy

Protocols = Literal["allow-all", "https-only", "redirect-to-https"]
EventType = Literal["viewer-request", "viewer-response"]


@dataclass(frozen=True)
class CustomOrigin:
    """How the edge reaches an origin that is a server; times are in seconds.

    https://docs.aws.amazon.com/cloudfront/latest/APIReference/API_CustomOriginConfig.html
    """

    protocols: Literal["http-only", "match-viewer", "https-only"]
    http_port: int
    https_port: int
    tls_protocols: tuple[str, ...]
    read_timeout: int
    attempts: int
    connection_timeout: int

    def is_secure(self, *, secure_viewer: bool) -> bool:
        """Tell whether it is asked by HTTPS, for a viewer who came by HTTPS or not."""
        return self.protocols == "https-only" or (self.protocols == "match-viewer" and secure_viewer)


@dataclass(frozen=True)
class AccessIdentity:
    """A user of CloudFront's own, as a bucket's policy may name it.

    https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/private-content-restricting-access-to-s3-oai.html
    """

    id: str
    canonical_user: str

    @property
    def arn(self) -> str:
        """Return the ARN, which has blanks."""
        return f"arn:aws:iam::cloudfront:user/CloudFront Origin Access Identity {self.id}"


@dataclass(frozen=True)
class Origin:
    """Where the edge fetches from: an S3 bucket or a server.

    It asks a bucket as CloudFront where an origin access control makes it sign (`signed`), as an origin access identity
    where one is named, and as nobody otherwise.
    """

    id: str
    domain_name: str
    path: str = ""
    signed: bool = False
    identity: AccessIdentity | None = None
    headers: tuple[tuple[str, str], ...] = ()
    custom: CustomOrigin | None = None


@dataclass(frozen=True)
class Function:
    """The published code of a CloudFront function."""

    arn: str
    code: str


@dataclass(frozen=True)
class Behavior:
    """How requests for some paths are answered; the default one has the pattern `*`."""

    pattern: str
    origin_id: str
    protocols: Protocols
    methods: frozenset[str]
    cached_methods: frozenset[str]
    ttl: Ttl
    cache_key: Choice = NOTHING
    forwarded: Choice = NOTHING
    headers: HeadersPolicy | None = None
    functions: tuple[tuple[EventType, Function], ...] = ()

    def function(self, event: EventType) -> Function | None:
        """Return the function of an event."""
        return next((function for kind, function in self.functions if kind == event), None)


@dataclass(frozen=True)
class ErrorResponse:
    """What is answered instead of an origin's error."""

    code: int
    page: str
    response_code: int
    caching_min_ttl: int


@dataclass(frozen=True)
class Geography:
    """From where a distribution is seen.

    https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/georestrictions.html
    """

    kind: str = "none"
    """`none`, `whitelist` or `blacklist`."""
    countries: frozenset[str] = frozenset()
    """By their ISO 3166-1 codes of two letters."""

    def admits(self, country: str) -> bool:
        """Tell whether a visitor from this country gets an answer."""
        return self.kind == "none" or (country in self.countries) == (self.kind == "whitelist")


@dataclass(frozen=True)
class Distribution:
    """One distribution; `revision` changes with every change of what is to be served."""

    id: str
    arn: str
    domain_name: str
    revision: str
    enabled: bool
    aliases: tuple[str, ...]
    certificate_arn: str
    tls_policy: str
    """CloudFront's name of it, such as `TLSv1.2_2021`."""
    default_root_object: str
    origins: tuple[Origin, ...]
    behaviors: tuple[Behavior, ...]
    """In the order in which they are tried; the default behavior is the last."""
    error_responses: tuple[ErrorResponse, ...]
    geography: Geography = Geography()

    def origin(self, id_: str) -> Origin:
        """Return the origin with this id."""
        return next(origin for origin in self.origins if origin.id == id_)

    def behavior(self, path: str) -> Behavior:
        """Return the first behavior whose pattern matches the path."""
        return next(behavior for behavior in self.behaviors if path_matches(behavior.pattern, path))

    def error_response(self, code: int) -> ErrorResponse | None:
        """Return the custom error response for an origin's status."""
        return next((response for response in self.error_responses if response.code == code), None)


@dataclass(frozen=True)
class Invalidation:
    """Paths of a distribution whose cached answers are to be dropped."""

    id: str
    distribution_id: str
    paths: tuple[str, ...]


@dataclass(frozen=True)
class Edge:
    """All that the edge serves."""

    distributions: tuple[Distribution, ...] = ()
    invalidations: tuple[Invalidation, ...] = ()

    def of_host(self, host: str) -> Distribution | None:
        """Return the enabled distribution that has the name as its own or as an alias; an exact alias comes first."""
        name = host.lower().rstrip(".")
        served = [distribution for distribution in self.distributions if distribution.enabled]
        exact = next(
            (
                distribution
                for distribution in served
                if name == distribution.domain_name or name in distribution.aliases
            ),
            None,
        )
        wildcard = f"*.{name.partition('.')[2]}"
        return exact or next((distribution for distribution in served if wildcard in distribution.aliases), None)


@dataclass(frozen=True)
class _Stored:
    """What the API keeps beside the distributions themselves."""

    policies: Mapping[str, Mapping[str, Mapping[str, Any]]]
    functions: Mapping[str, str]
    access_controls: Mapping[str, Any] = field(default_factory=dict)
    access_identities: Mapping[str, Any] = field(default_factory=dict)


def describe(backends: Backends) -> Edge:
    """Return the edge; the caller holds the API's lock."""
    found = Edge()
    for _, backend in backends.regional("cloudfront"):
        stored = _Stored(
            policies=backend.lab_policies.configurations(),
            functions={
                function.arn: function.live for function in backend.functions.values() if function.live is not None
            },
            access_controls=backend.origin_access_controls,
            access_identities=backend.access_identities,
        )
        found = Edge(
            distributions=found.distributions
            + tuple(_distribution(distribution, stored) for distribution in backend.distributions.values()),
            invalidations=found.invalidations
            + tuple(
                Invalidation(invalidation.id, distribution_id, tuple(invalidation.paths))
                for distribution_id, listed in backend.invalidations.items()
                for invalidation in listed
            ),
        )
    return found


def items(quantified: Mapping[str, Any] | None) -> list[Any]:
    """Return the items of one of CloudFront's `{Quantity, Items}` structures."""
    return list((quantified or {}).get("Items") or [])


def _distribution(stored: Any, beside: _Stored) -> Distribution:
    config = stored.distribution_config
    default = _behavior({**config["DefaultCacheBehavior"], "PathPattern": "*"}, beside)
    restriction = config["Restrictions"]["GeoRestriction"]
    return Distribution(
        id=stored.id,
        arn=stored.arn,
        domain_name=stored.domain_name,
        revision=stored.etag,
        enabled=bool(config["Enabled"]),
        aliases=tuple(alias.lower() for alias in items(config["Aliases"])),
        certificate_arn=config["ViewerCertificate"].get("ACMCertificateArn", ""),
        tls_policy=config["ViewerCertificate"].get("MinimumProtocolVersion", ""),
        default_root_object=config["DefaultRootObject"],
        origins=tuple(_origin(origin, beside) for origin in items(config["Origins"])),
        behaviors=(*(_behavior(behavior, beside) for behavior in items(config["CacheBehaviors"])), default),
        error_responses=tuple(_error_response(response) for response in items(config["CustomErrorResponses"])),
        geography=Geography(restriction["RestrictionType"], frozenset(items(restriction))),
    )


def _origin(config: Mapping[str, Any], beside: _Stored) -> Origin:
    control = beside.access_controls.get(config["OriginAccessControlId"])
    return Origin(
        id=config["Id"],
        domain_name=config["DomainName"],
        path=config["OriginPath"],
        signed=control is not None and control.signing_behavior != "never",
        identity=_identity(config, beside),
        headers=tuple((header["HeaderName"], header["HeaderValue"]) for header in items(config["CustomHeaders"])),
        custom=_custom(config),
    )


def _identity(config: Mapping[str, Any], beside: _Stored) -> AccessIdentity | None:
    named = config.get("S3OriginConfig", {}).get("OriginAccessIdentity", "").removeprefix(IDENTITY)
    found = beside.access_identities.get(named)
    return AccessIdentity(found.id, found.canonical_user) if found else None


def _custom(config: Mapping[str, Any]) -> CustomOrigin | None:
    given = config.get("CustomOriginConfig")
    if given is None:
        return None
    return CustomOrigin(
        protocols=given["OriginProtocolPolicy"],
        http_port=int(given["HTTPPort"]),
        https_port=int(given["HTTPSPort"]),
        tls_protocols=tuple(items(given["OriginSslProtocols"])),
        read_timeout=int(given["OriginReadTimeout"]),
        attempts=int(config["ConnectionAttempts"]),
        connection_timeout=int(config["ConnectionTimeout"]),
    )


def _behavior(config: Mapping[str, Any], beside: _Stored) -> Behavior:
    policies = beside.policies
    cache = policies["cache-policy"].get(config.get("CachePolicyId", ""))
    request = policies["origin-request-policy"].get(config.get("OriginRequestPolicyId", ""))
    headers = policies["response-headers-policy"].get(config.get("ResponseHeadersPolicyId", ""))
    key = cache_key_of(config, cache)
    return Behavior(
        pattern=config["PathPattern"],
        origin_id=config["TargetOriginId"],
        protocols=config["ViewerProtocolPolicy"],
        methods=frozenset(items(config["AllowedMethods"])),
        cached_methods=frozenset(items(config["AllowedMethods"]["CachedMethods"])),
        ttl=ttl_of(config, cache),
        cache_key=key,
        forwarded=forwarded_of(key, request),
        headers=headers_of(headers) if headers is not None else None,
        functions=tuple(
            (
                association["EventType"],
                Function(association["FunctionARN"], beside.functions[association["FunctionARN"]]),
            )
            for association in items(config["FunctionAssociations"])
            if association["FunctionARN"] in beside.functions
        ),
    )


def _error_response(config: Mapping[str, Any]) -> ErrorResponse:
    code = int(config["ErrorCode"])
    return ErrorResponse(
        code=code,
        page=config.get("ResponsePagePath", ""),
        response_code=int(config.get("ResponseCode") or code),
        caching_min_ttl=int(config["ErrorCachingMinTTL"]),
    )
