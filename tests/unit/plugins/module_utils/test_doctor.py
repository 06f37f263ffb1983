# SPDX-License-Identifier: GPL-3.0-or-later
"""The doctor's rules: each mistake in the evidence is named, and nothing beside it."""

from __future__ import annotations

import copy
import itertools
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.hasite.aws.plugins.module_utils._doctor.balancing import ROUTING, healthy_minimum
from ansible_collections.hasite.aws.plugins.module_utils._doctor.diagnosis import Diagnosis, diagnose, rules
from ansible_collections.hasite.aws.plugins.module_utils._doctor.finding import SEVERITIES, Finding
from ansible_collections.hasite.aws.plugins.module_utils._doctor.hardening import admits_old_tls
from ansible_collections.hasite.aws.plugins.module_utils._doctor.needs import DETAILS, missing
from ansible_collections.hasite.aws.plugins.module_utils._doctor.report import (
    blindness,
    counts,
    render,
    summary,
    unseen,
)
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.unit.plugins.broken_evidence import inside, outside
from tests.unit.plugins.broken_evidence.table import BREAKS, blocked, offline, put, unhealthy
from tests.unit.plugins.healthy_site import (
    ALIAS,
    BALANCER,
    DOMAIN,
    REGION,
    Tree,
    evidence,
    failover_record,
    healthy,
    rule,
)

ROOT = Path(__file__).parents[4]
assert inside, outside  # they fill the table
PASSING = {"machine-starting"}
"""Codes of what is over by itself, and so no finding."""
ELSEWHERE = {"machine-unreachable", "no-healthy-target"}
"""Codes that never come alone: without another cause, an agent is supposed; without targets, machines are missing."""


def found(tree: Tree) -> list[Finding]:
    findings: list[Finding] = list(diagnose(evidence(tree)).findings)
    return findings


def codes(tree: Tree) -> list[str]:
    return [one.kind.code for one in found(tree)]


def report(tree: Tree) -> str:
    told = evidence(tree)
    text: str = render(diagnose(told), unseen(told))
    return text


@pytest.mark.parametrize("code", ["balancer-path-blocked", "mount-path-blocked", "endpoints-unreachable"])
def test_the_cure_of_a_network_acl_names_what_the_playbooks_leave_alone(code: str) -> None:
    tree = healthy()
    BREAKS[code](tree)
    [finding] = found(tree)
    assert finding.remedy.startswith("Give the subnet back to the VPC's default network ACL")
    assert "network_acl-1" in finding.remedy


ABOVE, ELSEWHERE_ANSWERED = "listener-rule-above", "listener-answers-elsewhere"
LISTENERS: tuple[tuple[str, list[Tree], str], ...] = (
    ("another host", [{"field": "host-header", "host_header_config": {"values": ["other.test"]}}], ""),
    ("its own host", [{"field": "host-header", "host_header_config": {"values": ["WWW.*"]}}], ELSEWHERE_ANSWERED),
    ("its alias", [{"field": "host-header", "host_header_config": {"values": [ALIAS]}}], ABOVE),
    ("another folder", [{"field": "path-pattern", "path_pattern_config": {"values": ["/old/*"]}}], ABOVE),
    (
        "a folder of another host",
        [
            {"field": "path-pattern", "path_pattern_config": {"values": ["/old/*"]}},
            {"field": "host-header", "host_header_config": {"values": ["other.test"]}},
        ],
        "",
    ),
    ("an office", [{"field": "source-ip", "source_ip_config": {"values": ["192.0.2.0/24"]}}], ABOVE),
    ("a header", [{"field": "http-header", "http_header_config": {"values": ["*"]}}], ABOVE),
    ("everything, as the API gives it of old", [{"field": "path-pattern", "values": ["*"]}], ELSEWHERE_ANSWERED),
)


