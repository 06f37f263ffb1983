# Copyright: hasite.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection: this file may change at any time.
"""Who has written a folder, and which commit it is."""

from __future__ import annotations

import getpass
import subprocess
from pathlib import Path

from .._release.manifest import Origin

_SECONDS = 20


def origin_of(folder: Path) -> Origin:
    """Return where a folder comes from; git is asked only if it is there and knows the folder."""
    told = _git(folder, "log", "-1", "--format=%H%n%an")
    if not told or told.count("\n") < 1:
        return Origin(_user(), "")
    commit, author = told.split("\n", 1)
    changed = _git(folder, "status", "--porcelain", "--", ".")
    return Origin(author.strip(), f"{commit}{'+' if changed else ''}")


def _git(folder: Path, *words: str) -> str | None:
    """Return what git says, or None if it can't: it may be missing, or there be no repository or no commit."""
    try:
        done = subprocess.run(
            ["git", "-C", str(folder), *words], capture_output=True, text=True, timeout=_SECONDS, check=True
        )
    except (OSError, subprocess.SubprocessError, UnicodeDecodeError):
        return None
    return done.stdout.strip()


def _user() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError):
        # A number without a name, as in some containers.
        return ""
