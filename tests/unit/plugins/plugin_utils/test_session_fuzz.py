# SPDX-License-Identifier: GPL-3.0-or-later
"""Neither a broken line nor a broken peer brings an end to raise, to hang, or to deliver other bytes than were sent."""

from __future__ import annotations

import contextlib
import json
import random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from plugins.plugin_utils._ssm.wire import frames
from plugins.plugin_utils._ssm.wire.agent import AgentChannel
from plugins.plugin_utils._ssm.wire.channel import BreachError, ClientChannel, Output
from tests.unit.plugins.plugin_utils.session_pair import Link, Pair

TYPES = st.sampled_from(
    [
        frames.INPUT,
        frames.OUTPUT,
        frames.ACKNOWLEDGE,
        frames.CHANNEL_CLOSED,
        frames.START_PUBLICATION,
        frames.PAUSE_PUBLICATION,
        frames.AGENT_SESSION_STATE,
        "",
        "nonsense",
    ]
)
KEYS = st.sampled_from(
    [
        *("AcknowledgedMessageSequenceNumber", "AgentVersion", "RequestedClientActions", "ActionType"),
        *("ActionParameters", "SessionType", "Properties", "KMSEncryption", "KMSKeyId", "Challenge", "cols", "rows"),
        *("ProcessedClientActions", "ActionStatus", "ActionResult", "KMSCipherTextKey", "Error", "CustomerMessage"),
        "Output",
    ]
)
LEAVES = st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats() | st.text(max_size=9) | KEYS
VALUES: st.SearchStrategy[Any] = st.recursive(
    LEAVES, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=4), max_leaves=12
)
PAYLOADS = (
    st.binary(max_size=60)
    | VALUES.map(lambda value: json.dumps(value).encode())
    | st.just(b"[" * 5000)
    | st.sampled_from([b"EXIT_CODE: 3", b"EXIT_CODE:", b'{"cols":80,"rows":24}'])
)
FRAMES = st.builds(
    frames.Frame, TYPES, st.integers(-1, 4), st.integers(0, 3), st.integers(0, 14), PAYLOADS, st.integers(0, 2**63)
)


@st.composite
def damaged(draw: st.DrawFn) -> bytes:
    """Return a frame that is whole, cut, prolonged, or changed in one place; or no frame at all."""
    data = frames.serialise(draw(FRAMES))
    kind = draw(st.sampled_from(["whole", "cut", "long", "changed", "none"]))
    if kind == "cut":
        return data[: draw(st.integers(0, len(data)))]
    if kind == "long":
        return data + draw(st.binary(max_size=9))
    if kind == "changed":
        at = draw(st.integers(0, len(data) - 1))
        return data[:at] + draw(st.binary(min_size=1, max_size=1)) + data[at + 1 :]
    return draw(st.binary(max_size=300)) if kind == "none" else data


@settings(max_examples=150)
@given(st.lists(damaged(), max_size=12), st.booleans())
def test_no_peer_makes_an_end_raise_but_the_sentence_that_ends_the_session(
    messages: list[bytes], handshake: bool
) -> None:
    client, agent = ClientChannel(), AgentChannel()
    if handshake:
        agent.request_handshake("3.3.0.0", "Port", None, 0.0, ("arn:key", "QUJD"))
    else:
        agent.skip_handshake()
    client.send(b"input")
    for end in (client, agent):
        now = 0.0
        for data in messages:
            now += 0.1
            try:
                end.receive(data, now)
            except BreachError:
                break  # the session ends with this sentence
            assert all(len(sent) >= 120 for sent in end.due(now))
            wait = end.wait(now)
            assert wait is None or 0 <= wait <= 60


SAID = {
    "handshake request": (False, frames.OUTPUT, 5, ["RequestedClientActions", "AgentVersion"]),
    "challenge": (False, frames.OUTPUT, 8, ["Challenge"]),
    "end of the handshake": (False, frames.OUTPUT, 7, ["CustomerMessage"]),
    "exit code": (False, frames.OUTPUT, 12, []),
    "flag": (False, frames.OUTPUT, 10, []),
    "acknowledgement": (False, frames.ACKNOWLEDGE, 0, ["AcknowledgedMessageSequenceNumber"]),
    "end of the session": (False, frames.CHANNEL_CLOSED, 0, ["Output"]),
    "handshake response": (True, frames.INPUT, 6, ["ProcessedClientActions"]),
    "challenge's answer": (True, frames.INPUT, 9, ["Challenge"]),
    "size": (True, frames.INPUT, 3, ["cols", "rows"]),
}
ACTIONS = st.lists(
    st.fixed_dictionaries(
        {},
        optional={
            "ActionType": st.sampled_from(["SessionType", "KMSEncryption"]) | VALUES,
            "ActionStatus": st.just(1) | VALUES,
            "ActionParameters": VALUES,
            "ActionResult": VALUES,
            "Error": VALUES,
        },
    )
    | VALUES,
    max_size=3,
)


