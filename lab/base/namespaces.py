# SPDX-License-Identifier: GPL-3.0-or-later
"""Sockets and processes in network namespaces: a socket stays in the namespace it was made in."""

from __future__ import annotations

import os
import socket
import subprocess
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeVar

from lab.base.errors import LabError

T = TypeVar("T")
FOLDER = Path("/run/netns")


def inside(namespace: str, action: Callable[[], T]) -> T:
    """Return what `action` returns when a thread of its own runs it in the namespace.

    Python 3.11 has no `os.setns`, so the call goes through libc; the thread ends afterwards, and
    with it the only trace of the switch.
    """
    result: list[T] = []
    failure: list[BaseException] = []

    def run() -> None:
        try:
            _enter(namespace)
            result.append(action())
        except BaseException as error:  # handed to the caller's thread, where it is raised
            failure.append(error)

    thread = threading.Thread(target=run, name=f"netns {namespace}")
    thread.start()
    thread.join()
    if failure:
        raise failure[0]
    return result[0]


def _enter(namespace: str) -> None:
    import ctypes

    libc = ctypes.CDLL(None, use_errno=True)
    descriptor = os.open(FOLDER / namespace, os.O_RDONLY | os.O_CLOEXEC)
    try:
        clone_newnet = 0x40000000
        if libc.setns(descriptor, clone_newnet) != 0:
            code = ctypes.get_errno()
            raise OSError(code, os.strerror(code), str(FOLDER / namespace))
    finally:
        os.close(descriptor)


def make_socket(namespace: str, kind: socket.SocketKind = socket.SOCK_STREAM) -> socket.socket:
    """Return an unbound, non-blocking IPv4 socket in the namespace."""

    def create() -> socket.socket:
        made = socket.socket(socket.AF_INET, kind)
        made.setblocking(False)
        return made

    return inside(namespace, create)


def listen(namespace: str, address: str, port: int) -> socket.socket:
    """Return a listening TCP socket in the namespace."""
    made = make_socket(namespace)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    made.bind((address, port))
    made.listen(128)
    return made


def datagrams(namespace: str, address: str, port: int) -> socket.socket:
    """Return a bound UDP socket in the namespace."""
    made = make_socket(namespace, socket.SOCK_DGRAM)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    made.bind((address, port))
    return made


def ip_batch(lines: Sequence[str], namespace: str | None = None, *, force: bool = False) -> None:
    """Run `ip` commands (without the word `ip`) in one process; with `force`, go on after a refused one."""
    if not lines:
        return
    command = ["ip", *(["-n", namespace] if namespace else []), *(["-force"] if force else []), "-batch", "-"]
    done = subprocess.run(command, input="\n".join(lines) + "\n", text=True, capture_output=True, check=False)
    if done.returncode and not force:
        raise LabError(f"ip refused a command of the lab in {namespace or 'the host'}: {done.stderr.strip()}.")


def nft(ruleset: str, namespace: str | None = None) -> None:
    """Load a packet-filter ruleset atomically; nft wants its statements on separate lines."""
    command = [*(["ip", "netns", "exec", namespace] if namespace else []), "nft", "-f", "-"]
    done = subprocess.run(command, input=ruleset, text=True, capture_output=True, check=False)
    if done.returncode:
        raise LabError(f"nft refused the lab's rules in {namespace or 'the host'}: {done.stderr.strip()}.")


def add(namespace: str) -> None:
    """Make a namespace with its loopback up; one that is there already is kept."""
    if not (FOLDER / namespace).exists():
        ip_batch([f"netns add {namespace}"])
    ip_batch(["link set lo up"], namespace)


def remove(namespace: str) -> None:
    """Remove a namespace if it is there."""
    if (FOLDER / namespace).exists():
        ip_batch([f"netns del {namespace}"])


def every(prefix: str) -> list[str]:
    """Return the names of all namespaces that begin with the prefix."""
    if not FOLDER.is_dir():
        return []
    return sorted(entry.name for entry in FOLDER.iterdir() if entry.name.startswith(prefix))
