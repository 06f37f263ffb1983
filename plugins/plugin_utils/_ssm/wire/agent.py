# Copyright: hasite.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The machine's end of a Session Manager data channel: see `_ssm.wire.channel` for what both ends have in common.

PRIVATE to the collection. It begins with `request_handshake()` or `skip_handshake()`, gets `Ready`,
`KeyOffered`, `Refused`, `Input`, `Size`, `Flagged` and `Closed`, and sends by `send(data, kind)` and
`exit(code)`. While its `accepting` is False, input is neither handled nor acknowledged.
"""

from __future__ import annotations

import base64
import hmac
import secrets
import typing as t
from dataclasses import dataclass, field

from .channel import Channel, Cipher, Event, Flagged, Notice, Ready
from .frames import (
    Frame,
    PayloadType,
    compact,
    decoded,
    handshake_complete,
    handshake_request,
    offered_key,
    read_json,
    read_size,
    refused_actions,
)
from .stream import MESSAGES_PER_SECOND, PAYLOAD_SIZE

_KINDS = {"output": PayloadType.OUTPUT, "stderr": PayloadType.STDERR}
_CHALLENGE_BYTES = 64


@dataclass(frozen=True)
class Input(Event):
    """At the agent: bytes that the client sent."""

    data: bytes


@dataclass(frozen=True)
class Size(Event):
    """At the agent: the client's terminal has this size."""

    columns: int
    rows: int


@dataclass(frozen=True)
class Refused(Event):
    """At the agent: the client does not accept the handshake; the session must end."""

    reason: str


@dataclass(frozen=True)
class KeyOffered(Event):
    """The client's data key as KMS encrypted it: to be decrypted with the same context, and answered by use_key()."""

    encrypted_key: bytes = field(repr=False)


class AgentChannel(Channel):
    """The machine's end of a session."""

    def __init__(self, *, payload_size: int = PAYLOAD_SIZE, rate: float = MESSAGES_PER_SECOND) -> None:
        """Make an end that discards input, though acknowledged, until it is ready: as AWS's agent does."""
        super().__init__(client=False, payload_size=payload_size, rate=rate)
        self.ready = False
        self.accepting = True
        """False while what takes the input is not up yet: the client will repeat it."""
        self._asked_at = 0.0
        self._now = 0.0
        self._session_type = ""
        self._encrypted = False
        self._challenge = b""
        self._answered = False
        self._held: list[tuple[int, bytes]] = []
        """What was said before the handshake's end: it may have to be encrypted, and a client takes none of it."""

    def request_handshake(
        self, agent_version: str, session_type: str, properties: t.Any, now: float, key: tuple[str, str] | None = None
    ) -> None:
        """Begin with a handshake; `Ready` or `Refused` follows. With a key (ARN, challenge) first `KeyOffered`."""
        self._asked_at = now
        self._session_type = session_type
        self._encrypted = key is not None
        request = handshake_request(agent_version, session_type, properties, *(key or ("", "")))
        self._sender.put(PayloadType.HANDSHAKE_REQUEST, request)

    def use_key(self, cipher: Cipher) -> None:
        """Answer KeyOffered: the client has to prove that it has the key, too."""
        self._cipher = cipher
        self._challenge = secrets.token_bytes(_CHALLENGE_BYTES)
        challenge = base64.b64encode(cipher.encrypt(self._challenge)).decode()
        self._sender.put(PayloadType.CHALLENGE_REQUEST, compact({"Challenge": challenge}))

    def skip_handshake(self) -> None:
        """Begin without one: a shell that is not encrypted."""
        self._begin()

    def _begin(self) -> None:
        self.ready = True
        held, self._held = self._held, []
        for payload_type, data in held:
            self._put_pieces(payload_type, data)

    def _say(self, payload_type: int, data: bytes) -> None:
        if self.ready:
            self._put_pieces(payload_type, data)
        else:
            self._held.append((payload_type, data))

    def receive(self, data: bytes, now: float) -> list[Event]:
        """Take one websocket message and return what it means."""
        self._now = now
        return super().receive(data, now)

    def send(self, data: bytes, kind: str = "output") -> None:
        """Send output."""
        self._say(_KINDS[kind], data)

    def exit(self, code: int) -> None:
        """Send the command's status, after its last output."""
        self._say(PayloadType.EXIT_CODE, f"EXIT_CODE: {code}".encode())

    def flag(self, value: int) -> None:
        """Send a port session's flag."""
        self._sender.put(PayloadType.FLAG, int(value).to_bytes(4, "big"))

    def _handle(self, frame: Frame) -> bool:
        if frame.payload_type == PayloadType.HANDSHAKE_RESPONSE:
            self._on_response(frame)
        elif frame.payload_type == PayloadType.CHALLENGE_RESPONSE:
            self._on_challenge(frame)
        elif self.ready:
            if not self.accepting:
                return False
            self._on_input(frame)
        return True

    def _on_response(self, frame: Frame) -> None:
        if self._answered or self.ready:
            self._events.append(Notice("A second answer to the handshake was ignored."))
            return
        self._answered = True
        refused = refused_actions(frame.payload)
        if refused:
            self._events.append(Refused("; ".join(refused)))
        elif self._encrypted and not self._cipher:
            self._events.append(KeyOffered(offered_key(frame.payload)))
        else:
            self._complete()

    def _on_challenge(self, frame: Frame) -> None:
        if self.ready or not self._challenge:
            return
        answer = self._opened(decoded(read_json(frame.payload, "challenge's answer").get("Challenge")))
        if hmac.compare_digest(answer, self._challenge):
            self._complete()
        else:
            self._events.append(Refused("The client does not have the session's key."))

    def _complete(self) -> None:
        self._sender.put(PayloadType.HANDSHAKE_COMPLETE, handshake_complete(self._now - self._asked_at))
        self._begin()
        self._events.append(Ready(True, self._session_type))

    def _on_input(self, frame: Frame) -> None:
        if frame.payload_type == PayloadType.OUTPUT:
            self._events.append(Input(self._opened(frame.payload)))
        elif frame.payload_type == PayloadType.SIZE:
            self._events.append(Size(*read_size(frame.payload)))
        elif frame.payload_type == PayloadType.FLAG:
            self._events.append(Flagged(int.from_bytes(frame.payload[:4], "big")))
        else:
            self._events.append(Notice(f"A message of payload type {frame.payload_type} was ignored."))
