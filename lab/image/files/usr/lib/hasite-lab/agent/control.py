# SPDX-License-Identifier: GPL-3.0-or-later
"""The control channel: by it the service reaches a machine that nobody can reach from outside."""

from __future__ import annotations

import asyncio
import logging
import time
import uuid
from typing import Any

from wire import frames

from . import VERSION, job, task, websocket
from .service import Service
from .session import Session

_log = logging.getLogger(__name__)
_PING = 5.0
"""AWS's agent pings every 54 s; this one sees sooner that its path has gone, so it is back sooner."""
_SILENCE = 15.0
"""A control channel from which nothing came for so long is dead."""
_REPEAT = 1.0
"""Until the service has acknowledged that a task is complete, it is told again after this."""


class ControlChannel:
    """Keeps one control channel, and the sessions that came by it."""

    def __init__(self, service: Service) -> None:
        """Prepare; `run` opens."""
        self._service = service
        self._sessions: dict[str, Session] = {}
        """By task."""
        self._running: set[asyncio.Task[None]] = set()
        self._completed: dict[str, task.Task] = {}
        """Those whose end the service has not acknowledged."""
        self._jobs: dict[str, dict[str, Any]] = {}
        """Commands: empty while one runs, then its result until the service has acknowledged it."""
        self._heard = 0.0

    async def run(self) -> None:
        """Open the control channel and serve until it breaks."""
        instance = await asyncio.to_thread(lambda: self._service.metadata.instance)
        channel = f"control-channel/{instance}"
        token = await self._service.token(channel)
        socket = await self._service.open(channel, "role=subscribe&stream=input")
        first = frames.opening(token, Cookie=None, AgentVersion=VERSION, PlatformType="linux")
        self._heard = time.monotonic()
        watch = asyncio.create_task(self._watch(socket))
        try:
            await socket.send_text(first.encode())
            _log.info("control channel is open")
            while True:
                data = await socket.receive()
                self._heard = time.monotonic()
                if data:
                    await self._take(data)
        finally:
            watch.cancel()
            await asyncio.gather(watch, return_exceptions=True)
            socket.close()

    async def close(self) -> None:
        """End all sessions, each with a word to the service."""
        for session in self._sessions.values():
            session.end()
        if self._running:
            await asyncio.wait(set(self._running), timeout=5)

    async def _watch(self, socket: websocket.WebSocket) -> None:
        repeated = 0.0
        pinged = 0.0
        while True:
            now = time.monotonic()
            if now - self._heard > _SILENCE:
                _log.info("control channel is silent")
                socket.abort()
                return
            try:
                if now - pinged >= _PING:
                    pinged = now
                    await asyncio.wait_for(socket.ping(), _SILENCE)
                if now - repeated >= _REPEAT:
                    repeated = now
                    for identifier, result in list(self._jobs.items()):
                        if result:
                            await socket.send(frames.serialise(_reply(identifier, result)))
                    for done in list(self._completed.values()):
                        await socket.send(frames.serialise(_complete(done)))
            except (TimeoutError, websocket.DisconnectedError):
                socket.abort()
                return
            await asyncio.sleep(0.2)

    async def _take(self, data: bytes) -> None:
        try:
            frame = frames.parse(data, check_digest=False)
            if frame.type == frames.INTERACTIVE_SHELL:
                self._start(task.read(frame.payload))
            elif frame.type == frames.AGENT_JOB:
                self._start_job(job.read(frame.payload))
            elif frame.type == frames.AGENT_JOB_REPLY_ACKNOWLEDGE:
                self._jobs.pop(str(frames.read_json(frame.payload, "acknowledgement").get("JobId")), None)
            elif frame.type == frames.CHANNEL_CLOSED:
                self._end(frames.read_json(frame.payload, "end of a session"))
            elif frame.type == frames.AGENT_TASK_ACKNOWLEDGE:
                self._completed.pop(str(frames.read_json(frame.payload, "acknowledgement").get("TaskId")), None)
        except frames.FrameError as error:
            _log.warning("control channel: %s", error)

    def _start(self, wanted: task.Task) -> None:
        if wanted.id in self._sessions or wanted.id in self._completed:
            return
        session = self._sessions[wanted.id] = Session(self._service, wanted)
        running = asyncio.create_task(self._serve(wanted, session))
        self._running.add(running)
        running.add_done_callback(self._running.discard)

    def _start_job(self, wanted: job.Job) -> None:
        if wanted.id not in self._jobs:
            self._jobs[wanted.id] = {}
            running = asyncio.create_task(self._run_job(wanted))
            self._running.add(running)
            running.add_done_callback(self._running.discard)

    async def _run_job(self, wanted: job.Job) -> None:
        _log.info("command %s begins", wanted.id)
        metadata = self._service.metadata
        environment = {"AWS_SSM_INSTANCE_ID": metadata.instance, "AWS_SSM_REGION_NAME": metadata.region}
        try:
            self._jobs[wanted.id] = await job.run(wanted, environment)
        except Exception as error:  # the service must hear of any end
            _log.exception("command %s failed", wanted.id)
            self._jobs[wanted.id] = {"Status": "Failed", "ResponseCode": 1, "Output": "", "Errors": str(error)}

    async def _serve(self, wanted: task.Task, session: Session) -> None:
        _log.info("session %s begins", wanted.session)
        try:
            await session.run()
        except Exception:  # one session's trouble is not the others'
            _log.exception("session %s failed", wanted.session)
        finally:
            _log.info("session %s has ended", wanted.session)
            self._sessions.pop(wanted.id, None)
            self._completed[wanted.id] = wanted

    def _end(self, closed: dict[str, Any]) -> None:
        for session in [session for session in self._sessions.values() if session.id == closed.get("SessionId")]:
            session.end()


def _reply(identifier: str, result: dict[str, Any]) -> frames.Frame:
    payload = frames.compact({"SchemaVersion": 1, "JobId": identifier, **result})
    return frames.Frame(frames.AGENT_JOB_REPLY, flags=3, payload=payload)


def _complete(done: task.Task) -> frames.Frame:
    payload = {
        "SchemaVersion": 1,
        "TaskId": done.id,
        "Topic": done.topic,
        "FinalTaskStatus": "Success",
        "IsRoutingFailure": False,
        "AwsAccountId": "",
        "InstanceId": "",
    }
    return frames.Frame(frames.AGENT_TASK_COMPLETE, flags=3, payload=frames.compact(payload), identifier=uuid.uuid4())
