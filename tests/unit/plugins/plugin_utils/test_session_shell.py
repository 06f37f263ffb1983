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

from plugins.plugin_utils._ssm.session import shell
from plugins.plugin_utils._ssm.session.result import SILENT, Password, Result
from plugins.plugin_utils._ssm.session.shell import (
    LARGEST_OUTPUT,
    ShellCommand,
    ShellError,
    ShellHandover,
    describe_file,
    quit_request,
    read_description,
)


def packed(data: bytes) -> bytes:
    return base64.encodebytes(gzip.compress(data)) if data else b""


def answer(request: ShellCommand, status: int, stdout: bytes, stderr: bytes) -> bytes:
    mark = request.mark.encode()
    return b"\n%b %d\n%b%b,\n%b%b.\n" % (mark, status, packed(stdout), mark, packed(stderr), mark)


@given(st.binary(max_size=600), st.binary(max_size=300), st.integers(0, 255), st.binary(max_size=50), st.data())
def test_answer_in_any_pieces(stdout: bytes, stderr: bytes, status: int, noise: bytes, data: st.DataObject) -> None:
    request = ShellCommand(b"true")
    text = noise + answer(request, status, stdout, stderr)
    at = sorted(data.draw(st.lists(st.integers(0, len(text)), max_size=6)))
    pieces = [text[begin:end] for begin, end in zip([0, *at], [*at, len(text)], strict=True)]
    results = [request.feed(piece) for piece in pieces]
    assert Result(status, stdout, stderr) in results


def test_request_counts_its_parts() -> None:
    request = ShellCommand(b"cat", b"input", Password("secret", ("Password:", "合言葉:"), "OK"))
    data = request.data()
    mark, *counts = data[:80].decode().split()
    assert mark == request.mark
    assert [int(count) for count in counts[:1]] == [3]
    assert len(data) == 80 + sum(int(count) for count in counts)
    assert len(quit_request()) == 80


def test_damaged_answer_is_told() -> None:
    request = ShellCommand(b"true")
    mark = request.mark.encode()
    with pytest.raises(ShellError, match="damaged"):
        request.feed(b"\n%b 0\nnonsense%b,\n%b.\n" % (mark, mark, mark))


def test_full_disk_is_told() -> None:
    request = ShellCommand(b"true")
    with pytest.raises(ShellError, match="full"):
        request.feed(b"\n" + request.mark.encode() + b" failed\n")


def test_sign_is_not_seen_in_its_echo() -> None:
    opening = ShellHandover()
    assert not opening.feed(b"$ " + opening.line)
    assert opening.feed(opening.sign[:3].encode()) is False
    assert opening.feed(opening.sign[3:].encode() + b" 4711\n")
    assert opening.process == 4711
    assert len(opening.line) < 1024


def test_paths_are_quoted() -> None:
    assert b"'a b'\"'\"'c'" in describe_file("a b'c", 9)
    assert read_description(b"ab" * 32 + b" 34\n") == ("ab" * 32, 34, b"")
    assert read_description(b"ab" * 32 + b" 3\n\na\n") == ("ab" * 32, 3, b"\na\n")


@pytest.mark.parametrize("text", [b"", b"ab12 34", b"ab" * 32 + b" many", b"ab" * 32 + b" " + b"9" * 20, b"\xff \xff"])
def test_what_is_no_size_is_told(text: bytes) -> None:
    with pytest.raises(ShellError, match="describes it as"):
        read_description(text)


def test_output_is_bounded_before_it_is_unpacked() -> None:
    request = ShellCommand(b"true")
    with pytest.raises(ShellError, match="more than 64 MiB"):
        request.feed(answer(request, 0, bytes(LARGEST_OUTPUT + 1), b""))
    request = ShellCommand(b"true")
    assert request.feed(answer(request, 0, bytes(1 << 20), b"x")) == Result(0, bytes(1 << 20), b"x")


def test_an_answer_without_an_end_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shell, "_LARGEST_ANSWER", 1 << 20)
    request = ShellCommand(b"true")
    assert request.feed(bytes(1 << 20)) is None
    with pytest.raises(ShellError, match="more than 1 MiB"):
        request.feed(b"x")