def ruled(conditions: list[Tree], priority: str = "1", **more: Any) -> Tree:
    """A rule of somebody else's on the HTTPS listener."""
    made = {"priority": priority, "conditions": conditions, "actions": [{"type": "redirect"}], "is_default": False}
    return {**made, "rule_arn": "arn:theirs", "tags": {}, **more}


@pytest.mark.parametrize(("name", "conditions", "code"), LISTENERS, ids=[one[0] for one in LISTENERS])
def test_which_rules_catch_a_visitors_request(name: str, conditions: list[Tree], code: str) -> None:
    tree = healthy()
    tree["site"]["details"]["listener_rules"]["arn:listener"].insert(0, ruled(conditions))
    findings = found(tree)
    assert [one.kind.code for one in findings] == ([code] if code else []), name
    call = "aws elbv2 set-rule-priorities --rule-priorities RuleArn=arn:theirs,Priority=104"
    assert all(one.remedy.endswith(call) for one in findings)


@pytest.mark.parametrize("conditions", [one[1] for one in LISTENERS], ids=[one[0] for one in LISTENERS])
def test_a_rule_of_others_after_the_sites_is_theirs(conditions: list[Tree]) -> None:
    tree = healthy()
    tree["site"]["details"]["listener_rules"]["arn:listener"].insert(2, ruled(conditions, "300"))
    assert codes(tree) == []


def test_what_the_playbooks_put_back_is_not_moved_by_hand() -> None:
    """A rule of the site's own that was changed by hand, and one that was removed."""
    changed = healthy()
    put(changed, "site/details/listener_rules/arn:listener/0/actions", [{"type": "redirect"}])
    removed = healthy()
    del removed["site"]["details"]["listener_rules"]["arn:listener"][0]
    for tree in (changed, removed):
        [finding] = found(tree)
        assert finding.kind.code == ELSEWHERE_ANSWERED
        assert finding.remedy.startswith("Put the HTTPS listener's rules back")


def test_a_rule_above_that_leads_to_the_machines_too_is_named() -> None:
    tree = healthy()
    forward = [{"type": "forward", "target_group_arn": "arn:tg"}]
    tree["site"]["details"]["listener_rules"]["arn:listener"].insert(0, ruled([], actions=forward))
    assert codes(tree) == [ABOVE]


def test_a_group_that_gets_no_weight_gets_no_request() -> None:
    tree = healthy()
    weighted = [{"target_group_arn": "arn:tg", "weight": 0}, {"target_group_arn": "arn:new", "weight": 1}]
    forward = {"type": "forward", "forward_config": {"target_groups": weighted}}
    put(tree, "site/details/listener_rules/arn:listener/0/actions", [forward])
    assert codes(tree) == ["listener-answers-elsewhere"]
    weighted[0]["weight"] = 1
    assert codes(tree) == []


def test_a_target_on_another_port_that_is_healthy_is_no_finding() -> None:
    tree = healthy()
    put(tree, "site/target_groups/0/targets/0/port", 8080)
    assert codes(tree) == []


@pytest.mark.parametrize(
    ("extra", "kind"),
    [({"weight": 1}, "weighted"), ({"region": REGION}, "latency"), ({}, "simple")],
)
def test_a_record_in_the_place_of_the_pair_is_called_by_its_routing_policy(extra: Tree, kind: str) -> None:
    tree = healthy()
    BREAKS["failover-pair-replaced"](tree)
    record = tree["site"]["hosted_zone"]["records"][0]
    del record["weight"]
    record |= extra
    [finding] = found(tree)
    assert f"has a {kind} record in the place of its failover pair" in finding.occurrence.what
    assert "site_take_over=true" in finding.remedy


def judged_at(tree: Tree, now: datetime) -> Diagnosis:
    """Judge at another time than now, by which the machines' clocks go too."""
    for machine in tree["machines"].values():
        machine["clock"] = now.timestamp()
    return diagnose(replace(evidence(tree), now=now))


