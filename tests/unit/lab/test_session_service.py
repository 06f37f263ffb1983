# SPDX-License-Identifier: GPL-3.0-or-later
"""Real sessions between a real client, the service and the agent's process, on the loopback."""

from __future__ import annotations

import hashlib
import os
import socket
import time
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.session_client import Talk
from tests.unit.lab.session_world import SessionWorld


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SessionWorld]:
    made = SessionWorld(tmp_path_factory.mktemp("sessions"))
    try:
        with pytest.raises(ClientError, match="TargetNotConnected"):
            made.open()
        made.start_agent()
        made.wait_for(lambda: made.connected)
        yield made
    finally:
        made.close()


def test_the_agent_registers(world: SessionWorld) -> None:
    world.wait_for(lambda: bool(world.listed))
    (listed,) = world.listed
    assert listed["InstanceId"] == world.instance
    assert listed["PingStatus"] == "Online"
    assert listed["AgentVersion"] == "3.3.0.0"
    assert listed["LastPingDateTime"].timestamp() == pytest.approx(time.time(), abs=30)


@pytest.mark.parametrize(
    ("key", "kind", "value", "found"),
    [
        ("InstanceId", "Equal", "", True),
        ("InstanceId", "NotEqual", "", False),
        ("AgentVersion", "BeginWith", "3.", True),
        ("AgentVersion", "GreaterThan", "9", False),
        ("NoSuch", "Exists", "x", False),
    ],
)
def test_the_inventory_tells_what_the_agents_have_told(
    world: SessionWorld, key: str, kind: str, value: str, found: bool
) -> None:
    world.wait_for(lambda: bool(world.listed))
    wanted = {"Key": f"AWS:InstanceInformation.{key}", "Values": [value or world.instance], "Type": kind}
    entities = world.ssm.get_inventory(Filters=[wanted])["Entities"]
    assert [one["Id"] for one in entities] == [world.instance] * found
    for one in entities:
        (content,) = one["Data"]["AWS:InstanceInformation"]["Content"]
        assert (content["InstanceId"], content["InstanceStatus"]) == (world.instance, "Active")
        assert (content["AgentVersion"], content["ResourceType"]) == ("3.3.0.0", "EC2Instance")


def test_a_shell_answers(world: SessionWorld) -> None:
    talk = world.open()
    started = time.monotonic()
    talk.channel.send(b"stty -echo; PS1=; echo $((6*7))-$(stty size)\n")
    talk.channel.resize(100, 30)
    output = talk.read_until(b"\n42-")
    assert time.monotonic() - started > 0.9, "the agent waits a second before it reads the terminal"
    assert talk.ready
    assert not talk.ready.handshaken
    talk.channel.send(b"stty size\n")
    assert b"30 100\r\n" in talk.read_until(b"30 100\r\n"), output
    talk.channel.send(b"exit 3\n")
    talk.until_closed()
    (session,) = world.ssm.describe_sessions(State="History", Filters=[{"key": "SessionId", "value": talk.id}])[
        "Sessions"
    ]
    assert session["Status"] == "Terminated"
    assert session["Owner"].endswith(":root")


def test_raw_input_is_clean_and_much_output_arrives(world: SessionWorld) -> None:
    talk = world.open()
    talk.read_until(b"$ ")
    data = os.urandom(200_000)
    talk.channel.send(
        b"stty raw -echo; PS1=; printf begin; head -c 200000 | sha256sum; "
        b"head -c 300000 /dev/zero | base64 -w0; echo do''ne\n"
    )
    talk.run(lambda: talk.output.endswith(b"begin"))
    talk.channel.send(data)
    talk.read_until(b"done", 60)
    assert hashlib.sha256(data).hexdigest().encode() in talk.output
    assert b"A" * 400_000 in talk.output
    world.ssm.terminate_session(SessionId=talk.id)
    talk.until_closed()


def test_an_interactive_command_has_a_terminal(world: SessionWorld) -> None:
    talk = world.open("AWS-StartInteractiveCommand", command="test -t 0 && echo it-is; exit 4")
    talk.until_closed()
    assert b"it-is" in talk.output
    assert talk.code is None


def test_a_separated_command_has_two_streams_and_a_status(world: SessionWorld) -> None:
    talk = world.open(
        "AWS-StartNonInteractiveCommand",
        command="sh -c 'echo out; echo err >&2; exit 7'",
        separateOutputStream="true",
        stdErrSeparatorPrefix="E:",
    )
    talk.until_closed()
    assert talk.ready
    assert talk.ready.session_type == "NonInteractiveCommands"
    assert (talk.output, talk.errors, talk.code) == (b"out\n", b"E:err\n", 7)


def test_a_joined_command_is_told_at_its_end(world: SessionWorld) -> None:
    talk = world.open("AWS-StartNonInteractiveCommand", command="sh -c 'echo out; echo err >&2'")
    talk.until_closed()
    assert talk.output == b"out\nerr\n"
    assert talk.code is None


