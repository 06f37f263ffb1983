# SPDX-License-Identifier: GPL-3.0-or-later
"""Commands in a shell: whatever comes in whatever pieces is read as it was sent."""

from __future__ import annotations

import base64
import gzip
import os
import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plugins.plugin_utils._session_result import SILENT, Password, Result
from plugins.plugin_utils._session_shell import (
    Opening,
    Request,
    ShellError,
    describe_file,
    quit_request,
    read_description,
)


def packed(data: bytes) -> bytes:
    return base64.encodebytes(gzip.compress(data)) if data else b""


def answer(request: Request, status: int, stdout: bytes, stderr: bytes) -> bytes:
    mark = request.mark.encode()
    return b"\n%b %d\n%b%b,\n%b%b.\n" % (mark, status, packed(stdout), mark, packed(stderr), mark)


@given(st.binary(max_size=600), st.binary(max_size=300), st.integers(0, 255), st.binary(max_size=50), st.data())
def test_answer_in_any_pieces(stdout: bytes, stderr: bytes, status: int, noise: bytes, data: st.DataObject) -> None:
    request = Request(b"true")
    text = noise + answer(request, status, stdout, stderr)
    at = sorted(data.draw(st.lists(st.integers(0, len(text)), max_size=6)))
    pieces = [text[begin:end] for begin, end in zip([0, *at], [*at, len(text)], strict=True)]
    results = [request.feed(piece) for piece in pieces]
    assert Result(status, stdout, stderr) in results


def test_request_counts_its_parts() -> None:
    request = Request(b"cat", b"input", Password("secret", ("Password:", "合言葉:"), "OK"))
    data = request.data()
    mark, *counts = data[:80].decode().split()
    assert mark == request.mark
    assert [int(count) for count in counts[:1]] == [3]
    assert len(data) == 80 + sum(int(count) for count in counts)
    assert len(quit_request()) == 80


def test_damaged_answer_is_told() -> None:
    request = Request(b"true")
    mark = request.mark.encode()
    with pytest.raises(ShellError, match="damaged"):
        request.feed(b"\n%b 0\nnonsense%b,\n%b.\n" % (mark, mark, mark))


def test_full_disk_is_told() -> None:
    request = Request(b"true")
    with pytest.raises(ShellError, match="full"):
        request.feed(b"\n" + request.mark.encode() + b" failed\n")


def test_sign_is_not_seen_in_its_echo() -> None:
    opening = Opening()
    assert not opening.feed(b"$ " + opening.line)
    assert opening.feed(opening.sign[:3].encode()) is False
    assert opening.feed(opening.sign[3:].encode())
    assert len(opening.line) < 1024


def test_paths_are_quoted() -> None:
    assert b"'a b'\"'\"'c'" in describe_file("a b'c")
    assert read_description(b"ab12 34\n") == ("ab12", 34)


def in_a_shell(request: Request, folder: Path) -> Result:
    """Run a command as on a machine, where a second without a prompt is enough."""
    loop = Opening().loop.replace(b"sleep 30", b"sleep 1")
    environ = {"TMPDIR": str(folder), "PATH": os.environ["PATH"]}
    sent = request.data() + quit_request()
    done = subprocess.run(["sh", "-c", loop], input=sent, capture_output=True, check=True, env=environ)
    result = request.feed(done.stdout)
    assert result
    assert list(folder.iterdir()) == []
    return result


@pytest.mark.parametrize("script", ["cat", "trap '' TERM; cat; echo more; exec sleep 0.1"])
def test_a_command_that_never_asks_is_ended(tmp_path: Path, script: str) -> None:
    result = in_a_shell(Request(script.encode(), b"input", Password("secret", ("Password:",), "BEGUN")), tmp_path)
    assert SILENT.encode() in result.stderr
    assert b"input" not in result.stdout


def test_a_command_that_has_asked_may_take_its_time(tmp_path: Path) -> None:
    script = b"printf Password:; read -r given; sleep 2; echo BEGUN $given; cat"
    result = in_a_shell(Request(script, b"input", Password("secret", ("Password:",), "BEGUN")), tmp_path)
    assert result == Result(0, b"Password:BEGUN secret\ninput", b"")
