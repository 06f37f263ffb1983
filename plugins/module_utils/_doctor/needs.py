# Copyright: hasite.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection: this file may change at any time.
"""Which evidence a rule needs, and why it is missing: what could not be seen is never health.

A need is the label of one of `site_info`'s readings, such as `ec2: instances`, or one of the views below.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from .evidence import Evidence
from .known.machines import Instance
from .known.visit import Visit

INSIDE = "inside"
"""A look at each machine."""
DELEGATION, CAA = "outside: delegation", "outside: CAA records"
ADDRESSES, PAGE, PLAIN = "outside: addresses", "outside: page", "outside: page over HTTP"
ALIASES, EDGE, ERROR_PAGE = "outside: aliases", "outside: edge", "outside: error page"
CERTIFICATES = "outside: certificates"

DETAILS = {
    "ec2: VPC attributes": "dns_support",
    "ec2: DHCP options": "dhcp_name_servers",
    "ec2: NAT gateways of the VPC": "nat_gateways",
    "ec2: reachability": "paths",
    "ec2: status checks": "status_checks",
    "elbv2: load balancer attributes": "load_balancer_attributes",
    "elbv2: target group attributes": "target_group_attributes",
    "wafv2: the load balancer's web ACL": "web_acl",
    "elbv2: listener certificates": "listener_certificates",
    "elbv2: listener rules": "listener_rules",
    "route53: used health checks": "used_health_checks",
    "s3: releases": "contents",
    "s3: error pages": "error_objects",
    "efs: file system policies": "file_system_policies",
    "efs: backup policies": "file_system_backups",
    "s3: bucket policies": "bucket_policies",
    "s3: bucket settings": "bucket_settings",
    "iam: role policies": "role_policies",
    "cloudfront: cache policies": "cache_policies",
    "route53: signing of zones": "zone_signing",
}
"""The details by the labels of the readings from which they come."""
_IN_VPC = ("ec2: VPC attributes", "ec2: reachability")
"""Readings that have nothing to say where there is no VPC."""
_REACHABILITY = " for reachability"
"""How the labels end of what reachability is judged by."""
NO_VISITOR = "no visitor's view was given"


def missing(evidence: Evidence, needs: Iterable[str]) -> dict[str, str]:
    """Return why evidence is missing, by the need that is not met; empty if a rule can be judged."""
    found = {need: why_missing(evidence, need) for need in needs}
    return {need: why for need, why in found.items() if why}


def why_missing(evidence: Evidence, need: str) -> str | None:
    """Say why evidence is missing, None if it is there, or if there is nothing that it could be about."""
    if need == INSIDE:
        return next((f"{name}: {why}" for name, why in not_looked_into(evidence)), None)
    if need in _VIEWS:
        return NO_VISITOR if evidence.visit is None else _VIEWS[need](evidence)
    return _unread(evidence, need)


def not_looked_into(evidence: Evidence) -> Iterator[tuple[str, str]]:
    """Return the machines that were not looked at from inside, with the reasons."""
    for instance in evidence.site.instances:
        if instance.instance_id not in evidence.machines:
            yield instance.name or instance.instance_id, _why_closed(evidence, instance)


def _why_closed(evidence: Evidence, instance: Instance) -> str:
    if instance.state != "running":
        return f"The machine is {instance.state or 'in no known state'}."
    told = evidence.silent.get(instance.instance_id) or evidence.failed.get(instance.instance_id)
    return told or "Session Manager does not reach it."


def _unread(evidence: Evidence, label: str) -> str | None:
    failed = {failure.service: failure.error for failure in evidence.site.unreadable}
    if label in failed:
        return failed[label]
    if label == "ec2: reachability":
        # It is judged by several readings; with one of them missing, what looks open may be closed.
        for service, error in failed.items():
            if service.endswith(_REACHABILITY):
                return error
    vpc = evidence.site.network.vpc
    if label not in DETAILS or DETAILS[label] in evidence.given or (label in _IN_VPC and not vpc):
        return None
    return "the site was read without its details"


def _delegation(evidence: Evidence) -> str | None:
    seen = evidence.outside.delegation
    if not evidence.zone:
        return None
    return seen.problem if seen else "it was not asked for"


def _caa(evidence: Evidence) -> str | None:
    seen = evidence.outside.authorities
    return seen.problem if seen else "they were not asked for"


def _edge(evidence: Evidence) -> str | None:
    return "it was not asked" if evidence.distribution and not evidence.outside.edge_alias else None


def _error_page(evidence: Evidence) -> str | None:
    asked = [fetch for fetch in (evidence.outside.edge_alias, evidence.outside.edge) if fetch]
    if not evidence.distribution or any(fetch.status for fetch in asked):
        return None
    return next((fetch.problem for fetch in asked if fetch.problem), "it was not asked for")


def _certificates(evidence: Evidence) -> str | None:
    visit = evidence.outside
    shown = (("the page", visit.page, evidence.balancer), ("the edge", visit.edge_alias, evidence.distribution))
    for what, fetch, wanted in shown:
        if wanted and not (fetch and fetch.certificate_not_after):
            return f"{what} showed none: {(fetch and fetch.problem) or 'it was not asked for'}"
    return None


def _aliases(evidence: Evidence) -> str | None:
    seen = [alias.name for alias in evidence.outside.aliases]
    unasked = [name for name in evidence.aliases if name not in seen]
    return f"{unasked[0]} was not asked for" if unasked else None


def _asked(part: Callable[[Visit], object]) -> Callable[[Evidence], str | None]:
    return lambda evidence: None if part(evidence.outside) is not None else "it was not asked for"


_VIEWS: dict[str, Callable[[Evidence], str | None]] = {
    DELEGATION: _delegation,
    CAA: _caa,
    ADDRESSES: _asked(lambda visit: visit.addresses),
    PAGE: _asked(lambda visit: visit.page),
    PLAIN: _asked(lambda visit: visit.plain),
    ALIASES: _aliases,
    EDGE: _edge,
    ERROR_PAGE: _error_page,
    CERTIFICATES: _certificates,
}
