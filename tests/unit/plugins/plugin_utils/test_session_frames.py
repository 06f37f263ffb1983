# SPDX-License-Identifier: GPL-3.0-or-later
"""The wire format's bytes."""

from __future__ import annotations

import contextlib
import uuid

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plugins.plugin_utils._ssm.wire import frames

VECTOR = bytes.fromhex(
    "00000074 696e7075745f73747265616d5f64617461202020202020202020202020202020 00000001 0000018bcfe5687b"
    "0000000000000007 0000000000000000 8899aabbccddeeff0011223344556677"
    "984a644ec3b56d32b0404777e1eb73390c4b0742a6a0e183f07861056b6746de 00000001 00000003 69640a"
)
VECTOR_FRAME = frames.Frame(
    frames.INPUT, 7, 0, 1, b"id\n", 1700000000123, uuid.UUID("00112233-4455-6677-8899-aabbccddeeff")
)


def test_the_vector_is_written_and_read() -> None:
    assert frames.serialise(VECTOR_FRAME) == VECTOR
    assert frames.parse(VECTOR) == VECTOR_FRAME


@given(st.binary(max_size=2000), st.integers(0, 2**63 - 1), st.integers(0, 2**32 - 1), st.uuids())
def test_what_is_written_is_read(payload: bytes, sequence: int, payload_type: int, identifier: uuid.UUID) -> None:
    frame = frames.Frame(frames.OUTPUT, sequence, 1, payload_type, payload, 5, identifier)
    assert frames.parse(frames.serialise(frame)) == frame


@given(st.binary(max_size=400))
def test_any_bytes_are_a_frame_or_refused(data: bytes) -> None:
    with contextlib.suppress(frames.FrameError):
        frames.parse(data)


def test_a_damaged_payload_is_seen_by_the_client_only() -> None:
    damaged = VECTOR[:-1] + b"\r"
    with pytest.raises(frames.FrameError, match="does not match its digest"):
        frames.parse(damaged)
    assert frames.parse(damaged, check_digest=False).payload == b"id\r"


def test_a_length_of_zero_does_not_switch_the_digest_off() -> None:
    data = bytearray(frames.serialise(frames.Frame(frames.OUTPUT, 0, 0, 1, b"one")))
    data[116:120] = bytes(4)
    assert frames.parse(bytes(data)).payload == b"one"
    data[-1] ^= 1
    with pytest.raises(frames.FrameError, match="digest"):
        frames.parse(bytes(data))


def test_a_longer_header_moves_the_payload() -> None:
    longer = (120).to_bytes(4, "big") + VECTOR[4:120] + b"\0\0\0\0" + VECTOR[120:]
    assert frames.parse(longer).payload == b"id\n"


def test_a_date_of_zero_is_refused() -> None:
    with pytest.raises(frames.FrameError):
        frames.parse(frames.serialise(frames.Frame(frames.INPUT, created=0)))


def test_start_and_pause_are_never_validated() -> None:
    data = frames.serialise(frames.Frame(frames.PAUSE_PUBLICATION, payload=b"x", created=0))
    wild = (9).to_bytes(4, "big") + data[4:80] + b"\xff" * 32 + data[112:]
    assert frames.parse(wild).type == frames.PAUSE_PUBLICATION


def test_the_acknowledgement_is_written_as_the_agent_expects_it() -> None:
    acknowledgement = frames.acknowledgement(VECTOR_FRAME)
    assert acknowledgement.flags == 3
    assert acknowledgement.payload == (
        b'{"AcknowledgedMessageType":"input_stream_data",'
        b'"AcknowledgedMessageId":"00112233-4455-6677-8899-aabbccddeeff",'
        b'"AcknowledgedMessageSequenceNumber":7,"IsSequentialMessage":true}'
    )
    assert frames.acknowledged(acknowledgement.payload) == 7


@pytest.mark.parametrize(("payload", "code"), [(b"EXIT_CODE: 0", 0), (b"EXIT_CODE: -1", -1), (b"EXIT_CODE:3\n", 3)])
def test_the_exit_code_is_read(payload: bytes, code: int) -> None:
    assert frames.exit_code(payload) == code


@pytest.mark.parametrize("payload", [b"", b"0", b"EXIT_CODE: x"])
def test_what_is_no_exit_code_is_refused(payload: bytes) -> None:
    with pytest.raises(frames.FrameError):
        frames.exit_code(payload)


def test_the_handshake_names_its_key() -> None:
    request = frames.read_handshake_request(
        b'{"AgentVersion":"3.3.0.0","RequestedClientActions":['
        b'{"ActionType":"SessionType","ActionParameters":{"SessionType":"Standard_Stream","Properties":null}},'
        b'{"ActionType":"KMSEncryption","ActionParameters":{"KMSKeyId":"arn:k","Challenge":"AAAA"}}]}'
    )
    assert (request.session_type, request.key_id, request.challenge) == ("Standard_Stream", "arn:k", "AAAA")


def test_every_status_but_success_is_a_refusal() -> None:
    results = [frames.action_result("SessionType", 1), frames.action_result("Other", 3, None, "Unknown.")]
    assert frames.refused_actions(frames.handshake_response(results)) == ["Other: Unknown."]
