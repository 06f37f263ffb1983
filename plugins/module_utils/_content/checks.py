# Copyright: hasite.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection: this file may change at any time.
"""What a site's folder, its names and its shared paths must be like, without any I/O."""

from __future__ import annotations

import unicodedata
from collections.abc import Collection, Iterable, Sequence

from .._release.paths import below, is_plain, parents

MOST_BYTES = 5 << 30
"""Of a file: what S3 takes in one PUT or copies in one call, as when an old version is brought back
(https://docs.aws.amazon.com/AmazonS3/latest/userguide/copy-object.html)."""
_NAME_BYTES, _PATH_BYTES, _DEPTH = 255, 3900, 990
"""EFS: 255 bytes in a name, 1,000 folders deep (https://docs.aws.amazon.com/efs/latest/ug/limits.html); Linux: 4,096
bytes in a path (path_resolution(7)). Releases lie some folders deep themselves."""


class ContentError(Exception):
    """One sentence: what is wrong with the site's files, where, and what to do."""


def shown(path: str) -> str:
    """Return a path as it can be printed, whatever its bytes are."""
    return ascii(path) if any(_is_odd(letter) for letter in path) else repr(path)


def check_name(path: str) -> None:
    """Refuse a name that the share or the manifest cannot hold."""
    name = path.rpartition("/")[2]
    if any("\udc80" <= letter <= "\udcff" for letter in name):
        raise ContentError(f"The name {shown(path)} in site_files is not UTF-8; rename it.")
    if any(_is_odd(letter) for letter in name):
        raise ContentError(f"The name {shown(path)} in site_files has a control character; rename it.")
    if len(name.encode()) > _NAME_BYTES:
        raise ContentError(f"The name {shown(path)} in site_files has more than {_NAME_BYTES} bytes; shorten it.")
    if len(path.encode()) > _PATH_BYTES or path.count("/") > _DEPTH:
        raise ContentError(
            f"The path {shown(path[:60])}… in site_files is longer than {_PATH_BYTES} bytes or {_DEPTH} folders; "
            "shorten it."
        )


def _is_odd(letter: str) -> bool:
    """Tell whether a character has no place in a name: control characters, halves of surrogate pairs."""
    return unicodedata.category(letter) in ("Cc", "Cs")


def check_size(path: str, size: int) -> None:
    """Refuse a file that is too large."""
    if size > MOST_BYTES:
        raise ContentError(
            f"The file {shown(path)} in site_files has {size / (1 << 30):.1f} GB, more than the 5 GB that S3 takes in "
            "one piece; leave it out by site_excludes, or split it."
        )


def shared_paths(written: Iterable[str]) -> dict[str, bool]:
    """Return the shared paths, normalised and sorted, each with whether it is written as a folder (`uploads/`)."""
    found: dict[str, bool] = {}
    for text in written:
        path = text.rstrip("/") if text.strip("/") else text
        path = path.removeprefix("./")
        if not is_plain(path):
            raise ContentError(
                f"site_shared_paths has {text!r}, which is no path below the site's folder; write it relative to that, "
                "without dots, as in 'data/uploads'."
            )
        check_name(path)
        for other in found:
            if below(path, other) or below(other, path):
                raise ContentError(
                    f"site_shared_paths has {other!r} and {text!r}, of which one holds the other; keep one."
                )
        found[path] = text.endswith("/")
    return dict(sorted(found.items()))


def check_shared(
    shared: dict[str, bool], files: Collection[str], folders: Collection[str], links: Collection[str]
) -> None:
    """Refuse a shared path that cannot be one in this tree. `folders` are all of them."""
    for path, as_folder in shared.items():
        for parent in (*parents(path), path):
            if parent in links:
                raise ContentError(
                    f"site_shared_paths has {path!r}, but {parent!r} is a symbolic link; name its target."
                )
        for parent in parents(path):
            if parent in files:
                raise ContentError(f"site_shared_paths has {path!r}, but {parent!r} is a file; name another path.")
        if as_folder and path in files:
            raise ContentError(f"site_shared_paths has '{path}/', but that is a file; write it without the slash.")
        if path not in files and path not in folders and not as_folder and _looks_like_file(path):
            raise ContentError(
                f"site_shared_paths has {path!r}, which site_files does not have; put a file there for the share to be "
                f"filled with, or write '{path}/' if it is a folder."
            )


def _looks_like_file(path: str) -> bool:
    return "." in path.rpartition("/")[2].lstrip(".")


def check_public_folder(public: str | None, folders: Collection[str], shared: Sequence[str]) -> None:
    """Refuse a document root that the site's folder does not have."""
    wanted = (public or "").strip("/")
    if wanted in ("", "."):
        return
    if not is_plain(wanted):
        raise ContentError(
            f"site_public_folder is {public!r}, which is no path below the site's folder; write it as in 'public'."
        )
    if wanted not in folders:
        raise ContentError(
            f"site_public_folder is {public!r}, which site_files does not have; name a folder in it, such as 'public'."
        )
    if any(below(wanted, path) for path in shared):
        raise ContentError(
            f"site_public_folder is {public!r}, which site_shared_paths keeps out of the releases; share what is in it."
        )
