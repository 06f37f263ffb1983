# Copyright: hasite.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection: this file may change at any time.
"""Filling folders on the share with a release's files: linked from the release that is there, or fetched."""

from __future__ import annotations

import hashlib
import os
import stat
import typing as t
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from .layout import Layout, held_paths, to_fetch
from .manifest import File, Manifest, Pack
from .paths import ReleaseError
from .source import DOWNLOADS
from .steps import Crew, is_file_of

_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC


class Contents(t.Protocol):
    """Where contents are fetched from."""

    def pack(self, pack: Pack) -> bytes:
        """Return a pack, unpacked."""

    def large(self, sha256: str) -> t.Iterator[bytes]:
        """Return a large file's content, piece by piece."""


def mode_of(file: File) -> int:
    """Return the mode that a file has on the share."""
    return 0o755 if file.executable else 0o644


class Target(t.NamedTuple):
    """A file that has to be there."""

    path: str
    file: File


def make(crew: Crew, folder: Path, layout: Layout) -> None:
    """Make a tree's folders and links."""
    for level in layout.levels:
        crew.each(lambda name: os.mkdir(f"{folder}/{name}", 0o755), level)
    crew.each(lambda link: os.symlink(link.target, f"{folder}/{link.path}"), layout.links)


def targets(folder: Path, layout: Layout) -> list[Target]:
    """Return the files of a tree below a folder."""
    return [Target(f"{folder}/{file.path}", file) for file in layout.files]


def link(crew: Crew, folder: Path, layout: Layout, base: Path, held: Manifest) -> list[Target]:
    """Share the files that another release has; return those that have to be fetched."""
    known = held_paths(layout.files, held.tree)

    def linked(target: Target) -> bool:
        source = known.get(target.file.path)
        if source is None:
            return False
        try:
            os.link(f"{base}/{source}", target.path, follow_symlinks=False)
        except OSError:
            # Gone, or it has all the links that the share allows: 177 with EFS
            # (https://docs.aws.amazon.com/efs/latest/ug/limits.html).
            return False
        # Somebody may have changed it in the other release, which has the same file.
        if is_file_of(target.path, target.file.size, mode_of(target.file)):
            return True
        os.unlink(target.path)
        return False

    wanted = targets(folder, layout)
    return [target for target, done in zip(wanted, crew.each(linked, wanted)) if not done]


def damaged(crew: Crew, wanted: list[Target]) -> list[Target]:
    """Return those that are not there with the size and the mode that they should have."""

    def intact(target: Target) -> bool:
        try:
            return is_file_of(target.path, target.file.size, mode_of(target.file))
        except OSError:
            return False

    return [target for target, fine in zip(wanted, crew.each(intact, wanted)) if not fine]


def mend(crew: Crew, wanted: list[Target], manifest: Manifest, contents: Contents | None) -> None:
    """Give files the content and the mode that they should have; where there are no contents, modes only.

    A file whose mode alone is wrong is the same one in every release that has it, and should have this mode in each.
    """

    def resized(target: Target) -> bool:
        try:
            found = os.lstat(target.path)
        except OSError:
            return True
        if not stat.S_ISREG(found.st_mode) or found.st_size != target.file.size:
            return True
        os.chmod(target.path, mode_of(target.file))
        return False

    broken = [target for target, wrong in zip(wanted, crew.each(resized, wanted)) if wrong]
    if not broken:
        return
    if contents is None:
        raise ReleaseError(
            f"{broken[0].file.path!r} of the release {manifest.release} was changed on the share; return to another "
            "one with release_id, or release the files as they were then."
        )
    for target in broken:
        Path(target.path).parent.mkdir(mode=0o755, parents=True, exist_ok=True)
        Path(target.path).unlink(missing_ok=True)
    fetch(crew, broken, manifest, contents)


def fetch(crew: Crew, wanted: t.Iterable[Target], manifest: Manifest, contents: Contents) -> int:
    """Write files with what is fetched for them, each one checked; return how many they are."""
    by_content: dict[str, list[Target]] = {}
    for target in wanted:
        by_content.setdefault(target.file.sha256, []).append(target)
    needed = to_fetch(by_content, manifest)
    packs = {pack.id: pack for pack in manifest.packs}

    def unpack(pack: str) -> None:
        raw = memoryview(contents.pack(packs[pack]))

        def write(content: tuple[str, int]) -> None:
            sha256, offset = content
            for target in by_content[sha256]:
                _write(target, [raw[offset : offset + target.file.size]])

        crew.each(write, needed.packed[pack].items())

    def download(sha256: str) -> None:
        for target in by_content[sha256]:
            _write(target, contents.large(sha256))

    # Threads of their own, and few: each holds a whole pack.
    with ThreadPoolExecutor(DOWNLOADS) as downloads:
        running = [downloads.submit(unpack, pack) for pack in needed.packed]
        running += [downloads.submit(download, sha256) for sha256 in needed.large]
        for future in running:
            future.result()
    return sum(map(len, by_content.values()))


def _write(target: Target, pieces: t.Iterable[bytes | memoryview]) -> None:
    summing = hashlib.sha256()
    file = os.open(target.path, _NEW, mode_of(target.file))
    try:
        for piece in pieces:
            summing.update(piece)
            written = 0
            while written < len(piece):
                written += os.write(file, piece[written:])
    finally:
        os.close(file)
    if summing.hexdigest() != target.file.sha256:
        raise ReleaseError(
            f"The content of {target.file.path!r} in the bucket is not what was uploaded; "
            "delete the objects below the prefix and upload the site's files again."
        )
