# SPDX-License-Identifier: GPL-3.0-or-later
"""One session from its data channel's opening to its end."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import logging
import secrets
import time
import uuid

from wire.agent import AgentChannel, Input, KeyOffered, Refused, Size
from wire.channel import Closed, Event, Flagged, Notice, Ready
from wire.cipher import CipherError, HalvesCipher, context
from wire.frames import Flag, opening, serialise, session_state

from . import VERSION, task, users, websocket
from .pipe import HIGH_WATER, Outlet
from .service import Service, ServiceRefusedError, UnreachableError
from .transcript import Heading, NotEncryptedError, Transcript

_log = logging.getLogger(__name__)
_HANDSHAKE = 15.0
_DRAIN = 2.0
"""How long the last output may take to be acknowledged."""
_PING = 54.0
_FIRST_DELAY, _LONGEST_DELAY = 0.2, 5.0


class Session:
    """Serves one task."""

    def __init__(self, service: Service, wanted: task.Task) -> None:
        """Prepare; `run` begins."""
        self._service = service
        self._task = wanted
        self._channel = AgentChannel()
        self._wake = asyncio.Event()
        """Set when the sender has something new to look at."""
        self._freed = asyncio.Event()
        """Set when messages were acknowledged, so that there may be room for more."""
        self._handshaken = asyncio.Event()
        self._over = asyncio.Event()
        """Set when the service or the handshake has ended the session."""
        self._socket: websocket.WebSocket | None = None
        self._worker: task.Worker | None = None
        self._challenge = ""
        self._deciding: asyncio.Task[None] | None = None
        self._transcript: Transcript | None = None
        self._logging: asyncio.Task[None] | None = None

    @property
    def id(self) -> str:
        """Return the session's id."""
        return self._task.session

    def end(self) -> None:
        """End at once: the control channel said so, or the agent stops."""
        self._over.set()

    async def run(self) -> None:
        """Serve the session to its end."""
        connection = asyncio.create_task(self._stay_connected())
        work = asyncio.create_task(self._work())
        over = asyncio.create_task(self._over.wait())
        try:
            await asyncio.wait({work, over}, return_when=asyncio.FIRST_COMPLETED)
            if not self._over.is_set():
                await self._drain()
            await self._say("Terminating")
        finally:
            for running in (work, over, connection):
                running.cancel()
            await asyncio.gather(work, over, connection, return_exceptions=True)
            if self._socket:
                self._socket.close()
            await self._end_log()

    async def _work(self) -> None:
        try:
            worker = await asyncio.to_thread(task.worker, self._task, self._flag)
        except (task.UnsupportedError, users.NoUserError, OSError, KeyError, ValueError) as error:
            _log.warning("session %s cannot be served: %s", self._task.session, error)
            self._channel.skip_handshake()
            await self._outlet().put(f"{error}\n".encode())
            return
        self._worker = worker
        if not await self._begin(worker):
            return
        try:
            await self._begin_log()
        except NotEncryptedError as error:
            await self._outlet().put(f"{error}\n".encode())
            return
        status = await worker.run(self._outlet())
        if status is not None:
            self._channel.exit(status)
        self._wake.set()

    async def _begin_log(self) -> None:
        """Log what the terminal shows, if the session's document says so."""
        if not self._task.log_group:
            return
        metadata, user = self._service.metadata, self._task.run_as or users.SSM_USER
        heading = Heading(self.id, metadata.region, metadata.instance, self._task.owner, user)
        self._transcript = Transcript(self._service, self._task.log_group, heading)
        await self._transcript.check(encrypted=self._task.inputs.get("cloudWatchEncryptionEnabled") in (True, "true"))
        self._logging = asyncio.create_task(self._transcript.run())

    async def _end_log(self) -> None:
        if self._transcript and self._logging:
            self._logging.cancel()
            await asyncio.gather(self._logging, return_exceptions=True)
            await self._transcript.finish()

    def _flag(self, value: int) -> None:
        self._channel.flag(value)
        self._wake.set()

    async def _begin(self, worker: task.Worker) -> bool:
        """Come to the point from which input counts."""
        key = self._task.key
        if not worker.handshake and not key:
            self._channel.skip_handshake()
            return True
        self._challenge = base64.b64encode(secrets.token_bytes(16)).decode()
        self._channel.request_handshake(
            VERSION,
            self._task.session_type,
            self._task.properties or None,
            time.monotonic(),
            (key, self._challenge) if key else None,
        )
        self._wake.set()
        try:
            await asyncio.wait_for(self._handshaken.wait(), _HANDSHAKE)
        except TimeoutError:
            _log.warning("session %s: the client did not answer the handshake", self._task.session)
            return False
        return True

    def _outlet(self) -> Outlet:
        def send(data: bytes, kind: str) -> None:
            if self._transcript and kind == "output":
                self._transcript.take(data)
            self._channel.send(data, kind)
            self._wake.set()

        def room() -> bool:
            return self._channel.waiting < HIGH_WATER and not self._channel.paused

        return Outlet(send, room, self._freed)

    async def _drain(self) -> None:
        end = time.monotonic() + _DRAIN
        while self._channel.waiting and time.monotonic() < end:
            await asyncio.sleep(0.01)

    async def _say(self, state: str) -> None:
        if self._socket:
            with contextlib.suppress(websocket.DisconnectedError):
                await self._socket.send(serialise(session_state(self._task.session, state)))

    async def _stay_connected(self) -> None:
        """Keep the data channel open; one that breaks is opened again, and nothing is lost."""
        delay = _FIRST_DELAY
        while not self._over.is_set():
            try:
                self._socket = await self._open()
                delay = _FIRST_DELAY
                self._channel.reconnected()
                await self._say("Connected")
                await self._carry(self._socket)
            except ServiceRefusedError as error:
                if 400 <= error.status < 500:
                    _log.info("session %s is over: %s", self._task.session, error)
                    self._over.set()
                    return
            except (TimeoutError, websocket.DisconnectedError, UnreachableError) as error:
                _log.info("session %s: %s", self._task.session, error)
            await asyncio.sleep(delay)
            delay = min(_LONGEST_DELAY, 2 * delay)

    async def _open(self) -> websocket.WebSocket:
        channel = f"data-channel/{self._task.session}"
        identifier = str(uuid.uuid4())
        token = await self._service.token(channel, ClientId=identifier)
        opened = await self._service.open(channel, "role=publish_subscribe")
        first = opening(token, ClientInstanceId=self._service.metadata.instance, ClientId=identifier)
        await opened.send_text(first.encode())
        return opened

    async def _carry(self, socket: websocket.WebSocket) -> None:
        """Carry messages until the websocket breaks."""
        parts = [asyncio.create_task(part) for part in (self._receive(socket), self._send(socket), _ping(socket))]
        try:
            done, _rest = await asyncio.wait(parts, return_when=asyncio.FIRST_COMPLETED)
            for part in done:
                part.result()
        finally:
            for part in parts:
                part.cancel()
            await asyncio.gather(*parts, return_exceptions=True)

    async def _receive(self, socket: websocket.WebSocket) -> None:
        while True:
            data = await socket.receive()
            if not data:
                continue
            try:
                events = self._channel.receive(data, time.monotonic())
            except CipherError as error:
                _log.warning("session %s: %s", self.id, error)
                self._over.set()
                return
            for event in events:
                self._on(event)
            self._wake.set()
            self._freed.set()

    async def _send(self, socket: websocket.WebSocket) -> None:
        while True:
            self._wake.clear()
            for data in self._channel.due(time.monotonic()):
                await socket.send(data)
            wait = self._channel.wait(time.monotonic())
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._wake.wait(), wait)

    async def _take_key(self, encrypted: bytes) -> None:
        """Have KMS decrypt the client's key; without it the handshake never completes, as with AWS's agent."""
        bound = context(self.id, self._service.metadata.instance, self._challenge)
        try:
            key = await self._service.decrypt(self._task.key, encrypted, bound)
            self._channel.use_key(HalvesCipher(key, client=False))
        except (CipherError, ServiceRefusedError, UnreachableError) as error:
            _log.warning("session %s has no key: %s", self.id, error)
            self._over.set()
        self._wake.set()

    def _on(self, event: Event) -> None:
        worker = self._worker
        if isinstance(event, Input) and worker:
            worker.input(event.data)
        elif isinstance(event, Size) and worker:
            worker.resize(event.columns, event.rows)
        elif isinstance(event, Flagged):
            if event.value == Flag.TERMINATE_SESSION:
                self._over.set()
            elif worker:
                worker.flag(event.value)
        elif isinstance(event, KeyOffered):
            self._deciding = asyncio.create_task(self._take_key(event.encrypted_key))
        elif isinstance(event, Ready):
            self._handshaken.set()
        elif isinstance(event, (Closed, Refused)):
            self._over.set()
        elif isinstance(event, Notice):
            _log.info("session %s: %s", self._task.session, event.text)


async def _ping(socket: websocket.WebSocket) -> None:
    while True:
        await asyncio.sleep(_PING)
        await socket.ping()
