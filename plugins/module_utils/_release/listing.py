# Copyright: hasite.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection: this file may change at any time.
"""The releases on the share: where each comes from, and what became of it."""

from __future__ import annotations

import typing as t

from .history import History
from .paths import ReleaseError
from .store import Store

_HEADERS = ("release", "uploaded (UTC)", "author", "commit", "state")
_COMMIT = 12
"""How much of a commit's name is shown."""


class Listed(t.NamedTuple):
    """A release on the share."""

    id: str
    uploaded: str
    author: str
    commit: str
    state: str
    """`served`, `before` (where a rollback leads), `bad`, `taken back`, or nothing."""
    files: int


def releases_of(store: Store, history: History) -> list[Listed]:
    """Return the releases, the latest upload first."""
    held, current = store.releases(), store.current()
    before = history.before(current, held)
    return [_listed(store, release, _state(release, current, before, history)) for release in reversed(held)]


def _state(release: str, current: str | None, before: str | None, history: History) -> str:
    bad = "bad" if release in history.bad else ""
    if release == current:
        return "served, bad" if bad else "served"
    if release == before:
        return "before"
    return bad or ("taken back" if release in history.taken_back else "")


def _listed(store: Store, release: str, state: str) -> Listed:
    manifest = store.manifest(release)
    author, commit = manifest.origin if manifest else ("", "")
    uploaded = f"{release[:4]}-{release[4:6]}-{release[6:8]} {release[9:11]}:{release[11:13]}:{release[13:15]}"
    return Listed(release, uploaded, author, commit, state, len(manifest.tree.files) if manifest else 0)


def marked(store: Store, bad: t.Sequence[str], good: t.Sequence[str]) -> History:
    """Return the history with these marks; refuse a release that is not on the share."""
    held = store.releases()
    for release in [*bad, *good]:
        if release not in held:
            raise ReleaseError(
                f"There is no release {release!r} in {store.folder}; there are: {', '.join(held) or 'none'}."
            )
    return store.history().marking(bad, good)


def table(releases: t.Sequence[Listed]) -> list[str]:
    """Return the lines of a table of releases."""
    cells = [
        _HEADERS,
        *(
            (release.id, release.uploaded, release.author, _short(release.commit), release.state)
            for release in releases
        ),
    ]
    widths = [max(len(line[column]) for line in cells) for column in range(len(_HEADERS))]
    return ["  ".join(cell.ljust(width) for cell, width in zip(line, widths)).rstrip() for line in cells]


def _short(commit: str) -> str:
    return commit[:_COMMIT] + ("+" if commit.endswith("+") else "")
