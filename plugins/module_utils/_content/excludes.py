# Copyright: hasite.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection: this file may change at any time.
"""Patterns of what is left out, without any I/O."""

from __future__ import annotations

import re
import typing as t
from collections.abc import Iterable, Sequence

DEFAULT = (
    *(".git", ".svn", ".hg"),
    *(".env", ".env.*"),
    "node_modules",
    *("*~", "*.swp", "*.swo", ".#*", "#*#", ".idea", ".vscode", ".DS_Store", "._*", "Thumbs.db", "desktop.ini"),
)
"""Version control, secrets of a developer's machine, packages of build tools, what editors and desktops leave."""


class Pattern(t.NamedTuple):
    """One pattern, read."""

    expression: re.Pattern[str]
    folders_only: bool
    leaves_out: bool


class ExcludeError(Exception):
    """One sentence about a pattern that means nothing."""


def read(patterns: Iterable[str]) -> list[Pattern]:
    """Read the default patterns and then these: of those that match a path, the last one counts."""
    return [_read(pattern) for pattern in (*DEFAULT, *patterns)]


def excluded(path: str, is_folder: bool, patterns: Sequence[Pattern]) -> bool:
    """Tell whether a path is left out, as such: whoever walks the tree does not enter a folder that is."""
    for pattern in reversed(patterns):
        if (is_folder or not pattern.folders_only) and pattern.expression.match(path):
            return pattern.leaves_out
    return False


def _read(written: str) -> Pattern:
    leaves_out = not written.startswith("!")
    text = written if leaves_out else written[1:]
    folders_only = text.endswith("/")
    text = text.rstrip("/")
    if not text or any(part in ("", ".", "..") for part in text.lstrip("/").split("/")):
        raise ExcludeError(
            f"site_excludes has {written!r}, which matches nothing; write names or paths, as in '*.bak'."
        )
    # As in .gitignore: a name is looked for in every folder, a path from the top.
    anywhere = "" if "/" in text else "(?:.*/)?"
    try:
        expression = re.compile(anywhere + _expression(text.lstrip("/")) + r"\Z", re.DOTALL)
    except re.error as error:
        raise ExcludeError(f"site_excludes has {written!r}, which cannot be read: {error}.") from error
    return Pattern(expression, folders_only, leaves_out)


_TOKENS = re.compile(r"\*\*/|/\*\*\Z|\*|\?|\[!?\]?[^\]]*\]|.", re.DOTALL)
_WILD = {"**/": "(?:.*/)?", "/**": "/.*", "*": "[^/]*", "?": "[^/]"}


def _expression(text: str) -> str:
    """Return the regular expression of a pattern."""
    return "".join(_WILD.get(token) or _one(token) for token in _TOKENS.findall(text))


def _one(token: str) -> str:
    """Return the expression of one character or of a set of them."""
    if len(token) == 1:
        return re.escape(token)
    negated = token.startswith("[!")
    inside = token[2 if negated else 1 : -1].replace("\\", "\\\\").replace("[", "\\[").replace("^", "\\^")
    return f"[{'^/' if negated else ''}{inside.replace(']', chr(92) + ']')}]"
