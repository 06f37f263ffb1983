# Copyright: hasite.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
r"""The background process that keeps one session open, as ssh's ControlPersist does.

PRIVATE to the collection. Started by `_ssm.daemon.control`, which tells it on its standard input which
session it is to keep; it answers there whether the session's shell is ready, and from then on serves
commands on a local socket, one after the other; who comes while one runs is told so. It ends, and with it
the session, when nobody has asked for anything for a while, when it is told to, and when the session has died.
"""

from __future__ import annotations

import contextlib
import json
import select
import signal
import socket
import sys
import time
import typing as t
from pathlib import Path

from ..._ipc import framing as wire
from ..._ipc.background import Listener, report_ready
from ..session.api import Api, in_child_process
from ..session.client import Abandoned, CommandTimeoutError, Session, Watched
from ..session.link import open_websocket
from ..session.result import Password
from ..wire.cipher import context
from ..wire.errors import SessionError

_FRESH_SECONDS = 5.0
"""A session that was heard so recently is believed to live; an older one is asked first."""
_ALIVE_SECONDS = 10.0
_GREETING_SECONDS = 5.0


class _Stop(Exception):  # noqa: N818 (a request to end, not a fault)
    """The process is to end."""


class _Client(t.NamedTuple):
    """Who waits for a command: when it goes, the command ends."""

    sock: socket.socket

    def fileno(self) -> int:
        return self.sock.fileno()

    def on_readable(self) -> None:
        if not self.sock.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT):
            raise Abandoned("Who asked for the command has gone.")


class _Newcomers(t.NamedTuple):
    """Those who come while a command runs: they are told, and may take another session."""

    door: Listener

    def fileno(self) -> int:
        return self.door.listener.fileno()

    def on_readable(self) -> None:
        client = self.door.accept()
        if client:
            with client:
                client.settimeout(_GREETING_SECONDS)
                _tell(client, {"busy": True})


def serve(session: Session, door: Listener, idle_seconds: float) -> None:
    """Serve commands until the session is to end."""
    used = time.monotonic()
    while not door.displaced:
        left = used + idle_seconds - time.monotonic()
        if left <= 0:
            return
        waited_for: list[t.Any] = [session, door.listener]
        readable = select.select(waited_for, [], [], min(left, 5.0))[0]
        if door.listener in readable:
            client = door.accept()
            if not client:
                continue
            with client:
                if not _serve_one(session, door, client):
                    return
            used = time.monotonic()
        else:
            session.pump(0)


def _serve_one(session: Session, door: Listener, client: socket.socket) -> bool:
    """Serve one request; return False if it was the last one.

    Before the client hears that the session ends, the door is closed: it may start another daemon at
    once. A client that hears nothing at all knows that its command has not begun.
    """
    client.settimeout(_GREETING_SECONDS)
    try:
        wire.send(client, {"free": True})
        header, parts = wire.receive(client)
    except (OSError, EOFError, ValueError):
        return True  # who asked has gone
    if header["request"] == "stop":
        door.close()
        return False
    try:
        if not _lives(session):
            raise _Stop
        _tell(client, {"begun": True})
        client.settimeout(None)
        answer, output = _run(session, header, parts, [_Client(client), _Newcomers(door)])
    except _Stop:
        door.close()
        raise
    except SessionError as error:
        door.close()
        _tell(client, {"error": str(error), "timeout": isinstance(error, CommandTimeoutError)})
        raise
    _tell(client, answer, *output)
    return True


def _lives(session: Session) -> bool:
    """Tell whether a command may begin: what has come by now is read before."""
    try:
        session.pump(0)
    except SessionError:
        return False
    return time.monotonic() - session.heard <= _FRESH_SECONDS or session.alive(_ALIVE_SECONDS)


def _run(
    session: Session, header: dict[str, t.Any], parts: list[bytes], watch: list[Watched]
) -> tuple[dict[str, t.Any], list[bytes]]:
    command, stdin, text = parts
    password = Password(text.decode(), tuple(header["prompts"]), header["success"]) if header["prompts"] else None
    result = session.run(command, stdin, password, header["seconds"], watch)
    return {"status": result.status}, [result.stdout, result.stderr]


def _tell(client: socket.socket, header: dict[str, t.Any], *parts: bytes) -> None:
    with contextlib.suppress(OSError):  # who asked may have gone
        wire.send(client, header, *parts)


def _stop(_number: int, _frame: object) -> None:
    raise _Stop


def main() -> None:
    """Keep the session that standard input describes."""
    signal.signal(signal.SIGTERM, _stop)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    order = json.load(sys.stdin)
    api = Api(**order["api"])
    path = Path(order["socket"])
    door: Listener | None = None
    session: Session | None = None
    try:
        session = Session(
            lambda: open_websocket(order["url"], order["ca_file"], order["seconds"]),
            order.pop("token"),
            lambda: in_child_process(lambda: api.resume(order["session"])),
            lambda key, challenge: in_child_process(
                lambda: api.data_key(key, context(order["session"], order["target"], challenge))
            ),
            order["required_key"],
        )
        session.start(order["seconds"])
        door = Listener(path)
        report_ready({"ready": True})
        serve(session, door, order["idle_seconds"])
        door.close()
        session.leave()
    except _Stop:
        pass
    except SessionError as error:
        report_ready({"error": str(error), "permanent": error.permanent})
    except OSError as error:
        report_ready({"error": f"The session cannot be kept at {path}: {error}."})
    finally:
        if door:
            door.close()
        if session:
            session.close()
        if not (session and session.over):
            api.terminate(order["session"])
        Path(order["record"]).unlink(missing_ok=True)
