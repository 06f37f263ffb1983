# Copyright: hasite.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
r"""Session Manager's wire format: one message a websocket frame, and the JSON that some messages carry.

PRIVATE to the collection. Pure: bytes in, values out. Both ends and the lab's service use it; on a
machine it is imported as a plain module of Python 3.9 or later, so it needs the standard library only.

    frame = Frame(INPUT, sequence=7, payload_type=PayloadType.OUTPUT, payload=b"id\n")
    data = serialise(frame)      # the bytes of one binary websocket message
    frame = parse(data)          # FrameError when they are none

`opening()` is the text message that comes first on a websocket; the other functions make and read
the JSON payloads. https://github.com/aws/session-manager-plugin is the format's public description.
"""

from __future__ import annotations

import base64
import enum
import hashlib
import json
import struct
import time
import typing as t
import uuid
from dataclasses import dataclass, field

INPUT = "input_stream_data"
OUTPUT = "output_stream_data"
ACKNOWLEDGE = "acknowledge"
CHANNEL_CLOSED = "channel_closed"
START_PUBLICATION = "start_publication"
PAUSE_PUBLICATION = "pause_publication"
AGENT_SESSION_STATE = "agent_session_state"
INTERACTIVE_SHELL = "interactive_shell"
AGENT_TASK_COMPLETE = "agent_task_complete"
AGENT_TASK_ACKNOWLEDGE = "agent_task_acknowledge"
AGENT_JOB = "agent_job"
AGENT_JOB_REPLY = "agent_job_reply"
AGENT_JOB_REPLY_ACKNOWLEDGE = "agent_job_reply_ack"

SYN = 1
FIN = 2
CLIENT_VERSION = "1.2.764.0"
"""What the client says it is: the agent turns smux and separated output off for older ones, the AWS CLI warns."""

_HEADER = struct.Struct(">I32sIQqQ16s32sII")
_HEADER_LENGTH = 116
"""The offset of PayloadLength, which is not counted."""
_UNCHECKED = (START_PUBLICATION, PAUSE_PUBLICATION)
"""The service fills length and digest of these with whatever it likes."""


class PayloadType(enum.IntEnum):
    """What a stream message carries."""

    NONE = 0
    OUTPUT = 1
    ERROR = 2
    SIZE = 3
    PARAMETER = 4
    HANDSHAKE_REQUEST = 5
    HANDSHAKE_RESPONSE = 6
    HANDSHAKE_COMPLETE = 7
    CHALLENGE_REQUEST = 8
    CHALLENGE_RESPONSE = 9
    FLAG = 10
    STDERR = 11
    EXIT_CODE = 12


class Flag(enum.IntEnum):
    """The values of a FLAG payload."""

    DISCONNECT_TO_PORT = 1
    TERMINATE_SESSION = 2
    CONNECT_TO_PORT_ERROR = 3


class ActionStatus(enum.IntEnum):
    """How a client ended one action of the handshake."""

    SUCCESS = 1
    FAILED = 2
    UNSUPPORTED = 3


class FrameError(ValueError):
    """A websocket message that is no frame, or a payload that is not what its type promises."""


def now_in_milliseconds() -> int:
    """Return the wall clock as the frames and messages write it."""
    return int(time.time() * 1000)


@dataclass(frozen=True)
class Frame:
    """One ClientMessage (AWS also calls it AgentMessage)."""

    type: str
    sequence: int = 0
    flags: int = 0
    payload_type: int = 0
    payload: bytes = b""
    created: int = field(default_factory=now_in_milliseconds)
    """Milliseconds since 1970; never 0."""
    identifier: uuid.UUID = field(default_factory=uuid.uuid4)


def serialise(frame: Frame) -> bytes:
    """Return the frame as the bytes of one binary websocket message."""
    identifier = frame.identifier.bytes
    return (
        _HEADER.pack(
            _HEADER_LENGTH,
            frame.type.encode("ascii").ljust(32),
            1,
            frame.created,
            frame.sequence,
            frame.flags,
            identifier[8:] + identifier[:8],
            hashlib.sha256(frame.payload).digest(),
            frame.payload_type,
            len(frame.payload),
        )
        + frame.payload
    )


