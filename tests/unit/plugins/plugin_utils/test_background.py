# SPDX-License-Identifier: GPL-3.0-or-later
"""Local sockets: who is at their other end, and who could change the way to them."""

from __future__ import annotations

import os
import socket
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from plugins.plugin_utils._ipc import background
from plugins.plugin_utils._ipc.background import BackgroundError, Listener, SocketPath, exchangeable, is_own, is_private
from plugins.plugin_utils._warm import client as warm_client

root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can be another user")
NOBODY = 65534


def as_nobody(function: Callable[[], object]) -> int:
    """Run a function as another user, in a process of its own; return that process."""
    child = os.fork()
    if not child:
        os.setresuid(NOBODY, NOBODY, NOBODY)
        function()
        os._exit(0)
    return child


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """Return a folder that another user reaches and may change, as if it had been taken."""
    folder = Path(f"/tmp/hasite-test-{os.getpid()}")
    folder.mkdir()
    folder.chmod(0o777)
    yield folder
    for each in folder.iterdir():
        each.unlink()
    folder.rmdir()


@root
@pytest.mark.parametrize("client", ["place", "warm"])
def test_another_user_s_listener_is_told_nothing(open_folder: Path, client: str) -> None:
    path = open_folder / "socket"
    ready, told = os.pipe(), os.pipe()

    def listen() -> None:
        listener = socket.socket(socket.AF_UNIX)
        listener.bind(str(path))
        listener.listen()
        os.write(ready[1], b".")
        connection = listener.accept()[0]
        os.write(told[1], connection.recv(100) or b"nothing")

    child = as_nobody(listen)
    assert os.read(ready[0], 1) == b"."
    if client == "place":
        with pytest.raises(BackgroundError, match="another user's"):
            SocketPath(open_folder, "socket").connect()
    else:
        assert warm_client._connect(str(path)) is None
    assert os.read(told[0], 100) == b"nothing"
    os.waitpid(child, 0)


@root
def test_another_user_is_not_let_in(open_folder: Path) -> None:
    door = Listener(open_folder / "socket")
    (open_folder / "socket").chmod(0o777)
    child = as_nobody(lambda: socket.socket(socket.AF_UNIX).connect(str(open_folder / "socket")))
    assert door.accept() is None
    os.waitpid(child, 0)
    own = socket.socket(socket.AF_UNIX)
    threading.Thread(target=own.connect, args=[str(open_folder / "socket")]).start()
    assert door.accept()
    door.close()


def test_both_ends_of_a_pair_are_own() -> None:
    one, other = socket.socketpair()
    assert is_own(one)
    assert is_own(other)


@pytest.mark.parametrize(
    ("mode", "owner", "group", "unsafe"),
    [
        (0o755, 0, 0, False),
        (0o777, 0, 0, True),
        (0o1777, 0, 0, False),
        (0o775, os.geteuid(), os.getegid(), False),
        (0o775, os.geteuid(), os.getegid() + 1, True),
        (0o755, os.geteuid() + 1, 0, True),
        (0o777, os.geteuid(), os.getegid(), True),
    ],
)
def test_a_folder_above_that_others_change_is_seen(mode: int, owner: int, group: int, unsafe: bool) -> None:
    status = os.stat_result((mode, 0, 0, 0, owner, group, 0, 0, 0, 0))
    assert background._is_exchangeable(status) is unsafe


def test_the_whole_path_counts_also_that_of_a_link(tmp_path: Path) -> None:
    folder = tmp_path / "open" / "own"
    folder.mkdir(mode=0o700, parents=True)
    link = tmp_path / "link"
    link.symlink_to(folder)
    assert is_private(folder)
    (tmp_path / "open").chmod(0o777)
    assert exchangeable(folder) == tmp_path / "open"
    assert not is_private(folder)
    assert not is_private(link)
    with pytest.raises(BackgroundError, match="other users may change"):
        SocketPath(folder, "x").ensure(lambda: None)
