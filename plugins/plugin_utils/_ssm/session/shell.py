# Copyright: hasite.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
r"""Commands through the shell of a session: what is typed into it, and how its answers are read.

PRIVATE to the collection. Pure: bytes in, bytes out.

A session is a shell in a terminal, made for people: it echoes, it changes line ends, it mixes stdout
with stderr, it reports no exit status, and the agent damages what is not UTF-8. So the shell is
replaced, once, by a loop that reads requests of counted bytes and answers with encoded ones:

    request:  MARK <bytes of command> <of stdin> <of password> <of prompts> <of success>, filled up with
              newlines to 80 bytes; then these parts
    answer:   \nMARK <exit status>\n  base64 of stdout  MARK,\n  base64 of stderr  MARK.\n

Stdin, stdout and stderr are gzip files. The mark is a random one for each request, and holds a character
that base64 does not, so no output can be taken for it.
"""

from __future__ import annotations

import base64
import gzip
import re
import secrets
import shlex
import typing as t
import zlib
from dataclasses import dataclass, field

from .result import SILENT, Result

if t.TYPE_CHECKING:
    from .result import Password

LOOP = (
    r"""
cd 2>/dev/null
unset p; u=$(umask); umask 077
d= s= k= y=
trap 'rm -rf "$d" "$s"' EXIT
for b in /dev/shm "${XDG_RUNTIME_DIR:-/dev/shm}" "${TMPDIR:-/tmp}"; do
  s=$(mktemp -d "$b/.ansible-ssm-XXXXXXXXXX" 2>/dev/null) && break
done
[ "$s" ] || exit 1
d=$(mktemp -d "${TMPDIR:-/tmp}/.ansible-ssm-XXXXXXXXXX" 2>/dev/null) || d=$s
trap 'if [ "$k" ]; then kill -TERM "-$k" || kill -TERM "$k"; fi 2>/dev/null; exit 1' HUP INT TERM
n=$(command -v setsid)
failed() { printf '\n%s failed\n' "$m"; exit 1; }
take() { head -c "$1" >"$s/$2" || failed; }
unpack() { if [ "$1" -gt 0 ]; then head -c "$1" | gzip -dc >"$s/$2" || failed; else printf '' >"$s/$2" || failed; fi; }
pack() { if [ -s "$t/$1" ]; then gzip -1 <"$t/$1" | base64; fi; }
seen() { cat "$t/o" "$t/e" | grep -oF -f "$s/$1" | head -n "$2" | wc -l; }
start() {
  if [ "$y" ] && grep -q BECOME-SUCCESS "$s/c"; then
    printf 'umask %s; exec sh "%s/c" <"%s" >"%s/o" 2>"%s/e"\n' "$u" "$s" "$s/$1" "$t" "$t" >"$s/x" || failed
    $n script -qec "exec sh '$s/x'" /dev/null </dev/null >/dev/null 2>&1 & k=$!
  else
    { umask "$u"; exec $n sh "$s/c"; } <"$s/$1" >"$t/o" 2>"$t/e" & k=$!
  fi
}
refused() {
  [ -z "$y" ] && grep -q BECOME-SUCCESS "$s/c" && ! grep -q BECOME-SUCCESS "$t/o" || return 1
  if ! grep -q 'must have a tty' "$t/e"; then
    grep -q sudo "$s/c" && LC_ALL=C $n sudo -n true 2>&1 </dev/null | grep 'must have a tty' >>"$t/e" || return 1
  fi
  command -v script >/dev/null
}
ask() {
  printf '' >"$t/o"; printf '' >"$t/e"; rm -f "$s/f"; mkfifo "$s/f" || failed
  start f
  exec 3>"$s/f"
  sleep 30 & l=$!
  a=1
  while kill -0 "$k" 2>/dev/null; do
    if [ "$(seen s 1)" -eq 1 ]; then cat "$s/i" >&3 2>/dev/null; break; fi
    if [ "$(seen q 2)" -ge "$a" ]; then
      [ "$a" -eq 1 ] || break
      printf '%s\n' "$p" >&3 2>/dev/null; a=2
    fi
    if [ "$a" -eq 1 ] && ! kill -0 "$l" 2>/dev/null; then echo 'SILENT' >>"$t/e"; kill "$k" 2>/dev/null; break; fi
    sleep 0.02
  done
  kill "$l" 2>/dev/null
  exec 3>&-
}
work() { if [ "$w" ]; then ask; else start i; fi; wait "$k"; r=$?; k=; }
while h=$(head -c 80) && [ -n "$h" ] && [ "$h" != quit ]; do
  set -- $h; m=$1
  take "$2" c; unpack "$3" i; w=
  if [ "$4" -gt 0 ]; then w=1; p=$(head -c "$4"); take "$5" q; take "$6" s; fi
  t=$d; echo 2>/dev/null >"$d/w" || t=$s
  rm -f "$d/w"
  work
  if [ "$r" -ne 0 ] && refused; then y=1; work; fi
  p=
  echo >"$t/w" || failed
  printf '\n%s %s\n' "$m" "$r"; pack o; printf '%s,\n' "$m"; pack e; printf '%s.\n' "$m"
  rm -f "$d"/? "$s"/?
done
""".strip()
    .replace("SILENT", SILENT)
    .encode()
)
r"""Plain POSIX shell, with head, gzip, base64, mktemp, mkfifo and, where it is there, setsid.

- `head -c` reads the bytes it is told and no more. The shell's own `read` may not: bash's takes what a terminal has.
- setsid takes the terminal away from the command: a program that would ask a person fails, instead of waiting.
- Output goes to files: what a command leaves in the background cannot hold the answer back, and a
  command that writes before it reads cannot block. After it something is written once more: on a full disk
  its output is not all there, whatever its status says. Where the disk is full before, output goes to memory: a
  command that makes room can still be run.
- A sudo that demands a terminal (requiretty) has begun nothing: the command is run again in a terminal of its own, made
  by script(1), and so are all that follow. Its streams stay the files. It may have said so in any language, so it is
  asked once more, in English.
- A command is waited for in the background, as only then the loop hears at once that the session has ended; it
  takes the command with it, but what belongs to another user by then.
- With a password: the command is watched until it prompts or reports success, and stdin goes to it only after
  that; a second prompt means that the password was wrong, and ends its input. So does half a minute without either.
- A command, its input (a module with its arguments) and the prompts are in files of a folder in memory, where there
  is one; the password is in no file, no argument and no environment, for `printf` is the shell's own, and a variable
  `p` that the session's environment may have is unset first. Output is on the disk, for it may
  be long. Nobody else can read these files, whatever the command's umask is.
- After a full disk the counts are lost: it says so and ends.
"""