def parse(data: bytes, *, check_digest: bool = True) -> Frame:
    """Return the frame in a websocket message, or raise FrameError.

    AWS's client checks the payload's digest and its agent does not: `check_digest` says which one you are.
    """
    if len(data) < _HEADER.size:
        raise FrameError(f"A frame has at least {_HEADER.size} bytes; this one has {len(data)}.")
    length, kind, _schema, created, sequence, flags, swapped, digest, payload_type, payload_length = (
        _HEADER.unpack_from(data)
    )
    name = kind.strip(b"\0").strip().decode("ascii", "replace")
    identifier = uuid.UUID(bytes=swapped[8:] + swapped[:8])
    if name in _UNCHECKED:
        return Frame(name, sequence, flags, payload_type, b"", created, identifier)
    if not name or created == 0:
        raise FrameError("A frame needs a message type and a date.")
    if not _HEADER_LENGTH <= length <= len(data) - 4:
        raise FrameError(f"The header's length is {length}, but the frame has {len(data)} bytes.")
    payload = data[length + 4 :]
    # AWS's client goes by the length; then who alters a payload switches the check off by a length of 0.
    if check_digest and (payload or payload_length) and hashlib.sha256(payload).digest() != digest:
        raise FrameError(f"The payload of {name} {sequence} does not match its digest.")
    return Frame(name, sequence, flags, payload_type, payload, created, identifier)


def compact(value: t.Any) -> bytes:
    """Return the value as JSON without white space."""
    return json.dumps(value, separators=(",", ":")).encode()


def read_json(payload: bytes, what: str) -> dict[str, t.Any]:
    """Return a payload's JSON object, or raise FrameError."""
    try:
        value = json.loads(payload)
    except (ValueError, RecursionError) as error:
        raise FrameError(f"The {what} is not JSON: {error}.") from error
    if not isinstance(value, dict):
        raise FrameError(f"The {what} is not a JSON object.")
    return value


def opening(token: str, **more: t.Any) -> str:
    """Return the text message that comes first on a websocket.

    A client adds `ClientId` and `ClientVersion`; an agent `ClientInstanceId` and `ClientId` on a data
    channel, `Cookie`, `AgentVersion` and `PlatformType` on its control channel.
    """
    return json.dumps({"MessageSchemaVersion": "1.0", "RequestId": str(uuid.uuid4()), "TokenValue": token, **more})


def client_opening(token: str) -> str:
    """Return the client's first message, with an id of its own."""
    return opening(token, ClientId=str(uuid.uuid4()), ClientVersion=CLIENT_VERSION)


def acknowledgement(frame: Frame) -> Frame:
    """Return the frame that acknowledges a stream frame."""
    payload = {
        "AcknowledgedMessageType": frame.type,
        "AcknowledgedMessageId": str(frame.identifier),
        "AcknowledgedMessageSequenceNumber": frame.sequence,
        "IsSequentialMessage": True,
    }
    return Frame(ACKNOWLEDGE, flags=SYN | FIN, payload=compact(payload))


def acknowledged(payload: bytes) -> int:
    """Return the sequence number that an acknowledgement names."""
    number = read_json(payload, "acknowledgement").get("AcknowledgedMessageSequenceNumber")
    if not isinstance(number, int):
        raise FrameError("The acknowledgement names no sequence number.")
    return number


def channel_closed(session: str, destination: str, output: str = "") -> Frame:
    """Return the frame by which the service ends a session, with a text to show."""
    created = now_in_milliseconds()
    identifier = uuid.uuid4()
    payload = {
        "MessageId": str(identifier),
        "CreatedDate": str(created),
        "DestinationId": destination,
        "SessionId": session,
        "MessageType": CHANNEL_CLOSED,
        "SchemaVersion": 1,
        "Output": output,
    }
    return Frame(CHANNEL_CLOSED, flags=SYN | FIN, payload=compact(payload), created=created, identifier=identifier)


def session_state(session: str, state: str) -> Frame:
    """Return the frame by which an agent tells the service that it is `Connected` or `Terminating`."""
    payload = {"SchemaVersion": 1, "SessionState": state, "SessionId": session}
    return Frame(AGENT_SESSION_STATE, flags=SYN | FIN, payload=compact(payload))


@dataclass(frozen=True)
class HandshakeRequest:
    """What an agent asks of a client before a session may begin."""

    agent_version: str
    session_type: str
    properties: t.Any = None
    key_id: str = ""
    """The KMS key's ARN; empty when the session is not encrypted beyond TLS."""
    challenge: str = ""
    """Base64; an empty one means the older scheme, without `aws:ssm:RandomChallenge`."""
    actions: tuple[str, ...] = ()
    """Every action asked for, in order, also unknown ones."""


