# SPDX-License-Identifier: GPL-3.0-or-later
"""A session's client for tests: the shared wire format on a websocket, and nothing of Ansible."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable

import websocket

from plugins.plugin_utils._ssm.wire.channel import ClientChannel, Closed, Event, ExitCode, Output, Ready
from plugins.plugin_utils._ssm.wire.frames import client_opening


class Talk:
    """A client's session."""

    def __init__(self, started: dict[str, str]) -> None:
        self.id = started["SessionId"]
        self.channel = ClientChannel()
        self.events: list[Event] = []
        self.gone = False
        self.connect(started)

    def connect(self, opened: dict[str, str]) -> None:
        self.socket = websocket.create_connection(opened["StreamUrl"], timeout=10)
        self.socket.send(client_opening(opened["TokenValue"]))
        self.gone = False

    def run(self, until: Callable[[], bool], seconds: float = 10) -> None:
        end = time.monotonic() + seconds
        while not until() and not self.gone:
            assert time.monotonic() < end, self.events
            # A connection that takes nothing any more may still hold the service's last word.
            with contextlib.suppress(OSError, websocket.WebSocketException):
                for data in self.channel.due(time.monotonic()):
                    self.socket.send_binary(data)
            self.socket.settimeout(min(0.1, self.channel.wait(time.monotonic()) or 0.1) or 0.001)
            try:
                data = self.socket.recv()
            except websocket.WebSocketTimeoutException:
                continue
            except (websocket.WebSocketException, OSError):
                data = b""
            if not data:
                self.gone = True
                return
            self.events += self.channel.receive(data, time.monotonic())

    def until_closed(self) -> None:
        self.run(lambda: any(isinstance(event, Closed) for event in self.events))

    def read_until(self, mark: bytes, seconds: float = 10) -> bytes:
        self.run(lambda: mark in self.output, seconds)
        return self.output

    @property
    def output(self) -> bytes:
        return self._of("output")

    @property
    def errors(self) -> bytes:
        return self._of("stderr")

    def _of(self, kind: str) -> bytes:
        return b"".join(event.data for event in self.events if isinstance(event, Output) and event.kind == kind)

    @property
    def code(self) -> int | None:
        return next((event.code for event in self.events if isinstance(event, ExitCode)), None)

    @property
    def ready(self) -> Ready | None:
        return next((event for event in self.events if isinstance(event, Ready)), None)