def test_several_gzip_files_are_one_stream_and_half_of_one_is_damaged() -> None:
    request = ShellCommand(b"true")
    mark = request.mark.encode()
    whole = base64.encodebytes(gzip.compress(b"a") + gzip.compress(b"b"))
    assert request.feed(b"\n%b 0\n%b%b,\n%b.\n" % (mark, whole, mark, mark)) == Result(0, b"ab", b"")
    request = ShellCommand(b"true")
    mark = request.mark.encode()
    half = base64.encodebytes(gzip.compress(b"abc")[:-3])
    with pytest.raises(ShellError, match="damaged"):
        request.feed(b"\n%b 0\n%b%b,\n%b.\n" % (mark, half, mark, mark))


def test_secrets_are_in_no_file_that_others_read_or_that_stays(tmp_path: Path) -> None:
    script = (
        'printf Password:; read -r given; echo BEGUN; umask; echo "$0"; stat -c %a "${0%/*}"/*; '
        'grep -rlF -e hunter2 -e becomepass "${0%/*}" "$TMPDIR" | sed s=.*/==; cat >/dev/null'
    )
    request = ShellCommand(script.encode(), b"password=hunter2", Password("becomepass", ("Password:",), "BEGUN"))
    result = in_a_shell(request, tmp_path)
    shown, mask, place, *more = result.stdout.decode().splitlines()
    assert (shown, mask) == ("Password:BEGUN", subprocess.check_output(["sh", "-c", "umask"], text=True).strip())
    assert place.startswith("/dev/shm/")
    assert not Path(place).parent.exists()
    assert [line for line in more if line.isdigit()] == ["600"] * 5
    # The command itself searches for the words, and the input is there until it ends; the password is nowhere.
    assert sorted(line for line in more if not line.isdigit()) == ["c", "i"]


def test_the_password_is_in_no_environment(tmp_path: Path) -> None:
    """A variable that the session has exported stays exported, whatever it is set to later."""
    folder, seen = tmp_path / "tmp", tmp_path / "seen"
    folder.mkdir()
    grep = tmp_path / "grep"
    grep.write_text(f'#!/bin/sh\nenv >>{seen}\nPATH=${{PATH#*:}} exec grep "$@"\n')
    grep.chmod(0o755)
    script = b"printf Password:; read -r given; sleep 0.2; echo BEGUN"
    request = ShellCommand(script, b"", Password("becomepass", ("Password:",), "BEGUN"))
    in_a_shell(request, folder, p="exported", PATH=f"{tmp_path}:{os.environ['PATH']}")
    assert "TMPDIR=" in seen.read_text()
    assert "becomepass" not in seen.read_text()


@pytest.mark.parametrize(
    "mktemp",
    [
        'case $2 in "$TMPDIR"/*) exit 1; esac; exec /usr/bin/mktemp "$@"',
        'made=$(/usr/bin/mktemp "$@") && case $2 in "$TMPDIR"/*) ln -s /dev/full "$made/w"; esac; echo "$made"',
    ],
    ids=["no folder", "no byte"],
)
def test_a_full_disk_takes_commands_still(tmp_path: Path, mktemp: str) -> None:
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "mktemp").write_text(f"#!/bin/sh\n{mktemp}\n")
    (tmp_path / "bin" / "mktemp").chmod(0o755)
    (tmp_path / "tmp").mkdir()
    path = f"{tmp_path / 'bin'}:{os.environ['PATH']}"
    where = b"readlink /proc/$$/fd/1; cat"
    result = in_a_shell(ShellCommand(where, b"input"), tmp_path / "tmp", PATH=path)
    place, _newline, rest = result.stdout.partition(b"\n")
    assert place.startswith(b"/dev/shm/")
    assert (result.status, rest, result.stderr) == (0, b"input", b"")
    assert not Path(place.decode()).parent.exists()


