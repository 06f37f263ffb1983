# SPDX-License-Identifier: GPL-3.0-or-later
"""Stands between a run and the API, and keeps what is answered: nobody else shows a session's token."""

from __future__ import annotations

import re
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from urllib.parse import urlsplit

_TOKEN = re.compile(rb'"TokenValue": *"([^"]+)"')


@contextmanager
def tap(url: str) -> Iterator[tuple[str, bytearray]]:
    """Carry the API's calls; yield the address to call instead, and what the API has answered so far."""
    there = urlsplit(url)
    answers = bytearray()
    listener = socket.create_server(("127.0.0.1", 0))

    def carry(source: socket.socket, sink: socket.socket, kept: bytearray) -> None:
        with suppress(OSError):
            while data := source.recv(65536):
                kept += data
                sink.sendall(data)
            sink.shutdown(socket.SHUT_WR)

    def serve() -> None:
        with suppress(OSError):
            while True:
                client = listener.accept()[0]
                server = socket.create_connection((there.hostname, there.port))
                for one in ((client, server, bytearray()), (server, client, answers)):
                    threading.Thread(target=carry, args=one, daemon=True).start()

    threading.Thread(target=serve, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}", answers
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()


def tokens(answers: bytearray) -> list[str]:
    """Return the tokens of the sessions that have begun."""
    return [token.decode() for token in _TOKEN.findall(bytes(answers))]
