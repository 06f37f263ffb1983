# Copyright: hasite.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Both ends of a Session Manager data channel as state machines without I/O.

PRIVATE to the collection. Bytes of websocket messages in, events out; time is passed in as seconds of
any monotonic clock. The caller owns the websocket, and runs one loop:

    channel = ClientChannel()
    websocket.send_text(client_opening(token))                # _ssm.wire.frames; not part of the channel
    while True:
        for data in channel.due(now()):                       # acknowledgements, new messages, repetitions
            websocket.send_binary(data)
        data = websocket.receive(timeout=channel.wait(now())) # None: nothing is due until an event
        for event in channel.receive(data, now()):
            match event:
                Ready()     the session may be used; earlier input was kept back until now
                Output()    bytes of the remote side, `.kind` is "output" or "stderr"
                ExitCode()  the command's status, only of separated non-interactive ones
                KeyRequested()  answer with use_key() or refuse_key(); until then nothing goes on
                Closed()    the service has ended the session; `.output` is for the user
                Notice()    a malformed frame or a port's Flag, for the log

    channel.send(data)          input of any length, cut into messages; before Ready it is kept back
    channel.resize(80, 24)      the terminal's size
    channel.flag(Flag.…)        port sessions
    channel.waiting             messages (also kept back ones) the other end has not acknowledged yet
    channel.oldest(now())       seconds the oldest of these has been on its way: tells a dead peer
    channel.reconnected()       after ResumeSession, on the new websocket: send all that again

`due()` never blocks: it stops at the allowed pace, and `wait()` says when to come back. A dropped
websocket is no event: whoever owns it notices. Websocket pings are the owner's, too.

The agent's end is `AgentChannel` of `_ssm.wire.agent`.
"""

from __future__ import annotations

import base64
import typing as t
from dataclasses import dataclass

from .frames import (
    ACKNOWLEDGE,
    CHANNEL_CLOSED,
    CLIENT_VERSION,
    INPUT,
    OUTPUT,
    PAUSE_PUBLICATION,
    START_PUBLICATION,
    ActionStatus,
    Frame,
    FrameError,
    HandshakeRequest,
    PayloadType,
    acknowledged,
    action_result,
    compact,
    decoded,
    exit_code,
    handshake_response,
    parse,
    read_handshake_request,
    read_json,
    size,
)
from .key import ANY_KEY
from .stream import MESSAGES_PER_SECOND, PAYLOAD_SIZE, Pace, halves

ENCRYPTED = (PayloadType.OUTPUT, PayloadType.STDERR, PayloadType.EXIT_CODE)
"""What a session's key encrypts, in either direction; sizes, flags and the handshake it does not."""


class BreachError(Exception):
    """One sentence that says which rule of the protocol the other end has broken: the session must end."""


class Event:
    """Something that the owner of a channel has to know."""


@dataclass(frozen=True)
class Ready(Event):
    """The session may be used. Without a handshake all but `handshaken` is empty: a shell without KMS."""

    handshaken: bool = False
    session_type: str = ""
    properties: t.Any = None
    agent_version: str = ""
    message: str = ""
    """For the user's eyes."""


@dataclass(frozen=True)
class Output(Event):
    """Bytes that the remote side wrote."""

    data: bytes
    kind: str = "output"


@dataclass(frozen=True)
class ExitCode(Event):
    """The remote command has ended; -1 when a signal killed it."""

    code: int


@dataclass(frozen=True)
class KeyRequested(Event):
    """The session is encrypted with a KMS key: GenerateDataKey (64 bytes) is wanted.

    The encryption context is `aws:ssm:SessionId`, `aws:ssm:TargetId`, and, unless `challenge` is
    empty, `aws:ssm:RandomChallenge`.
    """

    key_id: str
    challenge: str


@dataclass(frozen=True)
class Closed(Event):
    """The service has ended the session."""

    output: str = ""


@dataclass(frozen=True)
class Notice(Event):
    """Something unusual that does not end the session."""

    text: str


@dataclass(frozen=True)
class Flagged(Event):
    """A port session's flag: see `Flag`."""

    value: int


class Cipher(t.Protocol):
    """What encrypts a session: AES-256-GCM with each half of the KMS data key, nonce first."""

    def encrypt(self, data: bytes) -> bytes:
        """Return the data as the other end can decrypt it."""

    def decrypt(self, data: bytes) -> bytes:
        """Return what the other end encrypted."""


