# SPDX-License-Identifier: GPL-3.0-or-later
"""The machines' role as the role `access` writes it: enough for the agent and the releases, and for nothing else."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jinja2
import pytest

from lab.base.backends import ACCOUNT
from lab.world.access.permissions import AccessRequest, decide
from tests.session_client import Talk
from tests.unit.lab.session_world import CORE, REGION, SessionWorld

TEMPLATES = Path(__file__).parents[3] / "roles" / "access" / "templates"
KEY = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/1"
BUCKET = "arn:aws:s3:::shop-content-123456789012"


def policy(name: str, key: str | None = KEY) -> dict[str, Any]:
    """Return one of the role's policies for the site shop."""
    environment = jinja2.Environment(autoescape=False, undefined=jinja2.StrictUndefined)
    environment.filters["to_json"] = json.dumps
    facts: dict[str, Any] = {
        "access_site": "shop",
        "access_region": REGION,
        "access_account_id": ACCOUNT,
        "access_content_bucket": BUCKET.rpartition(":")[2],
        "access_content_prefix": "site/",
        "__access_logs": f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group",
        "__access_key": {"key_arn": key} if key else {},
    }
    text = environment.from_string((TEMPLATES / f"{name}_policy.json.j2").read_text()).render(facts)
    found: dict[str, Any] = json.loads(text)
    return found


def actions(document: dict[str, Any]) -> list[str]:
    listed = [one["Action"] for one in document["Statement"]]
    return [action for one in listed for action in (one if isinstance(one, list) else [one])]


@pytest.mark.parametrize(
    ("action", "resource", "context", "decision"),
    [
        ("s3:GetObject", f"{BUCKET}/site/current.json", {}, "allow"),
        ("s3:ListBucket", BUCKET, {"s3:prefix": "site/"}, "none"),
        ("s3:GetObject", f"{BUCKET}/backup/dump.sql", {}, "none"),
        ("s3:GetObjectVersion", f"{BUCKET}/site/current.json", {}, "none"),
        ("s3:ListBucketVersions", BUCKET, {"s3:prefix": "site/"}, "none"),
        ("s3:GetObject", "arn:aws:s3:::another/site/current.json", {}, "none"),
        ("s3:PutObject", f"{BUCKET}/site/current.json", {}, "none"),
    ],
)
def test_releases_are_read_and_nothing_else_of_the_bucket(
    action: str, resource: str, context: dict[str, str], decision: str
) -> None:
    assert decide(policy("content"), AccessRequest(action, resource, context)) == decision


def test_no_policy_has_an_action_that_reads_parameters() -> None:
    every = [action for name in ("agent", "content", "session_log") for action in actions(policy(name))]
    assert not [action for action in every if "*" in action or "Parameter" in action]
    assert "kms:Decrypt" not in actions(policy("session_log", None))


CALLED = {
    "kms:Decrypt",
    *("logs:CreateLogStream", "logs:DescribeLogGroups", "logs:DescribeLogStreams", "logs:PutLogEvents"),
    "s3:GetObject",
    "ssm:UpdateInstanceInformation",
    *("ssmmessages:CreateControlChannel", "ssmmessages:CreateDataChannel"),
    *("ssmmessages:OpenControlChannel", "ssmmessages:OpenDataChannel"),
}
"""What the machines of a site without secrets call; tests/integration/test_permissions.py asks them."""


def test_the_role_allows_what_machines_call_and_nothing_else() -> None:
    every = [action for name in ("agent", "content", "session_log") for action in actions(policy(name))]
    assert sorted(every) == sorted(CALLED)


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SessionWorld]:
    made = SessionWorld(tmp_path_factory.mktemp("role"))
    made.client("iam").detach_role_policy(RoleName="web", PolicyArn=CORE)
    made.client("logs").create_log_group(logGroupName="/shop/sessions")
    inputs = {"cloudWatchLogGroupName": "/shop/sessions", "cloudWatchStreamingEnabled": True}
    content = {"schemaVersion": "1.0", "sessionType": "Standard_Stream", "inputs": inputs}
    made.ssm.create_document(Name="shop-session", DocumentType="Session", Content=json.dumps(content))
    try:
        yield made
    finally:
        made.close()


def give(world: SessionWorld, name: str, document: dict[str, Any], missing: str = "") -> None:
    """Give the role a policy, or that without one of its actions."""
    kept = []
    for statement in document["Statement"]:
        listed = statement["Action"] if isinstance(statement["Action"], list) else [statement["Action"]]
        if left := [action for action in listed if action != missing]:
            kept.append({**statement, "Action": left})
    text = json.dumps({**document, "Statement": kept or [{"Effect": "Deny", "Action": missing, "Resource": "*"}]})
    world.client("iam").put_role_policy(RoleName="web", PolicyName=name, PolicyDocument=text)


def restart(world: SessionWorld) -> int:
    """Start the agent anew; return how much it had said before."""
    for agent in world.agents:
        agent.terminate()
        agent.wait(10)
    world.agents.clear()
    log = world.folder / "agent.log"
    said = len(log.read_text()) if log.exists() else 0
    world.start_agent()
    return said


def test_the_agent_serves_logged_sessions_with_these_policies_alone(world: SessionWorld) -> None:
    for name in ("agent", "session_log"):
        give(world, name, policy(name))
    restart(world)
    world.wait_for(lambda: world.connected)
    talk = Talk(world.ssm.start_session(Target=world.instance, DocumentName="shop-session"))
    talk.run(lambda: bool(talk.output))
    talk.channel.send(b"exit\r")
    talk.until_closed()
    logs = world.client("logs")
    world.wait_for(
        lambda: (
            [
                stream["logStreamName"]
                for stream in logs.describe_log_streams(logGroupName="/shop/sessions")["logStreams"]
            ]
            == [talk.id]
        )
    )


@pytest.mark.parametrize("action", actions(policy("agent")))
def test_without_one_action_the_agent_says_which(world: SessionWorld, action: str) -> None:
    give(world, "session_log", policy("session_log"))
    give(world, "agent", policy("agent"), missing=action)
    before = restart(world)
    if action.endswith("DataChannel"):
        world.wait_for(lambda: world.connected)
        world.ssm.start_session(Target=world.instance, DocumentName="shop-session")
    said = f"is not authorized to perform: {action}"
    world.wait_for(lambda: said in (world.folder / "agent.log").read_text()[before:])