def shortly_after(tree: Tree, minutes: int) -> Diagnosis:
    """Judge so many minutes after a machine's agent was last heard."""
    heard = datetime.fromisoformat(tree["site"]["instances"][0]["ssm_last_ping_date_time"])
    return judged_at(tree, heard + timedelta(minutes=minutes))


@pytest.mark.parametrize("minutes", [1, 30])
def test_a_machine_that_may_just_be_starting_again_is_no_finding(minutes: int) -> None:
    tree = healthy()
    BREAKS["machine-silent"](tree)
    told = shortly_after(tree, minutes)
    if minutes == 30:
        assert [finding.kind.code for finding in told.findings] == ["machine-silent"]
        return
    assert told.findings == ()
    why = {"demo-web-a": "demo-web-a may be just starting again."}
    assert told.unjudged["machine-starting"] == told.unjudged["target-unhealthy"] == why
    lines = render(told, []).splitlines()
    assert "No finding in what was seen." in lines
    assert "Passing: demo-web-a may be just starting again. Ask again in three minutes." in lines


def test_a_machine_that_aws_still_takes_for_online_is_not_yet_called_silent() -> None:
    tree = healthy()
    offline(tree)
    put(tree, "site/instances/0/ssm_ping_status", "Online")
    put(tree, "silent", {"i-a": "no answer"})
    assert shortly_after(tree, 1).findings == ()
    assert [finding.kind.code for finding in shortly_after(tree, 30).findings] == ["agent-stopped"]


def test_a_lost_agent_on_a_machine_that_serves_is_a_finding_at_once() -> None:
    tree = healthy()
    offline(tree)
    assert [finding.kind.code for finding in shortly_after(tree, 1).findings] == ["agent-stopped"]


def test_one_network_acl_that_stops_several_ways_is_one_finding() -> None:
    tree = healthy()
    for purpose in ("share", "requests"):
        blocked(tree, purpose, "network_acl", "ingress")
    [finding] = found(tree)
    assert finding.kind.code == "mount-path-blocked"
    assert "The load balancer does not reach demo-web-a." in finding.consequences
    tree["site"]["details"]["paths"][-2]["blocked_by"]["id"] = "another"
    assert codes(tree) == ["mount-path-blocked", "balancer-path-blocked"]


TWIN = {"id": "Z9", "name": "hasite.test", "name_servers": ["ns-7.awsdns-07.net"], "records": []}


def test_a_second_zone_of_the_same_name_that_nobody_asks_is_no_finding() -> None:
    tree = healthy()
    tree["site"]["hosted_zones"].append({**TWIN, "records": [failover_record("PRIMARY", "old.test", True, "gone")]})
    assert codes(tree) == []


def test_of_two_zones_of_one_name_the_delegated_one_is_judged() -> None:
    tree = healthy()
    good = tree["site"]["hosted_zone"]
    tree["site"] |= {"hosted_zone": TWIN, "hosted_zones": [TWIN, good, *tree["site"]["hosted_zones"]]}
    tree["site"]["names"][0]["zone_id"] = "Z9"
    assert codes(tree) == []


def test_an_alias_with_another_record_in_the_way_is_taken_over() -> None:
    tree = healthy()
    weighted = {**failover_record("PRIMARY", BALANCER, True, None, ALIAS), "failover": None, "weight": 1}
    put(tree, "site/hosted_zones/0/records", [weighted])
    [finding] = found(tree)
    assert finding.kind.code == "alias-record-missing"
    assert "site_take_over=true" in finding.remedy
    assert "weighted A" in finding.occurrence.evidence


def test_half_a_cure_of_foreign_name_servers_is_told_the_other_half() -> None:
    tree = healthy()
    put(tree, "machines/i-a/name_servers", ["192.0.2.53"])
    [finding] = found(tree)
    assert finding.remedy.startswith("Reboot the machine: ")
    put(tree, "site/details/dhcp_name_servers", ["192.0.2.53"])
    [finding] = found(tree)
    assert finding.remedy.startswith("Give the VPC the DHCP options")


