# SPDX-License-Identifier: GPL-3.0-or-later
"""CloudFront's policies: AWS's managed ones, and what a policy means to a behavior. Pure.

https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/using-managed-cache-policies.html
https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/using-managed-origin-request-policies.html
https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/using-managed-response-headers-policies.html
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from lab.world.edge.cache import Ttl
from lab.world.edge.requests import Choice, Selection
from lab.world.edge.responses import Cors, Header, HeadersPolicy

Config = Mapping[str, Any]
_YEAR = 31536000


def _listed(kind: str, behavior: str, names: tuple[str, ...] = ()) -> dict[str, Any]:
    singular = kind.removesuffix("s")
    found: dict[str, Any] = {f"{singular}Behavior": behavior}
    if names:
        found[kind] = {"Quantity": len(names), "Items": list(names)}
    return found


def _cache(name: str, comment: str, ttl: Ttl, *, compressed: bool, choice: Config | None = None) -> dict[str, Any]:
    chosen = choice or {}
    return {
        "Name": f"Managed-{name}",
        "Comment": comment,
        "MinTTL": ttl.minimum,
        "DefaultTTL": ttl.default,
        "MaxTTL": ttl.maximum,
        "ParametersInCacheKeyAndForwardedToOrigin": {
            "EnableAcceptEncodingGzip": compressed,
            "EnableAcceptEncodingBrotli": compressed,
            "HeadersConfig": chosen.get("HeadersConfig", _listed("Headers", "none")),
            "CookiesConfig": chosen.get("CookiesConfig", _listed("Cookies", "none")),
            "QueryStringsConfig": chosen.get("QueryStringsConfig", _listed("QueryStrings", "none")),
        },
    }


def _request(name: str, comment: str, headers: Config, cookies: str, query: str) -> dict[str, Any]:
    return {
        "Name": f"Managed-{name}",
        "Comment": comment,
        "HeadersConfig": headers,
        "CookiesConfig": _listed("Cookies", cookies),
        "QueryStringsConfig": _listed("QueryStrings", query),
    }


_ORIGIN_CHOICE = {
    "CookiesConfig": _listed("Cookies", "all"),
    "QueryStringsConfig": _listed("QueryStrings", "all"),
    "HeadersConfig": _listed(
        "Headers",
        "whitelist",
        ("host", "origin", "x-http-method-override", "x-http-method", "x-method-override"),
    ),
}
_SECURITY = {
    "XSSProtection": {"Override": False, "Protection": True, "ModeBlock": True},
    "FrameOptions": {"Override": False, "FrameOption": "SAMEORIGIN"},
    "ReferrerPolicy": {"Override": False, "ReferrerPolicy": "strict-origin-when-cross-origin"},
    "ContentTypeOptions": {"Override": True},
    "StrictTransportSecurity": {"Override": False, "AccessControlMaxAgeSec": _YEAR},
}
_SIMPLE_CORS = {
    "AccessControlAllowOrigins": {"Quantity": 1, "Items": ["*"]},
    "AccessControlAllowHeaders": {"Quantity": 0},
    "AccessControlAllowMethods": {"Quantity": 2, "Items": ["GET", "HEAD"]},
    "AccessControlAllowCredentials": False,
    "OriginOverride": False,
}
_VIEWER_HEADERS = _listed("Headers", "allViewer")

MANAGED: dict[str, dict[str, dict[str, Any]]] = {
    "cache-policy": {
        "658327ea-f89d-4fab-a63d-7e88639e58f6": _cache(
            "CachingOptimized",
            "Default policy when CF compression is enabled",
            Ttl(1, 86400, _YEAR),
            compressed=True,
        ),
        "b2884449-e4de-46a7-ac36-70bc7f1ddd6d": _cache(
            "CachingOptimizedForUncompressedObjects",
            "Default policy when compression is disabled",
            Ttl(1, 86400, _YEAR),
            compressed=False,
        ),
        "4135ea2d-6df8-44a3-9df3-4b5a84be39ad": _cache(
            "CachingDisabled", "Policy with caching disabled", Ttl(0, 0, 0), compressed=False
        ),
        "83da9c7e-98b4-4e11-a168-04f0df8e2c65": _cache(
            "UseOriginCacheControlHeaders",
            "Policy for origins that return Cache-Control headers",
            Ttl(0, 0, _YEAR),
            compressed=True,
            choice=_ORIGIN_CHOICE | {"QueryStringsConfig": _listed("QueryStrings", "none")},
        ),
        "4cc15a8a-d715-48a4-82b8-cc0b614638fe": _cache(
            "UseOriginCacheControlHeaders-QueryStrings",
            "Policy for origins that return Cache-Control headers and vary on the query string",
            Ttl(0, 0, _YEAR),
            compressed=True,
            choice=_ORIGIN_CHOICE,
        ),
    },
    "origin-request-policy": {
        "216adef6-5c7f-47e4-b989-5492eafa07d3": _request(
            "AllViewer", "Policy to forward all parameters in viewer requests", _VIEWER_HEADERS, "all", "all"
        ),
        "b689b0a8-53d0-40ab-baf2-68738e2966ac": _request(
            "AllViewerExceptHostHeader",
            "Policy to forward all parameters in viewer requests except for the Host header",
            _listed("Headers", "allExcept", ("host",)),
            "all",
            "all",
        ),
        "88a5eaf4-2fd4-4709-b370-b4c650ea3fcf": _request(
            "CORS-S3Origin",
            "Policy for S3 origin with CORS",
            _listed(
                "Headers", "whitelist", ("origin", "access-control-request-headers", "access-control-request-method")
            ),
            "none",
            "none",
        ),
    },
    "response-headers-policy": {
        "67f7725c-6f97-4210-82d7-5512b31e9d03": {
            "Name": "Managed-SecurityHeadersPolicy",
            "Comment": "Adds a set of security headers to every response",
            "SecurityHeadersConfig": _SECURITY,
        },
        "60669652-455b-4ae9-85a4-c4c02393f86c": {
            "Name": "Managed-SimpleCORS",
            "Comment": "Allows all origins for simple CORS requests",
            "CorsConfig": _SIMPLE_CORS,
        },
        "e61eb60c-9c35-4d20-a928-2b84e02af89c": {
            "Name": "Managed-CORS-and-SecurityHeadersPolicy",
            "Comment": "Allows all origins for simple CORS requests and adds security headers",
            "CorsConfig": _SIMPLE_CORS,
            "SecurityHeadersConfig": _SECURITY,
        },
    },
}
"""Path of the kind in the API → policy id → configuration."""


def ttl_of(behavior: Config, cache_policy: Config | None) -> Ttl:
    """Return a behavior's TTLs: its cache policy's, or its own deprecated ones."""
    source = behavior if cache_policy is None else cache_policy
    return Ttl(int(source.get("MinTTL", 0)), int(source.get("DefaultTTL", 86400)), int(source.get("MaxTTL", _YEAR)))


def cache_key_of(behavior: Config, cache_policy: Config | None) -> Choice:
    """Return what of a request makes the cache key (which goes to the origin, too)."""
    if cache_policy is not None:
        return _choice(cache_policy["ParametersInCacheKeyAndForwardedToOrigin"])
    forwarded = behavior.get("ForwardedValues", {})
    keys = _names(forwarded.get("QueryStringCacheKeys"))
    cookies = forwarded.get("Cookies", {})
    headers = frozenset(name.lower() for name in _names(forwarded.get("Headers")))
    return Choice(
        headers=Selection("all") if "*" in headers else Selection("whitelist", headers),
        cookies=Selection(cookies.get("Forward", "none"), _names(cookies.get("WhitelistedNames"))),
        query=(Selection("whitelist", keys) if keys else Selection("all"))
        if forwarded.get("QueryString")
        else Selection(),
    )


def forwarded_of(key: Choice, request_policy: Config | None) -> Choice:
    """Return what of a request goes to the origin: the cache key's part, and the origin request policy's."""
    return key if request_policy is None else key | _choice(request_policy)


def _choice(config: Config) -> Choice:
    headers = config["HeadersConfig"]
    return Choice(
        headers=_selection(headers, "Header", lower=True),
        cookies=_selection(config["CookiesConfig"], "Cookie"),
        query=_selection(config["QueryStringsConfig"], "QueryString"),
    )


def _selection(config: Config, kind: str, *, lower: bool = False) -> Selection:
    which = config[f"{kind}Behavior"]
    names = _names(config.get(f"{kind}s"))
    if which in ("allViewer", "allViewerAndWhitelistCloudFront"):
        which = "all"
    return Selection(which, frozenset(name.lower() for name in names) if lower else names)


def _names(quantified: Config | None) -> frozenset[str]:
    return frozenset((quantified or {}).get("Items") or [])


def headers_of(config: Config) -> HeadersPolicy:
    """Return what a response headers policy does."""
    security = config.get("SecurityHeadersConfig") or {}
    custom = (config.get("CustomHeadersConfig") or {}).get("Items") or []
    cors = config.get("CorsConfig")
    return HeadersPolicy(
        headers=(
            *(Header(header["Header"], header.get("Value", ""), bool(header["Override"])) for header in custom),
            *_security(security),
        ),
        removed=frozenset(
            header["Header"].lower() for header in (config.get("RemoveHeadersConfig") or {}).get("Items") or []
        ),
        cors=_cors(cors) if cors else None,
    )


def _security(config: Config) -> Iterator[Header]:
    for element, name, value in (
        ("XSSProtection", "X-XSS-Protection", _xss),
        ("FrameOptions", "X-Frame-Options", lambda one: one["FrameOption"]),
        ("ReferrerPolicy", "Referrer-Policy", lambda one: one["ReferrerPolicy"]),
        ("ContentSecurityPolicy", "Content-Security-Policy", lambda one: one["ContentSecurityPolicy"]),
        ("ContentTypeOptions", "X-Content-Type-Options", lambda _: "nosniff"),
        ("StrictTransportSecurity", "Strict-Transport-Security", _transport),
    ):
        if config.get(element):
            yield Header(name, str(value(config[element])), bool(config[element]["Override"]))


def _xss(config: Config) -> str:
    if not config["Protection"]:
        return "0"
    mode = "; mode=block" if config.get("ModeBlock") else ""
    report = f"; report={config['ReportUri']}" if config.get("ReportUri") else ""
    return f"1{mode}{report}"


def _transport(config: Config) -> str:
    subdomains = "; includeSubDomains" if config.get("IncludeSubdomains") else ""
    preload = "; preload" if config.get("Preload") else ""
    return f"max-age={config['AccessControlMaxAgeSec']}{subdomains}{preload}"


def _cors(config: Config) -> Cors:
    override = bool(config["OriginOverride"])
    exposed = sorted(_names(config.get("AccessControlExposeHeaders")))
    headers = []
    if config["AccessControlAllowCredentials"]:
        headers.append(Header("Access-Control-Allow-Credentials", "true", override))
    if exposed:
        headers.append(Header("Access-Control-Expose-Headers", ", ".join(exposed), override))
    return Cors(tuple(config["AccessControlAllowOrigins"].get("Items") or ()), tuple(headers), override)
