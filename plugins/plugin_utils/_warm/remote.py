# Copyright: hasite.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
r"""A module for the warm interpreter of a machine: what is sent there instead of its command line and payload.

PRIVATE to the collection. Pure, but for reading the programs' texts.

A payload is the wrapper of ansible-core, in which the task's own arguments are, and an archive. The archive is by far
the larger part and the same for each use of a module, so it is named by its digest. When the machine does not know
it, or has no warm interpreter yet, it says so by the request's mark, and the whole is sent with the interpreter's
program.

    <mark> <interpreter's name> <idle seconds> <digest or "-" of each piece> <size of each piece>\n <pieces> <program>
"""

from __future__ import annotations

import functools
import hashlib
import json
import secrets
import typing as t
import zlib
from dataclasses import dataclass, field
from pathlib import Path

from .private_core import archive_place

if t.TYPE_CHECKING:
    from .command import Command

_PROGRAM = (
    *("_ipc", "_ipc.background", "_ipc.framing"),
    *("_warm", "_warm.private_python", "_warm.private_core", "_warm.task", "_warm.child", "_warm.imports", "_warm.sdk"),
    *("_warm.memory", "_warm.interpreter", "_warm.daemon"),
)
"""In the order of their imports."""

_LONGEST_REFUSAL = 300

_LOADER = """
import json, sys, types, zlib
sys.modules["hasite"] = types.ModuleType("hasite")
sys.modules["hasite"].__path__ = []
for name, source in json.loads(zlib.decompress(PROGRAM)):
    module = types.ModuleType("hasite." + name)
    package, _dot, own = module.__name__.rpartition(".")
    if source is None:
        module.__path__ = []
    else:
        module.__package__ = package
    sys.modules[module.__name__] = module
    setattr(sys.modules[package], own, module)
    if source is not None:
        exec(compile(source, name + ".py", "exec"), module.__dict__)
module.main()
"""


@dataclass(frozen=True)
class ModuleRun:
    """One run of a module."""

    command: Command
    payload: bytes
    idle_seconds: float
    mark: str = field(default_factory=lambda: f"WARM-{secrets.token_hex(10)}")

    @property
    def line(self) -> str:
        """Return the command line: the same, but the interpreter reads what it is to do from the standard input."""
        return self.command.line("-IS", "-c", f"import sys; exec(sys.stdin.buffer.read({len(_client())}))")

    def by_name(self) -> bytes:
        """Return the standard input for a machine that knows everything."""
        digests = self._digests()
        return self._stdin([b"" if digest else piece for digest, piece in zip(digests, self._pieces, strict=True)], b"")

    def whole(self) -> bytes:
        """Return the standard input for a machine that knows nothing."""
        return self._stdin(self._pieces, _program())

    def was_not_run(self, stdout: bytes) -> bool:
        """Tell whether the machine lacks something."""
        return stdout.endswith(self.mark.encode() + b"\n")

    def refusal(self, stderr: bytes) -> tuple[str, bytes]:
        """Return why a warm interpreter did not run the module, "" if it did, and what else is on standard error."""
        before, mark, rest = stderr.partition(self.mark.encode() + b" ")
        if not mark:
            return "", stderr
        reason, _newline, after = rest.partition(b"\n")
        try:
            text = str(json.loads(reason))
        except ValueError:  # a machine may say anything
            text = repr(reason)
        return text[:_LONGEST_REFUSAL], before + after

    def _stdin(self, pieces: list[bytes], program: bytes) -> bytes:
        words = [
            self.mark,
            hashlib.sha256(self.command.identity.encode() + _program()).hexdigest()[:20],
            f"{self.idle_seconds:g}",
            *(digest or "-" for digest in self._digests()),
            *(str(len(piece)) for piece in pieces),
        ]
        return _client() + " ".join(words).encode() + b"\n" + b"".join(pieces) + program

    @functools.cached_property
    def _pieces(self) -> list[bytes]:
        place = archive_place(self.payload)
        pieces = [self.payload[: place.start], self.payload[place], self.payload[place.stop :]]
        return [piece for piece in pieces if piece]

    def _digests(self) -> list[str]:
        """Return the archive's digest, and "" for what may be another text at each use of the module."""
        archive = self.payload[archive_place(self.payload)]
        return [hashlib.sha256(piece).hexdigest() if piece == archive else "" for piece in self._pieces]


def _source(name: str) -> str | None:
    """Return a module's text, and None for a package, whose own is a docstring."""
    path = Path(__file__).parents[1].joinpath(*name.split("."))
    return None if path.is_dir() else path.with_suffix(".py").read_text()


@functools.cache
def _client() -> bytes:
    return Path(__file__).with_name("client.py").read_bytes()


@functools.cache
def _program() -> bytes:
    sources = zlib.compress(json.dumps([(name, _source(name)) for name in _PROGRAM]).encode(), 9)
    return _LOADER.replace("PROGRAM", repr(sources)).encode()