def test_a_machine_that_has_just_started_with_a_known_trouble_is_named_by_that() -> None:
    tree = healthy()
    BREAKS["machine-starting"](tree)
    put(tree, "machines/i-a/units/web_server/active", False)
    assert codes(tree) == ["httpd-down"]


def test_an_unreadable_file_without_which_the_site_is_down_is_the_cause() -> None:
    tree = healthy()
    BREAKS["release-unreadable"](tree)
    [finding] = found(tree)
    assert finding.severity == "warning"
    put(tree, "machines/i-a/health/status", 503)
    unhealthy(tree, 0, description="Health checks failed with these codes: [503]")
    [finding] = found(tree)
    assert (finding.kind.code, finding.severity) == ("release-unreadable", "critical")


def test_a_full_disk_is_named_also_where_it_keeps_the_doctor_out() -> None:
    tree = healthy()
    tree["machines"].pop("i-a")
    put(tree, "failed", {"i-a": "OSError: [Errno 28] No space left on device: '/tmp/x'"})
    assert codes(tree) == ["disk-full"]


@pytest.mark.parametrize(("free", "full"), [(1 << 20, True), (200 << 20, True), (300 << 20, False)])
def test_when_a_disk_is_full(free: int, full: bool) -> None:
    tree = healthy()
    put(tree, "machines/i-a/disks/0/free_bytes", free)
    assert codes(tree) == (["disk-full"] if full else [])


def test_inodes_run_out_too() -> None:
    tree = healthy()
    put(tree, "machines/i-a/disks/0/free_inodes", 3)
    assert codes(tree) == ["disk-full"]


@pytest.mark.parametrize(("days", "severities"), [(30, []), (20, ["warning"]), (2, ["critical"]), (-1, ["critical"])])
def test_a_certificate_that_ends(days: int, severities: list[str]) -> None:
    tree = healthy()
    now = datetime(2030, 1, 1, tzinfo=UTC)
    end = now + timedelta(days=days, hours=1)
    put(tree, "visit/page/certificate_not_after", end.strftime("%b %d %H:%M:%S %Y GMT"))
    findings = judged_at(tree, now).findings
    assert [finding.severity for finding in findings] == severities


@pytest.mark.parametrize(
    ("statement", "closed"),
    [
        ({"Action": "s3:*", "Resource": "*"}, True),
        ({"Action": "s3:*", "Resource": "*", "Condition": {"Bool": {"aws:SecureTransport": "false"}}}, False),
        ({"Action": "s3:PutObject", "Resource": "*"}, False),
        ({"Action": "s3:GetObject", "Resource": "arn:aws:s3:::demo-content-1/*"}, True),
        ({"Action": "s3:GetObject", "Resource": "arn:aws:s3:::other/*"}, False),
        ({"Action": "s3:*", "Resource": "*", "Principal": {"AWS": "arn:aws:iam::1:role/other"}}, False),
    ],
)
def test_which_denials_close_the_content_bucket(statement: Tree, closed: bool) -> None:
    tree = healthy()
    denial = {"Effect": "Deny", "Principal": {"AWS": "arn:web"}, **statement}
    put(tree, "site/details/bucket_policies/demo-content-1", {"Statement": [denial]})
    assert codes(tree) == (["content-bucket-closed"] if closed else [])


