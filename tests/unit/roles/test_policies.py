# SPDX-License-Identifier: GPL-3.0-or-later
"""The policies that the roles write, judged as AWS judges them."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import jinja2
import pytest
import yaml

from lab.world.access.permissions import AccessRequest, Principal, decide

ROLES = Path(__file__).parents[3] / "roles"
ACCOUNT, REGION = "123456789012", "ap-northeast-1"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/shop-web"
SHARE = f"arn:aws:elasticfilesystem:{REGION}:{ACCOUNT}:file-system/fs-1"


def template(role: str, name: str, **facts: Any) -> dict[str, Any]:
    environment = jinja2.Environment(autoescape=False, undefined=jinja2.StrictUndefined)
    environment.filters["to_json"] = json.dumps
    environment.filters["regex_replace"] = lambda text, pattern, by: re.sub(pattern, by, text)
    text = environment.from_string((ROLES / role / "templates" / name).read_text()).render(facts)
    found: dict[str, Any] = json.loads(text)
    return found


def share(*, tls: bool, role: bool = True) -> dict[str, Any]:
    """Return the share's policy."""
    facts = yaml.safe_load((ROLES / "storage" / "vars" / "main.yml").read_text())
    statements = facts["__storage_statements"] if tls else facts["__storage_statements"][:1]
    told = {"storage_role_arn": ROLE, "storage_require_tls": tls, "storage_require_role": role}
    clients = jinja2.Template(facts["__storage_clients"]).render(told)
    text = json.dumps({"Statement": statements}).replace("{{ __storage_clients }}", clients)
    found: dict[str, Any] = json.loads(text)
    return found


def mounts(policy: dict[str, Any], *, encrypted: bool, role: str = "") -> str:
    context = {"aws:SecureTransport": str(encrypted).lower(), "elasticfilesystem:AccessedViaMountTarget": "true"}
    who = Principal(arns=(role,), account=ACCOUNT) if role else Principal()
    return decide(policy, AccessRequest("elasticfilesystem:ClientMount", SHARE, context, who), of_resource=True)


def test_the_share_admits_the_machines_role_over_tls_only() -> None:
    assert mounts(share(tls=True), encrypted=True, role=ROLE) == "allow"
    assert mounts(share(tls=True), encrypted=False, role=ROLE) == "deny"
    assert mounts(share(tls=True), encrypted=True) == "none"
    assert mounts(share(tls=True), encrypted=True, role=f"arn:aws:iam::{ACCOUNT}:role/other") == "none"


def test_without_the_mount_helper_a_client_is_anonymous_and_admitted_at_a_mount_target_only() -> None:
    assert mounts(share(tls=True, role=False), encrypted=True) == "allow"
    assert mounts(share(tls=True, role=False), encrypted=False) == "deny"
    assert mounts(share(tls=False), encrypted=False) == "allow"
    elsewhere = {"elasticfilesystem:AccessedViaMountTarget": "false"}
    request = AccessRequest("elasticfilesystem:ClientMount", SHARE, elsewhere)
    assert decide(share(tls=False), request, of_resource=True) == "none"


@pytest.mark.parametrize(
    ("account", "source", "decision"),
    [
        (ACCOUNT, f"arn:aws:ec2:{REGION}:{ACCOUNT}:vpc-flow-log/fl-1", "allow"),
        ("999999999999", f"arn:aws:ec2:{REGION}:999999999999:vpc-flow-log/fl-1", "none"),
        (ACCOUNT, f"arn:aws:ec2:us-east-1:{ACCOUNT}:vpc-flow-log/fl-1", "none"),
    ],
)
def test_flow_logs_of_others_can_not_use_the_sites_role(account: str, source: str, decision: str) -> None:
    trust = template("network", "flow_logs_trust.json.j2", network_account_id=ACCOUNT, network_region=REGION)
    service = Principal(service="vpc-flow-logs.amazonaws.com")
    context = {"aws:SourceAccount": account, "aws:SourceArn": source}
    assert decide(trust, AccessRequest("sts:AssumeRole", "*", context, service), of_resource=True) == decision


def test_flow_logs_write_into_the_sites_log_group_only() -> None:
    logs = f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group"
    policy = template("network", "flow_logs_policy.json.j2", network_site="shop", __network_logs=logs)
    for group, decision in (("/shop/flow-logs", "allow"), ("/shop/sessions", "none"), ("/shop-blog/flow-logs", "none")):
        assert decide(policy, AccessRequest("logs:PutLogEvents", f"{logs}:{group}:log-stream:eni-1")) == decision


@pytest.mark.parametrize(
    ("action", "resource", "owner", "decision"),
    [
        ("s3:PutObject", "arn:aws:s3:::shop-content-123456789012/x", ACCOUNT, "allow"),
        ("s3:PutObject", "arn:aws:s3:::thief/loot", "999999999999", "none"),
        ("s3:GetObject", "arn:aws:s3:::thief/tool", "999999999999", "none"),
        ("s3:GetObject", f"arn:aws:s3:::al2023-repos-{REGION}-de612dc2/core/x.rpm", "1", "allow"),
        ("s3:PutObject", f"arn:aws:s3:::al2023-repos-{REGION}-de612dc2/core/x.rpm", "1", "none"),
        ("s3:PutObject", "arn:aws:s3:::partner/x", "888888888888", "allow"),
        ("s3:ListBucket", "arn:aws:s3:::partner", "888888888888", "allow"),
    ],
)
def test_through_the_endpoint_of_s3_no_other_accounts_bucket_is_reached(
    action: str, resource: str, owner: str, decision: str
) -> None:
    facts = yaml.safe_load((ROLES / "network" / "vars" / "main.yml").read_text())
    public = [bucket.replace("{{ network_region }}", REGION) for bucket in facts["__network_public_buckets"]]
    names = {"network_account_id": ACCOUNT, "__network_public_buckets": public}
    policy = template("network", "s3_endpoint_policy.json.j2", network_buckets=["partner"], **names)
    request = AccessRequest(action, resource, {"aws:ResourceAccount": owner})
    assert decide(policy, request, of_resource=True) == decision
    assert (
        template("network", "s3_endpoint_policy.json.j2", network_buckets=[], **names)["Statement"][:2]
        == (policy["Statement"][:2])
    )
