# SPDX-License-Identifier: GPL-3.0-or-later
"""What AWS's description of a service says about parameters, and how a mistake is told."""

from __future__ import annotations

import re
from typing import Any

import botocore.session
import pytest

from lab.world.access.shapes import complaint

SESSION = botocore.session.get_session()


def said(service: str, operation: str, given: dict[str, Any]) -> str | None:
    return complaint(SESSION.get_service_model(service).operation_model(operation).input_shape, given)


GROUP = {"Name": "group", "Protocol": "HTTP", "Port": 80}


@pytest.mark.parametrize(
    ("service", "operation", "given", "rule"),
    [
        (
            "elbv2",
            "CreateTargetGroup",
            {},
            "Value null at 'name' failed to satisfy constraint: Member must",
        ),
        ("elbv2", "CreateTargetGroup", {**GROUP, "Port": 0}, "Value 0 at 'port' .*value greater than or equal to 1"),
        ("elbv2", "CreateTargetGroup", {**GROUP, "Port": 65536}, "value less than or equal to 65535"),
        ("elbv2", "CreateTargetGroup", {**GROUP, "Protocol": "X"}, "Value 'X' at 'protocol' .*enum value set: .HTTP, "),
        ("iam", "CreateUser", {"UserName": "a b"}, "'a b' at 'userName' .*regular expression pattern"),
        ("iam", "CreateUser", {"UserName": "a" * 65}, "length less than or equal to 64"),
        ("acm", "RequestCertificate", {"DomainName": ""}, "length greater than or equal to 1"),
        (
            *("route53", "ChangeResourceRecordSets"),
            {
                "HostedZoneId": "Z1",
                "ChangeBatch": {"Changes": [{"Action": "CREATE", "ResourceRecordSet": {"Name": "a"}}]},
            },
            "null at 'changeBatch.changes.1.member.resourceRecordSet.type'",
        ),
    ],
)
def test_a_mistake_is_told(service: str, operation: str, given: dict[str, Any], rule: str) -> None:
    found = said(service, operation, given)
    assert found
    assert re.search(rule, found), found


def test_several_mistakes_are_counted() -> None:
    found = said("route53", "CreateHealthCheck", {})
    assert found
    assert found.startswith("2 validation errors detected: ")


@pytest.mark.parametrize("given", [GROUP, {**GROUP, "Tags": [{"Key": "a", "Value": "b"}]}, {**GROUP, "Nope": 1}])
def test_what_is_allowed_passes(given: dict[str, Any]) -> None:
    assert said("elbv2", "CreateTargetGroup", given) is None
