# SPDX-License-Identifier: GPL-3.0-or-later
"""The least policies that allow what was called: by the site's names, within IAM's limits, and no more."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lab.world.access.least_policy import LARGEST, actions, of_site, policies, size, without
from lab.world.access.permissions import AccessRequest, combine, decide

ACCOUNT = "123456789012"


@pytest.mark.parametrize(
    ("action", "called", "allowed", "refused"),
    [
        (
            "iam:GetRole",
            [f"arn:aws:iam::{ACCOUNT}:role/demo-web"],
            "arn:aws:iam::9:role/shop-web",
            "arn:aws:iam::9:role/shop-web-admin",
        ),
        (
            "s3:PutObject",
            [f"arn:aws:s3:::demo-content-{ACCOUNT}/site/a", f"arn:aws:s3:::demo-content-{ACCOUNT}/site/b"],
            "arn:aws:s3:::shop-content-9/site/c",
            "arn:aws:s3:::blog-content-9/site/c",
        ),
        (
            "elasticloadbalancing:DeleteListener",
            [f"arn:aws:elasticloadbalancing:r:{ACCOUNT}:listener/app/demo/1/2"],
            "arn:aws:elasticloadbalancing:eu-west-1:9:listener/app/shop/3/4",
            "arn:aws:elasticloadbalancing:eu-west-1:9:listener/app/blog/3/4",
        ),
        (
            "logs:DeleteLogGroup",
            [f"arn:aws:logs:r:{ACCOUNT}:log-group:/demo/sessions:log-stream:"],
            "arn:aws:logs:eu-west-1:9:log-group:/shop/flow-logs:log-stream:",
            "arn:aws:logs:eu-west-1:9:log-group:/shop-blog/flow-logs:log-stream:",
        ),
        (
            "cloudwatch:PutMetricAlarm",
            [f"arn:aws:cloudwatch:r:{ACCOUNT}:alarm:demo-web-a"],
            "arn:aws:cloudwatch:eu-west-1:9:alarm:shop-web-b",
            "arn:aws:cloudwatch:eu-west-1:9:alarm:blog-web-b",
        ),
        (
            "ssm:GetParameter",
            ["arn:aws:ssm:r:1:parameter/aws/service/debian/release/12/latest/amd64"],
            "arn:aws:ssm:eu-west-1:9:parameter/aws/service/ami-amazon-linux-latest/x",
            "arn:aws:ssm:eu-west-1:9:parameter/password",
        ),
    ],
)
def test_names_become_the_sites(action: str, called: list[str], allowed: str, refused: str) -> None:
    (policy,) = policies({action: called}, "demo")
    document = json.loads(of_site(policy, "shop"))
    assert decide(document, AccessRequest(action, allowed)) == "allow"
    assert decide(document, AccessRequest(action, refused)) == "none"
    assert "demo" not in json.dumps(policy)
    assert ACCOUNT not in json.dumps(policy)


def test_what_ends_machines_is_allowed_on_the_sites_own_only() -> None:
    (policy,) = policies({"ec2:TerminateInstances": ["arn:aws:ec2:r:1:*/i-1"]}, "demo")
    document = json.loads(of_site(policy, "shop"))
    for site, decision in (("shop", "allow"), ("blog", "none")):
        request = AccessRequest(
            "ec2:TerminateInstances", "arn:aws:ec2:r:1:*/i-1", {"aws:ResourceTag/hasite:site": site}
        )
        assert decide(document, request) == decision


@pytest.mark.parametrize("service", ["ec2.amazonaws.com", "vpc-flow-logs.amazonaws.com", "lambda.amazonaws.com"])
def test_roles_are_passed_to_their_services_only(service: str) -> None:
    (policy,) = policies({"iam:PassRole": []}, "demo")
    role = "arn:aws:iam::1:role/shop-web"
    decision = decide(
        json.loads(of_site(policy, "shop")), AccessRequest("iam:PassRole", role, {"iam:PassedToService": service})
    )
    assert decision == ("none" if service.startswith("lambda") else "allow")


NAMES = st.from_regex(r"(ec2|iam|s3|logs):[A-Z][a-z]{3,40}", fullmatch=True)


@given(st.dictionaries(NAMES, st.just([]), min_size=1, max_size=400))
def test_each_policy_is_within_the_limit_and_none_is_lost(called: dict[str, Any]) -> None:
    found = policies(called, "demo")
    assert all(size(one) <= LARGEST for one in found)
    assert actions(found) == sorted(called)


def test_one_action_can_be_taken_away() -> None:
    found = policies({"iam:ListRoles": [], "iam:ListUsers": [], "ec2:DescribeVpcs": []}, "demo")
    left = without(found, "iam:ListRoles")
    assert actions(left) == ["ec2:DescribeVpcs", "iam:ListUsers"]
    assert combine(decide(one, AccessRequest("ec2:DescribeVpcs")) for one in left) == "allow"
    assert actions(without(found, "ec2:DescribeVpcs")) == ["iam:ListRoles", "iam:ListUsers"]


def test_who_may_begin_sessions_may_end_their_own() -> None:
    (policy,) = policies({"ssm:StartSession": []}, "demo")
    assert actions([policy]) == ["ssm:ResumeSession", "ssm:StartSession", "ssm:TerminateSession"]
    for name, decision in (("taro", "allow"), ("hanako", "none")):
        session = f"arn:aws:ssm:r:1:session/{name}-0123"
        request = AccessRequest("ssm:TerminateSession", session, {"aws:username": "taro"})
        assert decide(policy, request) == decision


def test_what_was_read_of_one_role_or_bucket_may_be_read_of_the_sites_others() -> None:
    """The first run finds no policy of a role to read, and no bucket to look at; the second does."""
    roles = [f"arn:aws:iam::{ACCOUNT}:role/demo-{name}" for name in ("web", "flow-logs")]
    called = {"iam:GetRole": roles, "iam:GetRolePolicy": roles[:1], "s3:GetObject": ["arn:aws:s3:::demo-content-1/a"]}
    (policy,) = policies(called, "demo")
    asked = AccessRequest("iam:GetRolePolicy", "arn:aws:iam::1:role/shop-flow-logs")
    assert decide(json.loads(of_site(policy, "shop")), asked) == "allow"
    assert "arn:aws:iam::*:role/SITE-flow-logs" in policy["Statement"][0]["Resource"]
    assert policy["Statement"][-1]["Resource"] == "arn:aws:s3:::SITE-content-1/*"


def test_what_was_changed_of_one_bucket_may_be_changed_of_that_alone() -> None:
    """Whoever may set a bucket's policy decides who reads it."""
    buckets = [f"arn:aws:s3:::demo-{name}-{ACCOUNT}" for name in ("content", "error-page")]
    (policy,) = policies({"s3:GetBucketPolicy": buckets, "s3:PutBucketPolicy": buckets[1:]}, "demo")
    found = {one["Action"][0]: one["Resource"] for one in policy["Statement"]}
    assert found["s3:GetBucketPolicy"] == ["arn:aws:s3:::SITE-content-*", "arn:aws:s3:::SITE-error-page-*"]
    assert found["s3:PutBucketPolicy"] == "arn:aws:s3:::SITE-error-page-*"


