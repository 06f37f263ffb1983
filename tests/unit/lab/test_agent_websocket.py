# SPDX-License-Identifier: GPL-3.0-or-later
"""The websockets of the machines' agent, against a server that the lab's own service is made of."""

from __future__ import annotations

import asyncio
import contextlib
import os
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from aiohttp import WSMsgType, web

sys.path.append(str(Path(__file__).parents[3] / "lab/image/files/usr/lib/hasite-lab"))

from agent import websocket

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
Client = Callable[[websocket.WebSocket], Awaitable[None]]


async def serving(handler: Handler, client: Callable[[int], Awaitable[None]]) -> None:
    """Have the client talk to a server that answers by the handler, on a port of its own."""
    application = web.Application()
    application.add_routes([web.get("/v1/{channel:.*}", handler)])
    runner = web.AppRunner(application)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        async with asyncio.timeout(20):
            await client(runner.addresses[0][1])
    finally:
        await runner.cleanup()


def talk(handler: Handler, client: Client) -> None:
    """Have the client talk by a websocket that the handler serves."""

    async def connected(port: int) -> None:
        url = f"ws://127.0.0.1:{port}/v1/control-channel/i-1?role=subscribe&stream=input"
        socket = await websocket.connect(url, {"authorization": "signed"}, None)
        try:
            await client(socket)
        finally:
            socket.close()

    asyncio.run(serving(handler, connected))


def opened(serve: Callable[[web.WebSocketResponse], Awaitable[None]]) -> Handler:
    async def handler(request: web.Request) -> web.StreamResponse:
        assert request.headers["Authorization"] == "signed"
        assert request.query_string == "role=subscribe&stream=input", "it is signed as it is"
        socket = web.WebSocketResponse(max_msg_size=0, autoping=False)
        await socket.prepare(request)
        await serve(socket)
        return socket

    return handler


async def echo(socket: web.WebSocketResponse) -> None:
    async for message in socket:
        if message.type is WSMsgType.TEXT:
            await socket.send_str(message.data)
        elif message.type is WSMsgType.BINARY:
            await socket.send_bytes(message.data)
        elif message.type is WSMsgType.PING:
            await socket.pong(message.data)


@pytest.mark.parametrize("size", [1, 125, 126, 1144, 65535, 65536, 1 << 20])
def test_messages_of_any_size_go_both_ways(size: int) -> None:
    data = os.urandom(size)

    async def client(socket: websocket.WebSocket) -> None:
        await socket.send(data)
        assert await socket.receive() == data
        await socket.send_text("日本".encode())
        assert await socket.receive() == "日本".encode()

    talk(opened(echo), client)


def test_a_pong_is_a_message_without_bytes() -> None:
    async def client(socket: websocket.WebSocket) -> None:
        await socket.ping()
        assert await socket.receive() == b""

    talk(opened(echo), client)


def test_a_ping_is_answered_while_the_agent_waits_for_a_message() -> None:
    async def serve(socket: web.WebSocketResponse) -> None:
        await socket.ping(b"alive?")
        answer = await socket.receive()
        assert (answer.type, answer.data) == (WSMsgType.PONG, b"alive?")
        await socket.send_bytes(b"so it is")

    async def client(socket: websocket.WebSocket) -> None:
        assert await socket.receive() == b"so it is"

    talk(opened(serve), client)


def test_fragments_are_one_message_though_a_wait_for_it_was_cancelled() -> None:
    async def serve(socket: web.WebSocketResponse) -> None:
        assert socket._writer is not None
        transport = socket._writer.transport
        transport.write(b"\x02\x03abc")  # begins a binary message
        await asyncio.sleep(0.2)
        transport.write(b"\x89\x00\x00\x01d\x80\x01")  # a ping may come between the others
        await asyncio.sleep(0.2)
        transport.write(b"e")
        await asyncio.sleep(0.2)

    async def client(socket: websocket.WebSocket) -> None:
        for seconds in (0.1, 0.2):
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(seconds):
                    await socket.receive()
        assert await socket.receive() == b"abcde"

    talk(opened(serve), client)


