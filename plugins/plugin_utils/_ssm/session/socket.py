# Copyright: hasite.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A websocket whose messages have a greatest length: websocket-client itself believes any length that it is told.

PRIVATE to the collection. Imported where a websocket is opened, for a task's worker has no need of websocket-client.
"""

from __future__ import annotations

import typing as t
from urllib.parse import unquote, urlsplit

from websocket import WebSocket, WebSocketPayloadException
from websocket._abnf import ABNF, continuous_frame, frame_buffer

from ..wire.errors import SessionError

if t.TYPE_CHECKING:
    from collections.abc import Mapping

LARGEST_MESSAGE = 1 << 20
"""In bytes. AWS's agent sends 1024 bytes and a header of 120; its own client takes what comes."""


class CappedWebSocket(WebSocket):  # type: ignore[misc]  # websocket-client has no types
    """Refuses a message by its announced length, before it is read."""

    def __init__(self, *args: t.Any, **kwargs: t.Any) -> None:
        """Take what `websocket.WebSocket` takes."""
        super().__init__(*args, **kwargs)
        self.frame_buffer = _CappedBuffer(self._recv, True)
        self.cont_frame = _CappedMessage(False, True)


class _CappedBuffer(frame_buffer):  # type: ignore[misc]
    def recv_length(self) -> None:
        super().recv_length()
        _check(self.length or 0)


class _CappedMessage(continuous_frame):  # type: ignore[misc]
    def add(self, frame: ABNF) -> None:
        super().add(frame)
        _check(len(self.cont_data[1]) if self.cont_data else 0)


def _check(length: int) -> None:
    if length > LARGEST_MESSAGE:
        raise WebSocketPayloadException(f"a message has {length} bytes, and at most {LARGEST_MESSAGE} are taken")


_PORTS = {"http": 80, "socks4": 1080, "socks4a": 1080, "socks5": 1080, "socks5h": 1080}


def proxy_of(url: str, environ: Mapping[str, str]) -> dict[str, t.Any]:
    """Return websocket-client's options for the proxy that the environment names; none when it names none.

    As botocore understands the same variables. websocket-client by itself goes past a proxy that is named without
    `http://`, and asks every proxy in clear text, also one that expects TLS. It looks at NO_PROXY in either case.
    """
    name = "https_proxy" if url.startswith("wss:") else "http_proxy"
    given = environ.get(name) or environ.get(name.upper()) or ""
    if not given:
        return {}
    try:
        proxy = urlsplit(given if "://" in given else f"http://{given}")
        host, port = proxy.hostname, proxy.port
    except ValueError:
        host, port = None, None
    if not host or proxy.scheme not in _PORTS:
        raise SessionError(
            f"{name.upper()} names no proxy through which a session's stream can go; give http://HOST:PORT.",
            permanent=True,
        )
    options = {"http_proxy_host": host, "http_proxy_port": port or _PORTS[proxy.scheme], "proxy_type": proxy.scheme}
    if proxy.username:
        options["http_proxy_auth"] = (unquote(proxy.username), unquote(proxy.password or ""))
    return options
