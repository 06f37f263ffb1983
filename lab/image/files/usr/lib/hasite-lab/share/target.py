# SPDX-License-Identifier: GPL-3.0-or-later
"""Talks to a mount target; the lab's side is lab/plane/file_system.py."""

from __future__ import annotations

import socket

PORT = 2049


class RefusedError(Exception):
    """The mount target answered, and said no."""


def ask(address: str, request: str, seconds: float) -> list[str]:
    """Return the words of the mount target's answer; raise OSError if it can't be reached in time."""
    with socket.create_connection((address, PORT), timeout=seconds) as connection:
        connection.sendall(f"{request}\n".encode())
        answer = connection.makefile(encoding="utf-8").readline().split()
    if not answer:
        raise ConnectionResetError("the mount target closed the connection")
    if answer[0] == "ERROR":
        raise RefusedError(answer[1])
    return answer
