# SPDX-License-Identifier: GPL-3.0-or-later
"""The API's HTTP, below what any SDK shows of it."""

from __future__ import annotations

import http.client
import json
import socket
from collections.abc import Iterator

import boto3
import pytest
from botocore.exceptions import ClientError

from lab.api.serving.server import Api
from lab.base.clock import Clock
from lab.base.key import Key
from lab.base.observed import Observed
from lab.base.paths import LabPaths
from lab.context import Context

OWNER = Key("AKIAOWNER", "the owner's secret")
HEAD = {"Authorization": f"Bearer {OWNER.secret_key}"}


def boom(_sent: object) -> object:
    raise ValueError


def context() -> Context:
    """What the API's server needs of a lab."""
    return Context(LabPaths("unit"), Clock(), None, Observed(), None, owner=OWNER)  # type: ignore[arg-type]


@pytest.fixture
def connection() -> Iterator[http.client.HTTPConnection]:
    pages = {"/echo": lambda sent: sent, "/deaf": lambda _sent: "nothing", "/boom": boom}
    api = Api(context(), pages)
    listener = socket.create_server(("127.0.0.1", 0))
    connection = http.client.HTTPConnection("127.0.0.1", listener.getsockname()[1], timeout=10)
    api.serve(listener)
    connection.connect()
    yield connection
    connection.close()
    api.close()


def ask(connection: http.client.HTTPConnection, method: str, path: str, body: object = None) -> tuple[int, bytes]:
    """Ask once, over the connection that is open: another one is a failure."""
    sock = connection.sock
    connection.request(method, path, json.dumps(body) if body else None, HEAD)
    response = connection.getresponse()
    answer = response.status, response.read()
    assert connection.sock is sock
    return answer


def test_a_connection_serves_one_call_after_another(connection: http.client.HTTPConnection) -> None:
    for number in range(3):
        assert ask(connection, "POST", "/echo", {"number": number}) == (200, json.dumps({"number": number}).encode())
        assert ask(connection, "GET", "/echo") == (200, b"null")


def test_a_head_has_no_body(connection: http.client.HTTPConnection) -> None:
    connection.request("HEAD", "/deaf", headers=HEAD)
    response = connection.getresponse()
    assert (response.read(), response.headers["Content-Length"]) == (b"", "9")
    assert ask(connection, "GET", "/deaf") == (200, b'"nothing"')


def test_a_fault_ends_no_connection(connection: http.client.HTTPConnection) -> None:
    assert ask(connection, "GET", "/boom") == (500, b"")
    assert ask(connection, "GET", "/deaf") == (200, b'"nothing"')


def test_a_body_waits_until_it_is_asked_for(connection: http.client.HTTPConnection) -> None:
    connection.putrequest("POST", "/echo")
    connection.putheader("Authorization", HEAD["Authorization"])
    connection.putheader("Content-Length", "4")
    connection.putheader("Expect", "100-continue")
    connection.endheaders()
    assert connection.sock.recv(100) == b"HTTP/1.1 100 Continue\r\n\r\n"
    connection.send(b"true")
    assert connection.sock.makefile("rb").read(15) == b"HTTP/1.1 200 OK"


def test_what_comes_in_chunks_is_read_to_its_end(connection: http.client.HTTPConnection) -> None:
    for pieces in ([b"1", b"2"], [b"1" * 100_000] * 20):
        head = {**HEAD, "Transfer-Encoding": "chunked"}
        connection.request("POST", "/deaf", iter(pieces), encode_chunked=True, headers=head)
        response = connection.getresponse()
        assert (response.status, response.read()) == (200, b'"nothing"')
    assert ask(connection, "GET", "/deaf") == (200, b'"nothing"')


def test_a_service_without_a_backend_is_refused_and_not_broken(caplog: pytest.LogCaptureFixture) -> None:
    api = Api(context(), {})
    listener = socket.create_server(("127.0.0.1", 0))
    url = f"http://127.0.0.1:{listener.getsockname()[1]}"
    api.serve(listener)
    known = {"aws_access_key_id": OWNER.access_key, "aws_secret_access_key": OWNER.secret_key}
    with caplog.at_level("INFO"):
        for service in ("wellarchitected", "waf-regional"):
            client = boto3.client(service, "eu-west-1", endpoint_url=url, **known)
            ask = client.list_workloads if service == "wellarchitected" else client.list_rules
            with pytest.raises(ClientError) as raised:
                ask()
            assert raised.value.response["Error"]["Code"] == "NotImplemented"
            assert raised.value.response["ResponseMetadata"]["HTTPStatusCode"] == 501
    api.close()
    said = [record for record in caplog.records if record.name == "lab.api.callers.unknown_paths"]
    assert len(said) == 2
    assert not [record for record in said if record.exc_info]
