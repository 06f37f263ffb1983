# SPDX-License-Identifier: GPL-3.0-or-later
"""Both ends of a data channel, joined by links that lose, repeat and reorder."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, field

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from plugins.plugin_utils import _session_frames as frames
from plugins.plugin_utils._session_channel import (
    AgentChannel,
    ClientChannel,
    Closed,
    Event,
    ExitCode,
    Flagged,
    Input,
    KeyRequested,
    Notice,
    Output,
    Ready,
    Refused,
    Size,
)


@dataclass
class Link:
    """One direction of a bad connection."""

    chance: random.Random
    loss: float = 0.0
    doubling: float = 0.0
    delay: float = 0.02
    carried: list[tuple[float, int, bytes]] = field(default_factory=list)
    count: int = 0

    def put(self, data: bytes, now: float) -> None:
        copies = 0 if self.chance.random() < self.loss else 2 if self.chance.random() < self.doubling else 1
        for _ in range(copies):
            self.count += 1
            self.carried.append((now + self.chance.random() * self.delay, self.count, data))

    def take(self, now: float) -> list[bytes]:
        arrived = sorted(item for item in self.carried if item[0] <= now)
        self.carried = [item for item in self.carried if item[0] > now]
        return [data for _at, _number, data in arrived]


@dataclass
class Pair:
    """A client and an agent."""

    client: ClientChannel = field(default_factory=ClientChannel)
    agent: AgentChannel = field(default_factory=AgentChannel)
    up: Link = field(default_factory=lambda: Link(random.Random(1)))
    down: Link = field(default_factory=lambda: Link(random.Random(2)))
    now: float = 0.0
    at_client: list[Event] = field(default_factory=list)
    at_agent: list[Event] = field(default_factory=list)

    def step(self, seconds: float = 0.01) -> None:
        self.now += seconds
        for data in self.up.take(self.now):
            self.at_agent += self.agent.receive(data, self.now)
        for data in self.down.take(self.now):
            self.at_client += self.client.receive(data, self.now)
        for data in self.client.due(self.now):
            self.up.put(data, self.now)
        for data in self.agent.due(self.now):
            self.down.put(data, self.now)

    def run(self, until: Callable[[], bool], seconds: float = 60) -> None:
        end = self.now + seconds
        while not until():
            assert self.now < end, "the ends came to no end"
            self.step()

    def settle(self) -> None:
        self.run(lambda: not (self.client.waiting or self.agent.waiting))

    @property
    def output(self) -> bytes:
        return b"".join(event.data for event in self.at_client if isinstance(event, Output))

    @property
    def input(self) -> bytes:
        return b"".join(event.data for event in self.at_agent if isinstance(event, Input))


@settings(max_examples=40, deadline=None)
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
