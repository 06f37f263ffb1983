# SPDX-License-Identifier: GPL-3.0-or-later
"""The command `session-manager-plugin`, run as the AWS CLI runs it, against the lab's service and agent."""

from __future__ import annotations

import contextlib
import json
import os
import pty
import select
import signal
import socket
import subprocess
import sys
import termios
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from plugins.plugin_utils._ssm.plugin.command import UsageError, read_order
from plugins.plugin_utils._ssm.wire.frames import CLIENT_VERSION
from tests.unit.lab.session_world import REGION, SessionWorld, connected_world

COMMAND = Path(__file__).parents[4] / "bin" / "session-manager-plugin"
STARTED = '{"SessionId":"s-1","StreamUrl":"wss://x/v1/data-channel/s-1","TokenValue":"secret"}'
MORE = ["", '{"Target":"i-1"}', "https://ssm.example"]


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SessionWorld]:
    with connected_world(tmp_path_factory.mktemp("command")) as made:
        yield made


def start(world: SessionWorld, document: str = "", streams: Any = subprocess.PIPE, **parameters: str) -> Any:
    """Start the command as the AWS CLI does."""
    request: dict[str, Any] = {"Target": world.instance}
    if document:
        request |= {"DocumentName": document, "Parameters": {name: [value] for name, value in parameters.items()}}
    started = world.ssm.start_session(**request)
    variable = "AWS_SSM_START_SESSION_RESPONSE"
    environment = {
        **os.environ,
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "AWS_ACCESS_KEY_ID": world.context.owner.access_key,
        "AWS_SECRET_ACCESS_KEY": world.context.owner.secret_key,
        variable: json.dumps({key: started[key] for key in ("SessionId", "StreamUrl", "TokenValue")}),
    }
    words = [str(COMMAND), variable, REGION, "StartSession", "", json.dumps(request), world.endpoint]
    return subprocess.Popen(
        words, stdin=streams, stdout=streams, stderr=subprocess.PIPE, env=environment, start_new_session=True
    )


def over(world: SessionWorld) -> bool:
    return not world.ssm.describe_sessions(State="Active")["Sessions"]


def test_the_version_is_told() -> None:
    done = subprocess.run([sys.executable, COMMAND, "--version"], capture_output=True, text=True, check=True)
    assert done.stdout == f"{CLIENT_VERSION}\n"


@pytest.mark.parametrize("variable", ["", "AWS_SSM_START_SESSION_RESPONSE", "AWS_SSM_START_SESSION_RESPONSE_9f"])
def test_the_order_is_read(variable: str) -> None:
    environment = {variable: STARTED, "HOME": "/"} if variable else {"HOME": "/"}
    order = read_order([variable or STARTED, REGION, "StartSession", *MORE], environment)
    assert (order.session, order.token, order.target) == ("s-1", "secret", "i-1")
    assert (order.api.region, order.api.profile, order.api.endpoint_url) == (REGION, None, "https://ssm.example")
    assert environment == {"HOME": "/"}
    assert "secret" not in repr(order)
    assert read_order([STARTED, REGION, "StartSession"], {}).target == ""


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["--help"],
        [STARTED, REGION, "StopSession", *MORE],
        ["{}", REGION, "StartSession", *MORE],
        ["[]", REGION, "StartSession", *MORE],
        ["nonsense", REGION, "StartSession", *MORE],
        ["AWS_SSM_START_SESSION_RESPONSE", REGION, "StartSession", *MORE],
    ],
)
def test_other_arguments_are_refused(arguments: list[str]) -> None:
    with pytest.raises(UsageError):
        read_order(arguments, {})


def test_a_shell_is_fed_from_a_pipe(world: SessionWorld) -> None:
    output, _errors = start(world).communicate(b"echo $((6*7))\n", timeout=30)
    assert output.startswith(b"\nStarting session with SessionId: ")
    assert b"\n42\r\n" in output
    assert output.rstrip().rsplit(b"\n", 1)[-1].startswith(b"Exiting session with sessionId: ")
    assert over(world)