LARGEST_OUTPUT = 64 << 20
"""What a command may write to either stream, in bytes: the controller holds it in memory."""
_LARGEST_ANSWER = 3 * LARGEST_OUTPUT
"""Both streams in base64, and what was shown before them."""


class ShellError(Exception):
    """One sentence that says what the machine's shell could not do."""


LOOP_NAME = "/.ansible-ssm-XXX"


@dataclass
class ShellHandover:
    """The change from the person's shell to the loop, or to another script.

    `line` is typed when the shell has shown its first output (an agent drops what comes earlier);
    `script` follows when `feed` has seen the sign that the terminal is out of the way.
    """

    script: bytes = LOOP
    sign: str = field(default_factory=lambda: secrets.token_hex(10))
    shown: bytes = b""
    process: int = 0
    """The script's process, once the sign was seen."""

    @property
    def line(self) -> bytes:
        """Return the line to type; its echo does not hold the sign in one piece.

        It is one command with words in single quotes, which sh, bash, zsh, fish and tcsh read alike, and none of them
        takes for an alias: a `shellProfile` may have begun any. Fish undoes what a command does to terminal modes.
        The loop is not the agent's own child: that is killed at the session's end, while the loop is
        hung up and can remove its folder. By its last word `_warm.client` knows it.
        """
        half = len(self.sign) // 2
        shown = f'"{self.sign[:half]}""{self.sign[half:]}"'
        typed = f'stty raw -echo && echo {shown} $$ && eval "$(head -c {len(self.script)})"'
        return f"'sh' -c '{typed}' {LOOP_NAME}; exit\n".encode()

    def feed(self, data: bytes) -> bool:
        """Take output; return True once the sign was seen."""
        self.shown = (self.shown + data)[-4096:]
        found = re.search(rb"%b ([0-9]+)\n" % self.sign.encode(), self.shown)
        self.process = int(found[1]) if found else 0
        return found is not None


_HEADER_BYTES = 80


def _header(text: str) -> bytes:
    return text.encode().ljust(_HEADER_BYTES, b"\n")


def quit_request() -> bytes:
    """Return what ends the loop, and the session with it."""
    return _header("quit")


def _packed(data: bytes) -> bytes:
    return gzip.compress(data, 6, mtime=0) if data else b""


