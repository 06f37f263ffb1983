# SPDX-License-Identifier: GPL-3.0-or-later
"""The session service (`ssmmessages`): agents hold a control channel, agents and clients open data channels.

Agents sign their calls with their machine's role, and may only do what the role's policies allow:
https://docs.aws.amazon.com/systems-manager/latest/userguide/systems-manager-setting-up-messageAPIs.html
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import secrets
import uuid
from dataclasses import asdict
from typing import Any
from xml.sax.saxutils import escape

from aiohttp import WSMsgType, web

from lab.api.callers import endpoint_policies, signature
from lab.base.backends import ACCOUNT
from lab.context import Context
from lab.plane.sessions.relay import Relay
from lab.session_registry import Session
from lab.wire import frames
from lab.world.access.api_permissions import Permission
from lab.world.access.permissions import Principal
from lab.world.machines.commands import Command, Invocation

_log = logging.getLogger(__name__)
_PING = 10.0
"""Real seconds between the pings of a control channel; one without an answer is dead half of that later."""
_FIRST_MESSAGE = 10.0
_LARGEST = 1 << 20
_POLICY = 1008
"""The websocket's close code for who may not be here."""


class SessionService:
    """Everything behind the service's addresses; lives on the lab's loop."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._registry = context.sessions
        self._control_tokens: dict[str, str] = {}
        self._controls: dict[str, web.WebSocketResponse] = {}
        self._relays: dict[str, Relay] = {}
        self.application = web.Application()
        self.application.add_routes(
            [
                web.post("/v1/control-channel/{id}", self._control_token),
                web.post("/v1/data-channel/{id}", self._data_token),
                web.get("/v1/control-channel/{id}", self._control),
                web.get("/v1/data-channel/{id}", self._data),
            ]
        )

    async def watch(self) -> None:
        """End sessions whose time is over."""
        while True:
            await asyncio.sleep(min(1.0, self._context.clock.real(1.0)))
            for relay in list(self._relays.values()):
                reason = relay.expired()
                if reason:
                    await self.finish(relay.session, reason)

    async def deliver(self, session: Session) -> None:
        """Ask the session's agent to serve it."""
        self._relays[session.id] = Relay(session, self._context.clock)
        content = {
            "DocumentName": session.document_name,
            "DocumentContent": session.document,
            "SessionId": session.id,
            "Parameters": session.parameters,
            "RunAsUser": (session.document.get("inputs") or {}).get("runAsDefaultUser") or "",
            "SessionOwner": session.owner,
        }
        payload = {
            "SchemaVersion": 1,
            "TaskId": session.task,
            "Topic": "interactive_shell",
            "Content": json.dumps(content),
        }
        await self._command(session.target, frames.Frame(frames.INTERACTIVE_SHELL, payload=frames.compact(payload)))

    async def run(self, command: Command, one: Invocation) -> None:
        """Ask an agent to run a command; one that is away is asked as soon as it is back."""
        content = {"Scripts": [asdict(script) for script in command.scripts]}
        payload = {"SchemaVersion": 1, "JobId": one.job, "Content": json.dumps(content)}
        if one.instance in self._controls:
            one.status, one.started = "InProgress", self._context.clock.time()
        await self._command(one.instance, frames.Frame(frames.AGENT_JOB, payload=frames.compact(payload)))

    async def finish(self, session: Session, output: str = "") -> None:
        """End a session at both ends, whatever state it is in."""
        relay = self._relays.pop(session.id, None)
        if session.over:
            return
        session.status = "Terminated"
        session.ended = self._context.clock.time()
        if relay:
            if relay.agent is None:
                await self._command(session.target, frames.channel_closed(session.id, session.target))
            await relay.close(output)

    async def close(self) -> None:
        """Hang up on everybody."""
        for relay in list(self._relays.values()):
            await self.finish(relay.session, "The lab has ended.")
        for socket in list(self._controls.values()):
            await socket.close()

    async def _command(self, instance: str, frame: frames.Frame) -> None:
        socket = self._controls.get(instance)
        if socket:
            with contextlib.suppress(ConnectionError, RuntimeError):
                await socket.send_bytes(frames.serialise(frame))

    # Calls of agents

    async def _control_token(self, request: web.Request) -> web.Response:
        instance = request.match_info["id"]
        await self._agent(request, instance, "ssmmessages:CreateControlChannel")
        token = self._control_tokens[instance] = secrets.token_urlsafe(96)
        return _token_answer("CreateControlChannel", token)

    async def _data_token(self, request: web.Request) -> web.Response:
        session = self._session(request)
        await self._agent(request, session.target, "ssmmessages:CreateDataChannel")
        return _token_answer("CreateDataChannel", session.renew_agent_token())

    async def _agent(self, request: web.Request, instance: str, action: str) -> None:
        """Refuse everybody but the machine itself, and its role if it may not do this."""
        body = await request.read()
        signed = signature.SignedRequest(request.method, str(request.url), dict(request.headers), body)
        address = request.transport.get_extra_info("sockname")[0] if request.transport else ""
        error = await asyncio.to_thread(self._refusal, signed, instance, action, address)
        if error:
            _log.info("%s of %s was refused: %s", action, instance, error)
            raise web.HTTPForbidden(
                text=json.dumps({"__type": error.code, "message": str(error)}), content_type="application/json"
            )

    def _refusal(
        self, signed: signature.SignedRequest, instance: str, action: str, address: str
    ) -> signature.SignatureError | None:
        with self._context.lock:
            try:
                caller = signature.caller(signed, self._context.backends)
                if caller.session != instance or caller.service != "ssmmessages":
                    raise signature.SignatureError(
                        "AccessDeniedException", f"The credentials are not those of {instance}."
                    )
                backends = self._context.backends
                signature.authorize(caller, backends, action)
                interface = endpoint_policies.interface_at(backends, instance, address)
                who = Principal(arns=(caller.role, caller.arn), account=ACCOUNT)
                endpoint_policies.check(backends, interface, who, Permission(action))
                self._context.calls.note(caller.arn, action)
            except signature.SignatureError as error:
                return error
        return None

    def _session(self, request: web.Request) -> Session:
        session = self._registry.sessions.get(request.match_info["id"])
        if session is None or session.over:
            raise web.HTTPNotFound(text="There is no such session.")
        return session

    # Websockets

    async def _control(self, request: web.Request) -> web.StreamResponse:
        instance = request.match_info["id"]
        await self._agent(request, instance, "ssmmessages:OpenControlChannel")
        socket = web.WebSocketResponse(heartbeat=_PING, max_msg_size=_LARGEST)
        await socket.prepare(request)
        first = await _first_message(socket)
        token = self._control_tokens.pop(instance, None)
        if token is None or not secrets.compare_digest(token.encode(), str(first.get("TokenValue")).encode()):
            await socket.close(code=_POLICY)
            return socket
        before = self._controls.get(instance)
        self._controls[instance] = socket
        self._registry.connected.add(instance)
        _log.info("%s is connected", instance)
        if before:
            await before.close()
        await self._catch_up(instance)
        try:
            async for message in socket:
                if message.type in (WSMsgType.BINARY, WSMsgType.TEXT):
                    await self._from_control(socket, _bytes(message.data))
        finally:
            if self._controls.get(instance) is socket:
                del self._controls[instance]
                self._registry.connected.discard(instance)
                _log.info("%s is no longer connected", instance)
        return socket

    async def _catch_up(self, instance: str) -> None:
        """Deliver the commands that have waited for this agent."""
        for command in list(self._registry.commands.values()):
            command.expire(self._context.clock.time())
            for invocation in command.invocations:
                if invocation.instance == instance and invocation.status == "Pending":
                    await self.run(command, invocation)

    async def _from_control(self, socket: web.WebSocketResponse, data: bytes) -> None:
        try:
            frame = frames.parse(data, check_digest=False)
            if frame.type == frames.AGENT_TASK_COMPLETE:
                await self._complete(socket, frames.read_json(frame.payload, "end of a task"))
            elif frame.type == frames.AGENT_JOB_REPLY:
                await self._answered(socket, frames.read_json(frame.payload, "end of a command"))
        except frames.FrameError as error:
            _log.info("an agent sent what is no frame: %s", error)

    async def _answered(self, socket: web.WebSocketResponse, reply: dict[str, Any]) -> None:
        payload = {"SchemaVersion": 1, "JobId": reply.get("JobId")}
        await socket.send_bytes(
            frames.serialise(frames.Frame(frames.AGENT_JOB_REPLY_ACKNOWLEDGE, payload=frames.compact(payload)))
        )
        for command in self._registry.commands.values():
            for invocation in command.invocations:
                if invocation.job == reply.get("JobId") and invocation.running:
                    invocation.output, invocation.errors = str(reply.get("Output")), str(reply.get("Errors"))
                    invocation.code, invocation.plugin = int(reply.get("ResponseCode") or 0), str(reply.get("Plugin"))
                    invocation.status, invocation.ended = str(reply.get("Status")), self._context.clock.time()

    async def _complete(self, socket: web.WebSocketResponse, complete: dict[str, Any]) -> None:
        payload = {
            "SchemaVersion": 1,
            "MessageId": str(uuid.uuid4()),
            "TaskId": complete.get("TaskId"),
            "Topic": complete.get("Topic"),
        }
        await socket.send_bytes(
            frames.serialise(frames.Frame(frames.AGENT_TASK_ACKNOWLEDGE, payload=frames.compact(payload)))
        )
        for session in [
            session for session in list(self._registry.sessions.values()) if session.task == complete.get("TaskId")
        ]:
            await self.finish(session)

    async def _data(self, request: web.Request) -> web.StreamResponse:
        session = self._session(request)
        # An agent signs its request; a client may send its token as a bearer's, which says nothing.
        signed = request.headers.get("Authorization", "").startswith("AWS4-")
        if signed:
            await self._agent(request, session.target, "ssmmessages:OpenDataChannel")
        # A client pings by itself, rarely; a machine may vanish without a word.
        socket = web.WebSocketResponse(heartbeat=3 * _PING if signed else None, max_msg_size=_LARGEST)
        await socket.prepare(request)
        first = await _first_message(socket)
        relay = self._relays.get(session.id)
        if relay is None or not session.admits(str(first.get("TokenValue")), agent=signed):
            await socket.close(code=_POLICY)
            return socket
        await (self._serve_agent if signed else self._serve_client)(relay, socket)
        return socket

    async def _serve_agent(self, relay: Relay, socket: web.WebSocketResponse) -> None:
        await relay.join_agent(socket)
        try:
            async for message in socket:
                if message.type in (WSMsgType.BINARY, WSMsgType.TEXT) and await relay.from_agent(_bytes(message.data)):
                    await self.finish(relay.session)
        finally:
            relay.leave_agent(socket)

    async def _serve_client(self, relay: Relay, socket: web.WebSocketResponse) -> None:
        await relay.join_client(socket)
        try:
            async for message in socket:
                if message.type in (WSMsgType.BINARY, WSMsgType.TEXT):
                    await relay.from_client(_bytes(message.data))
        finally:
            await relay.leave_client(socket)


def _bytes(data: Any) -> bytes:
    return data.encode("latin-1", "replace") if isinstance(data, str) else bytes(data)


async def _first_message(socket: web.WebSocketResponse) -> dict[str, Any]:
    """Return the message that opens a channel; an empty one when it does not come or is none."""
    try:
        message = await socket.receive(timeout=_FIRST_MESSAGE)
        if message.type in (WSMsgType.BINARY, WSMsgType.TEXT):
            value = json.loads(message.data)
            return value if isinstance(value, dict) else {}
    except (TimeoutError, ValueError):
        pass
    return {}


def _token_answer(operation: str, token: str) -> web.Response:
    text = f"<{operation}Response><TokenValue>{escape(token)}</TokenValue></{operation}Response>"
    return web.Response(status=201, text=text, content_type="application/xml")