def test_a_command_that_cannot_start_says_so(world: SessionWorld) -> None:
    talk = world.open("AWS-StartNonInteractiveCommand", command="no-such-thing", separateOutputStream="true")
    talk.until_closed()
    assert b"no-such-thing" in talk.errors
    assert talk.code == 1


def test_a_port_is_reached(world: SessionWorld) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        talk = world.open("AWS-StartSSHSession", portNumber=str(server.getsockname()[1]))
        talk.channel.send(b"hello\x00\xff")
        talk.run(lambda: talk.channel.waiting == 0)
        peer, _address = server.accept()
        peer.settimeout(5)
        assert peer.recv(100) == b"hello\x00\xff"
        peer.sendall(b"\xef\xbf\xbd\xff")
        peer.close()
    talk.until_closed()
    assert talk.output == b"\xef\xbf\xbd\xff"


def test_a_dropped_client_resumes_without_a_loss(world: SessionWorld) -> None:
    talk = world.open()
    talk.read_until(b"$ ")
    talk.channel.send(b"stty -echo; PS1=; echo one\n")
    talk.read_until(b"\none\r\n")
    talk.socket.shutdown()
    talk.channel.send(b"echo two; seq 2000\n")
    world.wait_for(lambda: world.context.sessions.sessions[talk.id].status == "Disconnected")
    talk.connect(world.ssm.resume_session(SessionId=talk.id))
    talk.channel.reconnected()
    output = talk.read_until(b"\n2000\r\n")
    assert output.partition(b"two\r\n")[2] == b"".join(b"%d\r\n" % number for number in range(1, 2001))
    world.ssm.terminate_session(SessionId=talk.id)
    talk.until_closed()
    assert "TokenValue" not in world.ssm.resume_session(SessionId=talk.id)


def test_a_wrong_token_opens_nothing(world: SessionWorld) -> None:
    talk = world.open()
    stranger = Talk.__new__(Talk)
    stranger.channel, stranger.events = talk.channel, []
    stranger.connect(
        {"StreamUrl": f"{world.context.sessions.stream_base}/v1/data-channel/{talk.id}", "TokenValue": "x"}
    )
    stranger.run(lambda: False)
    assert stranger.gone
    assert not stranger.events
    world.ssm.terminate_session(SessionId=talk.id)
    talk.until_closed()


@pytest.mark.parametrize(
    ("document", "parameters", "code"),
    [
        ("No-Such", {}, "InvalidDocument"),
        ("AWS-StartSSHSession", {"portNumber": "x"}, "InvalidParameters"),
        ("AWS-StartSSHSession", {"host": "x"}, "InvalidParameters"),
        ("AWS-StartInteractiveCommand", {}, "InvalidParameters"),
    ],
)
def test_what_aws_refuses_is_refused(world: SessionWorld, document: str, parameters: dict[str, str], code: str) -> None:
    with pytest.raises(ClientError, match=code):
        world.open(document, **parameters)


def run_command(world: SessionWorld, *commands: str, **parameters: str) -> dict[str, Any]:
    given = {"commands": list(commands), **{name: [value] for name, value in parameters.items()}}
    sent = world.ssm.send_command(InstanceIds=[world.instance], DocumentName="AWS-RunShellScript", Parameters=given)
    asked = {"CommandId": sent["Command"]["CommandId"], "InstanceId": world.instance}
    world.wait_for(lambda: world.ssm.get_command_invocation(**asked)["Status"] not in ("Pending", "InProgress"))
    return dict(world.ssm.get_command_invocation(**asked))


def test_a_command_is_really_run(world: SessionWorld) -> None:
    done = run_command(world, "echo $AWS_SSM_INSTANCE_ID", "pwd", "echo oops >&2", workingDirectory="/tmp")
    assert (done["Status"], done["ResponseCode"]) == ("Success", 0)
    assert done["StandardOutputContent"] == f"{world.instance}\n/tmp\n"
    assert done["StandardErrorContent"] == "oops\n"
    (listed,) = world.ssm.list_command_invocations(CommandId=done["CommandId"], Details=True)["CommandInvocations"]
    assert "oops" in listed["CommandPlugins"][0]["Output"]
    assert world.ssm.list_commands(CommandId=done["CommandId"])["Commands"][0]["CompletedCount"] == 1


def test_a_command_that_fails_or_takes_too_long_is_told(world: SessionWorld) -> None:
    failed = run_command(world, "exit 5")
    assert (failed["Status"], failed["ResponseCode"]) == ("Failed", 5)
    late = run_command(world, "sleep 60", executionTimeout="1")
    assert late["Status"] == "TimedOut"


def test_a_command_for_nobody_is_refused(world: SessionWorld) -> None:
    with pytest.raises(ClientError, match="InvalidInstanceId"):
        world.ssm.send_command(
            InstanceIds=["i-0123456789abcdef0"], DocumentName="AWS-RunShellScript", Parameters={"commands": ["id"]}
        )
    with pytest.raises(ClientError, match="InvalidDocument"):
        world.ssm.send_command(InstanceIds=[world.instance], DocumentName="AWS-StartSSHSession")
