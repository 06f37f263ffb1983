# SPDX-License-Identifier: GPL-3.0-or-later
"""The remote shell `ssm-rsh`, as rsync and people run it, against the lab's service and agent."""

from __future__ import annotations

import base64
import contextlib
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plugins.plugin_utils._ssm.plugin.remote_command import END_OF_INPUT, WINDOW, Answers, command_line, line, written
from plugins.plugin_utils._ssm.plugin.rsh import read_order
from tests.unit.lab.session_world import REGION, SessionWorld, connected_world

pytestmark = pytest.mark.slow

COMMAND = Path(__file__).parents[4] / "bin" / "ssm-rsh"
ANY_BYTES = bytes(range(256)) * 400


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SessionWorld]:
    with connected_world(tmp_path_factory.mktemp("remote")) as made:
        yield made


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """Where the session's user, who is not the tests', may write."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o777)
        yield folder


def environment(world: SessionWorld) -> dict[str, str]:
    return {
        **os.environ,
        "PATH": f"{COMMAND.parent}:{Path(sys.executable).parent}:{os.environ['PATH']}",
        "AWS_ACCESS_KEY_ID": world.context.owner.access_key,
        "AWS_SECRET_ACCESS_KEY": world.context.owner.secret_key,
        "AWS_ENDPOINT_URL": world.endpoint,
        "AWS_DEFAULT_REGION": REGION,
    }


def run(world: SessionWorld, *words: str, given: bytes = b"", host: str = "") -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        [str(COMMAND), host or world.instance, *words],
        input=given,
        capture_output=True,
        timeout=60,
        env=environment(world),
        check=False,
    )


def over(world: SessionWorld) -> bool:
    return not world.ssm.describe_sessions(State="Active")["Sessions"]


def test_streams_and_status_are_the_commands_own(world: SessionWorld) -> None:
    done = run(world, "cat; echo told >&2; exit 3", given=ANY_BYTES)
    assert (done.stdout, done.stderr, done.returncode) == (ANY_BYTES, b"told\n", 3)
    assert over(world)


def test_a_command_that_writes_while_it_reads_is_held_up_by_neither(world: SessionWorld) -> None:
    given = b"\xf8" + os.urandom(3 * WINDOW)
    assert run(world, "cat", given=given).stdout == given


@pytest.mark.parametrize("first", range(0, 256, 4))
def test_no_input_is_taken_for_a_word_about_it(first: int) -> None:
    assert line(bytes([first]) * 10)[:1] not in (END_OF_INPUT[:1], written(1)[:1])


def test_words_are_joined_as_ssh_does(world: SessionWorld) -> None:
    assert run(world, "echo", "a  b", "'c  d'", "-l").stdout == b"a b c  d -l\n"


def test_a_killed_command_has_the_status_of_a_shell(world: SessionWorld) -> None:
    assert run(world, "kill -KILL $$").returncode == 128 + signal.SIGKILL


def test_what_stays_in_the_background_holds_nothing_up(world: SessionWorld) -> None:
    done = run(world, "sleep 50 & echo $!")
    with contextlib.suppress(ProcessLookupError):
        os.kill(int(done.stdout), signal.SIGKILL)
    assert done.returncode == 0


def test_another_user_is_become_with_sudo(world: SessionWorld, tmp_path: Path) -> None:
    own = run(world, "id", "-un").stdout.decode().strip()
    assert run(world, "id", "-un", host=f"{own}@{world.instance}").stdout.decode().strip() == own
    instead = tmp_path / "sudo"
    instead.write_text('#!/bin/sh\nprintf "%s\\n" "$@"\n')
    instead.chmod(0o755)
    line = command_line("echo 'a b'; exit 3", "some body")
    words = subprocess.check_output(["sh", "-c", f"PATH={tmp_path}:$PATH; {line}"], text=True).splitlines()
    assert words == ["-n", "-H", "-u", "some body", "--", "sh", "-c", "echo 'a b'; exit 3"]


def test_a_tree_is_copied_by_rsync(world: SessionWorld, open_folder: Path) -> None:
    source, target = open_folder / "from", open_folder / "to"
    (source / "folder").mkdir(parents=True)
    for number in range(50):
        (source / "folder" / f"file {number}").write_bytes(ANY_BYTES[number:][:3000])
    (source / "big").write_bytes(os.urandom(300_000))
    for expected in ("50 files", "again"):
        done = subprocess.run(
            ["rsync", "-ai", "--rsh", str(COMMAND), f"{source}/", f"{world.instance}:{target}"],
            env=environment(world),
            capture_output=True,
            text=True,
            timeout=60,
        )
        assert (done.returncode, done.stderr) == (0, "")
        assert (len(done.stdout.splitlines()) > 50) == (expected == "50 files")
    assert (target / "big").read_bytes() == (source / "big").read_bytes()
    assert (target / "folder" / "file 7").read_bytes() == ANY_BYTES[7:][:3000]
    back = ["rsync", "-a", "--rsh", str(COMMAND), f"{world.instance}:{target}/", str(open_folder / "back")]
    subprocess.run(back, env=environment(world), check=True, timeout=60)
    assert (open_folder / "back" / "big").read_bytes() == (source / "big").read_bytes()


def test_a_repository_is_cloned_by_git(world: SessionWorld, open_folder: Path) -> None:
    project = open_folder / "project.git"
    commit = "git -c user.name=a -c user.email=a@b commit --quiet --allow-empty -m first"
    assert run(world, f"git init --quiet {project} && cd {project} && {commit}").returncode == 0
    git = environment(world) | {"GIT_SSH_COMMAND": str(COMMAND), "GIT_SSH_VARIANT": "simple"}
    clone = ["git", "clone", "--quiet", f"{world.instance}:{project}", str(open_folder / "clone")]
    subprocess.run(clone, env=git, check=True, timeout=60)
    assert (open_folder / "clone" / ".git" / "HEAD").exists()


def test_a_slow_reader_slows_the_command_and_loses_nothing(world: SessionWorld, open_folder: Path) -> None:
    count = open_folder / "count"
    command = f"for n in $(seq 40); do head -c 100000 /dev/zero; echo $n >{count}; done; echo end >&2"
    writing = subprocess.Popen(
        [str(COMMAND), world.instance, command],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=environment(world),
    )
    world.wait_for(lambda: count.exists() and int(count.read_text() or 0) * 100_000 > WINDOW, 30)
    seen, before = 0, -1
    while seen != before:
        before = seen
        time.sleep(1)
        seen = int(count.read_text() or 0)
    assert seen * 100_000 < 2 * WINDOW, "what nobody reads is not sent"
    out, told = writing.communicate(timeout=60)
    assert (len(out), told, writing.returncode) == (4_000_000, b"end\n", 0)


def test_a_reader_who_goes_ends_the_command(world: SessionWorld, open_folder: Path) -> None:
    piped = f"{COMMAND} {world.instance} 'echo $$ >{open_folder}/process; exec yes' | head -n 1"
    done = subprocess.run(["sh", "-c", piped], env=environment(world), capture_output=True, timeout=60, check=False)
    assert (done.stdout, done.stderr) == (b"y\n", b"")
    world.wait_for(lambda: over(world))
    world.wait_for(lambda: not Path(f"/proc/{(open_folder / 'process').read_text().strip()}").exists())


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_command_ends_on_the_machine(world: SessionWorld, number: int, open_folder: Path) -> None:
    begun = open_folder / "process"
    command = subprocess.Popen(
        [str(COMMAND), world.instance, f"echo $$ >{begun}; exec sleep 100"],
        stdin=subprocess.PIPE,
        env=environment(world),
    )
    world.wait_for(lambda: begun.exists() and begun.read_text() != "")
    command.send_signal(number)
    assert command.wait(30) == 128 + number
    world.wait_for(lambda: not Path(f"/proc/{begun.read_text().strip()}").exists())
    assert over(world)


def test_a_session_that_ends_is_no_success(world: SessionWorld, open_folder: Path) -> None:
    begun = open_folder / "begun"
    command = subprocess.Popen(
        [str(COMMAND), world.instance, f"touch {begun}; sleep 100"],
        stdin=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=environment(world),
    )
    world.wait_for(begun.exists)
    (session,) = world.ssm.describe_sessions(State="Active")["Sessions"]
    world.ssm.terminate_session(SessionId=session["SessionId"])
    _output, told = command.communicate(timeout=30)
    assert command.returncode == 255
    assert told.decode().strip() == "The session was ended before the command was."


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ((), "usage: ssm-rsh"),
        (("i-1",), "needs a command; a shell is opened by `aws ssm start-session`"),
        (("--port", "22", "i-1", "id"), "--port"),
    ],
)
def test_a_wrong_call_is_told(words: tuple[str, ...], told: str) -> None:
    done = subprocess.run(
        [str(COMMAND), *words],
        capture_output=True,
        text=True,
        env={**os.environ, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"},
    )
    assert done.returncode == 255
    assert told in done.stderr


def test_an_unknown_machine_is_one_sentence(world: SessionWorld) -> None:
    done = run(world, "id", host="i-00000000000000000")
    assert done.returncode == 255
    assert len(done.stderr.decode().strip().splitlines()) == 1
    assert "i-00000000000000000" in done.stderr.decode()


def test_the_order_is_read() -> None:
    order = read_order(["--document", "shop", "--region", REGION, "-l", "app", "i-1", "rsync", "--server", "-l", "."])
    assert (order.target, order.user, order.command, order.document) == ("i-1", "app", "rsync --server -l .", "shop")
    assert read_order(["app@i-1", "id"]).user == "app"
    assert order.api.region == REGION


PIECES = st.lists(st.tuples(st.sampled_from([1, 2]), st.binary(min_size=1, max_size=50)), max_size=8)


@given(PIECES, st.binary(max_size=20).filter(lambda data: b"\n" not in data), st.integers(1, 40), st.integers(0, 255))
def test_answers_are_read_whatever_their_pieces(pieces: Any, noise: bytes, size: int, status: int) -> None:
    names = {1: b"o", 2: b"e"}
    sent = noise + b"".join(b"\nmark%b%b\n" % (names[kind], base64.b64encode(data)) for kind, data in pieces)
    sent += b"\nmarkx%b\n" % base64.b64encode(b"%d" % status)
    answers, seen = Answers("mark"), {1: b"", 2: b""}
    for begin in range(0, len(sent), size):
        for piece in answers.feed(sent[begin : begin + size]):
            seen[piece.descriptor] += piece.data
    assert seen == {kind: b"".join(data for one, data in pieces if one == kind) for kind in (1, 2)}
    assert answers.status == status
