# Copyright: hasite.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection: this file may change at any time.
"""Reading a site's folder: what is in it, and whether all of it can be published."""

from __future__ import annotations

import hashlib
import os
import posixpath
import stat
import typing as t
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor

from .._release.manifest import File, Link, Tree
from .._release.paths import leads_out, parents
from .checks import (
    ContentError,
    check_name,
    check_public_folder,
    check_shared,
    check_size,
    shared_paths,
    shown,
)
from .excludes import ExcludeError, Pattern, excluded, read

THREADS = 4
_PART = 64
"""How many files a thread reads before it asks for more."""
_SPECIAL = "The {what} {path} in site_files can't be published; remove it or leave it out by site_excludes."


class Found(t.NamedTuple):
    """A file as it was when the folder was read."""

    path: str
    size: int
    executable: bool
    modified: int
    """In nanoseconds."""


class Folder(t.NamedTuple):
    """A site's folder."""

    top: str
    files: list[Found]
    folders: list[str]
    """All of them."""
    links: list[Link]
    shared: tuple[str, ...]

    @property
    def empty_folders(self) -> list[str]:
        """Return the folders in which nothing lies."""
        filled = {parent for path in self._paths() for parent in parents(path)[-1:]}
        return [folder for folder in self.folders if folder not in filled]

    def _paths(self) -> list[str]:
        return [*(file.path for file in self.files), *self.folders, *(link.path for link in self.links)]


def look(params: Mapping[str, t.Any]) -> Folder:
    """Read the folder without its files' contents, and refuse what can't be published."""
    top = os.path.abspath(params["source"])
    try:
        patterns = read(params["excludes"])
    except ExcludeError as error:
        raise ContentError(str(error)) from error
    shared = shared_paths(params["shared_paths"])
    _check_top(top)
    walk = _FolderScan(top, patterns)
    walk.run()
    links = [_link(top, path, walk) for path in walk.links]
    if not walk.files and not links:
        raise ContentError(f"site_files is {top!r}, in which there is no file to publish; name the site's folder.")
    check_shared(shared, {file.path for file in walk.files}, set(walk.folders), {link.path for link in links})
    to_folders = {link.path for link in links if os.path.isdir(f"{top}/{link.path}")}
    check_public_folder(params["public_folder"], {*walk.folders, *to_folders}, tuple(shared))
    return Folder(top, sorted(walk.files), sorted(walk.folders), sorted(links), tuple(shared))


def _check_top(top: str) -> None:
    if not os.path.lexists(top):
        raise ContentError(f"site_files is {top!r}, which does not exist; name the folder with the site's files.")
    if not os.path.isdir(top):
        raise ContentError(f"site_files is {top!r}, which is no folder; name the folder with the site's files.")


class _FolderScan:
    """A scan of the folder; what is left out is not entered."""

    def __init__(self, top: str, patterns: Sequence[Pattern]) -> None:
        self.top = top
        self.patterns = patterns
        self.files: list[Found] = []
        self.folders: list[str] = []
        self.links: list[str] = []

    def run(self) -> None:
        """Walk, in the order of names, so that of several mistakes the same one is named each time."""
        waiting = [""]
        while waiting:
            waiting += reversed(self._enter(waiting.pop()))

    def _enter(self, folder: str) -> list[str]:
        try:
            with os.scandir(f"{self.top}/{folder}") as found:
                entries = sorted(found, key=lambda entry: entry.name)
        except OSError as error:
            raise _unreadable("folder", folder or self.top, error) from error
        below = []
        for entry in entries:
            path = f"{folder}/{entry.name}".lstrip("/")
            is_folder = entry.is_dir(follow_symlinks=False)
            if excluded(path, is_folder, self.patterns):
                continue
            check_name(path)
            if is_folder:
                self.folders.append(path)
                below.append(path)
            elif entry.is_symlink():
                self.links.append(path)
            else:
                self.files.append(_file(entry, path))
        return below