def test_the_service_tells_why_it_closes() -> None:
    async def serve(socket: web.WebSocketResponse) -> None:
        await socket.close(code=1008, message=b"no token")

    async def client(socket: websocket.WebSocket) -> None:
        with pytest.raises(websocket.DisconnectedError, match=r"1008.*no token"):
            await socket.receive()
        with pytest.raises(websocket.DisconnectedError):
            await socket.send(b"too late")

    talk(opened(serve), client)


@pytest.mark.parametrize(
    ("sent", "said"),
    [
        (b"\x82\x7f" + (1 << 30).to_bytes(8, "big"), "limit"),
        (b"\x8f\x00", "invalid opcode"),
        (b"", "ended|broken"),
    ],
)
def test_a_service_that_breaks_the_protocol_is_left(sent: bytes, said: str) -> None:
    async def serve(socket: web.WebSocketResponse) -> None:
        assert socket._writer is not None
        assert socket._writer.transport is not None
        socket._writer.transport.write(sent)
        socket._writer.transport.close()

    async def client(socket: websocket.WebSocket) -> None:
        with pytest.raises(websocket.DisconnectedError, match=said):
            await socket.receive()

    talk(opened(serve), client)


def test_whoever_is_cut_off_waits_no_more() -> None:
    async def serve(socket: web.WebSocketResponse) -> None:
        await socket.receive()

    async def client(socket: websocket.WebSocket) -> None:
        waiting = asyncio.create_task(socket.receive())
        await asyncio.sleep(0.05)
        socket.abort()
        with pytest.raises(websocket.DisconnectedError):
            await waiting

    talk(opened(serve), client)


def test_what_the_service_does_not_take_is_waited_for() -> None:
    taken = asyncio.Event()

    async def serve(socket: web.WebSocketResponse) -> None:
        await taken.wait()
        async for message in socket:
            if message.data == b"end":
                return

    async def client(socket: websocket.WebSocket) -> None:
        async def send() -> None:
            for _ in range(200):
                await socket.send(bytes(1 << 17))
            await socket.send(b"end")

        sending = asyncio.create_task(send())
        await asyncio.sleep(0.5)
        assert not sending.done(), "25 MB are not kept in memory"
        taken.set()
        await sending

    talk(opened(serve), client)


def test_a_refusal_tells_its_status_and_its_words() -> None:
    async def handler(request: web.Request) -> web.StreamResponse:
        return web.Response(status=403, text="The token is not known.")

    with pytest.raises(websocket.RefusedError, match=r"403.*The token is not known") as refused:
        talk(handler, _nothing)
    assert refused.value.status == 403


def test_an_answer_that_is_no_websocket_is_none() -> None:
    async def handler(request: web.Request) -> web.StreamResponse:
        response = web.Response(status=101, headers={"Upgrade": "websocket", "Connection": "Upgrade"})
        response.headers["Sec-WebSocket-Accept"] = "guessed"
        return response

    with pytest.raises(websocket.DisconnectedError, match="did not prove"):
        talk(handler, _nothing)


@pytest.mark.parametrize("answer", [b"", b"HTTP/1.1 101 Switching", b"SSH-2.0-OpenSSH_9.2\r\n\r\n"])
def test_who_does_not_speak_http_is_left(answer: bytes) -> None:
    async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(answer)
        writer.close()

    async def run() -> None:
        server = await asyncio.start_server(handler, "127.0.0.1", 0)
        async with server:
            url = f"ws://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1/x"
            with pytest.raises(websocket.DisconnectedError):
                await websocket.connect(url, {}, None)

    asyncio.run(run())


@pytest.mark.parametrize("url", ["http://127.0.0.1:1/", "ws://127.0.0.1:1/"])
def test_where_nobody_answers_no_websocket_is_opened(url: str) -> None:
    with pytest.raises(websocket.DisconnectedError, match=r"no URL|not reachable"):
        asyncio.run(websocket.connect(url, {}, None))


async def _nothing(socket: websocket.WebSocket) -> None:
    """Ask for nothing once it is open."""