def test_web_acls_are_the_sites_own() -> None:
    found = {
        action: one["Resource"]
        for policy in policies({"wafv2:AssociateWebACL": [], "wafv2:CreateWebACL": [], "wafv2:ListWebACLs": []}, "demo")
        for one in policy["Statement"]
        for action in one["Action"]
    }
    assert found["wafv2:ListWebACLs"] == "*"
    assert found["elasticloadbalancing:SetWebACL"] == "arn:aws:elasticloadbalancing:*:*:loadbalancer/app/SITE/*"
    assert all("SITE" in str(where) for action, where in found.items() if action != "wafv2:ListWebACLs")


def test_who_makes_a_listeners_rules_may_change_those_of_the_site() -> None:
    listener = "arn:aws:elasticloadbalancing:eu-west-1:1:listener/app/demo/1/2"
    [policy] = policies({"elasticloadbalancing:CreateRule": [listener]}, "demo")
    found = {action: one["Resource"] for one in policy["Statement"] for action in one["Action"]}
    for operation in ("DeleteRule", "ModifyRule", "SetRulePriorities"):
        assert found[f"elasticloadbalancing:{operation}"].endswith(":listener-rule/app/SITE/*")


def test_a_zonal_shift_is_changed_on_the_sites_load_balancer_only() -> None:
    called: dict[str, list[str]] = {f"arc-zonal-shift:{operation}ZonalShift": [] for operation in ("Cancel", "Update")}
    [policy] = policies(called, "demo")
    assert [one["Resource"] for one in policy["Statement"]] == [
        "arn:aws:elasticloadbalancing:*:*:loadbalancer/app/SITE/*"
    ]
