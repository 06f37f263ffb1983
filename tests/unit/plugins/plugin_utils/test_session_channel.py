# SPDX-License-Identifier: GPL-3.0-or-later
"""Both ends of a data channel, joined by links that lose, repeat and reorder."""

from __future__ import annotations

import base64
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from plugins.plugin_utils._ssm.wire import frames
from plugins.plugin_utils._ssm.wire.agent import AgentChannel, Input, KeyOffered, Refused, Size
from plugins.plugin_utils._ssm.wire.channel import (
    BreachError,
    ClientChannel,
    Closed,
    Event,
    ExitCode,
    Flagged,
    KeyRequested,
    Notice,
    Output,
    Ready,
)
from plugins.plugin_utils._ssm.wire.cipher import CipherError, HalvesCipher
from tests.unit.plugins.plugin_utils.session_pair import Link, Pair


@settings(max_examples=40)
@given(
    st.binary(max_size=9000),
    st.binary(max_size=9000),
    st.integers(),
    st.floats(0, 0.4),
    st.floats(0, 0.4),
    st.booleans(),
)
def test_a_bad_link_delivers_the_same_bytes(
    sent: bytes, answered: bytes, seed: int, loss: float, doubling: float, handshake: bool
) -> None:
    chance = random.Random(seed)
    pair = Pair(
        ClientChannel(payload_size=100),
        AgentChannel(payload_size=100),
        Link(chance, loss, doubling, 0.3),
        Link(chance, loss, doubling, 0.3),
    )
    pair.client.send(sent)
    if handshake:
        pair.agent.request_handshake("3.3.0.0", "Port", None, pair.now)
    else:
        pair.agent.skip_handshake()
    pair.agent.send(b"$ ")
    pair.agent.send(answered)
    pair.run(lambda: not (pair.client.waiting or pair.agent.waiting), 600)
    assert pair.input == sent
    assert pair.output == b"$ " + answered
    assert [event.handshaken for event in pair.at_client if isinstance(event, Ready)] == [handshake]


def test_input_waits_for_the_first_output() -> None:
    pair = Pair()
    pair.agent.skip_handshake()
    pair.client.send(b"id\n")
    pair.client.resize(80, 24)
    pair.run(lambda: pair.now > 1)
    assert not pair.at_agent
    pair.agent.send(b"$ ")
    pair.settle()
    assert pair.at_agent == [Input(b"id\n"), Size(80, 24)]
    assert pair.at_client == [Ready(), Output(b"$ ")]


def test_input_waits_for_the_end_of_the_handshake() -> None:
    pair = Pair()
    pair.client.send(b"x")
    pair.agent.request_handshake("3.3.0.0", "NonInteractiveCommands", {"linux": {}}, pair.now)
    pair.settle()
    assert pair.at_client == [Ready(True, "NonInteractiveCommands", {"linux": {}}, "3.3.0.0", "")]
    assert pair.at_agent == [Ready(True, "NonInteractiveCommands"), Input(b"x")]
    pair.agent.send(b"out")
    pair.agent.send(b"err", "stderr")
    pair.agent.exit(3)
    pair.agent.flag(frames.Flag.CONNECT_TO_PORT_ERROR)
    pair.client.flag(frames.Flag.TERMINATE_SESSION)
    pair.settle()
    assert pair.at_client[1:] == [Output(b"out"), Output(b"err", "stderr"), ExitCode(3), Flagged(3)]
    assert pair.at_agent[-1] == Flagged(2)


def test_an_agent_acknowledges_and_forgets_early_input() -> None:
    agent = AgentChannel()
    assert not agent.receive(frames.serialise(frames.Frame(frames.INPUT, 0, 0, 1, b"id\n")), 0)
    assert len(list(agent.due(0))) == 1
    agent.skip_handshake()
    assert agent.receive(frames.serialise(frames.Frame(frames.INPUT, 1, 0, 1, b"ls\n")), 0) == [Input(b"ls\n")]


