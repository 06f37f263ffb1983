# SPDX-License-Identifier: GPL-3.0-or-later
"""The pure parts of the machines' agent."""

from __future__ import annotations

import datetime
import json
import os
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials as BotoCredentials
from hypothesis import given
from hypothesis import strategies as st

sys.path.append(str(Path(__file__).parents[3] / "lab/image/files/usr/lib/hasite-lab"))

from agent import job, task, users
from agent import main as main  # for the type checker: it imports all of the agent
from agent.command import Command
from agent.forward import ForbiddenHostError, Forward, allowed
from agent.port import Port
from agent.shell import Shell
from agent.signing import Credentials, sign
from agent.utf8_quirks import LinePrefix, Utf8Filter
from wire.frames import FrameError

NOW = datetime.datetime(2026, 1, 2, 3, 4, 5, tzinfo=datetime.UTC)
CREDENTIALS = Credentials("AKID", "secret", "token", NOW)


@given(st.text(alphabet=st.characters(exclude_characters="�", exclude_categories=["Cs"])), st.integers(1, 9))
def test_text_passes_whatever_way_it_is_cut(text: str, step: int) -> None:
    data, utf8 = text.encode(), Utf8Filter()
    assert b"".join(utf8.feed(data[at : at + step]) for at in range(0, len(data), step)) == data


def test_the_faults_of_the_real_agent_are_kept() -> None:
    assert Utf8Filter().feed("a�bcd".encode()) == b"a\xefbcd", "U+FFFD becomes one byte"
    assert Utf8Filter().feed(b"\xff\xfeabcd") == b"\xff\xfeabcd", "invalid bytes pass"
    utf8 = Utf8Filter()
    assert utf8.feed(b"abc\xff\xfe") == b"abc", "up to three at the end are kept"
    assert utf8.feed(b"defg") == b"\xff\xfedefg"


@given(st.binary(max_size=300))
def test_bytes_without_the_replacement_are_only_ever_delayed(data: bytes) -> None:
    if b"\xef\xbf\xbd" not in data:
        assert data.startswith(Utf8Filter().feed(data))


@given(st.lists(st.text("ab\n", max_size=9), max_size=6))
def test_each_line_is_prefixed_once_whatever_way_it_is_cut(parts: list[str]) -> None:
    lines = LinePrefix(b"> ")
    marked = b"".join(lines.feed(part.encode()) for part in parts)
    assert marked == b"".join(b"> " + line for line in "".join(parts).encode().splitlines(keepends=True))


@pytest.mark.parametrize(
    ("method", "url", "body"),
    [
        ("POST", "https://ssm.eu-west-1.amazonaws.com/", b'{"InstanceId":"i-1"}'),
        ("GET", "https://ssmmessages.eu-west-1.amazonaws.com/v1/control-channel/i-1?stream=input&role=subscribe", b""),
        ("POST", "http://127.0.0.1:8080/v1/data-channel/a%20b", b"{}"),
    ],
)
def test_requests_are_signed_as_the_sdk_signs_them(method: str, url: str, body: bytes) -> None:
    signed = sign(CREDENTIALS, "eu-west-1", "ssm", method, url, body, {"Content-Type": "application/json"}, NOW)
    headers = {name: value for name, value in signed.items() if name != "authorization"}
    request = AWSRequest(method, url, headers=headers, data=body)
    request.context["timestamp"] = "20260102T030405Z"
    auth = SigV4Auth(BotoCredentials("AKID", "secret", "token"), "ssm", "eu-west-1")
    expected = auth.signature(auth.string_to_sign(request, auth.canonical_request(request)), request)
    assert signed["authorization"].endswith(f"Signature={expected}")


def message(session_type: str, properties: object = None, **inputs: object) -> bytes:
    document = {"schemaVersion": "1.0", "sessionType": session_type, "properties": properties, "inputs": inputs}
    content = {"SessionId": "s-1", "DocumentContent": document, "RunAsUser": ""}
    return json.dumps({"TaskId": "t", "Topic": "x", "Content": json.dumps(content)}).encode()


LINUX = {"linux": {"commands": "id", "separateOutputStream": "true"}}


@pytest.mark.parametrize(
    ("payload", "kind"),
    [
        (message("Standard_Stream"), Shell),
        (message("InteractiveCommands", LINUX), Shell),
        (message("NonInteractiveCommands", LINUX), Command),
        (message("Port", {"portNumber": "22"}), Port),
        (message("Port", {"portNumber": "80", "type": "LocalPortForwarding"}), Forward),
        (message("Port", {"portNumber": "80", "type": "LocalPortForwarding", "host": "localhost"}), Forward),
    ],
)
def test_a_task_gets_its_worker(monkeypatch: pytest.MonkeyPatch, payload: bytes, kind: Callable[..., object]) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 65534)
    monkeypatch.setattr("agent.users._named", lambda name: users.User(name, 1, 1, "/"))
    assert type(task.worker(task.read(payload), print)) is kind


@pytest.mark.parametrize(
    "payload",
    [
        message("Port", {"portNumber": "80", "type": "RemotePortForwarding"}),
        message("Telepathy"),
    ],
)
def test_what_the_agent_cannot_serve_is_refused(monkeypatch: pytest.MonkeyPatch, payload: bytes) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 65534)
    monkeypatch.setattr("agent.users._named", lambda name: users.User(name, 1, 1, "/"))
    with pytest.raises(task.UnsupportedError):
        task.worker(task.read(payload), print)


@pytest.mark.parametrize("payload", [b"", b"{}", b'{"TaskId":"t","Content":"{}"}', b'{"TaskId":"t","Content":"x"}'])
def test_a_task_that_is_none_is_refused(payload: bytes) -> None:
    with pytest.raises(FrameError):
        task.read(payload)
    with pytest.raises(FrameError):
        job.read(payload)


@pytest.mark.parametrize("host", ["169.254.169.254", "fe80::1", "fd00:ec2::254", "127.0.0.53"])
def test_metadata_and_the_resolver_are_not_forwarded_to(tmp_path: Path, host: str) -> None:
    resolv_conf = tmp_path / "resolv.conf"
    resolv_conf.write_text("search x\nnameserver 127.0.0.53\n")
    with pytest.raises(ForbiddenHostError, match="not allowed"):
        allowed(host, resolv_conf)
    assert allowed("127.0.0.1", resolv_conf) == "127.0.0.1"
