# Copyright: hasite.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection: this file may change at any time.
"""Paths of a release, without any I/O: which ones are safe, and where the links to shared paths lead."""

from __future__ import annotations

import posixpath
import typing as t

CURRENT = "current"
RELEASES = "releases"
SHARED = "shared"


class ReleaseError(Exception):
    """One sentence that says what is wrong with a release and what to do."""


class DamagedError(ReleaseError):
    """What lies in the bucket cannot be read; an upload replaces it."""


def is_plain(path: str) -> bool:
    """Tell whether a path is relative and stays where it is put: no empty part, no dots, no NUL."""
    return "\0" not in path and {"", ".", ".."}.isdisjoint(path.split("/"))


def below(path: str, folder: str) -> bool:
    """Tell whether a path is a folder or lies in it."""
    return path == folder or path.startswith(folder + "/")


def parents(path: str) -> list[str]:
    """Return the folders that a path lies in, the outermost first."""
    parts = path.split("/")[:-1]
    return ["/".join(parts[: count + 1]) for count in range(len(parts))]


def resolved(path: str, target: str) -> str:
    """Return where a relative link at `path` leads, from the top of its tree; `..` leads out of it."""
    return posixpath.normpath(posixpath.join(posixpath.dirname(path), target))


def leads_out(path: str, target: str) -> bool:
    """Tell whether a link at `path` leads out of its tree."""
    found = resolved(path, target)
    return target.startswith("/") or found == ".." or found.startswith("../")


def link_to_shared(path: str) -> str:
    """Return what the link at a shared path of a release contains: it works before and after the switch."""
    return "../" * (path.count("/") + 2) + f"{SHARED}/{path}"


def seed_target(path: str, target: str, shared: t.Iterable[str]) -> str:
    """Return what a link below a shared path contains once it lies among the shared paths.

    What it leads to lies there too, or else in the release that is served.
    """
    found = resolved(path, target)
    if any(below(found, folder) for folder in shared):
        return target
    return "../" * (path.count("/") + 1) + posixpath.normpath(f"{CURRENT}/{found}")
