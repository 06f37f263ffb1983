# SPDX-License-Identifier: GPL-3.0-or-later
"""The doctor's rules: each mistake in the evidence is named, and nothing beside it."""

from __future__ import annotations

import copy
import itertools
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.hasite.aws.plugins.module_utils._doctor.diagnosis import diagnose, rules
from ansible_collections.hasite.aws.plugins.module_utils._doctor.finding import SEVERITIES, Finding
from ansible_collections.hasite.aws.plugins.module_utils._doctor.report import render, unseen
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.plugins.healthy_site import DOMAIN, EDGE, REGION, Tree, evidence, healthy, rule

ROOT = Path(__file__).parents[4]
Break = Callable[[Tree], None]
BREAKS: dict[str, Break] = {}


def breaks(code: str) -> Callable[[Break], Break]:
    """Let the function that follows make the mistake that this code names."""

    def add(function: Break) -> Break:
        BREAKS[code] = function
        return function

    return add


def put(tree: Tree, path: str, value: Any) -> None:
    """Set a value at a path of keys and positions."""
    at: Any = tree
    *way, last = [int(part) if part.isdigit() else part for part in path.split("/")]
    for part in way:
        at = at[part]
    at[last] = value


def mistake(code: str, path: str, value: Any) -> None:
    """A mistake that is one value in the evidence."""
    BREAKS[code] = lambda tree: put(tree, path, copy.deepcopy(value))


def offline(tree: Tree, number: int = 0) -> str:
    """Let Session Manager not reach a machine any more; return its id."""
    one = tree["site"]["instances"][number]
    one["ssm_ping_status"] = "ConnectionLost"
    tree["machines"].pop(one["instance_id"], None)
    return str(one["instance_id"])


def unhealthy(tree: Tree, *numbers: int, description: str = "") -> None:
    """Let targets be unhealthy; with all of them, visitors get the error page."""
    targets = tree["site"]["target_groups"][0]["targets"]
    for number in numbers:
        targets[number] |= {"state": "unhealthy", "reason": "Target.Timeout", "description": description}
    if all(one["state"] == "unhealthy" for one in targets):
        put(tree, "site/health_checks/0/healthy", False)
        put(tree, "visit/page/status", 503)


def blocked(tree: Tree, purpose: str, kind: str, direction: str = "", *, machines: str = "ac") -> None:
    """Let something stop the ways of a purpose."""
    for way in tree["site"]["details"]["ways"]:
        if way["purpose"] == purpose and (not way["machine"] or way["machine"][-1] in machines):
            stop = {"kind": kind, "id": f"{kind}-1", "name": "", "direction": direction}
            way |= {"reachable": False, "blocked_by": stop, "explanation": f"{kind} stops it"}


def silent_way(code: str, kind: str, direction: str = "") -> None:
    """A mistake that cuts machines off from Systems Manager."""

    def broken(tree: Tree) -> None:
        blocked(tree, "session_manager", kind, direction)
        for number in (0, 1):
            offline(tree, number)

    BREAKS[code] = broken


# ---- access and network


@breaks("machine-stopped")
def _(tree: Tree) -> None:
    offline(tree)
    put(tree, "site/instances/0/state", "stopped")
    put(tree, "site/target_groups/0/targets/0/state", "unused")


@breaks("profile-detached")
def _(tree: Tree) -> None:
    offline(tree)
    put(tree, "site/instances/0/iam_instance_profile_arn", None)


@breaks("session-manager-denied")
def _(tree: Tree) -> None:
    put(tree, "site/details/role_policies/demo-web/attached", [])
    offline(tree)


silent_way("egress-443-closed", "security_group", "egress")
silent_way("endpoints-unreachable", "network_acl", "ingress")


@breaks("agent-stopped")
def _(tree: Tree) -> None:
    offline(tree)


@breaks("registered-late")
def _(tree: Tree) -> None:
    offline(tree)
    put(tree, "site/instances/0/launch_time", "2026-11-25T14:00:00+00:00")


mistake("agent-not-enabled", "machines/i-a/units/agent/enabled", False)


