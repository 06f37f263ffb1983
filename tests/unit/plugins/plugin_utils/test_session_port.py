# SPDX-License-Identifier: GPL-3.0-or-later
"""A forwarded port whose client says no more."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import closing
from types import SimpleNamespace
from typing import Any

import pytest

from plugins.plugin_utils._ssm.plugin import port
from plugins.plugin_utils._ssm.plugin.port import Forward


class Sockets:
    """The kernel's list of sockets, of which it is counted how often it is read."""

    def __init__(self) -> None:
        self.path = port._SOCKETS
        self.reads = 0

    def read_text(self) -> str:
        self.reads += 1
        return self.path.read_text()


@pytest.fixture
def forward(capsys: pytest.CaptureFixture[str]) -> Iterator[Forward]:
    link: Any = SimpleNamespace(channel=SimpleNamespace(waiting=0, send=lambda _data: None))
    signals: Any = None
    ready: Any = SimpleNamespace(agent_version="3.3.0.0", properties={"localPortNumber": "0"})
    made = Forward(link, signals, ready, "s-1")
    with closing(made._listener):
        yield made


def test_an_answer_in_many_pieces_is_not_held_up_by_looking_for_its_client(
    forward: Forward, monkeypatch: pytest.MonkeyPatch
) -> None:
    sockets = Sockets()
    monkeypatch.setattr(port, "_SOCKETS", sockets)
    with socket.create_connection(forward._listener.getsockname()) as client:
        forward.on_ready(forward._listener)
        client.shutdown(socket.SHUT_WR)
        (stream,) = forward._streams.values()
        forward.on_ready(stream)
        assert not stream.reading
        for _piece in range(1000):
            forward.tick()
        assert 1 <= sockets.reads < 10
        assert not stream.ended
    monkeypatch.setattr(port, "_LOOK_SECONDS", 0)
    forward.tick()
    assert forward._streams == {}, "the client has gone"
