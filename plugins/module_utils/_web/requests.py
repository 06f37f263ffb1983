# Copyright: hasite.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection: this file may change at any time.
"""Which requests Apache answers at all: methods, and files that lie in the site's folder by mistake."""

from __future__ import annotations

import re
import typing as t

from .._settings.error import SettingsError

METHODS: t.Final = ("DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT")
KNOWN_METHODS: t.Final = frozenset(
    {
        *METHODS,
        *("BASELINE-CONTROL", "CHECKIN", "CHECKOUT", "COPY", "LABEL", "LOCK", "MERGE", "MKACTIVITY", "MKCOL"),
        *(
            "MKWORKSPACE",
            "MOVE",
            "PROPFIND",
            "PROPPATCH",
            "REPORT",
            "UNCHECKOUT",
            "UNLOCK",
            "UPDATE",
            "VERSION-CONTROL",
        ),
    }
)
"""Those that Apache knows without being told, but for TRACE and CONNECT."""
DENIED: t.Final = (
    # What editors and their owners leave beside a file, whose source would be shown.
    *("*~", "#*#", "*.bak", "*.old", "*.orig", "*.rej", "*.save", "*.sw[op]", "*.tmp", "*.dist"),
    # What is part of a program, and no page: it would be shown, not run.
    *("*.inc", "*.phar", "*.php[0-9]", "*.phps", "*.pht", "*.phtml", "*.tpl", "*.twig"),
    # What an application is made of or was set up with.
    *("*.ini", "*.log", "*.sql", "*.sql.gz", "*.sqlite", "composer.json", "composer.lock", "package.json"),
    *("package-lock.json", "yarn.lock", "Dockerfile", "Makefile", "docker-compose*.yml", "web.config"),
)
_UNUSABLE = re.compile(r"[\x00-\x1f\x7f/\"'<>$`\\]")


def methods(wanted: t.Iterable[str] | None) -> list[str]:
    """Return the methods that are answered, sorted; None asks for the usual ones."""
    found = sorted({name.upper() for name in wanted} if wanted is not None else METHODS)
    for name in found:
        if name not in KNOWN_METHODS:
            raise SettingsError(
                f"site_methods names {name}, which can't be chosen; there are {', '.join(sorted(KNOWN_METHODS))}."
            )
    if "GET" not in found:
        raise SettingsError("site_methods has no GET, without which a site has no pages; add it.")
    return found


def denied(wanted: t.Iterable[str] | None) -> str:
    """Return the regular expression of the file names that nobody is shown, empty if none is denied.

    `*` stands for any characters, `?` for one, `[ab]` for one of these; None asks for the usual ones.
    """
    patterns = list(DENIED if wanted is None else wanted)
    for pattern in patterns:
        if _UNUSABLE.search(pattern) or not pattern:
            raise SettingsError(
                f"site_denied_files names {pattern!r}; write the name of a file without its folder and without quotes, "
                "such as *.bak."
            )
    return f"^({'|'.join(map(_expression, patterns))})$" if patterns else ""


def _expression(pattern: str) -> str:
    pieces = re.findall(r"\[[A-Za-z0-9-]+\]|.", pattern)
    special = {"*": "[^/]*", "?": "[^/]"}
    return "".join(special.get(piece) or (piece if len(piece) > 1 else re.escape(piece)) for piece in pieces)