@dataclass
class ShellCommand:
    """One command on its way: the bytes to send, and the answer as it comes in."""

    command: bytes
    stdin: bytes = b""
    password: Password | None = None
    mark: str = field(default_factory=lambda: ":" + secrets.token_hex(10))
    _answer: bytearray = field(default_factory=bytearray)

    def data(self) -> bytes:
        """Return the bytes to send."""
        parts = [self.command, _packed(self.stdin)]
        if self.password:
            prompts = "\n".join(self.password.prompts)
            parts += [f"{self.password.text}\n".encode(), prompts.encode(), self.password.success.encode()]
        counts = " ".join(str(len(part)) for part in [*parts, *[b""] * (5 - len(parts))])
        return _header(f"{self.mark} {counts}") + b"".join(parts)

    def feed(self, data: bytes) -> Result | None:
        """Take output; return the result once it is complete."""
        mark = self.mark.encode()
        end = mark + b".\n"
        search_from = max(0, len(self._answer) - len(end))
        self._answer += data
        if b"\n" + mark + b" failed\n" in self._answer[:4096]:
            raise ShellError(
                "The machine cannot store what a command needs; is its disk (/tmp) or its memory (/dev/shm) full?"
            )
        if self._answer.find(end, search_from) < 0:
            if len(self._answer) > _LARGEST_ANSWER:
                raise ShellError(f"The machine's answer has more than {_LARGEST_ANSWER >> 20} MiB.")
            return None
        _before, _mark, rest = bytes(self._answer).partition(b"\n" + mark + b" ")
        status, _newline, rest = rest.partition(b"\n")
        stdout, _mark, rest = rest.partition(mark + b",\n")
        stderr, _mark, _after = rest.partition(end)
        try:
            return Result(int(status), _unpacked(stdout), _unpacked(stderr))
        except (ValueError, OSError, EOFError, zlib.error) as error:
            raise ShellError(f"The machine's answer is damaged: {error}.") from error


_DESCRIPTION = re.compile(rb"([0-9a-f]{64})\s+([0-9]{1,18})\s*")


def _unpacked(text: bytes) -> bytes:
    """Return a stream of an answer: gzip files one after the other, as gzip reads them; not more than is allowed."""
    packed, data = base64.b64decode(text) if text.strip() else b"", b""
    while packed:
        reader = zlib.decompressobj(wbits=31)
        data += reader.decompress(packed, LARGEST_OUTPUT - len(data) + 1)
        if len(data) > LARGEST_OUTPUT:
            raise ShellError(f"The command's output has more than {LARGEST_OUTPUT >> 20} MiB.")
        if not reader.eof:
            raise EOFError("it ends too early")
        packed = reader.unused_data
    return data


PIECE = 4 << 20
"""Files travel in pieces, so that neither end holds a large one in memory."""


def word(path: str) -> str:
    """Return a file's name for a command: one that begins with a dash is no option."""
    return shlex.quote(f"./{path}" if path.startswith("-") else path)


def write_piece(path: str, *, first: bool) -> bytes:
    """Return the command that puts its stdin into a file, or adds it to one."""
    return f"cat {'>' if first else '>>'}{word(path)}".encode()


def put_in_place(unfinished: str, path: str, digest: str) -> bytes:
    """Return the command that lets a checked file take its place, in one step; a wrong one is removed."""
    source = word(unfinished)
    return (
        f'if [ "$(sha256sum <{source} | cut -c 1-64)" = {digest} ]; then mv -f -- {source} {word(path)}; '
        f"else rm -f -- {source}; echo 'the checksum is wrong' >&2; exit 1; fi"
    ).encode()


def write_whole(unfinished: str, path: str, digest: str) -> bytes:
    """Return the command that puts its stdin into a file which takes its place if it has this SHA-256.

    Small files are many, and each command is a round trip.
    """
    return b"%b && %b" % (write_piece(unfinished, first=True), put_in_place(unfinished, path, digest))


def discard(path: str) -> bytes:
    """Return the command that removes an unfinished file."""
    return f"rm -f -- {word(path)}".encode()


def describe_file(path: str, with_content: int) -> bytes:
    """Return the command that prints a file's size and the SHA-256 of so many bytes: it may grow meanwhile.

    A file of `with_content` bytes at most is printed on the lines after that.
    """
    name = word(path)
    return (
        f"[ -f {name} ] || {{ echo 'it is no file' >&2; exit 3; }}; "
        f"size=$(wc -c <{name}) || exit 1; "
        f'sum=$(head -c "$size" {name} | sha256sum) || exit 1; echo "${{sum%% *}} $size"; '
        f'if [ "$size" -le {with_content} ]; then head -c "$size" {name}; fi'
    ).encode()


def read_piece(path: str, number: int, size: int) -> bytes:
    """Return the command that prints one piece of a file's first bytes, which are `size`."""
    begin = number * PIECE
    return f"tail -c +{begin + 1} {word(path)} | head -c {min(PIECE, size - begin)}".encode()


def read_description(stdout: bytes) -> tuple[str, int, bytes]:
    """Return the SHA-256, the size and the content that `describe_file` printed; ShellError if it is none of them."""
    line, _newline, content = stdout.partition(b"\n")
    found = _DESCRIPTION.fullmatch(line)
    if not found:
        raise ShellError(f"the machine describes it as {stdout[:100]!r}")
    return found[1].decode(), int(found[2]), content