@pytest.mark.parametrize(
    ("denial", "refused"),
    [
        ({"Principal": {"Service": "cloudfront.amazonaws.com"}, "Action": "s3:GetObject"}, True),
        ({"Principal": "*", "Action": "s3:*"}, True),
        ({"Principal": {"AWS": "*"}, "Action": "s3:Get*"}, True),
        ({"Principal": "*", "Action": "s3:*", "Condition": {"Bool": {"aws:SecureTransport": "false"}}}, False),
        ({"Principal": "*", "Action": "s3:PutObject"}, False),
        ({"Principal": {"Service": "logging.s3.amazonaws.com"}, "Action": "s3:*"}, False),
        ({"Principal": {"AWS": "arn:aws:iam::1:role/other"}, "Action": "s3:*"}, False),
        ({"Principal": "*", "Action": "s3:*", "Resource": "arn:aws:s3:::demo-error-page-1/old/*"}, False),
    ],
)
def test_which_denials_keep_the_distribution_from_the_error_page(denial: Tree, refused: bool) -> None:
    tree = healthy()
    found = tree["site"]["details"]["bucket_policies"]["demo-error-page-1"]["Statement"]
    found.append({"Sid": "HasiteDrill", "Effect": "Deny", "Resource": "arn:aws:s3:::demo-error-page-1/*", **denial})
    assert codes(tree) == (["error-page-denied"] if refused else [])
    assert ("HasiteDrill (Deny)" in report(tree)) == refused


def test_a_healthy_site_has_no_finding() -> None:
    assert codes(healthy()) == []
    assert report(healthy()) == f"{len(rules())} rules: {len(rules())} hold.\n\nNo finding."


def test_every_rule_has_its_mistake_here() -> None:
    assert {rule.kind.code for _, rule in rules()} == set(BREAKS) | ELSEWHERE


@pytest.mark.parametrize("code", sorted(set(BREAKS) - ELSEWHERE))
def test_a_mistake_alone_is_named_and_nothing_beside_it(code: str) -> None:
    tree = healthy()
    BREAKS[code](tree)
    assert codes(tree) == ([] if code in PASSING else [code])
    assert bool(diagnose(evidence(tree)).passing) == (code in PASSING)


def test_what_follows_from_a_finding_can_be_found() -> None:
    kinds = {rule.kind.code: rule.kind for _, rule in rules()}
    assert set().union(*(kind.causes for kind in kinds.values())) <= set(kinds)


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


def test_a_line_of_fstab_that_leads_into_a_tunnel_names_the_share_by_the_tunnels_unit() -> None:
    tree = healthy()
    options = "_netdev,nofail,port=20049,x-systemd.after=shared-files-tunnel@{}.service"
    line = {"source": "127.0.0.1:/", "type": "nfs4"}
    put(tree, "machines/i-a/fstab", {**line, "options": options.format("fs-1")})
    assert codes(tree) == []
    put(tree, "machines/i-a/fstab", {**line, "options": options.format("fs-0other")})
    assert codes(tree) == ["fstab-elsewhere"]


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
    put(tree, "site/target_groups/0/targets/1/reason", "Target.FailedHealthChecks")
    assert codes(tree) == ["httpd-down", "target-unhealthy"]


def test_a_pending_certificate_makes_what_holds_it_up_critical() -> None:
    tree = healthy()
    del tree["site"]["hosted_zone"]["records"][3]
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
    assert finding.occurrence.what == "The servers of test do not agree yet how hasite.test is delegated."


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
    assert (finding.kind.code, finding.occurrence.evidence) == (
        "error-page-cacheable",
        f"Cache-Control: {header or 'not set'}",
    )


def test_a_site_without_nat_gateways_on_purpose_needs_no_default_route() -> None:
    tree = healthy()
    network = tree["site"]["network"]
    network["nat_gateways"] = []
    network["endpoints"].append({"service_name": f"com.amazonaws.{REGION}.ssmmessages"})
    for table in network["route_tables"][:2]:
        table["routes"] = []
    assert codes(tree) == []


def test_an_account_without_the_site_says_what_is_missing_only() -> None:
    tree = {"site": {"name": "demo", "region": REGION, "network": {}}, "visit": healthy()["visit"]}
    assert codes(tree) == ["part-missing"]


