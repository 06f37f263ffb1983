# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import json
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lab.world.access.conditions import met
from lab.world.access.permissions import AccessRequest, Principal, allowed, combine, decide, matches, verdict

ALLOW_READ = {"Effect": "Allow", "Action": "s3:Get*", "Resource": "arn:aws:s3:::site/*"}
TLS_ONLY = {
    "Effect": "Deny",
    "Principal": "*",
    "Action": "s3:*",
    "Resource": "*",
    "Condition": {"Bool": {"aws:SecureTransport": "false"}},
}


def policy(*statements: dict[str, Any]) -> dict[str, Any]:
    return {"Version": "2012-10-17", "Statement": list(statements)}


def test_action_ignores_case_and_resource_does_not() -> None:
    assert decide(policy(ALLOW_READ), AccessRequest("S3:getobject", "arn:aws:s3:::site/a")) == "allow"
    assert decide(policy(ALLOW_READ), AccessRequest("s3:GetObject", "arn:aws:s3:::Site/a")) == "none"


def test_one_statement_may_stand_without_a_list() -> None:
    assert decide({"Statement": ALLOW_READ}, AccessRequest("s3:GetObject", "arn:aws:s3:::site/a")) == "allow"


def test_unmet_condition_does_not_deny() -> None:
    # moto's evaluation takes this for a denial.
    request = AccessRequest("s3:GetObject", "arn:aws:s3:::site/a", {"aws:SecureTransport": "true"})
    assert decide(policy(TLS_ONLY, ALLOW_READ), request) == "allow"


def test_denial_outweighs_permission() -> None:
    request = AccessRequest("s3:GetObject", "arn:aws:s3:::site/a", {"aws:securetransport": "false"})
    assert decide(policy(ALLOW_READ, TLS_ONLY), request) == "deny"


def test_not_action_concerns_all_others() -> None:
    statement = {"Effect": "Allow", "NotAction": ["iam:*"], "Resource": "*"}
    assert decide(policy(statement), AccessRequest("s3:GetObject")) == "allow"
    assert decide(policy(statement), AccessRequest("iam:CreateUser")) == "none"


@pytest.mark.parametrize(
    ("named", "principal", "expected"),
    [
        ("*", Principal(), "allow"),
        ({"AWS": "*"}, Principal(), "allow"),
        ({"AWS": "arn:aws:iam::1:role/web"}, Principal(("arn:aws:iam::1:role/web",), "1"), "allow"),
        ({"AWS": "arn:aws:iam::1:root"}, Principal(("arn:aws:iam::1:role/web",), "1"), "allow"),
        ({"AWS": "arn:aws:iam::2:root"}, Principal(("arn:aws:iam::1:role/web",), "1"), "none"),
        ({"Service": "cloudfront.amazonaws.com"}, Principal(service="cloudfront.amazonaws.com"), "allow"),
        ({"Service": "cloudfront.amazonaws.com"}, Principal(), "none"),
    ],
)
def test_resource_policy_looks_at_the_principal(named: Any, principal: Principal, expected: str) -> None:
    statement = {"Effect": "Allow", "Principal": named, "Action": "s3:GetObject", "Resource": "*"}
    assert decide(policy(statement), AccessRequest("s3:GetObject", principal=principal), of_resource=True) == expected


def test_role_has_its_inline_and_attached_policies() -> None:
    attached = SimpleNamespace(
        versions=[
            SimpleNamespace(is_default=False, document=json.dumps(policy(TLS_ONLY))),
            SimpleNamespace(is_default=True, document=json.dumps(policy({**ALLOW_READ, "Action": "ssm:*"}))),
        ]
    )
    role = SimpleNamespace(
        name="web", policies={"p": json.dumps(policy(ALLOW_READ))}, managed_policies={"arn": attached}
    )
    iam = SimpleNamespace(roles={"AROA": role})
    assert allowed(iam, "arn:aws:iam::1:role/path/web", "s3:GetObject", "arn:aws:s3:::site/a")
    assert allowed(iam, "web", "ssm:UpdateInstanceInformation", "arn:aws:s3:::site/a")
    assert not allowed(iam, "web", "s3:PutObject", "arn:aws:s3:::site/a")
    assert not allowed(iam, "gone", "s3:GetObject", "arn:aws:s3:::site/a")


