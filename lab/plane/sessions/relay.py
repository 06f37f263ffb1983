# SPDX-License-Identifier: GPL-3.0-or-later
"""One session in the session service: carries frames between the client's websocket and the agent's.

Numbers, acknowledgements and the handshake are the two ends' own; the service looks at a frame's type only.
"""

from __future__ import annotations

import contextlib
from dataclasses import dataclass

from aiohttp import web

from lab.base.clock import Clock
from lab.session_registry import IDLE_TIMEOUT, Session
from lab.wire import frames

ABSENCE = 30.0
"""Lab seconds that an agent may be away from its session; AWS names no number."""


@dataclass
class Relay:
    """The two websockets of a session; either may be away for a while."""

    session: Session
    clock: Clock
    client: web.WebSocketResponse | None = None
    agent: web.WebSocketResponse | None = None
    agent_left: float = 0.0
    """Lab monotonic time since which the agent is away."""

    def __post_init__(self) -> None:
        """Expect the agent from now on."""
        self.agent_left = self.clock.monotonic()

    async def join_client(self, socket: web.WebSocketResponse) -> None:
        """Take the client's websocket; one that was there before is dead or stolen, and ends."""
        before, self.client = self.client, socket
        if before:
            await before.close()
        self.session.active = self.clock.monotonic()
        self.session.status = "Connected" if self.agent else "Connecting"
        await self._publish(frames.START_PUBLICATION)

    async def join_agent(self, socket: web.WebSocketResponse) -> None:
        """Take the agent's websocket; it is silenced while there is nobody to hear it."""
        before, self.agent = self.agent, socket
        if before:
            await before.close()
        if self.client:
            self.session.status = "Connected"
        await self._publish(frames.START_PUBLICATION if self.client else frames.PAUSE_PUBLICATION)

    async def leave_client(self, socket: web.WebSocketResponse) -> None:
        """Note that the client has gone; it may resume until the session is idle for too long."""
        if self.client is socket:
            self.client = None
            if not self.session.over:
                self.session.status = "Disconnected"
            await self._publish(frames.PAUSE_PUBLICATION)

    def leave_agent(self, socket: web.WebSocketResponse) -> None:
        """Note that the agent has gone."""
        if self.agent is socket:
            self.agent = None
            self.agent_left = self.clock.monotonic()

    async def from_client(self, data: bytes) -> None:
        """Carry a client's frame; what the agent misses, the client repeats."""
        if kind(data) == frames.INPUT:
            self.session.active = self.clock.monotonic()
        if self.agent:
            await _send(self.agent, data)

    async def from_agent(self, data: bytes) -> bool:
        """Carry an agent's frame; return True when the agent says that the session ends."""
        name = kind(data)
        if name == frames.AGENT_SESSION_STATE:
            return b'"Terminating"' in data
        if self.client:
            if name == frames.OUTPUT:
                self.session.active = self.clock.monotonic()
            await _send(self.client, data)
        return False

    def expired(self) -> str:
        """Return why the service has to end the session now, or nothing."""
        now = self.clock.monotonic()
        if self.agent is None and now - self.agent_left > ABSENCE:
            return "The machine's agent has left the session."
        if now - self.session.active > 60 * self.session.minutes("idleSessionTimeout", IDLE_TIMEOUT):
            return "The session has been idle for too long."
        longest = self.session.minutes("maxSessionDuration", 0)
        if longest and self.clock.time() - self.session.started > 60 * longest:
            return "The session has lasted for as long as it may."
        return ""

    async def close(self, output: str) -> None:
        """End the session at both ends."""
        session = self.session
        if self.client:
            await _send(self.client, frames.serialise(frames.channel_closed(session.id, session.target, output)))
        if self.agent:
            await _send(self.agent, frames.serialise(frames.channel_closed(session.id, session.target)))
        for socket in (self.client, self.agent):
            if socket:
                with contextlib.suppress(ConnectionError):
                    await socket.close()
        self.client = self.agent = None

    async def _publish(self, name: str) -> None:
        if self.agent:
            await _send(self.agent, frames.serialise(frames.Frame(name)))


def kind(data: bytes) -> str:
    """Return a frame's type, without a look at the rest."""
    return data[4:36].strip(b"\0 ").decode("ascii", "replace")


async def _send(socket: web.WebSocketResponse, data: bytes) -> None:
    # A websocket that breaks is noticed by whoever reads it.
    with contextlib.suppress(ConnectionError, RuntimeError):
        await socket.send_bytes(data)
