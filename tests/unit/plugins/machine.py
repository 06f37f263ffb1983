# SPDX-License-Identifier: GPL-3.0-or-later
"""A machine behind Session Manager, in one thread: the three calls of the API, the stream, a shell in a terminal."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import pty
import subprocess
import threading
import time
from pathlib import Path
from typing import Any

from aiohttp import WSMsgType, web

from plugins.plugin_utils._ssm.wire.agent import AgentChannel, Input
from plugins.plugin_utils._ssm.wire.frames import channel_closed, serialise


class Machine:
    """Answers at `url` until `close`. Tests change its behaviour by its attributes."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.started: list[str] = []
        self.terminated: list[str] = []
        """The sessions that are over, whoever has ended them."""
        self.callers: list[str] = []
        """The access keys of all calls."""
        self.refusals: dict[str, tuple[str, str]] = {}
        """By operation: the error's code, and what it says."""
        self.connected = True
        self.session_type = ""
        """What a session's document makes of it, if that is no shell."""
        self.silent = False
        """The agent takes no message any more, as that of a machine that was cut off."""
        self.outage = 0
        """How many calls of ResumeSession fail, as when the way to AWS is interrupted."""
        self.url = ""
        self._sockets: dict[str, web.WebSocketResponse] = {}
        self._terminals: dict[str, int] = {}
        self._channels: dict[str, AgentChannel] = {}
        self._children: dict[str, subprocess.Popen[bytes]] = {}
        self._tasks: list[asyncio.Task[None]] = []
        self._loop = asyncio.new_event_loop()
        self._listening = threading.Event()
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()
        assert self._listening.wait(10)

    def close(self) -> None:
        """End it with its shells."""
        for child in self._children.values():
            child.kill()
            child.wait()
        self._loop.call_soon_threadsafe(self._end)
        self._thread.join(10)

    def _end(self) -> None:
        for task in asyncio.all_tasks(self._loop):
            task.cancel()
        self._loop.call_soon(self._loop.stop)

    def end_sessions(self) -> None:
        """End every session, as the service does."""
        asyncio.run_coroutine_threadsafe(self._end_sessions(), self._loop).result(10)

    def cut(self) -> None:
        """Drop the connections; the sessions go on."""
        asyncio.run_coroutine_threadsafe(self._cut(), self._loop).result(10)

    async def _end_sessions(self) -> None:
        for session in list(self._sockets):
            await self._end_session(session)

    async def _end_session(self, session: str) -> None:
        self._over(session)
        with contextlib.suppress(ConnectionError):
            await self._sockets[session].send_bytes(serialise(channel_closed(session, "test")))
            await self._sockets[session].close()

    def _over(self, session: str) -> None:
        if session not in self.terminated:
            self.terminated.append(session)
            # As the agent does; whoever has the terminal is hung up with its shell.
            self._children[session].kill()

    async def _cut(self) -> None:
        for socket in list(self._sockets.values()):
            socket._writer.transport.abort()  # type: ignore[union-attr]

    def _serve(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.run_until_complete(self._listen())
        self._listening.set()
        self._loop.run_forever()

    async def _listen(self) -> None:
        app = web.Application()
        app.router.add_post("/", self._call)
        app.router.add_get("/v1/data-channel/{session}", self._stream)
        runner = web.AppRunner(app)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        host, port = runner.addresses[0][:2]
        self.url = f"http://{host}:{port}"

    async def _call(self, request: web.Request) -> web.Response:
        operation = request.headers["X-Amz-Target"].split(".")[1]
        body = json.loads(await request.read())
        answer: dict[str, Any] = {}
        self.callers.append(request.headers["Authorization"].partition("Credential=")[2].partition("/")[0])
        if operation in self.refusals:
            code, message = self.refusals[operation]
            return web.json_response({"__type": code, "message": message}, status=400)
        if operation == "StartSession":
            if not self.connected:
                return web.json_response({"__type": "TargetNotConnected", "message": "not connected"}, status=400)
            session = f"test-{len(self.started)}"
            self.started.append(session)
            stream = f"{self.url.replace('http', 'ws')}/v1/data-channel/{session}?role=publish_subscribe"
            answer = {"SessionId": session, "TokenValue": "secret", "StreamUrl": stream}
        elif operation == "TerminateSession":
            self._over(body["SessionId"])
            answer = {"SessionId": body["SessionId"]}
        elif operation == "ResumeSession" and self.outage:
            self.outage -= 1
            return web.json_response({"__type": "InternalServerError", "message": "later"}, status=500)
        elif operation == "ResumeSession" and body["SessionId"] in self._channels:
            answer = {"SessionId": body["SessionId"], "TokenValue": "secret", "StreamUrl": ""}
        return web.json_response(answer, content_type="application/x-amz-json-1.1")

    async def _stream(self, request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        session = request.match_info["session"]
        assert json.loads((await socket.receive()).data)["TokenValue"] == "secret"
        self._sockets[session] = socket
        if session in self._channels:
            self._channels[session].reconnected()
        else:
            channel = self._channels[session] = AgentChannel()
            if self.session_type:
                channel.request_handshake("3.3.0.0", self.session_type, None, time.monotonic())
            else:
                channel.skip_handshake()
            self._shell(session, channel)
        async for message in socket:
            if message.type is WSMsgType.BINARY and not self.silent:
                for event in self._channels[session].receive(message.data, time.monotonic()):
                    if isinstance(event, Input):
                        await self._type(session, event.data)
        return socket

    def _shell(self, session: str, channel: AgentChannel) -> None:
        terminal, inner = pty.openpty()
        environment = {"PATH": f"{self.home}:{os.environ['PATH']}", "HOME": str(self.home), "TERM": "xterm-256color"}
        environment["TMPDIR"] = str(self.home)
        # As the agent starts it: a hangup that whoever runs the tests ignores (nohup) still ends it.
        command = ["env", "--default-signal=HUP", "setsid", "--ctty", "sh", "-i"]
        child = subprocess.Popen(command, stdin=inner, stdout=inner, stderr=inner, env=environment, cwd="/")
        os.close(inner)
        self._children[session] = child
        self._terminals[session] = terminal
        self._tasks += [
            self._loop.create_task(self._pump(session, channel, terminal)),
            self._loop.create_task(self._keep_sending(session)),
        ]

    async def _type(self, session: str, data: bytes) -> None:
        await asyncio.get_running_loop().run_in_executor(None, _write_all, self._terminals[session], data)

    async def _pump(self, session: str, channel: AgentChannel, terminal: int) -> None:
        while True:
            try:
                data = await asyncio.get_running_loop().run_in_executor(None, os.read, terminal, 1024)
            except OSError:
                data = b""
            if not data:
                await self._end_session(session)
                return
            channel.send(data)

    async def _keep_sending(self, session: str) -> None:
        channel = self._channels[session]
        while True:
            # Nobody else sends on the socket, so what is due is sent once and in order.
            with contextlib.suppress(ConnectionError):
                for data in channel.due(time.monotonic()):
                    await self._sockets[session].send_bytes(data)
            await asyncio.sleep(min(0.005, channel.wait(time.monotonic()) or 0.005))


def _write_all(terminal: int, data: bytes) -> None:
    while data:
        data = data[os.write(terminal, data) :]
