# SPDX-License-Identifier: GPL-3.0-or-later
"""What a saved world depends on: its state is objects of the lab's and moto's classes, which other versions change."""

from __future__ import annotations

import hashlib
import os
import sys
from functools import cache
from importlib.metadata import version
from pathlib import Path

import lab

PACKAGE = Path(lab.__path__[0])


@cache
def versions() -> dict[str, str]:
    """Return the versions that have to be the same when a world is saved and when it comes back."""
    return {
        "the lab": digest(),
        "moto": version("moto"),
        "Python": f"{sys.version_info.major}.{sys.version_info.minor}",
    }


def digest() -> str:
    """Return a digest of the lab's programs, also of those that run on machines: a release number does not tell."""
    found = hashlib.sha256()
    for folder, folders, files in os.walk(PACKAGE, followlinks=True):
        folders[:] = sorted(name for name in folders if not name.startswith((".", "__pycache__")))
        for name in sorted(files):
            path = Path(folder, name)
            found.update(f"{path.relative_to(PACKAGE)}\0".encode() + path.read_bytes())
    return found.hexdigest()[:12]
