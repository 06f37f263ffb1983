# Copyright: hasite.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
r"""Ansible's command lines that run a module by pipelining, taken apart.

PRIVATE to the collection. Pure.

    /bin/sh -c 'AWS_REGION=eu-west-1 /usr/bin/python3'        with the module's payload on standard input

Only a line that is put together again to the same text has been understood; any other is left to a shell.
"""

from __future__ import annotations

import os
import re
import shlex
import typing as t
from dataclasses import dataclass

if t.TYPE_CHECKING:
    from collections.abc import Mapping

_ASSIGNMENT = re.compile(r"([A-Za-z_][A-Za-z0-9_]*)=(.*)", re.DOTALL)
_INTERPRETER = re.compile(r"/[\w./+-]*/python[0-9.]*")
_SHELLS = frozenset(f"{folder}/{name}" for folder in ("/bin", "/usr/bin") for name in ("sh", "bash", "dash"))
_PAYLOAD = re.compile(rb"#!/[^\n]*python[^\n]*\n")
_STARTUP = re.compile(rb"PYTHON|LC_|LANG|LD_|OPENSSL_|SSL_|GLIBC_|MALLOC_|HOME$")


@dataclass(frozen=True)
class Command:
    """A module's command line: the interpreter, and what the environment says for this one alone."""

    interpreter: str
    environ: dict[bytes, bytes]


def understand(command: str, stdin: bytes | None) -> Command | None:
    """Return what a command line says; None if it is not a module's."""
    if not stdin or not _PAYLOAD.match(stdin):
        return None
    try:
        words = shlex.split(command)
        script = words[2] if len(words) == 3 and words[0] in _SHELLS and words[1] == "-c" else ""
        *assignments, interpreter = shlex.split(script)
    except ValueError:
        return None
    found = [_ASSIGNMENT.fullmatch(word) for word in assignments]
    if not _INTERPRETER.fullmatch(interpreter) or not all(found):
        return None
    values = {match[1]: match[2] for match in found if match}
    again = " ".join([*(f"{name}={shlex.quote(value)}" for name, value in values.items()), interpreter])
    if again != script or f"{words[0]} -c {shlex.quote(script)}" != command:
        return None
    return Command(interpreter, {os.fsencode(name): os.fsencode(value) for name, value in values.items()})


def startup_environ(environ: Mapping[bytes, bytes]) -> dict[bytes, bytes]:
    """Return what an interpreter reads when it starts: for another one of these, another interpreter is needed."""
    return {name: value for name, value in sorted(environ.items()) if _STARTUP.match(name)}