def cut_off(tree: Tree, route: Tree | None) -> None:
    """Let a private subnet's default route be this one."""
    put(tree, "site/network/route_tables/0/routes", [route] if route else [])
    blocked(tree, "session_manager", "route", machines="a")
    offline(tree)


def default(target: str, state: str = "active") -> Tree:
    key = "gateway_id" if target.startswith("igw") else "nat_gateway_id"
    return {"destination_cidr_block": "0.0.0.0/0", key: target, "state": state}


@breaks("private-route-to-internet-gateway")
def _(tree: Tree) -> None:
    cut_off(tree, default("igw-1"))


@breaks("nat-in-private-subnet")
def _(tree: Tree) -> None:
    gateway = {"nat_gateway_id": "nat-x", "state": "available", "subnet_id": "subnet-private-a"}
    put(tree, "site/details/nat_gateways", [gateway])
    cut_off(tree, default("nat-x"))


@breaks("nat-missing")
def _(tree: Tree) -> None:
    cut_off(tree, default("nat-a", "blackhole"))


@breaks("default-route-missing")
def _(tree: Tree) -> None:
    cut_off(tree, None)


# ---- names and certificates


@breaks("registrar-old-nameservers")
def _(tree: Tree) -> None:
    put(tree, "visit/delegation/answers", [["ns1.old.test"], ["ns1.old.test"]])
    put(tree, "visit/addresses", {"A": [], "AAAA": []})
    for part in ("page", "plain"):
        tree["visit"][part] |= {"status": None, "problem": "the name does not resolve"}


@breaks("dns-egress-closed")
def _(tree: Tree) -> None:
    stop = {"kind": "security_group", "id": "sg-web", "name": "demo-web", "direction": "egress"}
    way = {"purpose": "names", "machine": "i-a", "to": "192.0.2.53", "reachable": False, "blocked_by": stop}
    tree["site"]["details"]["ways"].append(way)
    offline(tree)


@breaks("name-unresolved")
def _(tree: Tree) -> None:
    put(tree, "visit/addresses", {"A": [], "AAAA": []})
    tree["visit"]["page"] |= {"status": None, "problem": "the name does not resolve"}


@breaks("certificate-missing-in-us-east-1")
def _(tree: Tree) -> None:
    del tree["site"]["certificates"][1]
    put(tree, "site/distributions/0/aliases", [])
    tree["visit"]["edge_alias"] |= {"status": None, "problem": "the certificate is for another name"}


@breaks("certificate-missing-in-site-region")
def _(tree: Tree) -> None:
    del tree["site"]["certificates"][0]
    put(tree, "site/load_balancer/listeners/1/default_actions", [])


@breaks("validation-record-missing")
def _(tree: Tree) -> None:
    del tree["site"]["hosted_zone"]["records"][2]
    put(tree, "site/certificates/1/status", "PENDING_VALIDATION")


@breaks("caa-forbids-amazon")
def _(tree: Tree) -> None:
    value = {"value": '0 issue "letsencrypt.org"'}
    tree["site"]["hosted_zone"]["records"].append({"name": "hasite.test.", "type": "CAA", "resource_records": [value]})
    put(tree, "site/certificates/0/status", "PENDING_VALIDATION")


@breaks("stale-certificate")
def _(tree: Tree) -> None:
    put(tree, "site/details/listener_certificates/arn:listener", ["arn:old"])
    tree["visit"]["page"] |= {"certificate_names": ["old.test"], "status": None, "problem": "another name's"}


mistake("certificate-pending", "site/certificates/0/status", "PENDING_VALIDATION")

# ---- share and content


def unmounted(tree: Tree, machine: str = "i-a") -> None:
    """Let a machine have lost the share, and say so."""
    tree["machines"][machine] |= {"mount": None, "document_root_exists": False, "document_root_mount": "/"}
    tree["machines"][machine]["release"] = None
    put(tree, f"machines/{machine}/health/status", 503)
    unhealthy(tree, "ac".index(machine[-1]), description="Health checks failed with these codes: [503]")