def test_an_agent_that_does_not_accept_leaves_input_to_the_repetition() -> None:
    pair = Pair()
    pair.agent.skip_handshake()
    pair.agent.send(b"$ ")
    pair.agent.accepting = False
    pair.client.send(b"id\n")
    pair.run(lambda: pair.now > 1)
    assert not pair.at_agent
    pair.agent.accepting = True
    pair.settle()
    assert pair.input == b"id\n"


def test_a_refused_handshake_is_told() -> None:
    agent = AgentChannel()
    agent.request_handshake("3.3.0.0", "Port", None, 0)
    response = frames.handshake_response([frames.action_result("SessionType", 3)])
    events = agent.receive(frames.serialise(frames.Frame(frames.INPUT, 0, 0, 6, response)), 0)
    assert events == [Refused("SessionType: not supported by the client")]
    assert not agent.ready


def test_a_pause_stops_messages_but_not_acknowledgements() -> None:
    pair = Pair()
    pair.agent.skip_handshake()
    pair.agent.send(b"$ ")
    pair.settle()
    pause = frames.serialise(frames.Frame(frames.PAUSE_PUBLICATION))
    assert not pair.agent.receive(pause, pair.now)
    pair.agent.send(b"held")
    assert not list(pair.agent.due(pair.now))
    assert pair.agent.wait(pair.now) is None
    pair.agent.receive(frames.serialise(frames.Frame(frames.START_PUBLICATION)), pair.now)
    pair.settle()
    assert pair.output == b"$ held"


def test_a_duplicate_is_acknowledged_again() -> None:
    client = ClientChannel()
    data = frames.serialise(frames.Frame(frames.OUTPUT, 0, 1, 1, b"$ "))
    assert client.receive(data, 0) == [Ready(), Output(b"$ ")]
    assert client.receive(data, 0) == []
    assert len(list(client.due(0))) == 2


def test_a_lost_message_is_repeated_after_the_timeout_and_not_before() -> None:
    agent = AgentChannel()
    agent.skip_handshake()
    agent.send(b"$ ")
    (first,) = agent.due(10.0)
    assert not list(agent.due(10.19))
    assert agent.wait(10.15) == pytest.approx(0.05)
    assert list(agent.due(10.21)) == [first]
    assert not list(agent.due(10.3)), "the repetition is the last time of sending"
    assert agent.oldest(10.3) == pytest.approx(0.3)


def test_after_a_reconnection_the_unacknowledged_is_sent_again() -> None:
    agent = AgentChannel()
    agent.skip_handshake()
    for number in range(3):
        agent.send(str(number).encode())
    first = list(agent.due(0))
    agent.receive(frames.serialise(frames.acknowledgement(frames.parse(first[1]))), 0.01)
    agent.reconnected()
    assert list(agent.due(0.02)) == [first[0], first[2]]


def test_the_pace_is_kept() -> None:
    agent = AgentChannel(rate=100)
    agent.skip_handshake()
    agent.send(bytes(1024 * 500))
    now, sent = 0.0, len(list(agent.due(0)))
    while now < 2:
        wait = agent.wait(now)
        assert wait is not None
        now += max(wait, 0.001)
        sent += len(list(agent.due(now)))
    assert 200 <= sent <= 300


def test_the_end_and_nonsense_are_told() -> None:
    client = ClientChannel()
    assert client.receive(frames.serialise(frames.channel_closed("s", "i", "Bye.")), 0) == [Closed("Bye.")]
    (notice,) = client.receive(b"nonsense", 0)
    assert isinstance(notice, Notice)


class Mirror:
    """Stands for AES-GCM: reversible, and different in each direction."""

    def encrypt(self, data: bytes) -> bytes:
        return b"c" + data

    def decrypt(self, data: bytes) -> bytes:
        assert data[:1] == b"a"
        return data[1:]


