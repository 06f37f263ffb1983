# SPDX-License-Identifier: GPL-3.0-or-later
"""How a stream is opened, by a service that redirects, refuses, or sends more than it may."""

from __future__ import annotations

import base64
import hashlib
import socket
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from plugins.plugin_utils._ssm.session.api import check_stream
from plugins.plugin_utils._ssm.session.link import Link, open_websocket
from plugins.plugin_utils._ssm.session.socket import proxy_of
from plugins.plugin_utils._ssm.wire.errors import SessionError, StartError
from plugins.plugin_utils._ssm.wire.key import required_key


@contextmanager
def service(answer: str, after: bytes = b"") -> Iterator[tuple[str, list[bytes]]]:
    """Answer one opening of a websocket; yield its address, and what came after the opening."""
    got: list[bytes] = []
    listener = socket.create_server(("127.0.0.1", 0))
    listener.settimeout(10)

    def serve() -> None:
        try:
            connection = listener.accept()[0]
        except OSError:
            return
        with connection:
            connection.settimeout(10)
            asked = b""
            while b"\r\n\r\n" not in asked:
                asked += connection.recv(4096)
            key = next(line for line in asked.split(b"\r\n") if line.lower().startswith(b"sec-websocket-key"))
            accept = hashlib.sha1(key.partition(b":")[2].strip() + b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11").digest()
            connection.sendall(answer.format(accept=base64.b64encode(accept).decode()).encode() + after)
            while data := connection.recv(4096):
                got.append(data)

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        yield f"ws://127.0.0.1:{listener.getsockname()[1]}/v1/data-channel/x", got
    finally:
        # Ends the wait for a connection that never comes, which closing alone does not.
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join(10)


UPGRADE = (
    "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    "Sec-WebSocket-Accept: {accept}\r\n\r\n"
)


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_a_redirect_does_not_get_the_token(status: int) -> None:
    with service(UPGRADE) as (other, got):
        answer = f"HTTP/1.1 {status} Elsewhere\r\nLocation: {other}\r\nContent-Length: 0\r\n\r\n"
        with service(answer) as (url, first), pytest.raises(SessionError, match="Redirect limit exhausted"):
            Link(lambda: open_websocket(url, None, 5), "token", lambda: None, lambda _key, _challenge: (b"", b""))
    assert not got
    assert not first


@pytest.mark.parametrize(
    "frames",
    [
        b"\x82\x7f" + struct.pack(">Q", (1 << 20) + 1),
        b"\x82\x7f" + struct.pack(">Q", 1 << 62),
        (b"\x02\x7f" + struct.pack(">Q", 1 << 19) + bytes(1 << 19))
        + (b"\x00\x7f" + struct.pack(">Q", 1 << 19) + bytes(1 << 19))
        + b"\x00\x01x",
    ],
)
def test_a_message_that_is_too_long_is_not_read(frames: bytes) -> None:
    with service(UPGRADE, frames) as (url, _got):
        websocket = open_websocket(url, None, 5)
        with pytest.raises(Exception, match="at most 1048576"):
            websocket.recv()
        websocket.sock.close()


@pytest.mark.parametrize(
    ("url", "endpoint", "good"),
    [
        ("wss://ssmmessages/v1/x", "https://ssm", True),
        ("wss://ssmmessages/v1/x", "http://ssm", True),
        ("ws://127.0.0.1/v1/x", "http://127.0.0.1", True),
        ("ws://ssmmessages/v1/x", "https://ssm", False),
        ("http://ssmmessages/v1/x", "http://ssm", False),
        ("", "http://ssm", False),
    ],
)
def test_a_stream_in_clear_text_is_refused(url: str, endpoint: str, good: bool) -> None:
    if good:
        check_stream(url, lambda: endpoint)
        return
    with pytest.raises(StartError, match="TLS") as caught:
        check_stream(url, lambda: endpoint)
    assert caught.value.permanent


@pytest.mark.parametrize(
    ("value", "key"),
    [
        (None, ""),
        (False, ""),
        ("no", ""),
        (True, "any"),
        ("Yes", "any"),
        ("arn:aws:kms:ap-northeast-1:123456789012:key/0-a", "arn:aws:kms:ap-northeast-1:123456789012:key/0-a"),
    ],
)
def test_the_demand_is_read(value: object, key: str) -> None:
    assert required_key(value) == key


@pytest.mark.parametrize("value", ["alias/mine", "arn:aws:kms:ap-northeast-1:123456789012:alias/mine", "yess"])
def test_what_is_no_key_is_refused(value: str) -> None:
    with pytest.raises(SessionError, match="require_encryption"):
        required_key(value)


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("", None),
        ("http://proxy:3128", ("proxy", 3128, "http", None)),
        ("proxy:3128", ("proxy", 3128, "http", None)),
        ("proxy", ("proxy", 80, "http", None)),
        ("http://me:p%40ss@proxy:3128/", ("proxy", 3128, "http", ("me", "p@ss"))),
        ("socks5h://proxy", ("proxy", 1080, "socks5h", None)),
    ],
)
@pytest.mark.parametrize(("url", "name"), [("wss://s/v1/", "HTTPS_PROXY"), ("ws://s/v1/", "http_proxy")])
def test_the_proxy_is_that_of_the_environment(
    url: str, name: str, given: str, expected: tuple[str, int, str, tuple[str, str] | None] | None
) -> None:
    options = proxy_of(url, {name: given, "ALL_OTHERS_PROXY": "http://other"})
    names = ("http_proxy_host", "http_proxy_port", "proxy_type", "http_proxy_auth")
    assert (tuple(map(options.get, names)) if options else None) == expected


@pytest.mark.parametrize("given", ["https://proxy:3128", "http://proxy:port", "http://", "ftp://proxy"])
def test_a_proxy_that_cannot_be_used_is_told(given: str) -> None:
    with pytest.raises(SessionError, match="HTTPS_PROXY names no proxy") as caught:
        proxy_of("wss://s/v1/", {"HTTPS_PROXY": given})
    assert caught.value.permanent


def test_a_status_is_told_without_what_comes_with_it() -> None:
    answer = "HTTP/1.1 403 Forbidden\r\nContent-Length: 6\r\nX-Odd: odd\r\n\r\nsecret"
    with service(answer) as (url, _got), pytest.raises(SessionError, match=r"opened: it answers with status 403\.$"):
        open_websocket(url, None, 5)


def test_a_missing_bundle_is_told() -> None:
    with pytest.raises(SessionError, match="AWS_CA_BUNDLE cannot be read"):
        open_websocket("wss://127.0.0.1:1/v1/x", "/none.pem", 5)