@pytest.mark.parametrize(
    ("bounded", "expected"),
    [
        ({"Effect": "Allow", "Action": "s3:*", "Resource": "*"}, "allow"),
        ({"Effect": "Allow", "Action": "logs:*", "Resource": "*"}, "none"),
        ({"Effect": "Deny", "Action": "s3:*", "Resource": "*"}, "deny"),
        (None, "none"),
    ],
)
def test_a_permissions_boundary_takes_away_and_gives_nothing(bounded: Any, expected: str) -> None:
    version = SimpleNamespace(is_default=True, document=json.dumps(policy(bounded)))
    role = SimpleNamespace(
        name="web",
        policies={"p": json.dumps(policy(ALLOW_READ))},
        managed_policies={},
        permissions_boundary_arn="arn:aws:iam::1:policy/b",
    )
    known = {"arn:aws:iam::1:policy/b": SimpleNamespace(versions=[version])} if bounded else {}
    iam = SimpleNamespace(roles={"AROA": role}, managed_policies=known)
    assert verdict(iam, "web", "s3:GetObject", "arn:aws:s3:::site/a") == expected
    assert verdict(iam, "web", "logs:PutLogEvents") != "allow"


def test_nothing_is_allowed_by_nothing() -> None:
    assert combine([]) == "none"


@given(st.text())
def test_pattern_of_its_own_text_matches(text: str) -> None:
    assert matches("*", text)
    if not set(text) & set("*?"):
        assert matches(text, text)
        assert matches(text + "*", text + "x")


@pytest.mark.parametrize(
    ("conditions", "context", "expected"),
    [
        ({"StringEquals": {"a": ["x", "y"]}}, {"A": "y"}, True),
        ({"StringEquals": {"a": "x"}}, {}, False),
        ({"StringEqualsIfExists": {"a": "x"}}, {}, True),
        ({"StringNotEquals": {"a": "x"}}, {}, True),
        ({"StringNotEquals": {"a": ["x", "y"]}}, {"a": "y"}, False),
        ({"StringLike": {"a": "b?r*"}}, {"a": "bare"}, True),
        ({"ArnLike": {"a": "arn:aws:s3:::*"}}, {"a": "arn:aws:s3:::x/y"}, True),
        ({"ArnLike": {"a": "arn:aws:*:::x"}}, {"a": "arn:aws:s3:eu:1:x"}, False),
        ({"IpAddress": {"a": "10.0.0.0/8"}}, {"a": "10.1.2.3"}, True),
        ({"NotIpAddress": {"a": "10.0.0.0/8"}}, {"a": "10.1.2.3"}, False),
        ({"NumericLessThan": {"a": "5"}}, {"a": "4"}, True),
        ({"DateGreaterThan": {"a": "2026-01-01T00:00:00Z"}}, {"a": "2026-02-01T00:00:00Z"}, True),
        ({"Null": {"a": "true"}}, {}, True),
        ({"Null": {"a": True}}, {"a": "x"}, False),
        ({"Bool": {"a": True}}, {"a": "true"}, True),
        ({"ForAnyValue:StringEquals": {"a": "x"}}, {"a": ["x", "z"]}, True),
        ({"ForAllValues:StringEquals": {"a": "x"}}, {"a": ["x", "z"]}, False),
        ({"ForAllValues:StringEquals": {"a": "x"}}, {}, True),
    ],
)
def test_conditions(conditions: Any, context: dict[str, Any], expected: bool) -> None:
    assert met(conditions, context) is expected


def test_unknown_operator_is_an_error() -> None:
    with pytest.raises(ValueError, match="StringIsh"):
        met({"StringIsh": {"a": "b"}}, {"a": "b"})
