# Copyright: hasite.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection: this file may change at any time.
"""Checks of the error page's distribution."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from .._resource import Resource
from .facts import Facts, Rules, Seen

RULES = Rules()
CONFIGURATIONS = "cloudfront: configurations of distributions"
MODERN = ("TLSv1.2_2018", "TLSv1.2_2019", "TLSv1.2_2021", "TLSv1.2_2025", "TLSv1.3_2025")
"""https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/secure-connections-supported-viewer-protocols-ciphers.html"""


def _each(facts: Facts, judge: Callable[[Resource], tuple[bool, str]]) -> Iterator[Seen]:
    for distribution, config in facts.each("distributions"):
        yield Seen(f"distribution {distribution}", *judge(config))


def _simple(control: str, judge: Callable[[Resource], tuple[bool, str]]) -> None:
    """Add a check that looks at each distribution's configuration by itself."""
    RULES.rule(control, "cloudfront: distributions", CONFIGURATIONS)(lambda facts: _each(facts, judge))


def _https(config: Resource) -> tuple[bool, str]:
    certificate = config.get("ViewerCertificate") or {}
    protocol = config["DefaultCacheBehavior"].get("ViewerProtocolPolicy")
    own = bool(certificate.get("ACMCertificateArn") or certificate.get("IAMCertificateId"))
    sni, version = certificate.get("SSLSupportMethod"), certificate.get("MinimumProtocolVersion")
    met = protocol in ("https-only", "redirect-to-https") and own and sni == "sni-only" and version in MODERN
    return met, f"{protocol}, {'own' if own else 'default'} certificate, {sni}, {version}"


def _origins(config: Resource) -> tuple[bool, str]:
    origins = (config.get("Origins") or {}).get("Items") or []
    bare = [
        origin["DomainName"]
        for origin in origins
        if "S3OriginConfig" in origin and not origin.get("OriginAccessControlId")
    ]
    return not bare, f"origins without access control: {', '.join(bare) or 'none'}"


def _tls_1_3(config: Resource) -> tuple[bool, str]:
    version = str((config.get("ViewerCertificate") or {}).get("MinimumProtocolVersion"))
    return version.startswith("TLSv1.3"), f"MinimumProtocolVersion={version}"


def _default_object(config: Resource) -> tuple[bool, str]:
    found = config.get("DefaultRootObject")
    return bool(found), f"DefaultRootObject={found or 'none'}"


def _logs(config: Resource) -> tuple[bool, str]:
    enabled = bool((config.get("Logging") or {}).get("Enabled"))
    return enabled, f"Logging={enabled}"


def _waf(config: Resource) -> tuple[bool, str]:
    found = config.get("WebACLId")
    return bool(found), f"web ACL: {found or 'none'}"


def _origin_failover(config: Resource) -> tuple[bool, str]:
    count = int((config.get("OriginGroups") or {}).get("Quantity") or 0)
    return count > 0, f"{count} origin groups"


def _geography(config: Resource) -> tuple[bool, str]:
    kind = ((config.get("Restrictions") or {}).get("GeoRestriction") or {}).get("RestrictionType")
    return kind in ("whitelist", "blacklist"), f"GeoRestriction={kind}"


def _field_encryption(config: Resource) -> tuple[bool, str]:
    found = config["DefaultCacheBehavior"].get("FieldLevelEncryptionId")
    return bool(found), f"FieldLevelEncryptionId={found or 'none'}"


_simple("edge-https", _https)
_simple("edge-origin-access", _origins)
_simple("edge-tls-1-3", _tls_1_3)
_simple("edge-default-object", _default_object)
_simple("edge-logs", _logs)
_simple("edge-waf", _waf)
_simple("edge-origin-failover", _origin_failover)
_simple("edge-geography", _geography)
_simple("edge-field-encryption", _field_encryption)


@RULES.rule(
    "edge-headers",
    "cloudfront: response headers policies",
    "cloudfront: configurations of response headers policies",
)
def edge_headers(facts: Facts) -> Iterator[Seen]:
    """Browsers are told to come by HTTPS only."""
    for name, headers in facts.each("headers"):
        found = headers.get("StrictTransportSecurity") or {}
        told = f"max-age={found.get('AccessControlMaxAgeSec')}" if found else "none"
        yield Seen(f"response headers policy {name}", bool(found), f"Strict-Transport-Security: {told}")