@pytest.mark.parametrize("what", SAID)
@settings(max_examples=80)
@given(st.data())
def test_no_message_s_content_makes_an_end_raise(what: str, data: st.DataObject) -> None:
    at_agent, kind, payload_type, keys = SAID[what]
    said = st.dictionaries(st.sampled_from(keys) if keys else KEYS, ACTIONS | VALUES) | VALUES
    payload = data.draw(said.map(lambda value: json.dumps(value).encode()) | PAYLOADS)
    end: ClientChannel | AgentChannel = ClientChannel()
    if at_agent:
        end = AgentChannel()
        if payload_type == 3:
            end.skip_handshake()
        else:
            end.request_handshake("3.3.0.0", "Port", None, 0.0, data.draw(st.none() | st.just(("arn:key", "QUJD"))))
        list(end.due(0.0))
    with contextlib.suppress(BreachError):  # out of its turn: the one error that ends a session
        end.receive(frames.serialise(frames.Frame(kind, 0, 0, payload_type, payload)), 0.1)
    list(end.due(0.1))


@settings(max_examples=100)
@given(st.binary(min_size=1, max_size=500), st.lists(st.tuples(st.integers(0, 5), damaged()), max_size=8))
def test_damaged_copies_change_nothing(data: bytes, noise: list[tuple[int, bytes]]) -> None:
    """A client believes a frame by its digest only; what is damaged on the way comes again."""
    agent, client = AgentChannel(payload_size=100, rate=0), ClientChannel()
    agent.skip_handshake()
    agent.send(data)
    got = b""
    for number, whole in enumerate(agent.due(0.0)):
        hurt = [bad[: len(whole)] for at, bad in noise if at == number and is_damaged(bad[: len(whole)])]
        for received in [*hurt, whole]:
            got += b"".join(event.data for event in client.receive(received, 0.0) if isinstance(event, Output))
    assert got == data


def is_damaged(data: bytes) -> bool:
    try:
        frames.parse(data)
    except frames.FrameError:
        return True
    return False


class Line(RuleBasedStateMachine):
    """Two ends on a line that loses, doubles, delays and breaks, in any order of events."""

    @initialize(seed=st.integers(0, 2**32), handshake=st.booleans(), loss=st.floats(0, 0.5), doubling=st.floats(0, 0.5))
    def begin(self, seed: int, handshake: bool, loss: float, doubling: float) -> None:
        chance = random.Random(seed)
        self.up, self.down = Link(chance, loss, doubling, 0.3), Link(chance, loss, doubling, 0.3)
        self.pair = Pair(ClientChannel(payload_size=10), AgentChannel(payload_size=10), self.up, self.down)
        self.sent, self.answered = b"", b"$ "
        if handshake:
            self.pair.agent.request_handshake("3.3.0.0", "Port", None, 0.0)
        else:
            self.pair.agent.skip_handshake()
        self.pair.agent.send(b"$ ")

    @rule(data=st.binary(max_size=60))
    def send(self, data: bytes) -> None:
        self.pair.client.send(data)
        self.sent += data

    @rule(data=st.binary(max_size=60))
    def answer(self, data: bytes) -> None:
        self.pair.agent.send(data)
        self.answered += data

    @rule(seconds=st.floats(0.001, 2))
    def wait(self, seconds: float) -> None:
        self.pair.step(seconds)

    @rule(client=st.booleans())
    def reconnect(self, client: bool) -> None:
        """Lose what is on its way, both directions of one end's websocket."""
        self.up.carried.clear()
        self.down.carried.clear()
        (self.pair.client if client else self.pair.agent).reconnected()

    @rule(pause=st.booleans())
    def publish(self, pause: bool) -> None:
        kind = frames.PAUSE_PUBLICATION if pause else frames.START_PUBLICATION
        self.pair.agent.receive(frames.serialise(frames.Frame(kind)), self.pair.now)

    @rule()
    def stutter(self) -> None:
        """The agent's process does not take input for a while."""
        self.pair.agent.accepting = not self.pair.agent.accepting

    @invariant()
    def nothing_else_was_delivered(self) -> None:
        if hasattr(self, "pair"):
            assert self.sent.startswith(self.pair.input)
            assert self.answered.startswith(self.pair.output)

    def teardown(self) -> None:
        if hasattr(self, "pair"):
            self.pair.agent.accepting = True
            self.publish(pause=False)
            self.pair.run(lambda: not (self.pair.client.waiting or self.pair.agent.waiting), 900)
            assert self.pair.input == self.sent
            assert self.pair.output == self.answered


TestLine = Line.TestCase
TestLine.settings = settings(max_examples=40, stateful_step_count=30)
