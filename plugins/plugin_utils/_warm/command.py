# Copyright: hasite.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
r"""Ansible's command lines that run a module by pipelining, taken apart.

PRIVATE to the collection. Pure.

    /bin/sh -c 'AWS_REGION=eu-west-1 /usr/bin/python3'        with the module's payload on standard input
    /bin/sh -c 'sudo -H -S -n -u root /bin/sh -c '"'"'echo BECOME-SUCCESS-abc ; /usr/bin/python3'"'"''

Only a line that is put together again to the same text has been understood; any other is left to a shell.
"""

from __future__ import annotations

import os
import re
import shlex
import typing as t

if t.TYPE_CHECKING:
    from collections.abc import Mapping

_ASSIGNMENT = re.compile(r"([A-Za-z_][A-Za-z0-9_]*)=(.*)", re.DOTALL)
_INTERPRETER = re.compile(r"/[\w./+-]*/python[0-9.]*")
_SHELLS = frozenset(f"{folder}/{name} -c " for folder in ("/bin", "/usr/bin") for name in ("sh", "bash", "dash"))
_SUCCESS = re.compile(r"echo BECOME-SUCCESS-(\w+) ; ")
_AFTER = " && sleep 0"
"""ansible-core before 2.21 appends this to each command; it changes nothing."""
_PAYLOAD = re.compile(rb"#!/[^\n]*python[^\n]*\n")
_STARTUP = re.compile(rb"PYTHON|LC_|LANG|LD_|OPENSSL_|SSL_|GLIBC_|MALLOC_|HOME$")


class Command(t.NamedTuple):
    """A module's command line: what is around, the environment that it sets, the interpreter."""

    around: tuple[str, ...]
    """From the outside: what is before each script that is quoted, and before the innermost one's assignments."""
    assignments: tuple[tuple[str, str], ...]
    interpreter: str
    after: str = ""

    @property
    def plain(self) -> bool:
        """Tell whether there is nothing around but a known shell: the interpreter runs here, as this user."""
        return self.around[0] in _SHELLS and self.around[1:] == ("",)

    @property
    def environ(self) -> dict[bytes, bytes]:
        """Return what the environment says for this command alone."""
        return {os.fsencode(name): os.fsencode(value) for name, value in self.assignments}

    @property
    def identity(self) -> str:
        """Return what all command lines have in common whose interpreters start alike."""
        startup = startup_environ(self.environ)
        kept = tuple((name, value) for name, value in self.assignments if os.fsencode(name) in startup)
        success = _SUCCESS.fullmatch(self.around[-1])
        around = tuple(text.replace(success[1], "") for text in self.around) if success else self.around
        return Command(around, kept, self.interpreter, self.after).line()

    def line(self, *arguments: str) -> str:
        """Return the command line with arguments for the interpreter."""
        *outer, before = self.around
        words = [f"{name}={shlex.quote(value)}" for name, value in self.assignments]
        text = before + " ".join([*words, self.interpreter, *map(shlex.quote, arguments)]) + self.after
        for prefix in reversed(outer):
            text = prefix + shlex.quote(text)
        return text


def understand(line: str, stdin: bytes | None) -> Command | None:
    """Return what a command line says; None if it is not a module's."""
    if not stdin or not _PAYLOAD.match(stdin):
        return None
    around = []
    text = line
    while True:
        success = _SUCCESS.match(text)
        before = success[0] if success else ""
        after = _AFTER if text.endswith(_AFTER) else ""
        try:
            words = shlex.split(text.removeprefix(before).removesuffix(after))
        except ValueError:
            return None
        if not words:
            return None
        assignments = [match for match in map(_ASSIGNMENT.fullmatch, words[:-1]) if match]
        if len(assignments) == len(words) - 1:
            break
        prefix = text[: len(text) - len(shlex.quote(words[-1]))]
        if words[-2] != "-c" or prefix + shlex.quote(words[-1]) != text:
            return None
        around.append(prefix)
        text = words[-1]
    pairs = tuple((match[1], match[2]) for match in assignments)
    if not around or not _INTERPRETER.fullmatch(words[-1]) or len(dict(pairs)) < len(pairs):
        return None
    command = Command((*around, before), pairs, words[-1], after)
    return command if command.line() == line else None


def startup_environ(environ: Mapping[bytes, bytes]) -> dict[bytes, bytes]:
    """Return what an interpreter reads when it starts: for another one of these, another interpreter is needed."""
    return {name: value for name, value in sorted(environ.items()) if _STARTUP.match(name)}
