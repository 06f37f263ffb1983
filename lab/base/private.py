# SPDX-License-Identifier: GPL-3.0-or-later
"""Folders and files that no other user of the host may see: machines' disks and shares, logs, keys."""

from __future__ import annotations

import os
import stat
from pathlib import Path

_FOLDER = 0o700
_PASSAGE = 0o711
_FILE = 0o600


def make_folder(path: Path) -> Path:
    """Return the folder, made if it is not there, and closed to others whoever has made it."""
    path.mkdir(mode=_FOLDER, parents=True, exist_ok=True)
    path.chmod(_FOLDER)
    return path


def make_passage(path: Path) -> Path:
    """Return the folder, which others may pass through but not list.

    Machines' roots have to: podman opens the way to their disks itself, and a folder that was closed again meanwhile
    would keep a machine from starting.
    """
    path.mkdir(mode=_PASSAGE, parents=True, exist_ok=True)
    path.chmod(_PASSAGE)
    return path


def open_file(path: Path) -> int:
    """Return the descriptor of a new, empty file; one that is there already is replaced, with who reads it."""
    path.unlink(missing_ok=True)
    return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, _FILE)


def write(path: Path, text: str) -> None:
    """Write a file; who reads it meanwhile gets all of the old one or all of the new one."""
    part = path.with_name(f".{path.name}.part")
    with os.fdopen(open_file(part), "w") as file:
        file.write(text)
    part.replace(path)


def is_own(path: Path) -> bool:
    """Tell whether a file or folder belongs to this user and is closed to all others; a link is neither."""
    found = path.lstat()
    kind = stat.S_ISDIR(found.st_mode) or stat.S_ISREG(found.st_mode)
    return kind and found.st_uid == os.geteuid() and not found.st_mode & 0o077
