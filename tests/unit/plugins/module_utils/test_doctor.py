# SPDX-License-Identifier: GPL-3.0-or-later
"""The doctor's rules: each mistake in the evidence is named, and nothing beside it."""

from __future__ import annotations

import itertools
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.hasite.aws.plugins.module_utils._doctor.diagnosis import diagnose, rules
from ansible_collections.hasite.aws.plugins.module_utils._doctor.finding import SEVERITIES, Finding
from ansible_collections.hasite.aws.plugins.module_utils._doctor.report import render, unseen
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.plugins.healthy_site import DOMAIN, REGION, Tree, evidence, healthy, rule
from tests.unit.plugins.mistakes import inside, outside
from tests.unit.plugins.mistakes.table import BREAKS, offline, put, unhealthy

ROOT = Path(__file__).parents[4]
assert inside, outside  # they fill the table
ELSEWHERE = {"machine-unreachable", "no-healthy-target"}
"""Codes that never come alone: without another cause, an agent is supposed; without targets, machines are missing."""


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


MOUNTS = {"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "elasticfilesystem:Client*"}


@pytest.mark.parametrize(
    ("statements", "locked"),
    [
        ([], False),
        ([MOUNTS], False),
        ([{**MOUNTS, "Principal": "*"}], False),
        ([{**MOUNTS, "Principal": {"AWS": ["arn:web"]}}], False),
        ([{**MOUNTS, "Principal": {"AWS": ["arn:admin"]}}], True),
        ([MOUNTS, {**MOUNTS, "Effect": "Deny", "Condition": {"Bool": {"aws:SecureTransport": "false"}}}], False),
        ([MOUNTS, {**MOUNTS, "Effect": "Deny"}], True),
        ([{**MOUNTS, "Action": "elasticfilesystem:ClientWrite"}], True),
    ],
)
def test_whom_a_share_s_policy_lets_mount(statements: list[Tree], locked: bool) -> None:
    tree = healthy()
    put(tree, "site/roles", [{"role_name": "demo-web", "arn": "arn:web"}])
    put(tree, "site/details/file_system_policies/fs-1", {"Statement": statements})
    assert codes(tree) == (["file-system-locked"] if locked else [])


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