def test_what_may_not_be_read_is_not_missing() -> None:
    tree = {"site": {"name": "demo", "unreadable": [{"service": "s3: buckets", "error": "AccessDenied: no"}]}}
    [finding] = found(tree)
    assert "buckets" not in finding.occurrence.what
    assert unseen(evidence(tree))[0] == "s3: buckets: AccessDenied: no"


READINGS = {
    "ec2: VPCs": "network/vpc",
    "ec2: subnets": "network/subnets",
    "ec2: route tables": "network/route_tables",
    "ec2: NAT gateways": "network/nat_gateways",
    "ec2: endpoints": "network/endpoints",
    "ec2: network interfaces": "network/network_interfaces",
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
    "iam: roles": "roles",
    "kms: keys": "kms_keys",
    **{label: f"details/{name}" for label, name in DETAILS.items()},
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


# ---- what could not be seen


def without(tree: Tree, need: str) -> None:
    """Take a kind of evidence away, as a missing right or a broken path does."""
    if need in READINGS:
        tree["site"]["unreadable"] = [*tree["site"]["unreadable"], {"service": need, "error": "AccessDenied"}]
        put(tree, f"site/{READINGS[need]}", None)
    elif need == "inside":
        tree["machines"] = {}
    elif need in PARTS_OF_VISIT:
        for part in PARTS_OF_VISIT[need]:
            tree["visit"][part] = None
    else:
        put(tree, "site/unreadable", [*tree["site"]["unreadable"], {"service": need, "error": "AccessDenied"}])


PARTS_OF_VISIT = {
    "outside: delegation": ["delegation"],
    "outside: CAA records": ["authorities"],
    "outside: addresses": ["addresses"],
    "outside: page": ["page"],
    "outside: page over HTTP": ["plain"],
    "outside: aliases": ["aliases"],
    "outside: edge": ["edge_alias"],
    "outside: error page": ["edge", "edge_alias"],
    "outside: certificates": ["page"],
}
NEEDS = sorted({need for _, rule in rules() for need in rule.needs})


def test_every_need_is_there_on_a_healthy_site_and_can_be_missing() -> None:
    for need in NEEDS:
        tree = healthy()
        assert missing(evidence(tree), [need]) == {}
        without(tree, need)
        assert list(missing(evidence(tree), [need])) == [need]


@pytest.mark.parametrize("code", sorted(set(BREAKS) - ELSEWHERE))
def test_with_any_evidence_missing_a_mistake_is_named_or_not_judged_and_never_called_well(code: str) -> None:
    [asked] = [rule for _, rule in rules() if rule.kind.code == code]
    for need in NEEDS:
        tree = healthy()
        BREAKS[code](tree)
        without(tree, need)
        told = evidence(tree)
        assert list(asked.check(told)) or missing(told, asked.needs), need


def test_a_rule_without_its_evidence_is_counted_as_not_judged() -> None:
    tree = healthy()
    BREAKS["httpd-not-enabled"](tree)
    without(tree, "acm: certificates")
    told = diagnose(evidence(tree))
    number = counts(told)
    assert (number["findings"], number["follow"]) == (1, 0)
    assert number["rules"] == len(rules()) == number["hold"] + number["findings"] + number["not_judged"]
    assert told.unjudged["certificate-pending"] == {"acm: certificates": "AccessDenied"}
    assert "certificate-pending" in told.unjudged_critical
    assert summary(told).startswith(f"{len(rules())} rules: {number['hold']} hold, 1 finding, ")
    assert "not judged: certificate-missing-in-us-east-1, " in summary(told)
    assert report(tree).startswith(summary(told))


def test_a_machine_that_is_not_looked_into_leaves_its_inside_not_judged() -> None:
    tree = healthy()
    BREAKS["machine-stopped"](tree)
    told = diagnose(evidence(tree))
    assert told.unjudged["httpd-down"] == {"inside": "demo-web-a: The machine is stopped."}


def test_nothing_found_with_something_unseen_is_not_called_well() -> None:
    tree = healthy()
    without(tree, "route53: health checks")
    assert "No finding in what was seen." in report(tree).splitlines()
    assert "No finding." not in report(tree)


def test_nothing_seen_is_said_in_one_sentence() -> None:
    tree = healthy()
    for need in NEEDS:
        without(tree, need)
    told = diagnose(evidence(tree))
    assert blindness(told) == report(tree)
    assert report(tree).startswith("Nothing was seen of the site, so nothing was judged; ")
    assert "\n" not in report(tree)
    assert blindness(diagnose(evidence(healthy()))) is None


# ---- the report


def test_one_kind_at_two_places_is_one_finding_with_both() -> None:
    tree = healthy()
    for machine in ("i-a", "i-c"):
        put(tree, f"machines/{machine}/units/web_server/enabled", False)
    [finding] = found(tree)
    places = finding.as_dict()["places"]
    assert [place["where"]["id"] for place in places] == ["i-a", "i-c"]
    assert places[0]["what"] == finding.as_dict()["what"]
    lines = report(tree).splitlines()
    assert lines[0].endswith("1 finding.")
    assert lines.index("   also        httpd.service on demo-web-c is not enabled.") < lines.index(
        "   where       instance demo-web-c (i-c)"
    )
    assert sum(line.startswith("   remedy") for line in lines) == 1


def test_the_worst_of_several_places_ranks_a_finding() -> None:
    tree = healthy()
    group = tree["site"]["security_groups"][1]["ip_permissions"]
    group += [rule(22, group="sg-office"), rule(22, block="0.0.0.0/0")]
    [finding] = found(tree)
    assert (finding.kind.code, finding.severity, len(finding.occurrences)) == ("port-22-open", "critical", 2)


def test_what_follows_at_any_of_its_places_is_told_by_a_finding() -> None:
    tree = healthy()
    for number, machine in enumerate(("i-a", "i-c")):
        put(tree, f"machines/{machine}/units/web_server/active", False)
        unhealthy(tree, number)
    [finding] = found(tree)
    assert finding.consequences[:2] == (
        "The load balancer finds demo-web-a unhealthy.",
        "The load balancer finds demo-web-c unhealthy.",
    )


def test_the_report_reads_from_top_to_bottom() -> None:
    tree = healthy()
    BREAKS["metadata-v1-allowed"](tree)
    BREAKS["nat-missing"](tree)
    lines = report(tree).splitlines()
    assert lines[2].startswith("1. CRITICAL  nat-missing: ")
    assert "   follows     Session Manager does not reach demo-web-a." in lines
    assert any(line.startswith("2. WARNING  metadata-v1-allowed: ") for line in lines)
    assert lines[-1] == "Not seen: inside demo-web-a: Session Manager does not reach it."


# ---- many at once


OTHER_NAME = {
    "mounted-by-hand": {"share-not-configured"},
    "share-not-mounted": {"share-not-configured"},
    "httpd-down": {"target-unhealthy"},
    "php-fpm-down": {"health-page-500"},
    "php-settings-broken": {"health-page-500"},
    "release-missing": {"health-page-500"},
    "release-damaged": {"health-page-500"},
    "unit-masked": {"target-unhealthy"},
    "machine-starting": {"target-unhealthy"},
    "agent-stopped": {"machine-silent"},
    "registered-late": {"machine-silent"},
    "machine-silent": {"agent-stopped", "target-unhealthy"},
    "health-page-hangs": {"target-unhealthy"},
    "machine-firewall": {"target-unhealthy"},
}
"""How a mistake is called when another one has had its effect already, or hides the machine."""


@pytest.mark.slow
def test_two_mistakes_at_once_bring_no_third_finding() -> None:
    wrong = {}
    for pair in itertools.combinations(sorted(set(BREAKS) - ELSEWHERE), 2):
        tree = healthy()
        try:
            for code in pair:
                BREAKS[code](tree)
        except (KeyError, IndexError, TypeError):
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


@settings(max_examples=300)
@given(
    st.lists(st.sampled_from(PLACES), max_size=8),
    st.booleans(),
    st.lists(st.sampled_from(sorted(set(BREAKS))), max_size=2),
)
@example(
    [("site", "network", "subnets", 1, "subnet_id"), ("site", "load_balancer", "availability_zones", 0, "subnet_id")],
    False,
    [],
)
def test_half_built_sites_and_missing_rights_are_judged_without_failing(
    lost: list[tuple[Any, ...]], emptied: bool, mistakes: list[str]
) -> None:
    tree = healthy()
    for code in mistakes:
        try:
            BREAKS[code](tree)
        except (KeyError, IndexError, TypeError):
            continue
    for path in lost:
        at: Any = tree
        for key in path[:-1]:
            at = at[key] if isinstance(at, (dict, list)) and _has(at, key) else None
        if isinstance(at, (dict, list)) and _has(at, path[-1]):
            value = at[path[-1]]
            at[path[-1]] = type(value)() if emptied and isinstance(value, (dict, list)) else None
    findings = found(tree)
    ranks = [SEVERITIES.index(finding.severity) for finding in findings]
    assert ranks == sorted(ranks)
    assert report(tree)
    assert all(finding.as_dict()["remedy"] and finding.as_dict()["evidence"] is not None for finding in findings)


def _has(at: Any, key: Any) -> bool:
    return key in at if isinstance(at, dict) else isinstance(key, int) and key < len(at)


def test_a_third_machine_that_is_well_is_no_finding() -> None:
    tree = healthy()
    third = copy.deepcopy(tree["site"]["instances"][1]) | {"instance_id": "i-d", "name": "demo-web-d"}
    tree["site"]["instances"].append(third)
    tree["machines"]["i-d"] = copy.deepcopy(tree["machines"]["i-c"])
    tree["site"]["target_groups"][0]["targets"].append({"id": "i-d", "port": 80, "state": "healthy"})
    tree["site"]["details"]["status_checks"]["i-d"] = {"instance": "ok", "system": "ok"}
    assert codes(tree) == []


@pytest.mark.parametrize(
    ("policy", "old"),
    [
        ("ELBSecurityPolicy-2016-08", True),
        ("ELBSecurityPolicy-TLS-1-1-2017-01", True),
        ("ELBSecurityPolicy-TLS-1-2-Ext-2018-06", False),
        ("ELBSecurityPolicy-FS-1-1-2019-08", True),
        ("ELBSecurityPolicy-FS-1-2-Res-2020-10", False),
        ("ELBSecurityPolicy-TLS13-1-0-2021-06", True),
        ("ELBSecurityPolicy-TLS13-1-1-FIPS-2023-04", True),
        ("ELBSecurityPolicy-TLS13-1-2-Res-PQ-2025-09", False),
        ("ELBSecurityPolicy-TLS13-1-3-2021-06", False),
    ],
)
def test_which_tls_policies_admit_old_versions(policy: str, old: bool) -> None:
    assert admits_old_tls(policy) is old


@pytest.mark.parametrize(
    ("count", "percentage", "registered", "minimum"),
    [("1", "off", 2, 1), ("2", "off", 2, 2), ("1", "50", 2, 1), ("1", "51", 2, 2), ("off", "34", 3, 2)],
)
def test_the_larger_of_number_and_share_has_to_be_healthy(
    count: str, percentage: str, registered: int, minimum: int
) -> None:
    prefix = f"target_group_health.{ROUTING}.minimum_healthy_targets"
    attributes = {f"{prefix}.count": count, f"{prefix}.percentage": percentage}
    assert healthy_minimum(attributes, ROUTING, registered) == minimum
