# SPDX-License-Identifier: GPL-3.0-or-later
"""From a live site to its time budget, and to the reasons against a drill."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import pytest
from ansible_collections.hasite.aws.plugins.module_utils._failover.budget import make_budget
from ansible_collections.hasite.aws.plugins.module_utils._failover.readiness import obstacles
from ansible_collections.hasite.aws.plugins.module_utils._failover.settings import read_settings

DOMAIN = "www.example.com"
Site = dict[str, Any]


def machine(name: str, zone: str) -> dict[str, Any]:
    return {"name": name, "instance_id": f"i-{name}", "availability_zone": zone, "state": "running", "tags": {}}


def record(role: str, **more: Any) -> dict[str, Any]:
    target = {"hosted_zone_id": "Z1", "dns_name": "x.", "evaluate_target_health": role == "PRIMARY"}
    return {"name": f"{DOMAIN}.", "type": "A", "failover": role, "alias_target": target, **more}


SITE: Site = {
    "unreadable": [],
    "instances": [machine("a", "r-1a"), machine("b", "r-1b")],
    "load_balancer": {"dns_name": "lb"},
    "target_groups": [
        {
            "health_check_interval_seconds": 10,
            "health_check_timeout_seconds": 5,
            "healthy_threshold_count": 2,
            "unhealthy_threshold_count": 3,
            "attributes": {"deregistration_delay.timeout_seconds": "30"},
            "targets": [
                {"id": f"i-{name}", "state": "healthy", "reason": None, "description": None} for name in ("a", "b")
            ],
        }
    ],
    "hosted_zone": {"records": [record("PRIMARY", health_check_id="hc"), record("SECONDARY")]},
    "health_checks": [
        {
            "id": "hc",
            "name": "shop",
            "healthy": True,
            "checkers": {"healthy": 16, "all": 16},
            "config": {"type": "HTTPS", "request_interval": 10, "failure_threshold": 3, "measure_latency": False},
        }
    ],
    "distributions": [
        {
            "response_headers_policy_id": "p",
            "custom_error_responses": [{"error_code": 403, "error_caching_min_ttl": 0}],
        }
    ],
    "response_headers_policies": [{"id": "p", "custom_headers": [{"header": "Cache-Control", "value": "no-store"}]}],
}


def changed(change: Callable[[Site], object]) -> Site:
    site = copy.deepcopy(SITE)
    change(site)
    return site


def budget_of(site: Site) -> dict[str, Any]:
    budget: dict[str, Any] = make_budget(read_settings(site, DOMAIN))
    return budget


def against(site: Site) -> list[str]:
    reasons: list[str] = obstacles(site, read_settings(site, DOMAIN))
    return reasons


def test_budget_of_a_site_as_the_roles_build_it() -> None:
    budget = budget_of(SITE)
    assert budget["error_page"]["new_visitors"] == {"median": 29.0, "p95": 30.1, "longest": 30.6}
    assert budget["error_page"]["returning_visitors"]["longest"] == 90.6
    assert budget["back"]["new_visitors"]["median"] == 22.2
    assert "TTL" in budget["error_page"]["dominated_by"]
    assert budget["one_machine"] == {"detection": 45, "recovery": 30, "deregistration": 30}
    assert budget["edge"] == {"error_ttl": 0}
    assert budget["zone"] == {"new_visitors": 45, "returning_visitors": 105}


def test_slow_checks_dominate_and_what_faster_ones_cost_is_told() -> None:
    def slow(site: Site) -> None:
        site["health_checks"][0]["config"] |= {"request_interval": 30}

    budget = budget_of(changed(slow))
    assert budget["error_page"]["dominated_by"] == "health check 30 s × 3"
    prices = {
        (alternative["interval"], alternative["threshold"]): alternative["usd_per_month"]
        for alternative in budget["alternatives"]
    }
    assert (prices[30, 3], prices[10, 3]) == (1.5, 2.5)
    assert [alternative["in_force"] for alternative in budget["alternatives"]].count(True) == 1


@pytest.mark.parametrize(
    ("value", "kept"),
    [("max-age=3600", 3600), ("public, Max-Age=60", 60), ("no-store, max-age=3600", 0), ("no-cache", 0), ("public", 0)],
)
def test_a_page_that_browsers_keep_is_part_of_the_way_back(value: str, kept: int) -> None:
    def keep(site: Site) -> None:
        site["response_headers_policies"][0]["custom_headers"][0]["value"] = value

    budget = budget_of(changed(keep))
    assert budget["back"]["returning_visitors"]["longest"] == pytest.approx(90.6 + kept)
    assert any("no-store" in note for note in budget["notes"]) == bool(kept)


def test_edge_that_keeps_errors_is_noted() -> None:
    def keep(site: Site) -> None:
        site["distributions"][0]["custom_error_responses"][0]["error_caching_min_ttl"] = 300

    assert any("300 s" in note for note in budget_of(changed(keep))["notes"])


def test_without_a_health_check_the_balancers_checks_decide() -> None:
    site = changed(lambda site: site["hosted_zone"]["records"][0].pop("health_check_id"))
    budget = budget_of(site)
    assert budget["error_page"]["new_visitors"]["longest"] == 45
    assert budget["alternatives"] == []
    assert against(site) == []


def test_healthy_redundant_site_may_be_drilled() -> None:
    assert against(SITE) == []


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda site: site["instances"][0].update(state="stopped"), r"a (i-a) is stopped"),
        (lambda site: site["instances"][1].update(availability_zone="r-1a"), "2 machines in 1 availability zones"),
        (lambda site: site["instances"].clear(), "0 machines"),
        (
            lambda site: site["instances"][0]["tags"].update({"aws:autoscaling:groupName": "shop-web"}),
            "Auto Scaling group shop-web",
        ),
        (lambda site: site.update(load_balancer=None), "no load balancer"),
        (
            lambda site: site["target_groups"][0]["targets"][0].update(state="unhealthy", reason="Target.Timeout"),
            "i-a is unhealthy (Target.Timeout",
        ),
        (lambda site: site["target_groups"][0]["targets"].pop(), "1 targets"),
        (lambda site: site["hosted_zone"]["records"].pop(), "no SECONDARY record"),
        (lambda site: site.update(hosted_zone=None), "no PRIMARY record"),
        (lambda site: site["health_checks"][0].update(healthy=False, checkers={"healthy": 2, "all": 16}), "2 of 16"),
        (
            lambda site: site["unreadable"].append({"service": "ec2: instances", "error": "AccessDenied"}),
            "ec2: instances could not be read",
        ),
    ],
)
def test_reasons_against_a_drill(change: Callable[[Site], object], said: str) -> None:
    (reason,) = against(changed(change))[:1]
    assert said in reason


def test_name_that_nothing_evaluates_never_fails_over() -> None:
    def blind(site: Site) -> None:
        site["hosted_zone"]["records"][0]["alias_target"]["evaluate_target_health"] = False
        site["health_checks"][0]["config"]["disabled"] = True

    (reason,) = against(changed(blind))
    assert "never fails over" in reason


def test_a_site_that_is_shifted_away_from_a_zone_is_not_drilled() -> None:
    def shifted(site: Site) -> None:
        site["target_groups"][0]["targets"][0]["override"] = "zonal_shift_active"

    [reason] = against(changed(shifted))
    assert "is in a zone that is shifted away from" in reason
    assert reason.endswith("playbooks/zone.yml -e zone_away=none.")


def test_a_site_in_maintenance_is_not_drilled() -> None:
    def planned(site: Site) -> None:
        site["load_balancer"]["maintenance"] = True
        site["health_checks"][0]["healthy"] = False

    [reason] = against(changed(planned))
    assert reason == "The site is in maintenance. End that first: playbooks/maintenance.yml -e maintenance=off."