@pytest.mark.parametrize("read", [0, 10])
def test_a_reader_who_goes_is_no_fault(world: SessionWorld, read: int) -> None:
    process = start(world)
    process.stdin.write(b"yes\n")
    process.stdin.flush()
    assert len(process.stdout.read(read)) == read
    process.stdout.close()
    process.stdin.close()
    assert (process.wait(30), process.stderr.read()) == (128 + signal.SIGPIPE, b"")
    world.wait_for(lambda: over(world))


@pytest.mark.parametrize("typed", [b"echo $((6*7))", b"cat; echo $((6*7))\n"])
def test_the_end_of_input_ends_the_shell(world: SessionWorld, typed: bytes) -> None:
    output, _errors = start(world).communicate(typed, timeout=30)
    assert b"\n42\r\n" in output
    assert over(world)


@pytest.mark.parametrize(("typed", "read"), [(b"", b""), (b"ab", b" 61 62\r\n"), (b"ab\n", b" 61 62 0a\r\n")])
def test_a_command_reads_what_was_given_and_no_more(world: SessionWorld, typed: bytes, read: bytes) -> None:
    command = "sh -c 'echo =; od -An -tx1; echo =; wc -c'"
    output, _errors = start(world, "AWS-StartInteractiveCommand", command=command).communicate(typed, timeout=30)
    echoed = typed.replace(b"\n", b"\r\n")
    assert output.partition(b"=\r\n")[2].removeprefix(echoed).startswith(read + b"=\r\n0\r\n")
    assert over(world)


def test_a_separated_command_shows_its_status_as_aws_does(world: SessionWorld) -> None:
    process = start(world, "AWS-StartNonInteractiveCommand", command="ls /bin/sh /none", separateOutputStream="true")
    output, errors = process.communicate(timeout=30)
    assert b"\n/bin/sh\nEXIT_CODE: 2\n" in output
    assert b"/none" in errors
    assert process.returncode == 0


def read_until(terminal: int, mark: bytes, seconds: float = 15) -> bytes:
    seen = b""
    deadline = time.monotonic() + seconds
    while mark not in seen:
        assert time.monotonic() < deadline, seen
        if select.select([terminal], [], [], 0.2)[0]:
            seen += os.read(terminal, 4096)
    return seen


def test_a_terminal_is_raw_has_its_size_and_is_left_as_it_was(world: SessionWorld) -> None:
    terminal, inner = pty.openpty()
    termios.tcsetwinsize(inner, (33, 111))
    before = termios.tcgetattr(inner)
    process = start(world, streams=inner)
    read_until(terminal, b"$ ")
    os.write(terminal, b"stty size\r")
    read_until(terminal, b"33 111")
    termios.tcsetwinsize(inner, (44, 122))
    process.send_signal(signal.SIGWINCH)
    os.write(terminal, b"sleep 60\r")
    read_until(terminal, b"sleep 60")
    os.write(terminal, b"\x03")
    read_until(terminal, b"$ ")
    os.write(terminal, b"stty size; exit\r")
    read_until(terminal, b"44 122")
    read_until(terminal, b"Exiting session")
    assert process.wait(10) == 0
    assert termios.tcgetattr(inner) == before
    assert over(world)