def test_an_encrypted_session_answers_the_challenge() -> None:
    client = ClientChannel()
    client.send(b"id\n")

    def receive(sequence: int, payload_type: int, payload: bytes) -> tuple[list[Event], list[frames.Frame]]:
        events = client.receive(frames.serialise(frames.Frame(frames.OUTPUT, sequence, 0, payload_type, payload)), 0)
        return events, [frame for frame in map(frames.parse, client.due(0)) if frame.type == frames.INPUT]

    request = {
        "AgentVersion": "3.3.0.0",
        "RequestedClientActions": [
            {"ActionType": "SessionType", "ActionParameters": {"SessionType": "Standard_Stream"}},
            {"ActionType": "KMSEncryption", "ActionParameters": {"KMSKeyId": "arn:key", "Challenge": "QUJD"}},
        ],
    }
    assert receive(0, 5, frames.compact(request)) == ([KeyRequested("arn:key", "QUJD")], [])
    client.use_key(Mirror(), b"blob")
    (response,) = (frame for frame in map(frames.parse, client.due(0)) if frame.type == frames.INPUT)
    assert b'"KMSCipherTextKey":"YmxvYg=="' in response.payload
    assert not frames.refused_actions(response.payload)
    _events, (answer,) = receive(1, 8, b'{"Challenge":"YXh5eg=="}')
    assert answer.payload == b'{"Challenge":"Y3h5eg=="}'
    events, (first,) = receive(2, 7, frames.handshake_complete(0.1, "Hello."))
    assert isinstance(events[0], Ready)
    assert events[0].message == "Hello."
    assert first.payload == b"cid\n"
    assert receive(3, 1, b"ahome") == ([Output(b"home")], [])


def encrypted_pair(client_key: bytes, agent_key: bytes) -> Pair:
    """Bring both ends to the point at which each has a key."""
    pair = Pair()
    pair.client.send(b"id\n")
    pair.agent.request_handshake("3.3.0.0", "Standard_Stream", None, pair.now, ("arn:key", "QUJD"))
    pair.run(lambda: bool(pair.at_client))
    assert pair.at_client == [KeyRequested("arn:key", "QUJD")]
    pair.client.use_key(HalvesCipher(client_key, client=True), b"blob")
    pair.run(lambda: bool(pair.at_agent))
    assert pair.at_agent == [KeyOffered(b"blob")]
    pair.agent.use_key(HalvesCipher(agent_key, client=False))
    return pair


def test_an_encrypted_session_hides_what_is_said() -> None:
    pair = encrypted_pair(bytes(64), bytes(64))
    pair.agent.send(b"home")
    pair.agent.send(b"error", "stderr")
    pair.agent.exit(3)
    pair.settle()
    assert pair.input == b"id\n"
    assert [event for event in pair.at_client if isinstance(event, (Output, ExitCode))] == [
        Output(b"home"),
        Output(b"error", "stderr"),
        ExitCode(3),
    ]
    assert not any(
        word in data for data in pair.up.seen + pair.down.seen for word in (b"id\n", b"home", b"error", b"EXIT_CODE")
    )


def test_a_client_with_another_key_is_refused() -> None:
    pair = encrypted_pair(bytes(64), bytes(63) + b"x")
    with pytest.raises(CipherError):
        pair.settle()


def test_a_wrong_answer_to_the_challenge_is_refused() -> None:
    pair = encrypted_pair(bytes(64), bytes(64))
    other = base64.b64encode(HalvesCipher(bytes(64), client=True).encrypt(b"other")).decode()
    answer = frames.Frame(frames.INPUT, 1, 0, 9, frames.compact({"Challenge": other}))
    assert pair.agent.receive(frames.serialise(answer), 0) == [Refused("The client does not have the session's key.")]
    assert not pair.agent.ready


def test_a_client_without_a_key_is_refused() -> None:
    pair = Pair()
    pair.agent.request_handshake("3.3.0.0", "Standard_Stream", None, pair.now, ("arn:key", ""))
    pair.run(lambda: bool(pair.at_client))
    pair.client.refuse_key("no permission")
    pair.run(lambda: bool(pair.at_agent))
    assert pair.at_agent == [Refused("KMSEncryption: no permission")]


