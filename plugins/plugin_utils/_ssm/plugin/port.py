# Copyright: hasite.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Port sessions: a machine's port joined to standard input and output, or to a port of this host.

PRIVATE to the collection.
"""

from __future__ import annotations

import os
import socket
import time
import typing as t
from pathlib import Path

from ..session.link import Link
from ..wire.channel import Event, Flagged, Output, Ready
from ..wire.errors import SessionError
from ..wire.frames import Flag
from ..wire.mux import Mux, MuxError
from .loop import HIGH_WATER, READ_SIZE, SessionLoop, Signals

if t.TYPE_CHECKING:
    from collections.abc import Sequence

_OLDEST_AGENT = (3, 0, 196, 0)
"""Agents newer than this one can carry more than one connection."""
_LINGER_SECONDS = 2.0
"""After the end of input an answer may still come; a session this long silent is done."""
_LOOK_SECONDS = 1.0
"""How often clients that say nothing more are looked at: the kernel's list of sockets is long on a busy host."""
_SOCKETS = Path("/proc/self/net/tcp")
"""https://docs.kernel.org/networking/proc_net_tcp.html."""


class Pipe(SessionLoop):
    """One TCP connection as this process's standard input and output, for `ProxyCommand` of ssh."""

    def __init__(self, link: Link, signals: Signals) -> None:
        super().__init__(link, signals)
        self._ended_at = 0.0

    def done(self) -> bool:
        """Tell whether input has ended and nothing more comes."""
        heard = max(self._ended_at, self.link.heard)
        return bool(self._ended_at) and not self.channel.waiting and time.monotonic() - heard >= _LINGER_SECONDS

    def pause(self) -> float:
        """Look at the end of input's silence in time."""
        return _LINGER_SECONDS / 4 if self._ended_at else 60.0

    def sources(self) -> Sequence[int]:
        """Read input, unless too much of it is on its way."""
        return [0] if not self._ended_at and self.channel.waiting < HIGH_WATER else []

    def on_ready(self, source: int) -> None:
        """Send input."""
        data = os.read(source, READ_SIZE)
        if data:
            self.channel.send(data)
        else:
            self._ended_at = time.monotonic()

    def on_event(self, event: Event) -> None:
        """Write output."""
        if isinstance(event, Output):
            self.show(1, event.data)
        else:
            _refuse(event)


class Forward(SessionLoop):
    """A port of the loopback whose connections end at the machine's port, each as a stream of its own."""

    def __init__(self, link: Link, signals: Signals, ready: Ready, session: str) -> None:
        """Listen; `localPortNumber` of 0 is any free port."""
        super().__init__(link, signals)
        version = tuple(int(part) for part in ready.agent_version.split(".") if part.isdigit())
        if version <= _OLDEST_AGENT:
            raise SessionError(f"Forwarding a port needs an SSM agent newer than 3.0.196.0, not {ready.agent_version}.")
        port = int(ready.properties.get("localPortNumber") or 0)
        try:
            self._listener = socket.create_server(("127.0.0.1", port), backlog=64)
        except OSError as error:
            raise SessionError(f"Port {port} of this host cannot be opened: {error}.") from error
        self._mux = Mux(client=True)
        self._streams: dict[int, _Stream] = {}
        self._looked_at = 0.0
        opened = self._listener.getsockname()[1]
        print(f"Port {opened} opened for sessionId {session}.\nWaiting for connections...", flush=True)

    def sources(self) -> Sequence[t.Any]:
        """Take connections, and read them unless too much is on its way."""
        if self.channel.waiting >= HIGH_WATER:
            return []
        return [self._listener, *(stream for stream in self._streams.values() if stream.reading)]

    def pause(self) -> float:
        """Look at the clients that say nothing more."""
        return 60.0 if all(stream.reading for stream in self._streams.values()) else _LOOK_SECONDS

    def tick(self) -> None:
        """End the streams whose clients have gone; one that has only ended its own half waits for the answer.

        A stream has one end for both directions: the agent closes the port's connection when it hears of it.
        """
        silent = [stream for stream in self._streams.values() if not stream.reading and not stream.ended]
        if not silent or time.monotonic() - self._looked_at < _LOOK_SECONDS:
            return
        self._looked_at = time.monotonic()
        for stream in silent:
            if not stream.is_heard():
                self._finish(stream)

    def sinks(self) -> Sequence[t.Any]:
        """Write to the connections that something is for."""
        return [stream for stream in self._streams.values() if stream.unsent]

    def on_ready(self, source: t.Any) -> None:
        """Open a stream for a new connection, or carry what a connection has, in either direction."""
        if source is self._listener:
            connection, _peer = self._listener.accept()
            number, data = self._mux.open()
            self._streams[number] = _Stream(number, connection)
            self.channel.send(data)
        else:
            self._carry(source)

    def _carry(self, stream: _Stream) -> None:
        try:
            stream.flush()
            data = stream.read()
        except OSError:
            stream.unsent.clear()
            self._finish(stream)
            return
        if data:
            self.channel.send(self._mux.data(stream.number, data))
        elif data is not None:
            stream.reading = False
        self._forget(stream)

    def _finish(self, stream: _Stream) -> None:
        self.channel.send(self._mux.finish(stream.number))
        stream.ended = True
        self._forget(stream)

    def on_event(self, event: Event) -> None:
        """Take what came from the machine's port."""
        if not isinstance(event, Output):
            if isinstance(event, Flagged) and event.value == Flag.CONNECT_TO_PORT_ERROR:
                self.tell("The machine's port does not accept the connection.")
            return
        try:
            for number, data in self._mux.feed(event.data):
                stream = self._streams.get(number)
                if stream and data:
                    stream.unsent += data
                elif stream:
                    stream.ended = True
                    self._forget(stream)
        except MuxError as error:
            raise SessionError(str(error)) from error

    def _forget(self, stream: _Stream) -> None:
        if stream.ended and not stream.unsent:
            stream.connection.close()
            self._streams.pop(stream.number, None)


class _Stream:
    """One connection to the local port."""

    def __init__(self, number: int, connection: socket.socket) -> None:
        self.number = number
        self.connection = connection
        self.unsent = bytearray()
        self.reading = True
        """False when the client has ended its half."""
        self.ended = False
        connection.setblocking(False)

    def fileno(self) -> int:
        """Return what to wait for."""
        return self.connection.fileno()

    def is_heard(self) -> bool:
        """Tell whether the client's end is still open. Where that cannot be found out, the port's end decides."""
        ports = [self.connection.getpeername()[1], self.connection.getsockname()[1]]
        try:
            rows = [line.split() for line in _SOCKETS.read_text().splitlines()]
        except OSError:
            return True
        # Local and remote address, and the inode: a socket that no process has any more has none.
        found = [row[9] for row in rows[1:] if [int(row[at].rpartition(":")[2], 16) for at in (1, 2)] == ports]
        return any(inode != "0" for inode in found)

    def read(self) -> bytes | None:
        """Return what the connection has; None when that is nothing yet."""
        try:
            return self.connection.recv(READ_SIZE)
        except BlockingIOError:
            return None

    def flush(self) -> None:
        """Write what the connection takes."""
        while self.unsent:
            try:
                del self.unsent[: self.connection.send(self.unsent)]
            except BlockingIOError:
                return


def _refuse(event: Event) -> None:
    if isinstance(event, Flagged) and event.value == Flag.CONNECT_TO_PORT_ERROR:
        raise SessionError("The machine's port does not accept the connection.")
