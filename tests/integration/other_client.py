# SPDX-License-Identifier: GPL-3.0-or-later
"""A program that uses pyssm-client, which shares no code with ours: `talk TARGET COMMAND`, or `frames`.

https://pypi.org/project/pyssm-client/
"""

from __future__ import annotations

import asyncio
import json
import sys
import uuid

import boto3
from pyssm_client.communicator import protocol
from pyssm_client.communicator.data_channel import SessionDataChannel
from pyssm_client.communicator.utils import create_websocket_config

from plugins.plugin_utils._ssm.wire import frames

MILLISECONDS = 1_700_000_000_123
CASES = [
    frames.Frame(frames.INPUT, 0, 0, frames.PayloadType.OUTPUT, b"id\n", MILLISECONDS),
    frames.Frame(frames.INPUT, 70_000, 0, frames.PayloadType.OUTPUT, bytes(range(256)) * 4, MILLISECONDS),
    frames.Frame(frames.INPUT, 2, 0, frames.PayloadType.SIZE, frames.size(80, 24), MILLISECONDS),
    frames.Frame(frames.OUTPUT, 0, frames.SYN, frames.PayloadType.OUTPUT, "ä".encode(), MILLISECONDS),
    frames.Frame(frames.OUTPUT, 9, 0, frames.PayloadType.EXIT_CODE, b"EXIT_CODE: 3", MILLISECONDS),
]


async def talk(target: str, command: str) -> None:
    """Type a command into a new session's shell, and print what its terminal showed.

    Its own `exec` types before the shell is there, never again, and so waits for ever when the agent was late.
    """
    started = boto3.client("ssm").start_session(Target=target)
    channel = SessionDataChannel(create_websocket_config(started["StreamUrl"], started["TokenValue"]))
    shown, begun, closed = bytearray(), asyncio.Event(), asyncio.Event()

    def show(data: bytes) -> None:
        shown.extend(data)
        begun.set()

    channel.set_stdout_handler(show)
    channel.set_closed_handler(closed.set)
    channel.set_client_info("pyssm-client", "0.2.0")
    assert await channel.open()
    await asyncio.wait_for(begun.wait(), 30)
    await channel.send_input_data(f"{command}; exit\n".encode())
    await asyncio.wait_for(closed.wait(), 30)
    await channel.close()
    sys.stdout.buffer.write(shown)


def compare() -> None:
    """Fail unless its frames are ours, byte for byte, and each reads the other's."""
    for frame in CASES:
        ours = frames.serialise(frame)
        theirs = protocol.serialize_client_message(
            frame.type,
            1,
            frame.created,
            frame.sequence,
            frame.flags,
            frame.identifier.bytes,
            frame.payload,
            frame.payload_type,
        )
        assert ours == theirs, frame
        read = protocol.parse_client_message(ours)
        assert read is not None
        assert (read.message_type, read.sequence_number, read.payload_type, read.payload) == (
            *(frame.type, frame.sequence, frame.payload_type, frame.payload),
        )
        assert uuid.UUID(read.get_message_id_string()) == frame.identifier
        acknowledgement = frames.parse(protocol.create_acknowledge_message(read))
        own = frames.acknowledgement(frame)
        assert (acknowledgement.type, acknowledgement.flags) == (own.type, own.flags)
        assert json.loads(acknowledgement.payload) == json.loads(own.payload)


if __name__ == "__main__":
    if sys.argv[1] == "talk":
        asyncio.run(talk(*sys.argv[2:]))
    else:
        compare()
