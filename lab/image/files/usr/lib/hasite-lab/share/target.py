# SPDX-License-Identifier: GPL-3.0-or-later
"""Talks to a mount target; the lab's side is lab/plane/file_system.py."""

from __future__ import annotations

import socket
import ssl
from dataclasses import dataclass
from typing import TextIO

PORT = 2049


class RefusedError(Exception):
    """The mount target answered, and said no."""


@dataclass(frozen=True)
class Target:
    """Where a mount target is reached: at its own address, or at a tunnel's end on this machine."""

    address: str
    port: int = PORT


def ask(target: Target, request: str, seconds: float, *, tls_name: str = "", identity: str = "") -> list[str]:
    """Return the words of the mount target's answer; raise OSError if it can't be reached in time.

    With a name the connection is encrypted, and the mount target has to prove that name; with an identity (a signed
    call) it is told first who asks.
    """
    with socket.create_connection((target.address, target.port), timeout=seconds) as plain:
        connection = ssl.create_default_context().wrap_socket(plain, server_hostname=tls_name) if tls_name else plain
        with connection, connection.makefile("rw", encoding="utf-8", newline="\n") as lines:
            if identity:
                _answer(lines, f"CONNECT {identity}")
            return _answer(lines, request)


def _answer(lines: TextIO, request: str) -> list[str]:
    print(request, file=lines, flush=True)
    answer: list[str] = lines.readline().split()
    if not answer:
        raise ConnectionResetError("the mount target closed the connection")
    if answer[0] == "ERROR":
        raise RefusedError(answer[1])
    return answer
