# SPDX-License-Identifier: GPL-3.0-or-later
"""A visitor's requests, against servers on this machine."""

from __future__ import annotations

import http.server
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from ansible_collections.hasite.aws.plugins.module_utils import _visit

from lab.base.authority import Authority


class Answer(http.server.BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(503)
        self.send_header("Cache-Control", "no-store")
        self.send_header("X-Other", "1")
        if "web-" in self.path:
            self.send_header("X-Served-By", self.path.strip("/"))
        self.end_headers()
        self.wfile.write(b"back soon")

    def log_message(self, *words: object) -> None:
        pass


@contextmanager
def serving(context: ssl.SSLContext | None = None) -> Iterator[int]:
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Answer)
    if context:
        server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        server.server_close()


def test_an_answer_with_the_headers_that_matter() -> None:
    with serving() as port:
        answer = _visit.fetch(f"http://127.0.0.1:{port}/", 5)
    assert (answer["status"], answer["problem"], answer["body"]) == (503, None, "back soon")
    assert answer["headers"]["cache-control"] == "no-store"
    assert "x-other" not in answer["headers"]


def test_the_machines_that_answer_are_named_once_each() -> None:
    with serving() as port:
        answers = [_visit.fetch(f"http://127.0.0.1:{port}/{path}", 5) for path in ("web-c", "web-a", "", "web-c")]
    assert _visit.served_by(answers) == ["web-a", "web-c"]


def test_a_page_may_have_a_query() -> None:
    with serving() as port:
        answer = _visit.fetch(f"http://127.0.0.1:{port}/doku.php?id=web-start", 5)
    assert answer["headers"]["x-served-by"] == "doku.php?id=web-start"


def test_nobody_listens() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        answer = _visit.fetch(f"http://127.0.0.1:{free.getsockname()[1]}/", 1)
    assert answer["status"] is None
    assert answer["problem"].startswith("ConnectionRefusedError")


@pytest.fixture
def trusted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ssl.SSLContext:
    """A server's side with a certificate for www.hasite.test, whose authority is trusted here."""
    authority = Authority(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(authority.path))
    return authority.sign(["www.hasite.test"]).context()


def test_a_certificate_is_told_also_where_it_is_another_name_s(trusted: ssl.SSLContext) -> None:
    with serving(trusted) as port:
        fits = _visit.fetch(f"https://www.hasite.test:{port}/", 5, connect_to="127.0.0.1")
        other = _visit.fetch(f"https://old.hasite.test:{port}/", 5, connect_to="127.0.0.1")
    assert (fits["status"], fits["certificate_names"]) == (503, ["www.hasite.test"])
    assert other["problem"] == "the certificate is for www.hasite.test, not for old.hasite.test"
    assert other["status"] is None


def test_an_authority_that_nobody_trusts(trusted: ssl.SSLContext, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SSL_CERT_FILE")
    with serving(trusted) as port:
        answer = _visit.fetch(f"https://www.hasite.test:{port}/", 5, connect_to="127.0.0.1")
    assert answer["problem"].startswith("the certificate is not trusted: ")


@pytest.mark.parametrize(
    ("names", "name", "fits"),
    [
        (["www.hasite.test"], "WWW.hasite.test", True),
        (["*.hasite.test"], "www.hasite.test", True),
        (["*.hasite.test"], "a.www.hasite.test", False),
        (["hasite.test"], "www.hasite.test", False),
        (None, "www.hasite.test", False),
    ],
)
def test_names_of_certificates(names: list[str] | None, name: str, fits: bool) -> None:
    assert _visit.covers(names, name) is fits


def test_an_alias_is_asked_by_its_own_name_at_the_edge_too(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []

    def fetch(url: str, timeout: float, connect_to: str | None = None) -> dict[str, object]:
        asked.append((url, connect_to))
        return {"url": url, "status": 301, "headers": {}, "problem": None}

    monkeypatch.setattr(_visit, "fetch", fetch)
    monkeypatch.setattr(_visit, "addresses", lambda name: {"A": [name], "AAAA": []})
    found = _visit.look_at_alias("hasite.test", "/page?x=1", "d1.cloudfront.net", 5)
    assert found["addresses"] == {"A": ["hasite.test"], "AAAA": []}
    assert asked == [("https://hasite.test/page?x=1", None), ("https://hasite.test/", "d1.cloudfront.net")]
    assert _visit.look_at_alias("hasite.test", "/", None, 5)["edge"] is None
