# Copyright: hasite.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Background processes of this user: found by a socket, started once, ended when nobody has asked for a while.

PRIVATE to the collection. The process's half (`Listener`, `report_ready`) runs under any Python from 3.9.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import socket
import stat
import struct
import subprocess
import sys
import typing as t
from pathlib import Path

if t.TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

_LONGEST_PATH = 100
"""A local socket's path has at most 107 bytes (unix(7))."""

_CREDENTIALS = struct.Struct("3i")

_BOOT = (
    "import sys, types, importlib; sys.path[:] = sys.argv[3:] or sys.path; "
    "package = types.ModuleType('hasite'); package.__path__ = [sys.argv[1]]; "
    "sys.modules['hasite'] = package; importlib.import_module('hasite.' + sys.argv[2]).main()"
)
"""The process's modules, under a package of their own: Ansible's loader of collections is not needed there."""


class BackgroundError(Exception):
    """One sentence that says why there is no process; to try again does not help where it is `permanent`."""

    def __init__(self, message: str, *, permanent: bool = False) -> None:
        super().__init__(message)
        self.permanent = permanent


class NoAnswerError(BackgroundError):
    """The process has ended before it could say why."""


def is_private(folder: Path) -> bool:
    """Tell whether a folder is there and this user's alone, and nobody else can put another one in its place."""
    try:
        status = folder.stat()
    except FileNotFoundError:
        return False
    return status.st_uid == os.geteuid() and not status.st_mode & 0o077 and exchangeable(folder) is None


def exchangeable(folder: Path) -> Path | None:
    """Return the first folder above, also above a link's target, in which another user may rename what is there.

    As sshd's StrictModes looks at it; but a folder of the user's own group is fine, for with a umask of 002 that is
    how distributions make them, and so is one like /tmp, where only owners rename.
    """
    above = {*folder.absolute().parents, *folder.resolve().parents}
    return next((parent for parent in sorted(above) if _is_exchangeable(parent.stat())), None)


def _is_exchangeable(status: os.stat_result) -> bool:
    if status.st_uid not in (0, os.geteuid()):
        return True
    own_group = status.st_uid == os.geteuid() and status.st_gid == os.getegid()
    writable = status.st_mode & (0o002 if own_group else 0o022)
    return bool(writable) and not status.st_mode & stat.S_ISVTX


def is_own(sock: socket.socket) -> bool:
    """Tell whether the other end of a local socket is a process of this user (SO_PEERCRED, unix(7)).

    Systems without it have the folder's mode only.
    """
    option = getattr(socket, "SO_PEERCRED", None)
    if option is None:
        return True
    _pid, uid, _gid = _CREDENTIALS.unpack(sock.getsockopt(socket.SOL_SOCKET, option, _CREDENTIALS.size))
    return bool(uid == os.geteuid())