ARN = "arn:aws:kms:ap-northeast-1:123456789012:key/1"


def sent(client: ClientChannel, *messages: tuple[int, bytes]) -> list[Event]:
    """Give a client messages of an agent, each its payload's type and its payload."""
    first = client._receiver._expected
    events = []
    for sequence, (payload_type, payload) in enumerate(messages, first):
        frame = frames.Frame(frames.OUTPUT, sequence, 0, payload_type, payload)
        events += client.receive(frames.serialise(frame), 0)
    return events


def request_of(key: str = "") -> tuple[int, bytes]:
    return 5, frames.handshake_request("3.3.0.0", "Standard_Stream", None, key, "QUJD" if key else "")


COMPLETE = 7, frames.handshake_complete(0.1)
CHALLENGE = 8, b'{"Challenge":"YXh5eg=="}'


@pytest.mark.parametrize(
    ("before", "message"),
    [
        ([request_of(), COMPLETE], request_of("arn:other")),
        ([request_of()], request_of("arn:other")),
        ([(1, b"$ ")], request_of("arn:other")),
        ([], COMPLETE),
        ([(1, b"$ ")], COMPLETE),
        ([request_of(), COMPLETE], COMPLETE),
        ([request_of()], (1, b"early")),
        ([request_of()], (11, b"early")),
        ([], (12, b"EXIT_CODE: 0")),
        ([request_of(ARN)], COMPLETE),
    ],
)
def test_a_handshake_is_the_first_and_the_only_one(before: list[tuple[int, bytes]], message: tuple[int, bytes]) -> None:
    client = ClientChannel()
    sent(client, *before)
    with pytest.raises(BreachError):
        sent(client, message)


def keyed() -> ClientChannel:
    client = ClientChannel()
    sent(client, request_of(ARN))
    client.use_key(Mirror(), b"blob")
    return client


def test_a_challenge_is_answered_once() -> None:
    client = keyed()
    sent(client, CHALLENGE)
    with pytest.raises(BreachError, match="second challenge"):
        sent(client, CHALLENGE)


def test_output_given_as_a_challenge_does_not_become_input() -> None:
    client = keyed()
    sent(client, CHALLENGE, COMPLETE, (1, b"arm -rf /"))
    list(client.due(0))
    with pytest.raises(BreachError, match="second challenge"):
        sent(client, (8, frames.compact({"Challenge": base64.b64encode(b"arm -rf /").decode()})))
    assert not [frame for frame in map(frames.parse, client.due(0)) if frame.type == frames.INPUT]


def test_a_session_without_the_required_key_does_not_begin() -> None:
    for demand in (ARN, "any"):
        for message in (request_of(), (1, b"$ ")):
            with pytest.raises(BreachError, match="require_encryption"):
                sent(ClientChannel(required_key=demand), message)
    with pytest.raises(BreachError, match=r"key arn:other; require_encryption demands arn:aws:kms"):
        sent(ClientChannel(required_key=ARN), request_of("arn:other"))
    assert sent(ClientChannel(required_key=ARN), request_of(ARN)) == [KeyRequested(ARN, "QUJD")]
    assert sent(ClientChannel(required_key="any"), request_of("arn:x")) == [KeyRequested("arn:x", "QUJD")]


def test_an_agent_takes_one_answer_to_its_handshake() -> None:
    pair = encrypted_pair(bytes(64), bytes(64))
    pair.client._sender.put(6, frames.handshake_response([], "1.2.0.0"))
    pair.settle()
    kinds = [type(event) for event in pair.at_agent]
    assert kinds.count(KeyOffered) == 1
    assert kinds.count(Notice) == 1
    assert pair.input == b"id\n"


def test_what_comes_early_is_bounded_by_its_size() -> None:
    client = ClientChannel()
    for sequence in range(1, 100):
        client.receive(frames.serialise(frames.Frame(frames.OUTPUT, sequence, 0, 1, bytes(1 << 20))), 0)
    assert len(list(client.due(0))) == 32
