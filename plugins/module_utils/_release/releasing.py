# Copyright: hasite.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection: this file may change at any time.
"""Bringing a release from the bucket onto the share, and returning to an earlier one."""

from __future__ import annotations

import typing as t
from collections.abc import Sequence
from pathlib import Path

from .filling import Target, damaged, fetch, link, make, mend, targets
from .history import History
from .layout import release_layout
from .manifest import Manifest
from .paths import ReleaseError
from .shared import fill, missing, owner_of
from .signature import PublicKey
from .source import MissingError, Source
from .steps import Crew, public_modes
from .store import Store

_ATTEMPTS = 3


class ReleaseOptions(t.NamedTuple):
    """What is wanted of the share."""

    keep: int
    user: str
    serve: bool
    key: PublicKey | None = None
    """Which key has to have signed a release; without one, none is asked for."""
    trial: bool = False
    """Whether a release that is served anew is on trial."""
    required: Sequence[str] = ()
    """The paths without which a release is not served."""


class Done(t.NamedTuple):
    """What is now on the share, or would be."""

    manifest: Manifest
    fetched: int
    filled: list[str]
    """The shared paths that were not there before."""
    taken_back: str | None = None
    """The release that the bucket names and that is not served, for somebody has returned from it or calls it bad."""
    signed: bool = False
    """Whether the release was on the share before it was signed."""
    mended: tuple[str, ...] = ()
    """The files of the release that somebody had changed on the share."""


def present(store: Store, source: Source, options: ReleaseOptions, check: bool) -> Done:
    """Bring the release that the bucket names onto the share; an upload in between means another look."""
    for _attempt in range(_ATTEMPTS):
        try:
            return _present(store, source, options, check)
        except MissingError as error:
            gone = error
    raise ReleaseError(
        f"The object {str(gone)!r} is missing in {source.bucket}; upload the site's files again, which replaces it."
    )


def _present(store: Store, source: Source, options: ReleaseOptions, check: bool) -> Done:
    pointer = source.pointer()
    if kept := _instead_of(store, pointer.release):
        if lacking := _lacking(kept, options.required):
            raise ReleaseError(
                f"The release {kept.release}, which is served instead of {pointer.release}, since that was taken back "
                f"or is called bad, has no {lacking}, where the web server looks for pages; release changed files, or "
                "give site_public_folder and site_front_controller the values that belong to it."
            )
        if not check and kept.release != store.current():
            store.serve(kept.release, store.history())
        return Done(kept, 0, [], pointer.release)
    held = store.manifest(pointer.release) if pointer.release in store.releases() else None
    manifest = _trusted(store, source, pointer.release, held, options.key)
    _demand(manifest, options.required)
    paths = missing(store.path, manifest.tree.shared)
    signed = held not in (None, manifest)
    with Crew() as crew, public_modes():
        wrong = _damaged(crew, store, manifest) if held else []
        mended = tuple(target.file.path for target in wrong)
        if check:
            return Done(manifest, 0, paths, signed=signed, mended=mended)
        fetched = 0
        store.clear_abandoned(crew)
        mend(crew, wrong, manifest, source)
        if paths:
            fetched += fill(crew, store, manifest, paths, owner_of(options.user), source)
        if signed:
            store.sign(manifest)
        if held is None:
            fetched += store.add(crew, manifest, lambda folder: _fill(crew, store, folder, manifest, source))
        if options.serve and store.current() != manifest.release:
            store.serve(manifest.release, _serving(store, manifest.release, options.trial))
        store.prune(crew, options.keep, manifest.release)
    return Done(manifest, fetched, paths, signed=signed, mended=mended)


def _lacking(manifest: Manifest, required: Sequence[str]) -> str | None:
    return next((path for path in required if not manifest.tree.has(path)), None)


def _demand(manifest: Manifest, required: Sequence[str]) -> None:
    """Refuse a release that lacks what the web server serves: every page would be missing."""
    if lacking := _lacking(manifest, required):
        raise ReleaseError(
            f"The release {manifest.release} is not served, since it has no {lacking}, where the web server looks for "
            "pages; run playbooks/site.yml with the files, the site_public_folder and the site_front_controller that "
            "belong together."
        )