@breaks("mount-target-missing")
def _(tree: Tree) -> None:
    del tree["site"]["file_systems"][0]["mount_targets"][0]
    blocked(tree, "share", "mount_target", machines="a")
    unmounted(tree)


@breaks("nfs-ingress-closed")
def _(tree: Tree) -> None:
    blocked(tree, "share", "security_group", "ingress")
    unmounted(tree)


@breaks("nfs-egress-closed")
def _(tree: Tree) -> None:
    blocked(tree, "share", "security_group", "egress")
    unmounted(tree)


@breaks("mount-way-blocked")
def _(tree: Tree) -> None:
    blocked(tree, "share", "network_acl", "egress")


@breaks("share-name-unresolved")
def _(tree: Tree) -> None:
    put(tree, "site/details/dns_support", False)
    unmounted(tree)


@breaks("file-system-locked")
def _(tree: Tree) -> None:
    denies = {"Sid": "Closed", "Effect": "Deny", "Action": "*"}
    put(tree, "site/details/file_system_policies/fs-1", {"Statement": [denies]})
    unmounted(tree)


@breaks("share-not-configured")
def _(tree: Tree) -> None:
    unmounted(tree)
    put(tree, "machines/i-a/fstab", None)


BREAKS["share-not-mounted"] = unmounted
mistake("mount-timer-stopped", "machines/i-a/units/mount_timer/active", False)
mistake("mounted-by-hand", "machines/i-a/fstab", None)
mistake("fstab-without-netdev", "machines/i-a/fstab/options", "defaults")


@breaks("local-files-served")
def _(tree: Tree) -> None:
    root = {"document_root": "/var/www/html", "document_root_exists": True, "document_root_mount": "/"}
    tree["machines"]["i-a"] |= {**root, "release": "html"}


mistake("releases-differ", "machines/i-a/release", "20270101T000000Z-ffffffffffff")
mistake("content-unreadable", "site/details/role_policies/demo-web/own", {})
mistake("opcache-stale", "machines/i-a/php/opcache.validate_timestamps", "Off")

# ---- balancing


@breaks("balancer-not-admitted")
def _(tree: Tree) -> None:
    blocked(tree, "requests", "security_group", "ingress")
    unhealthy(tree, 0, 1)


@breaks("balancer-way-blocked")
def _(tree: Tree) -> None:
    blocked(tree, "requests", "network_acl", "ingress", machines="a")
    unhealthy(tree, 0)


@breaks("balancer-closed")
def _(tree: Tree) -> None:
    blocked(tree, "visitors", "security_group", "ingress")
    put(tree, "site/health_checks/0/healthy", False)
    tree["visit"]["plain"] |= {"status": None, "problem": "no answer in time"}


@breaks("target-deregistered")
def _(tree: Tree) -> None:
    del tree["site"]["target_groups"][0]["targets"][0]


@breaks("httpd-down")
def _(tree: Tree) -> None:
    put(tree, "machines/i-a/units/web_server/active", False)
    tree["machines"]["i-a"]["health"] |= {"status": None, "problem": "refused"}
    unhealthy(tree, 0)


@breaks("php-fpm-down")
def _(tree: Tree) -> None:
    put(tree, "machines/i-a/units/php/active", False)
    put(tree, "machines/i-a/health/status", 503)
    unhealthy(tree, 0, description="Health checks failed with these codes: [503]")


mistake("httpd-not-enabled", "machines/i-a/units/web_server/enabled", False)


def health(code: str, status: int) -> None:
    """A mistake that shows in the health page's status."""

    def broken(tree: Tree) -> None:
        for machine in ("i-a", "i-c"):
            put(tree, f"machines/{machine}/health/status", status)
        unhealthy(tree, 0, 1, description=f"Health checks failed with these codes: [{status}]")

    BREAKS[code] = broken


health("health-behind-redirect", 302)
health("health-path-404", 404)


@breaks("health-page-500")
def _(tree: Tree) -> None:
    put(tree, "machines/i-a/health/status", 500)
    unhealthy(tree, 0, description="Health checks failed with these codes: [500]")


