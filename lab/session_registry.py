# SPDX-License-Identifier: GPL-3.0-or-later
"""The agents and sessions of a lab: what the API and the session service both know."""

from __future__ import annotations

import hmac
import secrets
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from lab.world.machines.commands import Command, Invocation

Status = Literal["Connected", "Connecting", "Disconnected", "Terminated", "Terminating", "Failed"]
"""https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_Session.html"""

LOST_AFTER = 30.0
"""Real seconds without a heartbeat after which a machine's PingStatus is ConnectionLost.

The lab's agent sends one every 10 s. AWS's sends one every 5 minutes, so there it takes minutes to see
the same. The machines' clock is the real one at any speed of the lab, and so is this.
"""
IDLE_TIMEOUT = 20.0
"""Minutes without input or output after which a session ends, unless its document says another number.

https://docs.aws.amazon.com/systems-manager/latest/userguide/session-preferences-timeout.html
"""
_HISTORY = 1000


@dataclass
class Agent:
    """What a machine's agent has told about itself."""

    instance: str
    region: str
    information: dict[str, Any]
    registered: float
    """Lab wall clock."""
    heard: float
    """Lab wall clock of the last heartbeat."""
    heard_at: float = field(default_factory=time.monotonic)
    """Real monotonic time of the last heartbeat."""

    @property
    def online(self) -> bool:
        """Tell whether its heartbeats arrive."""
        return time.monotonic() - self.heard_at <= LOST_AFTER

    @property
    def ping_status(self) -> str:
        """Return the status as DescribeInstanceInformation has it."""
        return "Online" if self.online else "ConnectionLost"


@dataclass
class Session:
    """One session, from StartSession on."""

    id: str
    region: str
    target: str
    document_name: str
    document: dict[str, Any]
    """The document's content with its parameters filled in."""
    parameters: dict[str, list[str]]
    owner: str
    reason: str
    started: float
    """Lab wall clock."""
    active: float
    """Lab monotonic time of the last input or output."""
    status: Status = "Connecting"
    ended: float | None = None
    task: str = field(default_factory=lambda: str(uuid.uuid4()))
    client_token: str = ""
    agent_token: str = ""

    @property
    def over(self) -> bool:
        """Tell whether the session has come to its end."""
        return self.ended is not None

    def renew_client_token(self) -> str:
        """Return a token for the client's next websocket; the one before is no longer good."""
        self.client_token = secrets.token_urlsafe(96)
        return self.client_token

    def renew_agent_token(self) -> str:
        """Return a token for the agent's next websocket."""
        self.agent_token = secrets.token_urlsafe(96)
        return self.agent_token

    def admits(self, token: str, *, agent: bool = False) -> bool:
        """Tell whether a token opens this session's channel."""
        expected = self.agent_token if agent else self.client_token
        return bool(expected) and not self.over and hmac.compare_digest(expected.encode(), token.encode())

    def minutes(self, name: str, default: float) -> float:
        """Return one of the document's timeouts: `idleSessionTimeout`, `maxSessionDuration`."""
        value = str((self.document.get("inputs") or {}).get(name) or "")
        return float(value) if value.isdigit() else default


def _nobody(*_arguments: Any) -> None:
    """Do nothing, until the session service listens."""


@dataclass
class SessionRegistry:
    """All of a lab's agents and sessions. Each entry is replaced as a whole or has one writer."""

    agents: dict[str, Agent] = field(default_factory=dict)
    """By instance id."""
    connected: set[str] = field(default_factory=set)
    """The instances whose control channel is open."""
    sessions: dict[str, Session] = field(default_factory=dict)
    """By session id, the oldest first; those that are over as well."""
    commands: dict[str, Command] = field(default_factory=dict)
    """By command id, the oldest first."""
    stream_base: str = ""
    """Where clients on the host open their websockets."""
    deliver: Callable[[Session], None] = _nobody
    """Brings a new session to its agent; called from any thread, and does not wait."""
    finish: Callable[[Session], None] = _nobody
    """Ends a session; called from any thread, and does not wait."""
    run: Callable[[Command, Invocation], None] = _nobody
    """Brings a command to one instance's agent; called from any thread, and does not wait."""

    def hear(self, instance: str, region: str, information: dict[str, Any], now: float) -> None:
        """Take an agent's heartbeat."""
        known = self.agents.get(instance)
        self.agents[instance] = Agent(instance, region, information, known.registered if known else now, now)

    def add(self, session: Session) -> None:
        """Keep a new session, and forget the oldest of too long a history."""
        self.sessions[session.id] = session
        for old in [session for session in list(self.sessions.values()) if session.over][:-_HISTORY]:
            del self.sessions[old.id]
