# SPDX-License-Identifier: GPL-3.0-or-later
"""A visitor with many connections at once, each as slow as it likes; a program of its own, for the visitor's network.

Every connection sends at its rate, and the program ends after its time:
`slow_visitor.py KIND COUNT RATE SECONDS HOST PATH`.
"""

from __future__ import annotations

import asyncio
import contextlib
import ssl
import sys
import time

TICK = 0.25
"""Seconds from one piece to the next."""
BODY = 8 << 20
"""What a body is said to have, in bytes."""


def head(kind: str, host: str, path: str) -> bytes:
    """Return what a connection begins with, at once."""
    method = "GET" if kind == "headers" else "POST"
    lines = [f"{method} {path} HTTP/1.1", f"Host: {host}", "Content-Type: application/octet-stream"]
    lines += {"chunked": ["Transfer-Encoding: chunked", "", ""], "headers": ["X-Slow: "]}.get(
        kind, [f"Content-Length: {BODY}", "", ""]
    )
    return b"" if kind == "idle" else "\r\n".join(lines).encode()


def piece(kind: str, size: int) -> bytes:
    """Return what it sends in one tick."""
    if kind == "idle":
        return b""
    return b"%x\r\n%s\r\n" % (size, b"x" * size) if kind == "chunked" else b"x" * size


async def connection(kind: str, rate: int, end: float, host: str, path: str) -> str:
    """Send until the time is over or the other end has had enough; return what the site said, if anything."""
    reader, writer = await asyncio.open_connection(host, 443, ssl=ssl.create_default_context(), server_hostname=host)
    answer = asyncio.create_task(reader.readline())
    try:
        writer.write(head(kind, host, path))
        while time.monotonic() < end and not answer.done():
            writer.write(piece(kind, max(1, round(rate * TICK))))
            await writer.drain()
            await asyncio.wait([answer], timeout=TICK)
        return answer.result().decode().strip() or "closed" if answer.done() else "held"
    except OSError:
        return "closed"
    finally:
        answer.cancel()
        writer.transport.abort()
        with contextlib.suppress(asyncio.CancelledError, OSError):
            await answer


async def main() -> None:
    kind, count, rate, seconds, host, path = sys.argv[1:]
    end = time.monotonic() + float(seconds)
    made = (connection(kind, int(rate), end, host, path) for _ in range(int(count)))
    told = await asyncio.gather(*made, return_exceptions=True)
    became = [f"Error: {one!r}" if isinstance(one, BaseException) else one for one in told]
    for each in sorted(set(became)):
        print(became.count(each), each)


if __name__ == "__main__":
    asyncio.run(main())