mistake("keep-alive-too-short", "machines/i-a/keep_alive_seconds", 5)
mistake("slow-target-checks", "site/target_groups/0/health_check_interval_seconds", 30)


@breaks("http-not-redirected")
def _(tree: Tree) -> None:
    put(tree, "site/load_balancer/listeners/0/default_actions", [{"type": "forward"}])
    tree["visit"]["plain"] |= {"status": 200, "headers": {}}


@breaks("target-unhealthy")
def _(tree: Tree) -> None:
    unhealthy(tree, 0)


@breaks("no-healthy-target")
def _(tree: Tree) -> None:
    put(tree, "site/target_groups/0/targets", [])
    put(tree, "site/instances", [])


# ---- failover and edge


def without_record(tree: Tree, role: str) -> None:
    zone = tree["site"]["hosted_zone"]
    zone["records"] = [one for one in zone["records"] if one.get("failover") != role]


@breaks("primary-missing")
def _(tree: Tree) -> None:
    without_record(tree, "PRIMARY")
    put(tree, "visit/addresses", {"A": [], "AAAA": []})


@breaks("secondary-missing")
def _(tree: Tree) -> None:
    without_record(tree, "SECONDARY")


mistake("primary-elsewhere", "site/hosted_zone/records/0/alias_target/dns_name", "old.elb.amazonaws.com.")
mistake("secondary-elsewhere", "site/hosted_zone/records/1/alias_target/dns_name", "other.cloudfront.net.")


@breaks("aaaa-without-pair")
def _(tree: Tree) -> None:
    alias = {"dns_name": f"{EDGE}.", "evaluate_target_health": False}
    tree["site"]["hosted_zone"]["records"].append({"name": f"{DOMAIN}.", "type": "AAAA", "alias_target": alias})


mistake("health-check-on-failover-name", "site/health_checks/0/config/fully_qualified_domain_name", DOMAIN)


@breaks("nothing-evaluated")
def _(tree: Tree) -> None:
    tree["site"]["hosted_zone"]["records"][0]["health_check_id"] = None
    put(tree, "site/hosted_zone/records/0/alias_target/evaluate_target_health", False)


mistake("health-check-disabled", "site/health_checks/0/config/disabled", True)


@breaks("health-check-inverted")
def _(tree: Tree) -> None:
    put(tree, "site/health_checks/0/config/inverted", True)
    put(tree, "site/health_checks/0/healthy", False)


mistake("slow-health-check", "site/health_checks/0/config/request_interval", 30)
mistake("check-failing", "site/health_checks/0/healthy", False)


@breaks("distribution-disabled")
def _(tree: Tree) -> None:
    put(tree, "site/distributions/0/enabled", False)
    for part in ("edge", "edge_alias"):
        tree["visit"][part] |= {"status": None, "problem": "TLS failed"}


@breaks("edge-alias-missing")
def _(tree: Tree) -> None:
    put(tree, "site/distributions/0/aliases", [])
    tree["visit"]["edge_alias"] |= {"status": 403, "headers": {}}


@breaks("error-page-denied")
def _(tree: Tree) -> None:
    put(tree, "site/details/bucket_policies/demo-error-page-1", {})
    for part in ("edge", "edge_alias"):
        tree["visit"][part] |= {"status": 403, "headers": {}}


@breaks("error-page-cacheable")
def _(tree: Tree) -> None:
    put(tree, "site/distributions/0/custom_error_responses/0/response_code", 200)
    put(tree, "visit/edge_alias/status", 200)


mistake("long-error-ttl", "site/distributions/0/custom_error_responses/0/error_caching_min_ttl", 300)


@breaks("edge-unavailable")
def _(tree: Tree) -> None:
    tree["visit"]["edge_alias"] |= {"status": None, "problem": "no answer in time"}


@breaks("error-page-wrong")
def _(tree: Tree) -> None:
    put(tree, "visit/edge_alias/status", 502)


@breaks("error-page-without-retry-after")
def _(tree: Tree) -> None:
    put(tree, "visit/edge_alias/headers", {"cache-control": "no-store"})