def _file(entry: os.DirEntry[str], path: str) -> Found:
    found = entry.stat(follow_symlinks=False)
    if not stat.S_ISREG(found.st_mode):
        kinds = {stat.S_IFSOCK: "socket", stat.S_IFIFO: "named pipe"}
        what = kinds.get(stat.S_IFMT(found.st_mode), "device")
        raise ContentError(_SPECIAL.format(what=what, path=shown(path)))
    check_size(path, found.st_size)
    if not os.access(entry.path, os.R_OK):
        raise _unreadable("file", path, PermissionError(13, os.strerror(13)))
    return Found(path, found.st_size, bool(found.st_mode & 0o111), found.st_mtime_ns)


def _unreadable(what: str, path: str, error: OSError) -> ContentError:
    return ContentError(
        f"The {what} {shown(path)} in site_files can't be read ({error.strerror}); make it readable for you, or leave "
        "it out by site_excludes."
    )


def _link(top: str, path: str, walk: _FolderScan) -> Link:
    """Return a link as it is to be on the share: relative, to something that is published."""
    written = os.readlink(f"{top}/{path}")
    real_top = os.path.realpath(top)
    try:
        real = os.path.realpath(f"{top}/{path}", strict=True)
    except OSError as error:
        raise ContentError(
            f"The link {shown(path)} in site_files leads to {shown(written)}, which is not there; mend or remove it."
        ) from error
    if real != real_top and not real.startswith(real_top + "/"):
        raise ContentError(
            f"The link {shown(path)} in site_files leads out of the folder, to {shown(written)}; copy there what it "
            "leads to, or leave the link out by site_excludes."
        )
    inside = real[len(real_top) + 1 :]
    if not _is_published(inside, os.path.isdir(real), walk.patterns):
        raise ContentError(
            f"The link {shown(path)} in site_files leads to {shown(inside)}, which is left out; leave out the link too."
        )
    if _stays(path, written):
        return Link(path, written)
    return Link(path, posixpath.relpath(inside or ".", posixpath.dirname(path) or "."))


def _is_published(path: str, is_folder: bool, patterns: Sequence[Pattern]) -> bool:
    return not any(excluded(part, is_folder or part != path, patterns) for part in (*parents(path), path) if part)


def _stays(path: str, target: str) -> bool:
    """Tell whether a link's text leads to the same place wherever the tree lies: `..` only at its beginning."""
    parts = [part for part in target.split("/") if part not in ("", ".")]
    while parts and parts[0] == "..":
        parts.pop(0)
    return ".." not in parts and not leads_out(path, target)


# ---- contents


def tree_of(folder: Folder) -> Tree:
    """Read the files and return what the release consists of."""

    def summed(files: Sequence[Found]) -> list[File]:
        return [File(file.path, sum_of(folder.top, file), file.size, file.executable) for file in files]

    parts = [folder.files[start : start + _PART] for start in range(0, len(folder.files), _PART)]
    with ThreadPoolExecutor(THREADS) as pool:
        files = tuple(file for part in pool.map(summed, parts) for file in part)
    return Tree(files, tuple(folder.empty_folders), tuple(folder.links), folder.shared)


def sum_of(top: str, file: Found) -> str:
    """Return the SHA-256 of a file without holding it in memory."""
    try:
        with open(f"{top}/{file.path}", "rb") as opened:
            found = hashlib.file_digest(opened, "sha256").hexdigest()
            check_unchanged(file, os.fstat(opened.fileno()))
    except OSError as error:
        raise _unreadable("file", file.path, error) from error
    return found


def check_unchanged(file: Found, now: os.stat_result) -> None:
    """Refuse a file that somebody has just written to."""
    if (now.st_size, now.st_mtime_ns) != (file.size, file.modified):
        raise ContentError(f"The file {shown(file.path)} in site_files has changed while it was read; try again.")
