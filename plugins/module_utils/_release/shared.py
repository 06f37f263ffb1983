# Copyright: hasite.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection: this file may change at any time.
"""What the site writes: folders and files beside the releases, filled once, owned by the site's user."""

from __future__ import annotations

import errno
import os
import pwd
import stat
import typing as t
from pathlib import Path

from .filling import Contents, Target, fetch, make, targets
from .layout import SEED, seed_layout
from .manifest import Manifest
from .paths import SHARED, ReleaseError, parents
from .steps import Crew
from .store import Store, unfinished_folder


class Owner(t.NamedTuple):
    """Who may write into shared paths."""

    uid: int
    gid: int


def owner_of(user: str) -> Owner:
    """Return the numbers of the site's user."""
    try:
        found = pwd.getpwnam(user)
    except KeyError:
        raise ReleaseError(
            f"There is no user {user!r} on this machine to own the shared paths; apply the role hasite.aws.web first."
        ) from None
    return Owner(found.pw_uid, found.pw_gid)


def missing(share: Path, shared: t.Iterable[str]) -> list[str]:
    """Return the shared paths that are not on the share yet; refuse one whose folder is a link."""
    top = share / SHARED
    for path in shared:
        for parent in parents(path):
            if (top / parent).is_symlink():
                raise ReleaseError(f"{top / parent} is a symbolic link; put a folder there, or share another path.")
    return [path for path in shared if not os.path.lexists(top / path)]


def fill(crew: Crew, store: Store, manifest: Manifest, paths: t.Iterable[str], owner: Owner, contents: Contents) -> int:
    """Make these shared paths from what the release has below them; return how many files were fetched."""
    top = store.path / SHARED
    top.mkdir(mode=0o755, parents=True, exist_ok=True)
    # Beside the releases: nothing is ever removed from among the shared paths.
    with unfinished_folder(crew, store.folder) as unfinished:
        wanted: list[Target] = []
        folders = {}
        for number, path in enumerate(paths):
            folder = folders[path] = unfinished / str(number)
            folder.mkdir()
            layout = seed_layout(manifest.tree, path)
            make(crew, folder, layout)
            wanted += targets(folder, layout)
        fetched = fetch(crew, wanted, manifest, contents)
        for path, folder in folders.items():
            _hand_over(crew, folder / SEED, owner)
            _appear(folder / SEED, top / path)
    return fetched


def _hand_over(crew: Crew, seed: Path, owner: Owner) -> None:
    """Give a seed and what is in it to the site's user."""
    every = [str(seed)]
    for folder, folders, files in os.walk(seed):
        every += [f"{folder}/{name}" for name in (*folders, *files)]
    crew.each(lambda path: os.chown(path, owner.uid, owner.gid, follow_symlinks=False), every)


def _appear(seed: Path, final: Path) -> None:
    """Move a seed into its place in one step, unless another writer was first."""
    final.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
    try:
        if stat.S_ISDIR(seed.lstat().st_mode):
            seed.rename(final)
        else:
            os.link(seed, final)  # unlike a rename, it never takes another's place
    except OSError as error:
        if error.errno not in (errno.ENOTEMPTY, errno.EEXIST, errno.ENOTDIR):
            raise