# ---- the rest


mistake("page-unavailable", "visit/page/status", 500)
mistake("plain-unavailable", "visit/plain/status", 404)


@breaks("port-22-open")
def _(tree: Tree) -> None:
    tree["site"]["security_groups"][1]["ip_permissions"].append(rule(22, block="0.0.0.0/0"))


@breaks("web-group-open-to-world")
def _(tree: Tree) -> None:
    tree["site"]["security_groups"][1]["ip_permissions"].append(rule(None, protocol="-1", block="0.0.0.0/0"))


mistake("public-address", "site/instances/0/public_ip_address", "198.51.100.9")
mistake("public-address-on-launch", "site/network/subnets/1/map_public_ip_on_launch", True)
mistake("metadata-v1-allowed", "site/instances/0/metadata_options/http_tokens", "optional")
mistake("part-missing", "site/buckets", [])
ELSEWHERE = {"machine-unreachable", "no-healthy-target", "certificate-missing-in-site-region"}
"""Codes with tests of their own: they hardly come alone."""


def found(tree: Tree) -> list[Finding]:
    findings: list[Finding] = diagnose(evidence(tree))
    return findings


def codes(tree: Tree) -> list[str]:
    return [one.kind.code for one in found(tree)]


def test_a_healthy_site_has_no_finding() -> None:
    assert codes(healthy()) == []
    assert render([], unseen(evidence(healthy()))) == "No finding."


def test_every_rule_has_its_mistake_here() -> None:
    assert {rule.kind.code for _, rule in rules()} == set(BREAKS) | ELSEWHERE


@pytest.mark.parametrize("code", sorted(set(BREAKS) - ELSEWHERE))
def test_a_mistake_alone_is_named_and_nothing_beside_it(code: str) -> None:
    tree = healthy()
    BREAKS[code](tree)
    assert codes(tree) == [code]


def test_what_follows_from_a_finding_can_be_found() -> None:
    kinds = {rule.kind.code: rule.kind for _, rule in rules()}
    assert set().union(*(kind.explains for kind in kinds.values())) <= set(kinds)


