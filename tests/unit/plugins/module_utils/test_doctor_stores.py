# SPDX-License-Identifier: GPL-3.0-or-later
"""Which lifecycle rules take away what a site needs, and the call that the doctor prints against them."""

from __future__ import annotations

import json
import shlex

import pytest
from ansible_collections.hasite.aws.plugins.module_utils._doctor.diagnosis import diagnose

from tests.unit.plugins.healthy_site import Tree, evidence, healthy, lifecycle_rule

CONTENT, PAGE = "demo-content-1", "demo-error-page-1"
EXPIRES: Tree = {"Expiration": {"Days": 30}}
RULES: tuple[tuple[str, str, Tree, str | None], ...] = (
    ("all of it", CONTENT, lifecycle_rule("x", **EXPIRES), "deletes after 30 days"),
    ("by a date", CONTENT, lifecycle_rule("x", Expiration={"Date": "2027-01-31T00:00:00"}), "deletes on 2027-01-31"),
    ("a folder of it", CONTENT, lifecycle_rule("x", "site/objects/", **EXPIRES), "deletes after 30 days"),
    ("of old", CONTENT, {"ID": "x", "Status": "Enabled", "Prefix": "si", **EXPIRES}, "deletes after 30 days"),
    (
        "big objects",
        CONTENT,
        {"ID": "x", "Status": "Enabled", "Filter": {"ObjectSizeGreaterThan": 9}, **EXPIRES},
        "dele",
    ),
    (
        "archived",
        CONTENT,
        lifecycle_rule("x", Transitions=[{"Days": 9, "StorageClass": "GLACIER"}]),
        "archives in GLAC",
    ),
    ("the error page", PAGE, lifecycle_rule("x", "error/", **EXPIRES), "deletes after 30 days"),
    ("disabled", CONTENT, {**lifecycle_rule("x", **EXPIRES), "Status": "Disabled"}, None),
    ("another folder", CONTENT, lifecycle_rule("x", "reports/", **EXPIRES), None),
    ("by a tag", CONTENT, {**lifecycle_rule("x", **EXPIRES), "Filter": {"Tag": {"Key": "a", "Value": "b"}}}, None),
    ("old versions", CONTENT, lifecycle_rule("x", NoncurrentVersionExpiration={"NoncurrentDays": 9}), None),
    ("cheaper, and at hand", CONTENT, lifecycle_rule("x", Transitions=[{"StorageClass": "STANDARD_IA"}]), None),
    ("another bucket", "demo-logs-1", lifecycle_rule("x", **EXPIRES), None),
)


def with_rules(bucket: str, *rules: Tree) -> Tree:
    tree = healthy()
    tree["site"]["details"]["bucket_settings"].setdefault(bucket, {})["lifecycle_rules"] = list(rules)
    return tree


@pytest.mark.parametrize(("name", "bucket", "rule", "said"), RULES, ids=[one[0] for one in RULES])
def test_which_lifecycle_rules_take_away_what_the_site_needs(
    name: str, bucket: str, rule: Tree, said: str | None
) -> None:
    found = diagnose(evidence(with_rules(bucket, rule))).findings
    assert [one.kind.code for one in found] == ([] if said is None else ["lifecycle-deletes"]), name
    assert not said or f"rule x {said}" in found[0].occurrence.evidence


def test_the_printed_call_disables_the_rule_and_leaves_the_others() -> None:
    ours = lifecycle_rule("hasite.aws", Expiration={"ExpiredObjectDeleteMarker": True})
    [finding] = diagnose(evidence(with_rules(CONTENT, ours, lifecycle_rule("it's old", **EXPIRES)))).findings
    words = shlex.split(finding.remedy.removeprefix("Call: "))
    assert words[:5] == ["aws", "s3api", "put-bucket-lifecycle-configuration", "--bucket", CONTENT]
    assert json.loads(words[6]) == {"Rules": [ours, {**lifecycle_rule("it's old", **EXPIRES), "Status": "Disabled"}]}


def test_the_collection_s_own_rule_is_written_anew_by_the_playbooks() -> None:
    [finding] = diagnose(evidence(with_rules(CONTENT, lifecycle_rule("hasite.aws", **EXPIRES)))).findings
    assert "playbooks/site.yml" in finding.remedy


@pytest.mark.parametrize(
    ("statuses", "remedy"),
    [
        ({"system": "impaired", "instance": "impaired"}, "aws ec2 stop-instances --instance-ids i-a"),
        ({"system": "ok", "instance": "impaired"}, "aws ec2 reboot-instances --instance-ids i-a"),
        ({"system": "ok", "instance": "initializing"}, None),
        ({"system": "insufficient-data", "instance": "ok"}, None),
    ],
)
def test_what_is_done_about_a_failed_status_check(statuses: Tree, remedy: str | None) -> None:
    tree = healthy()
    tree["site"]["details"]["status_checks"]["i-a"] = statuses
    found = diagnose(evidence(tree)).findings
    assert [one.kind.code for one in found] == (["status-check-failed"] if remedy else [])
    assert remedy is None or remedy in found[0].remedy
