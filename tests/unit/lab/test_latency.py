# SPDX-License-Identifier: GPL-3.0-or-later
"""How far away AWS is."""

from __future__ import annotations

import asyncio
import os
import socket
import time
from typing import Any

import pytest

from lab.api.serving.server import delayed
from lab.base.errors import LabError
from lab.base.latency import Latency
from lab.plane.network import latency_proxy


@pytest.mark.parametrize(
    ("option", "expected"),
    [
        ("", Latency()),
        ("rtt=60", Latency(0.06, 0)),
        ("rtt=60,api=150", Latency(0.06, 0.15)),
        ("api=1.5", Latency(0, 0.0015)),
    ],
)
def test_the_latency_option_is_read(option: str, expected: Latency) -> None:
    assert Latency.read(option) == expected


@pytest.mark.parametrize("option", ["60", "rtt=", "rtt=-1", "rtt=60;api=1", "ping=3"])
def test_latency_options_that_are_none(option: str) -> None:
    with pytest.raises(LabError, match="such as rtt=60,api=150"):
        Latency.read(option)


async def _echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(1 << 16):
        writer.write(data)
        await writer.drain()
    writer.close()


def test_every_byte_arrives_in_order_and_a_round_trip_later() -> None:
    sent = os.urandom(3_000_000)

    async def story() -> tuple[bytes, float, float]:
        near = socket.create_server(("127.0.0.1", 0))
        port = near.getsockname()[1]
        behind = await latency_proxy.put_before(near, Latency(0.1))
        async with await asyncio.start_server(_echo, sock=behind):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            began = time.monotonic()
            writer.write(b"a")
            await reader.readexactly(1)
            first = time.monotonic() - began
            began = time.monotonic()
            writer.write(b"b")
            await reader.readexactly(1)
            second = time.monotonic() - began
            writer.write(sent)
            writer.write_eof()
            return await reader.read(-1), first, second

    got, first, second = asyncio.run(story())
    assert got == sent
    assert first >= 0.2, "a connection's own round trip comes first"
    assert 0.1 <= second < 0.19


def test_no_distance_is_no_detour() -> None:
    with socket.socket() as listener:
        assert asyncio.run(latency_proxy.put_before(listener, Latency())) is listener


@pytest.mark.parametrize(
    ("environ", "waits"),
    [
        ({"HTTP_AUTHORIZATION": "AWS4-HMAC-SHA256 Credential=x/20260101/eu-west-1/ssm/aws4_request, Signed…"}, True),
        ({"HTTP_AUTHORIZATION": "AWS4-HMAC-SHA256 Credential=x/20260101/eu-west-1/s3/aws4_request, Signed…"}, False),
        ({"QUERY_STRING": "X-Amz-Credential=x%2F20260101%2Feu-west-1%2Fs3%2Faws4_request"}, False),
        ({"PATH_INFO": "/_lab/status"}, False),
    ],
)
def test_aws_takes_its_time_for_calls_but_those_of_s3(environ: dict[str, Any], waits: bool) -> None:
    application = delayed(lambda _environ, _start: [b"answer"], 0.05)
    began = time.monotonic()
    assert application(environ, lambda *_: None) == [b"answer"]
    assert (time.monotonic() - began >= 0.05) is waits
