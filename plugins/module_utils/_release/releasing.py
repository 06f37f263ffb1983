# Copyright: hasite.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection: this file may change at any time.
"""Bringing a release from the bucket onto the share, and returning to an earlier one."""

from __future__ import annotations

import typing as t
from pathlib import Path

from .filling import fetch, link, make
from .layout import release_layout
from .manifest import Manifest
from .paths import ReleaseError
from .shared import fill, missing, owner_of
from .source import MissingError, Source
from .steps import Crew, public_modes
from .store import Store

_ATTEMPTS = 3


class Wish(t.NamedTuple):
    """What is wanted of the share."""

    keep: int
    user: str
    serve: bool


class Done(t.NamedTuple):
    """What is now on the share, or would be."""

    manifest: Manifest
    fetched: int
    filled: list[str]
    """The shared paths that were not there before."""
    taken_back: str | None = None
    """The release that the bucket names and that is not served, for somebody has returned from it."""


def present(store: Store, source: Source, wish: Wish, check: bool) -> Done:
    """Bring the release that the bucket names onto the share; an upload in between means another look."""
    for _attempt in range(_ATTEMPTS):
        try:
            return _present(store, source, wish, check)
        except MissingError as error:
            gone = error
    raise ReleaseError(
        f"The object {str(gone)!r} is missing in {source.bucket}; upload the site's files again, which replaces it."
    )


def _present(store: Store, source: Source, wish: Wish, check: bool) -> Done:
    pointer = source.pointer()
    if kept := _instead_of(store, pointer.release):
        return Done(kept, 0, [], pointer.release)
    held = store.manifest(pointer.release) if pointer.release in store.releases() else None
    manifest = held or source.manifest(pointer.release)
    paths = missing(store.path, manifest.tree.shared)
    if check:
        return Done(manifest, 0, paths)
    fetched = 0
    with Crew() as crew, public_modes():
        store.clear_abandoned(crew)
        if paths:
            fetched += fill(crew, store, manifest, paths, owner_of(wish.user), source)
        if held is None:
            fetched += store.add(crew, manifest, lambda folder: _fill(crew, store, folder, manifest, source))
        if wish.serve and store.current() != manifest.release:
            store.serve(manifest.release, store.history().serving(manifest.release))
        store.prune(crew, wish.keep, manifest.release)
    return Done(manifest, fetched, paths)


def _instead_of(store: Store, release: str) -> Manifest | None:
    """Return what goes on being served if this release was taken back; None if it was not."""
    current = store.current()
    return store.manifest(current) if release != current and release in store.history().taken_back else None


def _fill(crew: Crew, store: Store, folder: Path, manifest: Manifest, source: Source) -> int:
    layout = release_layout(manifest.tree)
    base = store.current()
    make(crew, folder, layout)
    held = store.manifest(base) or Manifest(manifest.release, manifest.tree._replace(files=()), ())
    return fetch(crew, link(crew, folder, layout, store.folder / str(base), held), manifest, source)


def rolled_back(store: Store, wanted: str | None, check: bool) -> Manifest:
    """Serve an earlier release again."""
    current, history = store.current(), store.history()
    release = wanted or history.before(current, store.releases())
    manifest = store.manifest(release)
    if manifest is None:
        held = ", ".join(store.releases()) or "none"
        raise ReleaseError(f"There is no release to return to in {store.folder}; it holds: {held}.")
    if not check and current != manifest.release:
        store.serve(manifest.release, history.returning(manifest.release, current))
    return manifest