def test_the_table_of_findings_in_the_documentation_is_that_of_the_rules() -> None:
    done = subprocess.run([ROOT / "tools" / "finding-table", "--check"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


def test_no_machine_at_all_leaves_no_target() -> None:
    tree = healthy()
    BREAKS["no-healthy-target"](tree)
    assert codes(tree) == ["no-healthy-target", "part-missing"]


def test_machines_out_of_reach_without_a_reading_are_judged_by_trying() -> None:
    tree = healthy()
    offline(tree)
    put(tree, "site/unreadable", [{"service": "ssm: instance information", "error": "AccessDenied"}])
    assert codes(tree) == []
    put(tree, "silent", {"i-a": "The agent of i-a is not connected. It may be stopped."})
    assert codes(tree) == ["agent-stopped"]
    assert "inside demo-web-a: The agent of i-a is not connected." in unseen(evidence(tree))


def test_a_machine_that_could_not_be_looked_at_is_no_finding() -> None:
    tree = healthy()
    del tree["machines"]["i-a"]
    put(tree, "failed", {"i-a": "sudo: a password is required"})
    assert codes(tree) == []
    assert unseen(evidence(tree)) == ["inside demo-web-a: sudo: a password is required"]


def test_consequences_are_told_by_their_cause_over_several_steps() -> None:
    tree = healthy()
    BREAKS["balancer-not-admitted"](tree)
    [finding] = found(tree)
    assert finding.consequences == (
        "The load balancer finds demo-web-a unhealthy.",
        "The load balancer finds demo-web-c unhealthy.",
        "The load balancer has no healthy machine.",
        "The health check fails.",
        f"Visitors of {DOMAIN} do not get the site.",
    )


def test_a_cause_on_one_machine_does_not_explain_the_other() -> None:
    tree = healthy()
    BREAKS["httpd-down"](tree)
    unhealthy(tree, 1)
    assert codes(tree) == ["httpd-down", "target-unhealthy"]


def test_a_pending_certificate_makes_what_holds_it_up_critical() -> None:
    tree = healthy()
    del tree["site"]["hosted_zone"]["records"][2]
    assert [(one.kind.code, one.severity) for one in found(tree)] == [("validation-record-missing", "warning")]
    put(tree, "site/certificates/0/status", "PENDING_VALIDATION")
    assert [one.severity for one in found(tree)] == ["critical"]


def test_caa_records_above_the_zone_count_too() -> None:
    tree = healthy()
    put(tree, "visit/authorities", {"domain": "test", "records": ['0 issue ";"'], "permitted": False})
    assert codes(tree) == ["caa-forbids-amazon"]
    records = tree["site"]["hosted_zone"]["records"]
    records.append({"name": "hasite.test.", "type": "CAA", "resource_records": [{"value": '0 issue "amazon.com"'}]})
    assert codes(tree) == []


def test_servers_of_the_parent_zone_may_disagree_for_a_while() -> None:
    tree = healthy()
    answers = tree["visit"]["delegation"]["answers"]
    answers.append(["ns1.old.test"])
    [finding] = found(tree)
    assert finding.case.what == "The servers of test do not agree yet how hasite.test is delegated."


def test_a_certificate_without_tags_that_fits_is_no_finding() -> None:
    tree = healthy()
    put(tree, "site/details/listener_certificates/arn:listener", ["arn:the-owner's"])
    put(tree, "visit/page/certificate_names", ["*.hasite.test"])
    assert codes(tree) == []


def test_a_foreign_resolver_that_is_let_out_is_no_finding() -> None:
    tree = healthy()
    put(tree, "machines/i-a/name_servers", ["192.0.2.53"])
    assert codes(tree) == ["dns-egress-closed"]
    tree["site"]["security_groups"][1]["ip_permissions_egress"].append(rule(53, protocol="udp", block="192.0.2.0/24"))
    assert codes(tree) == []


@pytest.mark.parametrize("header", ["max-age=60", "", "public"])
def test_an_error_page_that_may_be_kept_is_named_with_its_header(header: str) -> None:
    tree = healthy()
    put(tree, "visit/edge_alias/headers", {"cache-control": header, "retry-after": "60"})
    [finding] = found(tree)
    assert (finding.kind.code, finding.case.evidence) == (
        "error-page-cacheable",
        f"Cache-Control: {header or 'not set'}",
    )


def test_a_site_without_nat_gateways_on_purpose_needs_no_default_route() -> None:
    tree = healthy()
    network = tree["site"]["network"]
    network["nat_gateways"] = []
    network["endpoints"] = [{"service_name": f"com.amazonaws.{REGION}.ssmmessages"}]
    for table in network["route_tables"]:
        table["routes"] = []
    assert codes(tree) == []


def test_an_account_without_the_site_says_what_is_missing_only() -> None:
    tree = {"site": {"name": "demo", "region": REGION, "network": {}}, "visit": healthy()["visit"]}
    assert codes(tree) == ["part-missing"]


def test_what_may_not_be_read_is_not_missing() -> None:
    tree = {"site": {"name": "demo", "unreadable": [{"service": "s3: buckets", "error": "AccessDenied: no"}]}}
    [finding] = found(tree)
    assert "buckets" not in finding.case.what
    assert unseen(evidence(tree))[0] == "s3: buckets: AccessDenied: no"


READINGS = {
    "ec2: VPCs": "network/vpc",
    "ec2: subnets": "network/subnets",
    "ec2: route tables": "network/route_tables",
    "ec2: NAT gateways": "network/nat_gateways",
    "ec2: endpoints": "network/endpoints",
    "ec2: security groups": "security_groups",
    "ec2: instances": "instances",
    "efs: file systems": "file_systems",
    "s3: buckets": "buckets",
    "elbv2: load balancers": "load_balancer",
    "elbv2: target groups": "target_groups",
    "route53: hosted zones": "hosted_zone",
    "route53: health checks": "health_checks",
    "acm: certificates": "certificates",
    "cloudfront: distributions": "distributions",
    "cloudfront: response headers policies": "response_headers_policies",
    **{f"detail {name}": f"details/{name}" for name in healthy()["site"]["details"]},
}


@pytest.mark.parametrize("reading", READINGS)
def test_what_may_not_be_read_brings_no_finding(reading: str) -> None:
    tree = healthy()
    put(tree, f"site/{READINGS[reading]}", None)
    put(tree, "site/unreadable", [{"service": reading, "error": "AccessDenied"}])
    assert codes(tree) == []
    assert unseen(evidence(tree)) == [f"{reading}: AccessDenied"]


@pytest.mark.parametrize("part", sorted(healthy()["visit"]))
def test_what_was_not_seen_from_outside_brings_no_finding(part: str) -> None:
    tree = healthy()
    del tree["visit"][part]
    assert codes(tree) == []
    del tree["visit"]
    put(tree, "site/response_headers_policies", [])
    assert codes(tree) == []


def test_the_report_reads_from_top_to_bottom() -> None:
    tree = healthy()
    BREAKS["metadata-v1-allowed"](tree)
    BREAKS["nat-missing"](tree)
    lines = render(found(tree), unseen(evidence(tree))).splitlines()
    assert lines[0].startswith("1. CRITICAL  nat-missing: ")
    assert "   follows     Session Manager does not reach demo-web-a." in lines
    assert any(line.startswith("2. WARNING  metadata-v1-allowed: ") for line in lines)
    assert lines[-1] == "Not seen: inside demo-web-a: Session Manager does not reach it."


# ---- many at once


OTHER_NAME = {
    "mounted-by-hand": {"share-not-configured"},
    "share-not-mounted": {"share-not-configured"},
    "httpd-down": {"target-unhealthy"},
    "php-fpm-down": {"health-page-500"},
}
"""How a mistake is called when another one has had its effect already, or hides the machine."""


def test_two_mistakes_at_once_bring_no_third_finding() -> None:
    wrong = {}
    for pair in itertools.combinations(sorted(set(BREAKS) - ELSEWHERE), 2):
        tree = healthy()
        try:
            for code in pair:
                BREAKS[code](tree)
        except (KeyError, IndexError):
            continue  # the first one took away what the second one would change
        more = set(codes(tree)) - set(pair).union(*(OTHER_NAME.get(code, set()) for code in pair))
        if more:
            wrong[pair] = more
    assert wrong == {}


def places(tree: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Return the path of every value in a tree."""
    items = tree.items() if isinstance(tree, dict) else enumerate(tree) if isinstance(tree, list) else ()
    for key, value in items:
        yield (*path, key)
        yield from places(value, (*path, key))


PLACES = list(places(healthy()))


@settings(max_examples=300, deadline=None)
@given(
    st.lists(st.sampled_from(PLACES), max_size=8),
    st.booleans(),
    st.lists(st.sampled_from(sorted(set(BREAKS))), max_size=2),
)
def test_half_built_sites_and_missing_rights_are_judged_without_failing(
    lost: list[tuple[Any, ...]], emptied: bool, mistakes: list[str]
) -> None:
    tree = healthy()
    for code in mistakes:
        try:
            BREAKS[code](tree)
        except (KeyError, IndexError):
            continue
    for path in lost:
        at: Any = tree
        for key in path[:-1]:
            at = at[key] if isinstance(at, (dict, list)) and _has(at, key) else None
        if isinstance(at, (dict, list)) and _has(at, path[-1]):
            value = at[path[-1]]
            at[path[-1]] = type(value)() if emptied and isinstance(value, (dict, list)) else None
    findings = found(tree)
    ranks = [SEVERITIES.index(one.severity) for one in findings]
    assert ranks == sorted(ranks)
    assert render(findings, unseen(evidence(tree)))
    assert all(one.as_dict()["cure"] and one.as_dict()["evidence"] is not None for one in findings)


def _has(at: Any, key: Any) -> bool:
    return key in at if isinstance(at, dict) else isinstance(key, int) and key < len(at)
