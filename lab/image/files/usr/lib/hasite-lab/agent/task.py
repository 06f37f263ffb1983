# SPDX-License-Identifier: GPL-3.0-or-later
"""What the service asks an agent to do: the message that starts a session. Pure, but for choosing the user."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Protocol

from wire.frames import FrameError, read_json

from . import users
from .command import Command
from .forward import Forward, allowed
from .pipe import Outlet
from .port import Port
from .shell import Shell


class Worker(Protocol):
    """What a session runs."""

    handshake: bool

    async def run(self, outlet: Outlet) -> int | None:
        """Run to the end; return the exit status if the client is to be told one."""

    def input(self, data: bytes) -> None:
        """Take the client's bytes."""

    def resize(self, columns: int, rows: int) -> None:
        """Take the client's terminal size."""

    def flag(self, value: int) -> None:
        """Take a port session's flag."""

    def kill(self) -> None:
        """End at once."""


class UnsupportedError(Exception):
    """A session that this agent cannot serve."""


@dataclass(frozen=True)
class Task:
    """A session to serve."""

    id: str
    topic: str
    session: str
    session_type: str
    properties: dict[str, Any] = field(default_factory=dict)
    inputs: dict[str, Any] = field(default_factory=dict)
    run_as: str = ""
    owner: str = ""

    @property
    def log_group(self) -> str:
        """Return the log group that gets what the terminal shows, as it is shown; only terminals are logged so."""
        streamed = self.inputs.get("cloudWatchStreamingEnabled") in (True, "true")
        terminal = self.session_type in ("Standard_Stream", "InteractiveCommands")
        return str(self.inputs.get("cloudWatchLogGroupName") or "") if streamed and terminal else ""

    @property
    def key(self) -> str:
        """Return the KMS key that encrypts the session; ports are never encrypted beyond TLS."""
        return "" if self.session_type == "Port" else str(self.inputs.get("kmsKeyId") or "")


def read(payload: bytes) -> Task:
    """Return the task in an `interactive_shell` message."""
    message = read_json(payload, "task")
    try:
        content = json.loads(message["Content"])
        document = content["DocumentContent"]
        inputs = document.get("inputs") or {}
        run_as = content.get("RunAsUser") or inputs.get("runAsDefaultUser") or ""
        return Task(
            id=message["TaskId"],
            topic=message.get("Topic", ""),
            session=content["SessionId"],
            session_type=document["sessionType"],
            properties=document.get("properties") or {},
            inputs=inputs,
            run_as=run_as if inputs.get("runAsEnabled") in (True, "true") else "",
            owner=str(content.get("SessionOwner") or ""),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise FrameError(f"The task is not understood: {error!r}.") from error


def worker(task: Task, tell: Callable[[int], None]) -> Worker:
    """Return what serves the session; may make the user it runs as. `tell` sends the client a flag."""
    if task.session_type == "Port":
        return _port(task.properties, tell)
    linux = task.properties.get("linux") or {}
    user = users.choose(task.run_as, elevated=linux.get("runAsElevated") in (True, "true"))
    if task.session_type == "Standard_Stream":
        return Shell(user, profile=(task.inputs.get("shellProfile") or {}).get("linux", ""))
    if task.session_type == "InteractiveCommands":
        return Shell(user, linux.get("commands", ""))
    if task.session_type == "NonInteractiveCommands":
        return Command(
            user,
            linux.get("commands", ""),
            linux.get("separateOutputStream") in (True, "true", "True"),
            linux.get("stdOutSeparatorPrefix") or "",
            linux.get("stdErrSeparatorPrefix") or "",
        )
    raise UnsupportedError(f"This agent does not serve sessions of type {task.session_type}.")


def _port(properties: dict[str, Any], tell: Callable[[int], None]) -> Worker:
    port = int(properties["portNumber"])
    host = properties.get("host")
    kind = properties.get("type")
    if kind not in (None, "", "LocalPortForwarding"):
        raise UnsupportedError(f"This agent does not serve {kind} sessions.")
    if kind:
        return Forward(allowed(host) if host else "localhost", port, tell)
    return Port(port, tell)