@pytest.fixture
def echo() -> Iterator[int]:
    """A port that gives back what it gets."""
    listener = socket.create_server(("127.0.0.1", 0))

    def serve(connection: socket.socket) -> None:
        with closing(connection):
            while data := connection.recv(65536):
                connection.sendall(data)

    def accept() -> None:
        while True:
            try:
                connection = listener.accept()[0]
            except OSError:
                return
            threading.Thread(target=serve, args=(connection,), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    yield listener.getsockname()[1]
    listener.shutdown(socket.SHUT_RDWR)
    listener.close()


def test_a_port_is_joined_to_the_streams(world: SessionWorld, echo: int) -> None:
    data = os.urandom(50_000)
    output, _errors = start(world, "AWS-StartSSHSession", portNumber=str(echo)).communicate(data, timeout=30)
    assert data in output
    assert over(world)


def test_a_closed_port_is_told(world: SessionWorld) -> None:
    process = start(world, "AWS-StartSSHSession", portNumber="1")
    _output, errors = process.communicate(timeout=30)
    assert b"does not accept the connection" in errors
    assert process.returncode == 1
    assert over(world)


def test_a_forwarded_port_takes_many_connections(world: SessionWorld, echo: int) -> None:
    process = start(world, "AWS-StartPortForwardingSession", portNumber=str(echo), localPortNumber="0")
    port = int(next(line for line in process.stdout if line.startswith(b"Port ")).split()[1])
    datas = [os.urandom(70_000) for _ in range(3)]
    connections = [socket.create_connection(("127.0.0.1", port), timeout=30) for _ in datas]
    for connection, data in zip(connections, datas, strict=True):
        threading.Thread(target=connection.sendall, args=(data,)).start()
    for connection, data in zip(connections, datas, strict=True):
        got = b""
        while len(got) < len(data):
            got += connection.recv(65536)
        assert got == data
        connection.close()
    process.send_signal(signal.SIGINT)
    assert process.wait(15) == 0
    world.wait_for(lambda: over(world))


@pytest.fixture
def answering() -> Iterator[tuple[int, list[bytes]]]:
    """A port that answers a request with much, after a moment; and what has come after the request."""
    listener = socket.create_server(("127.0.0.1", 0))
    after: list[bytes] = []

    def serve(connection: socket.socket) -> None:
        with closing(connection):
            if connection.recv(65536) == b"ask":
                time.sleep(1.5)
                connection.sendall(bytes(300_000))
            else:
                after.append(connection.recv(65536))

    def accept() -> None:
        with contextlib.suppress(OSError):
            while True:
                threading.Thread(target=serve, args=(listener.accept()[0],), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    yield listener.getsockname()[1], after
    listener.shutdown(socket.SHUT_RDWR)
    listener.close()


def test_a_forwarded_port_answers_who_says_no_more(world: SessionWorld, answering: tuple[int, list[bytes]]) -> None:
    port, after = answering
    process = start(world, "AWS-StartPortForwardingSession", portNumber=str(port), localPortNumber="0")
    opened = int(next(line for line in process.stdout if line.startswith(b"Port ")).split()[1])
    clients = [socket.create_connection(("127.0.0.1", opened), timeout=30) for _ in range(3)]
    for client in clients:
        client.sendall(b"ask")
        client.shutdown(socket.SHUT_WR)
    for client in clients:
        with client:
            got = b""
            while piece := client.recv(65536):
                got += piece
        assert len(got) == 300_000
    with socket.create_connection(("127.0.0.1", opened), timeout=30) as connection:
        connection.sendall(b"leave")
    world.wait_for(lambda: after == [b""])
    process.send_signal(signal.SIGINT)
    assert process.wait(15) == 0
    world.wait_for(lambda: over(world))


def test_an_ended_session_ends_the_command(world: SessionWorld) -> None:
    process = start(world)
    started = process.stdout.readline() + process.stdout.readline()
    assert process.stdout.read(1) == b"$"
    world.ssm.terminate_session(SessionId=started.split()[-1].decode())
    assert b"Exiting session" in process.stdout.read()
    assert process.wait(15) == 0


def test_a_killed_command_ends_its_session(world: SessionWorld) -> None:
    process = start(world)
    process.stdout.readline()
    process.stdout.readline()
    process.terminate()
    assert process.wait(15) == 128 + signal.SIGTERM
    assert over(world)
