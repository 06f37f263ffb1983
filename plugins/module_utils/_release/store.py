# Copyright: hasite.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection: this file may change at any time.
"""The folder in which releases lie: one folder a release, and a symbolic link to the one that is served.

    <path>/current -> releases/20270131T120000Z-0123456789ab
    <path>/releases/20270131T120000Z-0123456789ab/       the files, never changed once they are there
    <path>/releases/20270131T120000Z-0123456789ab.json   the manifest, written just before the folder appears
    <path>/shared/                                       what the site writes (`shared`)
    <path>/history.json                                  what was served, and taken back (`history`)

A release is filled under another name and appears by one rename; it is served by another one. So no
visitor ever meets half a release, and two writers that do the same at the same time do no harm. A writer may end
between any two steps: what it leaves is no release, or a whole one, and the next writer goes on from there.
"""

from __future__ import annotations

import contextlib
import errno
import shutil
import tempfile
import time
import typing as t
from pathlib import Path

from . import history
from .history import History
from .manifest import Manifest, decode, encode, is_id
from .paths import CURRENT, RELEASES, ReleaseError
from .steps import Crew

UNFINISHED = ".new-"
_ABANDONED_SECONDS = 3600
_HISTORY = "history.json"


def surplus(releases: t.Iterable[str], kept: t.Collection[str | None], keep: int, past: History) -> list[str]:
    """Return the releases beyond the `keep` to which a return would lead first, without those that must stay."""
    return [release for release in past.ranked(releases)[keep:] if release not in kept]


class Store:
    """The releases of one site on the share."""

    def __init__(self, path: str) -> None:
        self.path = Path(path)
        self.folder = self.path / RELEASES
        self._manifests: dict[str, Manifest] = {}

    def releases(self) -> list[str]:
        """Return the complete releases, oldest first: those with a manifest and a folder."""
        if not self.folder.is_dir():
            return []
        return sorted(entry.stem for entry in self.folder.glob("*.json") if (self.folder / entry.stem).is_dir())

    def current(self) -> str | None:
        """Return the release that is served."""
        try:
            target = (self.path / CURRENT).readlink()
        except OSError as error:
            if error.errno == errno.EINVAL:
                raise ReleaseError(f"{self.path / CURRENT} is no symbolic link; move it away.") from None
            return None
        return target.name

    def manifest(self, release: str | None) -> Manifest | None:
        """Return what a release consists of, or None if it is not there."""
        if release is None or not (self.folder / release).is_dir():
            return None
        try:
            # It never changes once it is there, but for a signature (`sign`).
            if release not in self._manifests:
                self._manifests[release] = decode((self.folder / f"{release}.json").read_bytes())
            return self._manifests[release]
        except (FileNotFoundError, ReleaseError):
            return None

    def add(self, crew: Crew, manifest: Manifest, fill: t.Callable[[Path], int]) -> int:
        """Make a release; `fill` fills its folder and returns how many files it has fetched, as this does."""
        with unfinished_folder(crew, self.folder) as unfinished:
            fetched = fill(unfinished)
            self._appear(unfinished, manifest)
        return fetched

    def _appear(self, unfinished: Path, manifest: Manifest) -> None:
        # First: then a folder of this name is always a whole release, and nobody removes one that may be served.
        _replace(self.folder / f"{manifest.release}.json", lambda path: path.write_bytes(encode(manifest)))
        try:
            unfinished.rename(self.folder / manifest.release)
        except OSError as error:
            # Another writer has just made the same release.
            if error.errno not in (errno.ENOTEMPTY, errno.EEXIST):
                raise

    def sign(self, manifest: Manifest) -> None:
        """Keep the manifest of a release that is there with the signature that it has been given since."""
        _replace(self.folder / f"{manifest.release}.json", lambda path: path.write_bytes(encode(manifest)))
        self._manifests[manifest.release] = manifest

    def history(self) -> History:
        """Return what was served so far; nothing on a share that an earlier version of the collection has filled."""
        try:
            found = history.decode((self.path / _HISTORY).read_bytes())
        except FileNotFoundError:
            return History()
        return found.reached(self.current())

    def serve(self, release: str, after: History) -> None:
        """Point `current` to the release, in one step, when the history that follows from it is written.

        Whoever ends between the two has written what is to be: `History.reached` tells it from what is.
        """
        if release not in self.releases():
            raise ReleaseError(
                f"There is no release {release!r} in {self.folder}; there are: {', '.join(self.releases()) or 'none'}."
            )
        self.remember(after)
        target = Path(RELEASES) / release
        _replace(self.path / CURRENT, lambda path: path.symlink_to(target, target_is_directory=True))

    def remember(self, history: History) -> None:
        """Write the history."""
        _replace(self.path / _HISTORY, lambda path: path.write_bytes(history.encode()))

    def prune(self, crew: Crew, keep: int, *kept: str) -> list[str]:
        """Remove the releases beyond `keep`, but not these or the one that is served; return their ids."""
        removed = surplus(self.releases(), (self.current(), *kept), keep, self.history())
        for release in removed:
            (self.folder / f"{release}.json").unlink(missing_ok=True)
            self._remove(crew, self.folder / release)
        return removed

    def clear_abandoned(self, crew: Crew) -> None:
        """Remove what writers have left that ended half-way: halves of releases, too."""
        releases = self.releases()
        halves = [one for one in self.folder.glob("*") if is_id(one.name.removesuffix(".json"))]
        left = [one for one in halves if one.name.removesuffix(".json") not in releases]
        for entry in [*self.path.glob(UNFINISHED + "*"), *self.folder.glob(UNFINISHED + "*"), *left]:
            with contextlib.suppress(FileNotFoundError):
                if time.time() - entry.lstat().st_ctime > _ABANDONED_SECONDS:
                    self._remove(crew, entry)

    def _remove(self, crew: Crew, entry: Path) -> None:
        """Remove a file, or a folder, which gets another name first: whoever ends here leaves no half of a release."""
        if not entry.is_dir():
            entry.unlink(missing_ok=True)
            return
        gone = entry if entry.name.startswith(UNFINISHED) else self.folder / f"{UNFINISHED}{entry.name}"
        if gone != entry:
            with contextlib.suppress(FileNotFoundError):
                entry.rename(gone)
        crew.remove(gone)


@contextlib.contextmanager
def unfinished_folder(crew: Crew, folder: Path) -> t.Iterator[Path]:
    """Give a new folder in a folder, and remove it with what is still in it."""
    folder.mkdir(mode=0o755, parents=True, exist_ok=True)
    made = Path(tempfile.mkdtemp(prefix=UNFINISHED, dir=folder))
    try:
        made.chmod(0o755)
        yield made
    finally:
        crew.remove(made)


def _replace(path: Path, make: t.Callable[[Path], t.Any]) -> None:
    """Make a file under another name and let it take the place of `path` in one step."""
    folder = Path(tempfile.mkdtemp(prefix=UNFINISHED, dir=path.parent))
    try:
        make(folder / path.name)
        (folder / path.name).replace(path)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
