# Copyright: hasite.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection: this file may change at any time.
"""Checks of the load balancer."""

from __future__ import annotations

from collections.abc import Iterator

from .._doctor.known.balancing import Listener, LoadBalancer
from .facts import Facts, Rules, Seen

RULES = Rules()
GUARDED = ("defensive", "strictest")
MODERN = ("ELBSecurityPolicy-TLS13-1-2-", "ELBSecurityPolicy-TLS13-1-3-", "ELBSecurityPolicy-FS-1-2-")
"""How the names of policies without TLS 1.0 and 1.1 begin
(https://docs.aws.amazon.com/elasticloadbalancing/latest/application/describe-ssl-policies.html)."""


def listeners(facts: Facts, protocol: str) -> list[Listener]:
    """Return the load balancer's listeners of a protocol."""
    balancer = facts.known.load_balancer or LoadBalancer()
    return [listener for listener in balancer.listeners if listener.protocol == protocol]


def _where(listener: Listener) -> str:
    return f"listener {listener.port}"


def _attribute(facts: Facts, key: str, *wanted: str) -> Iterator[Seen]:
    if balancer := facts.known.load_balancer:
        value = facts.known.details.load_balancer_attributes.get(key)
        yield Seen(f"load balancer {balancer.load_balancer_name}", value in wanted, f"{key}={value}")


@RULES.rule("https-redirect", "elbv2: load balancers")
def https_redirect(facts: Facts) -> Iterator[Seen]:
    """HTTP only redirects."""
    for listener in listeners(facts, "HTTP"):
        redirects = [action.redirect_config.protocol == "HTTPS" for action in listener.default_actions]
        told = "redirects to HTTPS" if all(redirects) else "answers"
        yield Seen(_where(listener), bool(redirects) and all(redirects), told)


@RULES.rule("tls-version", "elbv2: load balancers")
def tls_version(facts: Facts) -> Iterator[Seen]:
    """TLS 1.0 and 1.1 are refused."""
    for listener in listeners(facts, "HTTPS"):
        policy = listener.ssl_policy
        yield Seen(_where(listener), policy.startswith(MODERN), f"SslPolicy={policy}")


@RULES.rule("tls-post-quantum", "elbv2: load balancers")
def tls_post_quantum(facts: Facts) -> Iterator[Seen]:
    """The policy has a hybrid key exchange."""
    for listener in listeners(facts, "HTTPS"):
        policy = listener.ssl_policy
        yield Seen(_where(listener), "-PQ-" in policy, f"SslPolicy={policy}")


@RULES.rule("tls-fips", "elbv2: load balancers")
def tls_fips(facts: Facts) -> Iterator[Seen]:
    """The policy uses certified modules."""
    for listener in listeners(facts, "HTTPS"):
        policy = listener.ssl_policy
        yield Seen(_where(listener), "-FIPS-" in policy, f"SslPolicy={policy}")


@RULES.rule("invalid-headers-dropped", "elbv2: load balancer attributes", "elbv2: load balancers")
def invalid_headers_dropped(facts: Facts) -> Iterator[Seen]:
    """Headers and requests that servers understand differently do not pass."""
    yield from _attribute(facts, "routing.http.drop_invalid_header_fields.enabled", "true")
    yield from _attribute(facts, "routing.http.desync_mitigation_mode", *GUARDED)


@RULES.rule("load-balancer-zones", "elbv2: load balancers")
def load_balancer_zones(facts: Facts) -> Iterator[Seen]:
    """The load balancer survives a zone."""
    if balancer := facts.known.load_balancer:
        zones = [zone.zone_name for zone in balancer.availability_zones]
        yield Seen(f"load balancer {balancer.load_balancer_name}", len(zones) > 1, f"zones: {', '.join(zones)}")


@RULES.rule("deletion-protection", "elbv2: load balancer attributes", "elbv2: load balancers")
def deletion_protection(facts: Facts) -> Iterator[Seen]:
    """A slip of the hand does not delete it."""
    yield from _attribute(facts, "deletion_protection.enabled", "true")


@RULES.rule("load-balancer-logs", "elbv2: load balancer attributes", "elbv2: load balancers")
def load_balancer_logs(facts: Facts) -> Iterator[Seen]:
    """Requests are logged."""
    yield from _attribute(facts, "access_logs.s3.enabled", "true")


@RULES.rule("load-balancer-waf", "wafv2: the load balancer's web ACL", "elbv2: load balancers")
def load_balancer_waf(facts: Facts) -> Iterator[Seen]:
    """A web ACL looks at requests."""
    for name, acl in facts.each("balancer_acl"):
        yield Seen(f"load balancer {name}", bool(acl), f"web ACL: {acl or 'none'}")


@RULES.rule("target-https", "elbv2: target groups")
def target_https(facts: Facts) -> Iterator[Seen]:
    """Requests are encrypted up to the machines."""
    for group in facts.known.target_groups:
        yield Seen(f"target group {group.target_group_name}", group.protocol == "HTTPS", f"Protocol={group.protocol}")
