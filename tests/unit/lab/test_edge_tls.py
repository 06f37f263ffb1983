# SPDX-License-Identifier: GPL-3.0-or-later
"""Which TLS 1.2 suites a viewer of a distribution is offered: those of its security policy, once its name is known."""

from __future__ import annotations

import contextlib
import socket
import ssl
import threading
from pathlib import Path

import pytest

from lab.base.authority import Authority
from lab.plane.edge.edge import presenting

NAME = "www.hasite.test"
GCM, CHACHA, CBC = "AES128-GCM-SHA256", "CHACHA20-POLY1305", "AES128-SHA256"


def handshake(authority: Authority, policy: str, suite: str) -> bool:
    listening = authority.sign(["*.cloudfront.net"]).context()
    own = presenting(authority.sign([NAME]), policy)

    def choose(connection: ssl.SSLObject, _name: str | None, _context: ssl.SSLContext) -> None:
        connection.context = own

    listening.sni_callback = choose
    viewer = ssl.create_default_context(cafile=str(authority.path))
    viewer.maximum_version = ssl.TLSVersion.TLSv1_2
    viewer.set_ciphers(f"ECDHE-ECDSA-{suite}:ECDHE-RSA-{suite}")
    near, far = socket.socketpair()

    def serve() -> None:
        with contextlib.suppress(OSError):
            listening.wrap_socket(far, server_side=True).close()
        far.close()

    server = threading.Thread(target=serve)
    server.start()
    try:
        viewer.wrap_socket(near, server_hostname=NAME).close()
    except OSError:
        return False
    finally:
        near.close()
        server.join()
    return True


@pytest.mark.parametrize(
    ("policy", "offered"),
    [("TLSv1.2_2019", [GCM, CHACHA, CBC]), ("TLSv1.2_2021", [GCM, CHACHA]), ("TLSv1.2_2025", [GCM])],
)
def test_a_viewer_is_offered_the_suites_of_the_policy(tmp_path: Path, policy: str, offered: list[str]) -> None:
    authority = Authority(tmp_path / "ca")
    assert [suite for suite in (GCM, CHACHA, CBC) if handshake(authority, policy, suite)] == offered
