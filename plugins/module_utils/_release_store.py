# Copyright: hasite.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# PRIVATE to the collection: may change without notice.
"""The folder in which releases lie: one folder a release, and a symbolic link to the one that is served.

    <path>/current -> releases/20270131T120000Z-0123456789ab
    <path>/releases/20270131T120000Z-0123456789ab/       the files, never changed once they are there
    <path>/releases/20270131T120000Z-0123456789ab.json   the manifest: which object each file was

A release is filled under another name and appears by one rename; it is served by another one. So no
visitor ever meets half a release, and two writers that do the same at the same time do no harm.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import json
import os
import shutil
import tempfile
import time
import typing as t
from pathlib import Path, PurePosixPath

LINK = "current"
_UNFINISHED = ".new-"
_ABANDONED_SECONDS = 3600


class ReleaseError(Exception):
    """One sentence that says what is wrong with a release and what to do."""


class Item(t.NamedTuple):
    """A file of a release, as its object in the bucket is now."""

    path: str
    """Relative, with slashes."""
    key: str
    etag: str
    size: int
    modified: str
    """The object's time, as 20270131T120000Z."""


class Manifest(t.NamedTuple):
    """What a release consists of; the same objects always make the same release."""

    items: tuple[Item, ...]

    @property
    def digest(self) -> str:
        """Return a fingerprint of paths and contents."""
        text = "".join(f"{item.path}\0{item.etag}\0{item.size}\n" for item in self.items)
        return hashlib.sha256(text.encode()).hexdigest()

    @property
    def release(self) -> str:
        """Return the release's id: sorts by the time of its newest object, tells apart by content."""
        return f"{max(item.modified for item in self.items)}-{self.digest[:12]}"

    def files(self) -> dict[str, str]:
        """Return each path with its ETag."""
        return {item.path: item.etag for item in self.items}


def make_manifest(items: t.Iterable[Item]) -> Manifest:
    """Return the manifest of these objects; refuse paths that would leave the release's folder."""
    ordered = tuple(sorted(items))
    if not ordered:
        raise ReleaseError("The bucket holds no file below the prefix; upload the site's files first.")
    for item in ordered:
        parts = item.path.split("/")
        if item.path.startswith("/") or any(part in ("", ".", "..") for part in parts) or "\0" in item.path:
            raise ReleaseError(f"The object {item.key!r} cannot be a file of a release; give it a plain relative name.")
    folders = {str(parent) for item in ordered for parent in PurePosixPath(item.path).parents}
    for item in ordered:
        if item.path in folders:
            raise ReleaseError(f"The object {item.key!r} is a file and also a folder of others; rename one of them.")
    return Manifest(ordered)


def previous_of(releases: t.Sequence[str], current: str | None) -> str | None:
    """Return the newest release that is older than the current one."""
    older = [release for release in sorted(releases) if current is None or release < current]
    return older[-1] if older else None


def surplus(releases: t.Sequence[str], current: str | None, keep: int) -> list[str]:
    """Return the releases beyond the newest `keep`; the current one always stays."""
    return [release for release in sorted(releases, reverse=True)[keep:] if release != current]


class Store:
    """The releases of one site on the share."""

    def __init__(self, path: str) -> None:
        self.path = Path(path)
        self.folder = self.path / "releases"

    def releases(self) -> list[str]:
        """Return the complete releases, oldest first: those whose manifest was written."""
        if not self.folder.is_dir():
            return []
        return sorted(entry.stem for entry in self.folder.glob("*.json") if (self.folder / entry.stem).is_dir())

    def current(self) -> str | None:
        """Return the release that is served."""
        try:
            target = (self.path / LINK).readlink()
        except OSError as error:
            if error.errno == errno.EINVAL:
                raise ReleaseError(f"{self.path / LINK} is no symbolic link; move it away.") from None
            return None
        return target.name

    def manifest(self, release: str | None) -> Manifest | None:
        """Return what a release consists of, or None if it is not there."""
        if release is None:
            return None
        try:
            items = json.loads((self.folder / f"{release}.json").read_text(encoding="utf-8"))["items"]
        except (FileNotFoundError, ValueError, KeyError):
            return None
        return Manifest(tuple(Item(*item) for item in items))

    def add(self, manifest: Manifest, fetch: t.Callable[[Item, Path], None]) -> int:
        """Make the release; `fetch` writes one object to a file. Return how many files had to be fetched.

        What the current release already holds is linked from there, not fetched again.
        """
        self.folder.mkdir(mode=0o755, parents=True, exist_ok=True)
        self._clear_abandoned()
        base = self.current()
        known = (self.manifest(base) or Manifest(())).files()
        unfinished = Path(tempfile.mkdtemp(prefix=_UNFINISHED, dir=self.folder))
        try:
            unfinished.chmod(0o755)
            fetched = 0
            for item in manifest.items:
                target = unfinished / item.path
                target.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
                held = self.folder / str(base) / item.path
                if known.get(item.path) == item.etag and _linked(held, target, item.size):
                    continue
                fetch(item, target)
                target.chmod(0o644)
                fetched += 1
            self._appear(unfinished, manifest)
        finally:
            shutil.rmtree(unfinished, ignore_errors=True)
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
        text = json.dumps({"items": manifest.items}, indent=1)
        _replace(final.with_name(final.name + ".json"), lambda path: path.write_text(text + "\n", encoding="utf-8"))

    def serve(self, release: str) -> None:
        """Let `current` point to the release, in one step."""
        if release not in self.releases():
            raise ReleaseError(
                f"There is no release {release!r} in {self.folder}; there are: {', '.join(self.releases()) or 'none'}."
            )
        target = Path("releases") / release
        _replace(self.path / LINK, lambda path: path.symlink_to(target, target_is_directory=True))

    def prune(self, keep: int) -> list[str]:
        """Remove the oldest releases beyond `keep` and return their ids."""
        removed = surplus(self.releases(), self.current(), keep)
        for release in removed:
            (self.folder / f"{release}.json").unlink()
            shutil.rmtree(self.folder / release, ignore_errors=True)
        return removed

    def _clear_abandoned(self) -> None:
        """Remove what writers left that ended half-way."""
        for entry in self.folder.glob(_UNFINISHED + "*"):
            with contextlib.suppress(FileNotFoundError):
                if time.time() - entry.stat().st_mtime > _ABANDONED_SECONDS:
                    shutil.rmtree(entry, ignore_errors=True)


def _linked(held: Path, target: Path, size: int) -> bool:
    """Share the content of a file of another release, if it is still what it was."""
    try:
        if held.stat().st_size != size:
            return False
        os.link(held, target)
    except OSError:
        return False
    return True


def _replace(path: Path, make: t.Callable[[Path], t.Any]) -> None:
    """Make a file under another name and let it take the place of `path` in one step."""
    folder = Path(tempfile.mkdtemp(prefix=_UNFINISHED, dir=path.parent))
    try:
        make(folder / path.name)
        (folder / path.name).replace(path)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
