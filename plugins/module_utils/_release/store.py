# Copyright: hasite.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection: this file may change at any time.
"""The folder in which releases lie: one folder a release, and a symbolic link to the one that is served.

    <path>/current -> releases/20270131T120000Z-0123456789ab
    <path>/releases/20270131T120000Z-0123456789ab/       the files, never changed once they are there
    <path>/releases/20270131T120000Z-0123456789ab.json   the manifest, written when the folder is complete
    <path>/shared/                                       what the site writes (`shared`)
    <path>/history.json                                  what was served, and taken back (`history`)

A release is filled under another name and appears by one rename; it is served by another one. So no
visitor ever meets half a release, and two writers that do the same at the same time do no harm.
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
from .manifest import Manifest, decode, encode
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
        """Return the complete releases, oldest first: those whose manifest was written."""
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
        if release is None:
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
        final = self.folder / manifest.release
        if final.exists() and manifest.release not in self.releases():
            shutil.rmtree(final)  # its writer ended between the rename and the manifest
        try:
            unfinished.rename(final)
        except OSError as error:
            if error.errno not in (errno.ENOTEMPTY, errno.EEXIST):
                raise
            return  # another writer has just made the same release
        _replace(self.folder / f"{final.name}.json", lambda path: path.write_bytes(encode(manifest)))

    def sign(self, manifest: Manifest) -> None:
        """Keep the manifest of a release that is there with the signature that it has been given since."""
        _replace(self.folder / f"{manifest.release}.json", lambda path: path.write_bytes(encode(manifest)))
        self._manifests[manifest.release] = manifest

    def history(self) -> History:
        """Return what was served so far; nothing on a share that an earlier version of the collection has filled."""
        try:
            return history.decode((self.path / _HISTORY).read_bytes())
        except FileNotFoundError:
            return History()

    def serve(self, release: str, after: History) -> None:
        """Point `current` to the release, in one step, and write the history that follows from it."""
        if release not in self.releases():
            raise ReleaseError(
                f"There is no release {release!r} in {self.folder}; there are: {', '.join(self.releases()) or 'none'}."
            )
        target = Path(RELEASES) / release
        _replace(self.path / CURRENT, lambda path: path.symlink_to(target, target_is_directory=True))
        self.remember(after)

    def remember(self, history: History) -> None:
        """Write the history."""
        _replace(self.path / _HISTORY, lambda path: path.write_bytes(history.encode()))

    def prune(self, crew: Crew, keep: int, *kept: str) -> list[str]:
        """Remove the releases beyond `keep`, but not these or the one that is served; return their ids."""
        removed = surplus(self.releases(), (self.current(), *kept), keep, self.history())
        for release in removed:
            (self.folder / f"{release}.json").unlink(missing_ok=True)
            gone = self.folder / f"{UNFINISHED}{release}"
            # Whoever is interrupted here leaves something that is cleared as abandoned.
            with contextlib.suppress(FileNotFoundError):
                (self.folder / release).rename(gone)
            crew.remove(gone)
        return removed

    def clear_abandoned(self, crew: Crew) -> None:
        """Remove what writers have left that ended half-way."""
        for entry in self.folder.glob(UNFINISHED + "*"):
            with contextlib.suppress(FileNotFoundError):
                if time.time() - entry.lstat().st_ctime > _ABANDONED_SECONDS:
                    crew.remove(entry)


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