class Channel:
    """What both ends have in common."""

    def __init__(self, *, client: bool, payload_size: int, rate: float) -> None:
        self._client = client
        self._payload_size = payload_size
        self._sender, self._receiver = halves(client, Pace(rate))
        self._incoming = OUTPUT if client else INPUT
        self._events: list[Event] = []
        self._cipher: Cipher | None = None

    def receive(self, data: bytes, now: float) -> list[Event]:
        """Take one websocket message and return what it means."""
        try:
            frame = parse(data, check_digest=self._client)
            self._take(frame, now)
        except FrameError as error:
            self._events.append(Notice(str(error)))
        events, self._events = self._events, []
        return events

    def due(self, now: float) -> t.Iterator[bytes]:
        """Yield the websocket messages that are to be sent now."""
        yield from self._receiver.due()
        yield from self._sender.due(now)

    def wait(self, now: float) -> float | None:
        """Return the seconds until something may be due; None when nothing is, until an event."""
        return 0.0 if self._receiver.waiting else self._sender.wait(now)

    def reconnected(self) -> None:
        """Send all unacknowledged messages again: the websocket is a new one."""
        self._sender.reconnected()

    def oldest(self, now: float) -> float:
        """Return for how many seconds the oldest unacknowledged message has been on its way."""
        return self._sender.oldest(now)

    @property
    def waiting(self) -> int:
        """Return how many messages the other end has not acknowledged."""
        return self._sender.waiting

    @property
    def paused(self) -> bool:
        """Tell whether the service has asked for silence."""
        return self._sender.paused

    def _take(self, frame: Frame, now: float) -> None:
        if frame.type == self._incoming:
            self._sender.paused = False
            self._receiver.take(frame, self._guarded)
        elif frame.type == ACKNOWLEDGE:
            self._sender.paused = False
            self._sender.acknowledge(acknowledged(frame.payload), now)
        elif frame.type == PAUSE_PUBLICATION:
            self._sender.paused = True
        elif frame.type == START_PUBLICATION:
            self._sender.paused = False
        elif frame.type == CHANNEL_CLOSED:
            self._events.append(Closed(_closing_text(frame)))

    def _guarded(self, frame: Frame) -> bool:
        """Handle a stream message; one that cannot be read is told, and taken, as it would not improve."""
        try:
            return self._handle(frame)
        except FrameError as error:
            self._events.append(Notice(str(error)))
            return True

    def _handle(self, frame: Frame) -> bool:
        raise NotImplementedError

    def _put_pieces(self, payload_type: int, data: bytes) -> None:
        for start in range(0, len(data), self._payload_size):
            self._put(payload_type, bytes(data[start : start + self._payload_size]))

    def _put(self, payload_type: int, piece: bytes) -> None:
        """Send one message, encrypted if its type is and the session has a key."""
        sealed = self._cipher and payload_type in ENCRYPTED
        self._sender.put(payload_type, self._cipher.encrypt(piece) if self._cipher and sealed else piece)

    def _opened(self, payload: bytes) -> bytes:
        return self._cipher.decrypt(payload) if self._cipher else payload


