# SPDX-License-Identifier: GPL-3.0-or-later
"""The streams of a forwarding session, cut at any place."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plugins.plugin_utils._ssm.wire.mux import Mux, MuxError


@given(st.lists(st.tuples(st.integers(0, 2), st.binary(max_size=70_000)), max_size=8), st.integers(1, 5000))
def test_each_stream_gets_its_own_bytes_in_order(pieces: list[tuple[int, bytes]], step: int) -> None:
    client, agent = Mux(client=True), Mux(client=False)
    opened = [client.open() for _ in range(3)]
    numbers = [number for number, _ in opened]
    sent = b"".join(data for _, data in opened)
    sent += b"".join(client.data(numbers[which], data) for which, data in pieces)
    sent += b"".join(client.finish(number) for number in numbers)
    got: dict[int, bytes] = {}
    ended = []
    for start in range(0, len(sent), step):
        for number, data in agent.feed(sent[start : start + step]):
            got[number] = got.get(number, b"") + (data or b"")
            if data == b"":
                ended.append(number)
    assert got == {number: b"".join(data for at, data in pieces if numbers[at] == number) for number in numbers}
    assert ended == numbers


def test_the_frames_are_those_of_smux() -> None:
    client = Mux(client=True)
    number, opened = client.open()
    assert (number, opened.hex()) == (3, "0100000003000000"), "little-endian, the first stream is 3"
    assert client.data(3, b"abc").hex() == "0102030003000000616263"
    assert client.finish(3).hex() == "0101000003000000"
    assert client.open()[0] == 5


def test_what_has_ended_stays_so() -> None:
    client, agent = Mux(client=True), Mux(client=False)
    number, opened = client.open()
    assert list(agent.feed(opened)) == [(number, None)]
    end = agent.finish(number)
    assert agent.finish(number) == agent.data(number, b"late") == b""
    assert list(agent.feed(client.data(number, b"on its way"))) == []
    assert list(client.feed(end + end)) == [(number, b"")]


@given(st.binary(max_size=200))
def test_any_bytes_are_frames_or_refused(data: bytes) -> None:
    with contextlib.suppress(MuxError):
        assert list(Mux(client=True).feed(data)) == [], "no stream is open"


def test_another_version_is_refused() -> None:
    with pytest.raises(MuxError, match="version 2"):
        list(Mux(client=True).feed(bytes([2, 0, 0, 0, 0, 0, 0, 0])))