def handshake_request(
    agent_version: str, session_type: str, properties: t.Any, key_id: str = "", challenge: str = ""
) -> bytes:
    """Return the payload by which an agent begins a handshake; with a key's ARN, of an encrypted session."""
    asked = {"SessionType": {"SessionType": session_type, "Properties": properties}}
    if key_id:
        asked["KMSEncryption"] = {"KMSKeyId": key_id, "Challenge": challenge}
    actions = [{"ActionType": name, "ActionParameters": parameters} for name, parameters in asked.items()]
    return compact({"AgentVersion": agent_version, "RequestedClientActions": actions})


def read_handshake_request(payload: bytes) -> HandshakeRequest:
    """Return what an agent asks for."""
    value = read_json(payload, "handshake request")
    actions = _objects(value.get("RequestedClientActions"))
    parameters = {str(item.get("ActionType")): item.get("ActionParameters") for item in actions}
    session = _object(parameters.get("SessionType"))
    key = _object(parameters.get("KMSEncryption"))
    return HandshakeRequest(
        agent_version=str(value.get("AgentVersion", "")),
        session_type=str(session.get("SessionType", "")),
        properties=session.get("Properties"),
        key_id=str(key.get("KMSKeyId") or ""),
        challenge=str(key.get("Challenge") or ""),
        actions=tuple(str(item.get("ActionType")) for item in actions),
    )


def action_result(action: str, status: int, result: t.Any = None, error: str = "") -> dict[str, t.Any]:
    """Return how a client ended one action."""
    return {"ActionType": action, "ActionStatus": int(status), "ActionResult": result, "Error": error}


def handshake_response(results: list[dict[str, t.Any]], client_version: str = CLIENT_VERSION) -> bytes:
    """Return the payload by which a client answers a handshake's request."""
    errors = [item["Error"] for item in results if item["Error"]] or None
    return compact({"ClientVersion": client_version, "ProcessedClientActions": results, "Errors": errors})


def refused_actions(payload: bytes) -> list[str]:
    """Return what a client's answer refuses, one text an action; empty when it accepts everything."""
    results = _objects(read_json(payload, "handshake response").get("ProcessedClientActions"))
    return [
        f"{item.get('ActionType')}: {item.get('Error') or 'not supported by the client'}"
        for item in results
        if item.get("ActionStatus") != ActionStatus.SUCCESS
    ]


def offered_key(payload: bytes) -> bytes:
    """Return the encrypted data key in a client's answer, or raise FrameError."""
    for item in _objects(read_json(payload, "handshake response").get("ProcessedClientActions")):
        if item.get("ActionType") == "KMSEncryption":
            return decoded(_object(item.get("ActionResult")).get("KMSCipherTextKey"))
    raise FrameError("The client offers no key for an encrypted session.")


def _object(value: t.Any) -> dict[str, t.Any]:
    return value if isinstance(value, dict) else {}


def _objects(value: t.Any) -> list[dict[str, t.Any]]:
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def decoded(text: t.Any) -> bytes:
    """Return the bytes that a payload's JSON holds in base64, or raise FrameError."""
    try:
        return base64.b64decode(text, validate=True)
    except (ValueError, TypeError) as error:
        raise FrameError("A key or a challenge is not base64.") from error


def handshake_complete(seconds: float, message: str = "") -> bytes:
    """Return the payload by which an agent ends a handshake; the message is for the user's eyes."""
    return compact({"HandshakeTimeToComplete": int(seconds * 1e9), "CustomerMessage": message})


def size(columns: int, rows: int) -> bytes:
    """Return the payload that sets the terminal's size."""
    return compact({"cols": columns, "rows": rows})


def read_size(payload: bytes) -> tuple[int, int]:
    """Return the columns and rows of a terminal, each as small as a terminal's driver takes it."""
    value = read_json(payload, "terminal's size")
    columns, rows = value.get("cols"), value.get("rows")
    if not (
        isinstance(columns, int) and isinstance(rows, int) and 0 <= min(columns, rows) <= max(columns, rows) < 1 << 16
    ):
        raise FrameError(f"A terminal cannot have {columns!r} columns and {rows!r} rows.")
    return columns, rows


def exit_code(payload: bytes) -> int:
    """Return the number in an `EXIT_CODE: <n>` payload."""
    name, _colon, number = payload.partition(b":")
    try:
        if name.strip() == b"EXIT_CODE":
            return int(number)
    except ValueError:
        pass
    raise FrameError(f"{payload[:40]!r} is no exit code.")