def _serving(store: Store, release: str, trial: bool) -> History:
    history = store.history()
    return history.beginning(release, store.current()) if trial else history.serving(release)


def _damaged(crew: Crew, store: Store, manifest: Manifest) -> list[Target]:
    """Return the files of a release on the share that are no longer what they were."""
    return damaged(crew, targets(store.folder / manifest.release, release_layout(manifest.tree)))


def _trusted(store: Store, source: Source, release: str, held: Manifest | None, key: PublicKey | None) -> Manifest:
    """Return the manifest of the release that the bucket names, as the share or else the bucket has it.

    With a key: signed by it, and not from before what the share has had, which somebody may have put back.
    """
    if key is None:
        return held or source.manifest(release)
    newest = max((release for release in store.releases() if _signed(store, release, key)), default=release)
    if release < newest:
        raise ReleaseError(
            f"The release {release}, which the bucket {source.bucket} names, is not served, since it is older than "
            f"{newest}, which the key {key.name} has signed; use playbooks/rollback.yml to return to it, or delete "
            "current.json in the bucket and release again."
        )
    if held and key.has_signed(held):
        return held
    manifest = source.manifest(release)
    key.demand(manifest, f"look who has written to the bucket {source.bucket}, and release the site's files again.")
    if held and held.tree != manifest.tree:
        raise ReleaseError(
            f"The release {release} on the share is not the one that the key {key.name} has signed under this id; "
            "change a file of the site's and release again."
        )
    return manifest


def _signed(store: Store, release: str, key: PublicKey) -> bool:
    manifest = store.manifest(release)
    return manifest is not None and key.has_signed(manifest)


def _instead_of(store: Store, release: str) -> Manifest | None:
    """Return what is to be served if this release was taken back or is called bad; None otherwise.

    That is what is served already, or else what a return that was killed has left to do.
    """
    current, history = store.current(), store.history()
    if (wanted := history.undone(current)) and history.passes_over(release):
        return store.manifest(wanted)
    return store.manifest(current) if release != current and history.passes_over(release) else None


def _fill(crew: Crew, store: Store, folder: Path, manifest: Manifest, source: Source) -> int:
    layout = release_layout(manifest.tree)
    base = store.current()
    make(crew, folder, layout)
    held = store.manifest(base) or Manifest(manifest.release, manifest.tree._replace(files=()), ())
    return fetch(crew, link(crew, folder, layout, store.folder / str(base), held), manifest, source)


def rolled_back(
    store: Store,
    wanted: str | None,
    check: bool,
    key: PublicKey | None = None,
    source: Source | None = None,
    trial: bool = False,
    required: Sequence[str] = (),
) -> Done:
    """Serve an earlier release again, if the key has signed it, where one is given; or, on trial, a new one.

    Its files are mended first: they may have been changed by way of a later release that has the same ones.
    """
    current, history = store.current(), store.history()
    release = wanted or history.before(current, store.releases())
    manifest = store.manifest(release)
    if manifest is None:
        held = ", ".join(store.releases()) or "none"
        raise ReleaseError(f"There is no release to return to in {store.folder}; it holds: {held}.")
    _demand(manifest, required)
    if key:
        key.demand(manifest, "return to another one with release_id, or release the files as they were then.")
    with Crew() as crew, public_modes():
        wrong = _damaged(crew, store, manifest)
        if not check:
            mend(crew, wrong, manifest, source)
    if not check and current != manifest.release:
        new = manifest.release
        store.serve(new, _serving(store, new, trial) if trial else history.returning(new, current))
    return Done(manifest, 0, [], mended=tuple(target.file.path for target in wrong))


def proved(store: Store, check: bool) -> bool:
    """Note that all is done that follows the switch to the release that is served; tell whether it was on trial."""
    before = store.history()
    after = before.proved()
    if after != before and not check:
        store.remember(after)
    return after != before