def test_a_command_that_needs_a_terminal_gets_one(tmp_path: Path) -> None:
    """As sudo with requiretty asks for it; without become no command is run twice."""
    demand = (
        b"echo run >>%b; tty -s </dev/tty || { echo 'sudo: sorry, you must have a tty to run sudo' >&2; exit 1; }; "
    )
    trace = os.fsencode(tmp_path / "trace")
    (tmp_path / "tmp").mkdir()
    become = demand % trace + b"echo BECOME-SUCCESS-abc; umask; cat; echo errors >&2; exit 42"
    mask = subprocess.check_output(["sh", "-c", "umask"])
    expected = Result(42, b"BECOME-SUCCESS-abc\n" + mask + b"in\rput", b"errors\n")
    assert in_a_shell(ShellCommand(become, b"in\rput"), tmp_path / "tmp") == expected
    assert (tmp_path / "trace").read_text() == "run\n" * 2
    asking = ShellCommand(
        demand % trace + b"printf Password: >&2; read -r given; echo BECOME-SUCCESS-abc $given; cat",
        b"input",
        Password("secret", ("Password:",), "BECOME-SUCCESS-abc"),
    )
    result = in_a_shell(asking, tmp_path / "tmp")
    assert result == Result(0, b"BECOME-SUCCESS-abc secret\ninput", b"Password:")
    (tmp_path / "trace").unlink()
    assert in_a_shell(ShellCommand(demand % trace), tmp_path / "tmp").status == 1
    begun = b"echo BECOME-SUCCESS-abc; " + demand % trace
    assert in_a_shell(ShellCommand(begun), tmp_path / "tmp").status == 1
    assert (tmp_path / "trace").read_text() == "run\n" * 2


def test_a_sudo_that_says_so_in_another_language_gets_a_terminal_too(tmp_path: Path) -> None:
    sudo = tmp_path / "sudo"
    sudo.write_text(
        '#!/bin/sh\n[ "$2" = true ] || echo run >>${0%/*}/trace\ntty -s </dev/tty && exec sh -c "$2"\n'
        'case $LC_ALL in C) echo "sudo: sorry, you must have a tty to run sudo";; *) echo "Kein Terminal";; esac >&2\n'
        "exit 1\n"
    )
    sudo.chmod(0o755)
    (tmp_path / "tmp").mkdir()
    path = f"{tmp_path}:{os.environ['PATH']}"
    request = ShellCommand(b"sudo -n 'echo BECOME-SUCCESS-abc; cat'", b"input")
    result = in_a_shell(request, tmp_path / "tmp", PATH=path, LC_ALL="de_DE.UTF-8")
    assert result == Result(0, b"BECOME-SUCCESS-abc\ninput", b"")
    assert (tmp_path / "trace").read_text() == "run\n" * 2
    sudo.write_text(f"#!/bin/sh\necho run >>{tmp_path}/trace\necho 'Nein, falsch' >&2\nexit 1\n")
    result = in_a_shell(ShellCommand(b"sudo -n 'echo BECOME-SUCCESS-abc'"), tmp_path / "tmp", PATH=path)
    assert result == Result(1, b"", b"Nein, falsch\n")


def in_a_shell(request: ShellCommand, folder: Path, **more: str) -> Result:
    """Run a command as on a machine, where a second without a prompt is enough; `more` is its environment."""
    loop = ShellHandover().script.replace(b"sleep 30", b"sleep 1")
    environ = {"TMPDIR": str(folder), "PATH": os.environ["PATH"], **more}
    sent = request.data() + quit_request()
    done = subprocess.run(["sh", "-c", loop], input=sent, capture_output=True, check=True, env=environ)
    result = request.feed(done.stdout)
    assert result
    assert list(folder.iterdir()) == []
    return result


@pytest.mark.parametrize("script", ["cat", "trap '' TERM; cat; echo more; exec sleep 0.1"])
def test_a_command_that_never_asks_is_ended(tmp_path: Path, script: str) -> None:
    result = in_a_shell(ShellCommand(script.encode(), b"input", Password("secret", ("Password:",), "BEGUN")), tmp_path)
    assert SILENT.encode() in result.stderr
    assert b"input" not in result.stdout


def test_a_command_that_has_asked_may_take_its_time(tmp_path: Path) -> None:
    script = b"printf Password:; read -r given; sleep 2; echo BEGUN $given; cat"
    result = in_a_shell(ShellCommand(script, b"input", Password("secret", ("Password:",), "BEGUN")), tmp_path)
    assert result == Result(0, b"Password:BEGUN secret\ninput", b"")
