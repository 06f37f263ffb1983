# Copyright: hasite.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection: this file may change at any time.
"""The settings of a live site that decide how it fails over."""

from __future__ import annotations

import re
import typing as t
from collections.abc import Mapping
from dataclasses import dataclass

from .arithmetic import Checkers

Raw = Mapping[str, t.Any]


@dataclass(frozen=True)
class TargetChecks:
    """How the load balancer checks a machine."""

    interval: int
    timeout: int
    healthy_threshold: int
    unhealthy_threshold: int
    deregistration_delay: int

    @property
    def longest_detection(self) -> int:
        """The longest time for which a machine that is gone gets requests."""
        return self.unhealthy_threshold * (self.interval + self.timeout)

    @property
    def longest_recovery(self) -> int:
        """The longest time until a machine that has been unhealthy gets requests again."""
        return self.healthy_threshold * (self.interval + self.timeout)


@dataclass(frozen=True)
class HealthCheck:
    """How Route 53 checks the site."""

    checkers: Checkers
    type: str
    latency: bool

    def price(self, interval: float) -> float:
        """Return US dollars a month, each optional feature extra, for an endpoint in AWS.

        https://aws.amazon.com/route53/pricing/
        """
        features = ("HTTPS" in self.type, "STR_MATCH" in self.type, interval < 30, self.latency)
        return 0.50 + 1.00 * sum(features)


@dataclass(frozen=True)
class Settings:
    """All that decides when visitors see the error page and the site."""

    domain: str
    check: HealthCheck | None
    """The health check of the PRIMARY record, if it has one that is not disabled."""
    evaluates_targets: bool
    """Whether the PRIMARY record follows the health of the load balancer's targets."""
    targets: TargetChecks | None
    page_max_age: int
    """How long a browser may keep the error page."""
    edge_error_ttl: int
    """How long the edge keeps the origin's error, from which the page is made."""


def zones_of(site: Raw) -> list[Raw]:
    """Return the hosted zones of all names, that of the domain first."""
    first = site.get("hosted_zone")
    others = [zone for zone in site.get("hosted_zones", []) if not first or zone["id"] != first["id"]]
    return [first, *others] if first else others


def failover_records(site: Raw, domain: str) -> dict[str, Raw]:
    """Return the A records of the name by their failover role."""
    return {
        record["failover"]: record
        for zone in zones_of(site)
        for record in zone["records"]
        if record["name"].rstrip(".") == domain and record["type"] == "A" and record.get("failover")
    }


def check_of(site: Raw, record: Raw) -> Raw | None:
    """Return the health check that a record names, if it is one of the site's."""
    wanted = record.get("health_check_id")
    return next((check for check in site["health_checks"] if check["id"] == wanted), None)


def read_settings(site: Raw, domain: str) -> Settings:
    """Return the settings, from the site as `site_info` returns it."""
    primary = failover_records(site, domain).get("PRIMARY", {})
    check = check_of(site, primary)
    return Settings(
        domain=domain,
        check=_health_check(check) if check and not check["config"].get("disabled") else None,
        evaluates_targets=bool((primary.get("alias_target") or {}).get("evaluate_target_health")),
        targets=_target_checks(site["target_groups"][0]) if site["target_groups"] else None,
        page_max_age=_page_max_age(site),
        edge_error_ttl=_edge_error_ttl(site),
    )


def _health_check(check: Raw) -> HealthCheck:
    config = check["config"]
    told = check["checkers"]["all"] or Checkers.count
    checkers = Checkers(config.get("request_interval", 30), config.get("failure_threshold", 3), told)
    return HealthCheck(checkers, config["type"], bool(config.get("measure_latency")))


def _target_checks(group: Raw) -> TargetChecks:
    return TargetChecks(
        interval=group["health_check_interval_seconds"],
        timeout=group["health_check_timeout_seconds"],
        healthy_threshold=group["healthy_threshold_count"],
        unhealthy_threshold=group["unhealthy_threshold_count"],
        deregistration_delay=int(group["attributes"].get("deregistration_delay.timeout_seconds", 300)),
    )


def _page_max_age(site: Raw) -> int:
    """Return the lifetime that the distribution's response headers policy gives the page; 0 if it says none."""
    wanted = {distribution.get("response_headers_policy_id") for distribution in site["distributions"]}
    values = [
        str(header["value"])
        for policy in site["response_headers_policies"]
        if policy["id"] in wanted
        for header in policy["custom_headers"]
        if header["header"].lower() == "cache-control"
    ]
    ages = [
        int(found[1])
        for value in values
        if not re.search(r"no-store|no-cache", value, re.IGNORECASE)
        and (found := re.search(r"max-age=(\d+)", value, re.IGNORECASE))
    ]
    return max(ages, default=0)


def _edge_error_ttl(site: Raw) -> int:
    answers = [
        response for distribution in site["distributions"] for response in distribution["custom_error_responses"]
    ]
    return max((int(answer["error_caching_min_ttl"] or 0) for answer in answers), default=0)