class SocketPath(t.NamedTuple):
    """Where a background process listens."""

    folder: Path
    name: str

    @property
    def path(self) -> Path:
        """Return the socket."""
        return self.folder / self.name

    @property
    def fits(self) -> bool:
        """Tell whether the socket's path is short enough."""
        return len(os.fsencode(self.path)) <= _LONGEST_PATH

    def connect(self) -> socket.socket | None:
        """Return a connection to the process, if there is one."""
        sock = socket.socket(socket.AF_UNIX)
        try:
            sock.connect(str(self.path))
        except OSError:
            sock.close()
            return None
        if not is_own(sock):
            sock.close()
            raise BackgroundError(f"The process that listens at {self.path} is another user's; it is told nothing.")
        return sock

    def ensure(self, begin: Callable[[], None], *, wait: bool = True) -> bool:
        """Ensure that there is a process; one worker at a time may `begin` one.

        Return False, if another does that now and it is not to be waited for.
        """
        self._prepare()
        if self._is_there():
            return True
        lock = self.path.with_suffix(".lock")
        try:
            descriptor = os.open(lock, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise BackgroundError(
                f"{lock} cannot be written ({error.strerror}); set control_path_dir to a folder where it can.",
                permanent=True,
            ) from error
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX if wait else fcntl.LOCK_EX | fcntl.LOCK_NB)
            if not self._is_there():
                begin()
        except BlockingIOError:
            return False
        finally:
            os.close(descriptor)
        return True

    def _is_there(self) -> bool:
        sock = self.connect()
        if sock:
            sock.close()
        return sock is not None

    def _prepare(self) -> None:
        """Make the folder, and make sure that it is this user's alone."""
        if not self.fits:
            raise BackgroundError(
                f"The path {self.path} is too long for a socket; set control_path_dir to a shorter one.", permanent=True
            )
        try:
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise BackgroundError(
                f"The folder {self.folder} cannot be made ({error.strerror}); set control_path_dir to one that can.",
                permanent=True,
            ) from error
        if parent := exchangeable(self.folder):
            raise BackgroundError(
                f"{self.folder} is not safe: other users may change what is in {parent}.", permanent=True
            )
        if not is_private(self.folder):
            raise BackgroundError(
                f"{self.folder} is open to other users; make it yours alone (chmod 700).", permanent=True
            )


def start(
    module: str,
    order: dict[str, t.Any],
    interpreter: str = sys.executable,
    environ: Mapping[bytes, bytes] | None = None,
    path: Sequence[str] = (),
) -> None:
    """Start a process that runs a module's `main`, and wait until it says that it is ready.

    Where the path of its imports is given, it starts without `site`, which would find out.
    """
    process = subprocess.Popen(
        [interpreter, *(["-I", "-S"] if path else []), "-c", _BOOT, str(Path(__file__).parents[1]), module, *path],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
        env=environ,
    )
    stdin, stdout = t.cast("t.IO[bytes]", process.stdin), t.cast("t.IO[bytes]", process.stdout)
    # On standard input, for the arguments and the environment of a process can be read by others.
    with contextlib.suppress(BrokenPipeError), stdin:
        stdin.write(json.dumps(order).encode())
    with stdout:
        answer = stdout.read()
    if not answer:
        raise NoAnswerError(f"{interpreter} cannot run it.")
    said = json.loads(answer)
    if "error" in said:
        process.wait()
        raise BackgroundError(said["error"], permanent=said.get("permanent", False))


def report_ready(answer: dict[str, t.Any]) -> None:
    """Tell who started this process that it is ready, or why not, and let go of it."""
    with contextlib.suppress(OSError):
        os.write(1, json.dumps(answer).encode())
    nothing = os.open(os.devnull, os.O_RDWR)
    for descriptor in (0, 1, 2):
        os.dup2(nothing, descriptor)
    os.close(nothing)


class Listener:
    """The listening socket, which only this user can reach."""

    def __init__(self, path: Path) -> None:
        self._path = path
        path.unlink(missing_ok=True)
        self.listener = socket.socket(socket.AF_UNIX)
        before = os.umask(0o177)
        try:
            self.listener.bind(str(path))
        finally:
            os.umask(before)
        self.listener.listen(64)
        self._identity = self._found()

    def accept(self) -> socket.socket | None:
        """Return the next connection; None when it is another user's."""
        client, _address = self.listener.accept()
        if is_own(client):
            return client
        client.close()
        return None

    @property
    def displaced(self) -> bool:
        """Tell whether nobody can come any more: the place is empty, or another's."""
        return self._found() != self._identity

    def _found(self) -> tuple[int, int] | None:
        try:
            status = self._path.stat()
        except OSError:
            return None
        return status.st_dev, status.st_ino

    def close(self) -> None:
        """Stop listening and remove the socket. Idempotent: afterwards the path may belong to a new process."""
        if self.listener.fileno() != -1:
            if not self.displaced:
                self._path.unlink(missing_ok=True)
            self.listener.close()
