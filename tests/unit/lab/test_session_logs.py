# SPDX-License-Identifier: GPL-3.0-or-later
"""Logged sessions: what the agent's process brings to CloudWatch Logs, and with which permissions."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from lab.base.backends import ACCOUNT
from tests.session_client import Talk
from tests.unit.lab.session_world import REGION, SessionWorld

GROUP = "/shop/sessions"
STREAMS = f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:{GROUP}:log-stream:*"
EVERY = f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:*"
ACTIONS = ("logs:CreateLogStream", "logs:DescribeLogStreams", "logs:PutLogEvents")
CHANNELS = [
    "ssm:UpdateInstanceInformation",
    *(f"ssmmessages:{verb}{kind}Channel" for verb in ("Create", "Open") for kind in ("Control", "Data")),
]


def document(**more: Any) -> str:
    inputs = {"cloudWatchLogGroupName": GROUP, "cloudWatchStreamingEnabled": True, **more}
    return json.dumps({"schemaVersion": "1.0", "sessionType": "Standard_Stream", "inputs": inputs})


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SessionWorld]:
    made = SessionWorld(tmp_path_factory.mktemp("logs"))
    try:
        made.client("iam").detach_role_policy(
            RoleName="web", PolicyArn="arn:aws:iam::aws:policy/AmazonSSMManagedInstanceCore"
        )
        allow(made, CHANNELS, "*", name="agent")
        made.client("logs").create_log_group(logGroupName=GROUP)
        for name, inputs in {"Logged": {}, "Sealed": {"cloudWatchEncryptionEnabled": True}}.items():
            made.ssm.create_document(Name=name, DocumentType="Session", Content=document(**inputs))
        made.start_agent()
        made.wait_for(lambda: made.connected)
        yield made
    finally:
        made.close()


def allow(world: SessionWorld, actions: list[str], resource: str, name: str) -> None:
    statement = {"Effect": "Allow", "Action": actions, "Resource": resource}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    world.client("iam").put_role_policy(RoleName="web", PolicyName=name, PolicyDocument=policy)


def permit(world: SessionWorld, *missing: str) -> None:
    allow(world, [one for one in ACTIONS if one not in missing], STREAMS, "streams")
    allow(
        world,
        ["logs:DescribeLogGroups"] if "logs:DescribeLogGroups" not in missing else ["logs:Nothing"],
        EVERY,
        "groups",
    )


def speak(world: SessionWorld, text: str, name: str = "Logged") -> Talk:
    """Hold a session in which a shell says something."""
    talk = Talk(world.ssm.start_session(Target=world.instance, DocumentName=name))
    talk.run(lambda: bool(talk.output))
    talk.channel.send(f"echo {text[0]}''{text[1:]}; exit\r".encode())
    talk.until_closed()
    return talk


def logged(world: SessionWorld, session: str) -> list[dict[str, Any]]:
    client = world.client("logs")
    streams = [stream["logStreamName"] for stream in client.describe_log_streams(logGroupName=GROUP)["logStreams"]]
    if session not in streams:
        return []
    events = client.get_log_events(logGroupName=GROUP, logStreamName=session)["events"]
    return [json.loads(event["message"]) for event in events]


def test_what_a_session_shows_is_logged_with_who_has_begun_it(world: SessionWorld) -> None:
    permit(world)
    talk = speak(world, "marker-1")
    world.wait_for(lambda: "marker-1" in json.dumps(logged(world, talk.id)))
    first = logged(world, talk.id)[0]
    assert (first["sessionId"], first["target"]["id"], first["awsRegion"]) == (talk.id, world.instance, REGION)
    assert first["userIdentity"]["arn"] == f"arn:aws:iam::{ACCOUNT}:root"
    lines = [line for event in logged(world, talk.id) for line in event["sessionData"]]
    assert "marker-1" in lines
    assert not any("\x1b" in line for line in lines)


@pytest.mark.parametrize("action", ["logs:DescribeLogGroups", *ACTIONS])
def test_each_permission_is_needed_and_its_lack_is_said(world: SessionWorld, action: str) -> None:
    permit(world, action)
    talk = speak(world, "marker-2")
    assert b"marker-2" in talk.output
    said = f"is not authorized to perform: {action} "
    world.wait_for(lambda: said in (world.folder / "agent.log").read_text())
    assert logged(world, talk.id) == []


def test_a_document_that_wants_an_encrypted_log_lets_nobody_in_without_one(world: SessionWorld) -> None:
    permit(world)
    talk = Talk(world.ssm.start_session(Target=world.instance, DocumentName="Sealed"))
    talk.until_closed()
    assert b"encryption is not set up on the selected CloudWatch Logs log group" in talk.output


def test_another_group_is_out_of_reach(world: SessionWorld) -> None:
    permit(world)
    world.client("logs").create_log_group(logGroupName="/other")
    world.ssm.create_document(Name="Other", DocumentType="Session", Content=document(cloudWatchLogGroupName="/other"))
    speak(world, "marker-3", "Other")
    said = f"logs:CreateLogStream on resource: arn:aws:logs:{REGION}:{ACCOUNT}:log-group:/other:log-stream:"
    world.wait_for(lambda: said in (world.folder / "agent.log").read_text())
    assert world.client("logs").describe_log_streams(logGroupName="/other")["logStreams"] == []