class ClientChannel(Channel):
    """The controller's end of a session.

    The handshake comes first and once, and so does its challenge. An agent asks for neither later, but who sits in
    the service could: each challenge that is answered turns what the agent has said into what the client says.
    """

    def __init__(
        self, *, payload_size: int = PAYLOAD_SIZE, rate: float = MESSAGES_PER_SECOND, required_key: str = ""
    ) -> None:
        """Make an end that puts `payload_size` bytes into a message, `rate` messages into a second (0: no limit).

        `required_key` is the ARN of the KMS key that has to encrypt the session, `ANY_KEY`, or empty.
        """
        super().__init__(client=True, payload_size=payload_size, rate=rate)
        self.ready = False
        self._required_key = required_key
        self._challenged = False
        self._kept: list[tuple[int, bytes]] = []
        self._request: HandshakeRequest | None = None
        self._results: list[dict[str, t.Any]] = []

    def send(self, data: bytes) -> None:
        """Send input, as soon as the session is ready: an agent acknowledges and forgets what comes earlier."""
        self._send(PayloadType.OUTPUT, data)

    def resize(self, columns: int, rows: int) -> None:
        """Set the terminal's size; 0 by 0 is never sent."""
        if columns and rows:
            self._send(PayloadType.SIZE, size(columns, rows))

    def flag(self, value: int) -> None:
        """Send a port session's flag."""
        self._send(PayloadType.FLAG, int(value).to_bytes(4, "big"))

    @property
    def waiting(self) -> int:
        """Return how many messages the agent has not acknowledged, with those that are kept back."""
        return self._sender.waiting + len(self._kept)

    def use_key(self, cipher: Cipher, encrypted_key: bytes) -> None:
        """Answer KeyRequested: the cipher, and the CiphertextBlob from which the agent makes its own."""
        if not self._request:
            raise ValueError("use_key() answers KeyRequested")
        self._cipher = cipher
        result: dict[str, t.Any] = {
            "KMSCipherTextKey": base64.b64encode(encrypted_key).decode(),
            "KMSCipherTextHash": None,
        }
        if self._request.challenge:
            result["ChallengeAcknowledgement"] = True
        self._answer(action_result("KMSEncryption", ActionStatus.SUCCESS, result))

    def refuse_key(self, reason: str) -> None:
        """Answer KeyRequested: the key is not to be had; the agent will end the session."""
        self._answer(action_result("KMSEncryption", ActionStatus.FAILED, None, reason))

    def _send(self, payload_type: int, data: bytes) -> None:
        if not self.ready:
            self._kept.append((payload_type, data))
            return
        self._put_pieces(payload_type, data)

    def _become_ready(self, event: Ready) -> None:
        self.ready = True
        self._events.append(event)
        kept, self._kept = self._kept, []
        for payload_type, data in kept:
            self._send(payload_type, data)

    def _handle(self, frame: Frame) -> bool:
        handle = {
            PayloadType.OUTPUT: self._on_output,
            PayloadType.STDERR: self._on_output,
            PayloadType.EXIT_CODE: self._on_exit_code,
            PayloadType.HANDSHAKE_REQUEST: self._on_request,
            PayloadType.CHALLENGE_REQUEST: self._on_challenge,
            PayloadType.HANDSHAKE_COMPLETE: self._on_complete,
            PayloadType.FLAG: self._on_flag,
        }.get(t.cast("PayloadType", frame.payload_type), self._on_unknown)
        handle(frame)
        return True

    def _on_output(self, frame: Frame) -> None:
        if not self.ready:
            self._begin_without_handshake()
        kind = "stderr" if frame.payload_type == PayloadType.STDERR else "output"
        self._events.append(Output(self._opened(frame.payload), kind))

    def _begin_without_handshake(self) -> None:
        """Become ready by the first output: an agent asks for no handshake where a shell is not encrypted."""
        if self._request:
            raise BreachError("The machine sent output before the end of the handshake.")
        if self._required_key:
            raise BreachError("The session is not encrypted with a KMS key, but require_encryption demands it.")
        self._become_ready(Ready())

    def _on_exit_code(self, frame: Frame) -> None:
        if not self.ready:
            raise BreachError("The machine sent an exit status before the session began.")
        self._events.append(ExitCode(exit_code(self._opened(frame.payload))))

    def _on_request(self, frame: Frame) -> None:
        if self.ready or self._request:
            raise BreachError("The machine asked for a second handshake.")
        self._request = request = read_handshake_request(frame.payload)
        self._check_key(request)
        self._results = [
            action_result(action, ActionStatus.SUCCESS)
            if action == "SessionType"
            else action_result(action, ActionStatus.UNSUPPORTED, None, f"{action} is unknown to this client.")
            for action in request.actions
            if action != "KMSEncryption"
        ]
        if "KMSEncryption" in request.actions:
            self._events.append(KeyRequested(request.key_id, request.challenge))
        else:
            self._answer()

    def _check_key(self, request: HandshakeRequest) -> None:
        """Refuse another key than the required one, before KMS is asked for it."""
        if not self._required_key:
            return
        if "KMSEncryption" not in request.actions:
            raise BreachError("The session is not encrypted with a KMS key, but require_encryption demands it.")
        if self._required_key not in (ANY_KEY, request.key_id):
            raise BreachError(
                f"The session is encrypted with the key {request.key_id}; require_encryption demands "
                f"{self._required_key}."
            )

    def _answer(self, *more: dict[str, t.Any]) -> None:
        response = handshake_response([*self._results, *more], CLIENT_VERSION)
        self._sender.put(PayloadType.HANDSHAKE_RESPONSE, response)

    def _on_challenge(self, frame: Frame) -> None:
        challenge = read_json(frame.payload, "challenge").get("Challenge")
        if not self._cipher or not isinstance(challenge, str):
            raise FrameError("The agent challenges a session that has no key.")
        if self.ready or self._challenged:
            raise BreachError("The machine sent a second challenge.")
        self._challenged = True
        # Not split: the answer is one message, like all of the handshake.
        answer = self._cipher.encrypt(self._cipher.decrypt(decoded(challenge)))
        self._sender.put(PayloadType.CHALLENGE_RESPONSE, compact({"Challenge": base64.b64encode(answer).decode()}))

    def _on_complete(self, frame: Frame) -> None:
        message = str(read_json(frame.payload, "end of the handshake").get("CustomerMessage") or "")
        request = self._request
        if self.ready or not request:
            raise BreachError("The machine ended a handshake that it had not begun.")
        if "KMSEncryption" in request.actions and not self._challenged:
            raise BreachError("The machine ended the handshake before the session was encrypted.")
        self._become_ready(Ready(True, request.session_type, request.properties, request.agent_version, message))

    def _on_flag(self, frame: Frame) -> None:
        self._events.append(Flagged(int.from_bytes(frame.payload[:4], "big")))

    def _on_unknown(self, frame: Frame) -> None:
        self._events.append(Notice(f"A message of payload type {frame.payload_type} was ignored."))


def _closing_text(frame: Frame) -> str:
    try:
        return str(read_json(frame.payload, "end of the session").get("Output") or "")
    except FrameError:
        return ""
