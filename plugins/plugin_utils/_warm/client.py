# Copyright: hasite.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Asks the machine's warm interpreter to run a module, in place of the interpreter that an ordinary run would start.

PRIVATE to the collection. Its text is sent to the machine, where any Python 3 runs it, started without its packages
(`-IS`) and by the ordinary command line: user, environment, working directory, umask and limits are the module's.

Standard input: a line of words (see `_warm.remote`), the pieces of the payload, and the program of the warm
interpreter. Without these two the pieces are named by their digests: what is missing is said, and nothing was run.
Why an interpreter does not run it is said on standard error, behind the line's first word.
"""

import _socket
import os
import sys

_FAILED = 1
_LOOK_SECONDS = 1.0


def _exactly(sock: _socket.socket, count: int) -> bytes:
    data = b""
    while len(data) < count:
        piece = sock.recv(count - len(data))
        if not piece:
            raise OSError("the interpreter has ended")
        data += piece
    return data


def _receive(sock: _socket.socket) -> bytes:
    """Return one message of `_ipc.framing`, of which only the header is used."""
    return _exactly(sock, int.from_bytes(_exactly(sock, 4), "big"))


def _folder() -> "str | None":
    """Return this user's folder of sockets; None if it is not this user's alone."""
    path = "/tmp/.ansible-warm-%d" % os.geteuid()  # noqa: S108 (looked at below)
    try:
        if not os.path.isdir(path):
            os.mkdir(path, 0o700)
        status = os.lstat(path)
    except OSError:
        return None
    return path if (status.st_mode, status.st_uid) == (0o40700, os.geteuid()) else None


def _parent_session() -> "str | None":
    """Return the path that is there as long as the session's shell; None if it cannot be found."""
    process = os.getppid()
    try:
        while process > 1:
            folder = "/proc/%d" % process
            with open(folder + "/cmdline", "rb") as file:
                if b"/.ansible-ssm-XXX" in file.read():  # the last word of its command line
                    return folder
            with open(folder + "/stat", "rb") as file:
                process = int(file.read().rpartition(b")")[2].split()[1])
    except (OSError, ValueError):
        pass
    return None


def _connect(path: str) -> "_socket.socket | None":
    sock = _socket.socket(_socket.AF_UNIX, _socket.SOCK_STREAM)
    try:
        sock.connect(path)
        # Who listens gets the module's arguments and its output: pid, uid and gid of unix(7).
        credentials = sock.getsockopt(_socket.SOL_SOCKET, _socket.SO_PEERCRED, 12)
        if int.from_bytes(credentials[4:8], sys.byteorder) == os.geteuid():
            return sock
    except OSError:
        pass
    sock.close()
    return None


def _ask(sock: _socket.socket, digests: "list[str]", pieces: "list[bytes]") -> bytes:
    """Return the answer's beginning: the module has begun, pieces are needed, or another process is to be asked."""
    environ = b"\0".join(name + b"=" + value for name, value in os.environb.items())
    umask = os.umask(0o077)
    os.umask(umask)
    parts = [environ, os.getcwdb(), *pieces]
    header = '{"request": "run", "umask": %d, "digests": ["%s"], "sizes": %s}' % (
        umask,
        '", "'.join(digests),
        [len(part) for part in parts],
    )
    descriptors = b"".join(number.to_bytes(4, sys.byteorder) for number in (1, 2))
    sock.sendmsg([b"."], [(_socket.SOL_SOCKET, _socket.SCM_RIGHTS, descriptors)])
    sock.sendall(len(header).to_bytes(4, "big") + header.encode() + b"".join(parts))
    return _receive(sock)


def _start(path: str, program: bytes, idle: float) -> bool:
    """Start the warm interpreter: a process of its own, with the packages that the interpreter has."""
    import json
    import subprocess

    process = subprocess.Popen(
        [sys.executable, "-c", "import sys; exec(sys.stdin.buffer.read(%d))" % len(program)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        cwd="/",
        start_new_session=True,
    )
    order = {"socket": path, "idle_seconds": idle, "parent_session": _parent_session()}
    if not (process.stdin and process.stdout):
        return False
    try:
        process.stdin.write(program + json.dumps(order).encode())
        process.stdin.close()
    except OSError:
        pass
    return b"ready" in process.stdout.read()


def _unnamed() -> int:
    """Return a descriptor of a new file without a name: in memory where that can be, for the disk may be full."""
    if hasattr(os, "memfd_create"):
        return os.memfd_create("module")
    import tempfile

    with tempfile.TemporaryFile() as file:
        return os.dup(file.fileno())


def _run_cold(payload: bytes) -> None:
    """Run the module as an ordinary run would."""
    os.dup2(_unnamed(), 0)
    with open(0, "wb", closefd=False) as file:
        file.write(payload)
    os.lseek(0, 0, os.SEEK_SET)
    os.execv(sys.executable, [sys.executable])  # noqa: S606


def _wait(sock: _socket.socket) -> None:
    """Wait for the module's end. OSError at the end of the session: nobody may signal a process of another user."""
    parent_session = _parent_session()
    sock.settimeout(_LOOK_SECONDS if parent_session else None)
    while True:
        try:
            sock.recv(1, _socket.MSG_PEEK)
            break
        except _socket.timeout:
            if not os.path.exists(parent_session or "/"):
                raise OSError("the session has ended") from None
    sock.settimeout(None)


class _Refused(Exception):  # noqa: N818 (no fault of this program)
    """Why no module can be run by a warm interpreter here."""


def _run(sock: _socket.socket, digests: "list[str]", pieces: "list[bytes]") -> "int | None":
    """Return a module's exit status; None if it was not run, for pieces are needed. OSError: ask another process."""
    answer = _ask(sock, digests, pieces)
    _before, refused, reason = answer.partition(b'"refused": ')
    if refused:
        raise _Refused(reason.rpartition(b', "sizes": ')[0].decode())
    if b"needed" in answer:
        return None
    if b"begun" not in answer:
        raise OSError("the interpreter ends")
    try:
        _wait(sock)
        status = _receive(sock).partition(b'"status": ')[2]
        return int(status.partition(b",")[0])
    except OSError as error:
        sys.stderr.write("The module was lost: %s.\n" % error)
        return _FAILED


def main() -> int:
    """Run the module that standard input describes."""
    words, _newline, data = sys.stdin.buffer.read().partition(b"\n")
    mark, name, idle, *rest = words.decode().split()
    count = len(rest) // 2
    digests = ["" if word == "-" else word for word in rest[:count]]
    pieces = []
    for size in map(int, rest[count:]):
        pieces.append(data[:size])
        data = data[size:]
    program = data
    folder = _folder()
    for _attempt in range(2 if folder else 0):
        path = "%s/%s" % (folder, name)
        sock = _connect(path) or (_connect(path) if program and _start(path, program, float(idle)) else None)
        if not sock:
            break
        try:
            status = _run(sock, digests, pieces)
        except OSError:
            continue
        except _Refused as refusal:
            sys.stderr.write("%s %s\n" % (mark, refusal))
            break
        if status is None:
            break
        return status
    if program:
        _run_cold(b"".join(pieces))
    sys.stdout.write(mark + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
