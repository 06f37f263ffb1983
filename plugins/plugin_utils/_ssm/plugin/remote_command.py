# Copyright: hasite.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
r"""One command whose streams flow while it runs: what the machine is told, and how its answers are read.

PRIVATE to the collection. Pure: bytes in, bytes out.

A session is a terminal, and the agent damages what is not UTF-8, so a program on the machine runs the command and
carries its streams in base64:

    to it:    base64 of the command\n   then for each piece of stdin its base64\n, `.\n` at its end,
              and `,<bytes>\n` for output that was written here
    from it:  \nMARK, then o (stdout), e (stderr) or x (exit status, in decimals), base64 of it\n

The mark is a random one, so that nothing else that appears on the terminal is taken for an answer.
"""

from __future__ import annotations

import base64
import binascii
import re
import shlex
import typing as t
from dataclasses import dataclass, field

from ..wire.errors import SessionError

if t.TYPE_CHECKING:
    from collections.abc import Iterator

_PROGRAM = r"""
import base64, os, queue, select, signal, subprocess, sys, threading
mark, window, room = sys.argv[1].encode(), int(sys.argv[2]), threading.Condition()
sent, over, writing, given = 0, threading.Event(), threading.Lock(), queue.Queue()
def say(kind, data):
    piece = b"\n%b%b%b\n" % (mark, kind, base64.b64encode(data))
    with writing:
        while piece:
            piece = piece[os.write(1, piece):]
def carry(kind, pipe):
    global sent
    while True:
        if not select.select([pipe], [], [], 0.2)[0]:
            if over.is_set():
                return
            continue
        data = os.read(pipe.fileno(), 12288)
        if not data:
            return
        say(kind, data)
        with room:
            sent += len(data)
            room.wait_for(lambda: sent < window)
def end(*_):
    try:
        os.killpg(child.pid, signal.SIGTERM)
    except OSError:
        pass
    os._exit(1)
def feed():
    global sent
    try:
        for line in iter(sys.stdin.buffer.readline, b""):
            line = line.strip()
            if line[:1] == b",":
                with room:
                    sent -= int(line[1:])
                    room.notify_all()
                continue
            given.put(None if line == b"." else base64.b64decode(line))
    finally:
        end()
def give():
    for data in iter(given.get, None):
        try:
            child.stdin.write(data)
        except OSError:
            pass
    child.stdin.close()
try:
    os.chdir(os.path.expanduser("~"))
except OSError:
    pass
command = base64.b64decode(sys.stdin.buffer.readline())
pipes = {name: subprocess.PIPE for name in ("stdin", "stdout", "stderr")}
child = subprocess.Popen([b"/bin/sh", b"-c", command], bufsize=0, start_new_session=True, **pipes)
signal.signal(signal.SIGHUP, end)
signal.signal(signal.SIGTERM, end)
for target in (feed, give):
    threading.Thread(target=target, daemon=True).start()
readers = [threading.Thread(target=carry, args=one) for one in ((b"o", child.stdout), (b"e", child.stderr))]
for reader in readers:
    reader.start()
status = child.wait()
over.set()
for reader in readers:
    reader.join()
say(b"x", b"%d" % (status if status >= 0 else 128 - status))
os._exit(0)
""".strip()
"""Python 3.6 or later, with nothing but its standard library.

- Each piece of output is 12 KiB at most, and only `window` bytes are on their way: a reader here who is slow slows
  the command, as a pipe would.
- What the command has left in the background may hold its output open: after the command's own end what is there
  is read, and no more.
- What is said of written output is heard although the command takes no input: each waits for a thread of its own.
- Neither `.` nor `,` is a letter of base64, so no piece of input is taken for a word about it.
- The end of the terminal, or of the session, and input that nobody sends, ends the command with what it has started.
"""

WINDOW = 1 << 20
_LONGEST_LINE = 1 << 16
NO_PYTHON = 127


def script(mark: str) -> bytes:
    """Return what replaces the session's shell: the program, in the machine's own Python."""
    return (
        "p=$(command -v python3 || command -v /usr/libexec/platform-python) || "
        f"{{ printf '\\n{mark}n\\n'; exit; }}; exec \"$p\" -c {shlex.quote(_PROGRAM)} {mark} {WINDOW}"
    ).encode()


def command_line(command: str, user: str) -> str:
    """Return the command for the machine's shell: as `user`, if the session's own is another one."""
    if not user:
        return command
    quoted = shlex.quote(command)
    return (
        f'[ "$(id -un)" = {shlex.quote(user)} ] || exec sudo -n -H -u {shlex.quote(user)} -- sh -c {quoted}; {command}'
    )


def line(data: bytes) -> bytes:
    """Return the command, or a piece of its input, as a line."""
    return base64.b64encode(data) + b"\n"


END_OF_INPUT = b".\n"


def written(count: int) -> bytes:
    """Return the line that says that so many bytes of output were written here."""
    return b",%d\n" % count


@dataclass(frozen=True)
class Written:
    """A piece of output: 1 is standard output, 2 standard error."""

    descriptor: int
    data: bytes


@dataclass
class Answers:
    """Reads what the machine's program says."""

    mark: str
    status: int | None = None
    """The command's exit status, once it has ended."""
    _rest: bytes = field(default=b"", repr=False)

    def feed(self, data: bytes) -> Iterator[Written]:
        """Take what came from the session; SessionError if the machine has no Python, or says what nobody says."""
        *lines, self._rest = (self._rest + data).split(b"\n")
        if len(self._rest) > _LONGEST_LINE:
            raise SessionError(f"The machine sent a line of more than {_LONGEST_LINE} bytes.")
        for line in lines:
            found = re.fullmatch(rb"%b([oexn])([A-Za-z0-9+/=]*)\r?" % self.mark.encode(), line)
            if found:
                yield from self._take(found[1], found[2])

    def _take(self, kind: bytes, text: bytes) -> Iterator[Written]:
        if kind == b"n":
            raise SessionError("The machine has no python3, which carries a command's streams.", permanent=True)
        try:
            said = base64.b64decode(text, validate=True)
            if kind == b"x":
                self.status = int(said)
            elif said:
                yield Written(1 if kind == b"o" else 2, said)
        except (binascii.Error, ValueError) as error:
            raise SessionError(f"The machine's answer is damaged: {error}.") from error
