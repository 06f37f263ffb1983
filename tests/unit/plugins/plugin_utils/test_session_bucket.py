# SPDX-License-Identifier: GPL-3.0-or-later
"""What a machine runs to reach a bucket, with each of the tools it may have."""

from __future__ import annotations

import os
import subprocess
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from plugins.plugin_utils._ssm.session.api import Api
from plugins.plugin_utils._ssm.session.bucket import Bucket, PresignedUrl, download_command, upload_command

CONTENT = bytes(range(256)) * 400


class Server(ThreadingHTTPServer):
    url = ""
    received: bytes = b""
    headers: dict[str, str]


class Handler(BaseHTTPRequestHandler):
    server: Server

    def do_GET(self) -> None:
        status = 200 if self.path.startswith("/there?") else 403
        body = CONTENT if status == 200 else b"<Error><Code>AccessDenied</Code></Error>"
        self._answer(status, body)

    def do_PUT(self) -> None:
        self.server.received = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.headers = {name.lower(): value for name, value in self.headers.items()}
        self._answer(200 if self.path.startswith("/there?") else 403, b"")

    def _answer(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_words: object) -> None:
        pass


@pytest.fixture
def server() -> Iterator[Server]:
    made = Server(("127.0.0.1", 0), Handler)
    made.url = f"http://127.0.0.1:{made.server_port}"
    threading.Thread(target=made.serve_forever, daemon=True).start()
    yield made
    made.shutdown()
    made.server_close()


@pytest.fixture(params=["curl", "python3"])
def path(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A PATH with one of the tools only."""
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / request.param).symlink_to(f"/usr/bin/{request.param}")
    return str(tmp_path / "bin")


def run(command: bytes, place: PresignedUrl, path: str) -> subprocess.CompletedProcess[bytes]:
    environment = {**os.environ, "PATH": path}
    return subprocess.run(
        ["/bin/sh", "-c", command], input=place.config(), env=environment, capture_output=True, check=False
    )


def test_a_file_is_got(server: Server, path: str, tmp_path: Path) -> None:
    target = tmp_path / "a 'b\" ä"
    done = run(download_command(str(target)), PresignedUrl(f"{server.url}/there?X-Amz-Signature=0%2F1&a=b"), path)
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")
    assert target.read_bytes() == CONTENT


def test_a_refusal_is_no_file(server: Server, path: str, tmp_path: Path) -> None:
    done = run(download_command(str(tmp_path / "target")), PresignedUrl(f"{server.url}/closed?x"), path)
    assert done.returncode
    assert b"403" in done.stderr
    assert b"AccessDenied" not in ((tmp_path / "target").read_bytes() if (tmp_path / "target").exists() else b"")


def test_a_file_is_sent(server: Server, path: str, tmp_path: Path) -> None:
    (tmp_path / "a 'b").write_bytes(CONTENT)
    place = PresignedUrl(f"{server.url}/there?x", (("x-amz-server-side-encryption", "AES256"),))
    done = run(upload_command(str(tmp_path / "a 'b")), place, path)
    assert (done.returncode, done.stderr) == (0, b"")
    assert server.received == CONTENT
    assert server.headers["x-amz-server-side-encryption"] == "AES256"
    assert run(upload_command(str(tmp_path / "a 'b")), PresignedUrl(f"{server.url}/closed?x"), path).returncode


def test_a_machine_without_a_tool_says_so(tmp_path: Path) -> None:
    done = run(download_command("target"), PresignedUrl("http://127.0.0.1:9/"), str(tmp_path))
    assert (done.returncode, done.stderr) == (127, b"neither curl nor python3 is there\n")


def test_the_address_is_in_no_argument_and_no_log() -> None:
    assert "secret" not in repr(PresignedUrl("https://b.s3.amazonaws.com/k?X-Amz-Signature=secret"))


@pytest.mark.parametrize(
    ("mode", "key", "asked"),
    [
        (None, "k", {}),
        ("AES256", "k", {"ServerSideEncryption": "AES256"}),
        ("aws:kms", None, {"ServerSideEncryption": "aws:kms"}),
        ("aws:kms", "k", {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": "k"}),
    ],
)
def test_encryption_is_asked_for_as_upstream_does(mode: str | None, key: str | None, asked: dict[str, str]) -> None:
    assert Bucket(Api(), "b", sse_mode=mode, sse_kms_key_id=key).encryption() == asked
