# SPDX-License-Identifier: GPL-3.0-or-later
"""A stranger's application (tests/applications/members): each of its files says of which release it is."""

from __future__ import annotations

import shutil
from pathlib import Path

FILES = 600
"""How many files of data it has beside its programs."""
_LARGE = 2
"""How many of a megabyte and more, which are objects of their own in the bucket."""
_SOURCE = Path(__file__).with_name("members")


def assemble(folder: Path, release: str, files: int = FILES) -> Path:
    """Write the application into the folder, in the place of what is there; return the folder."""
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(_SOURCE, folder)
    for path in folder.rglob("*.php"):
        path.write_text(path.read_text().replace("@release@", release).replace("@files@", str(files)))
    data = folder / "data"
    data.mkdir()
    for number in range(files):
        (data / f"{number}.txt").write_text(f"{release}\n" + " " * (number % 40))
    for number in range(_LARGE):
        (data / f"large-{number}").write_bytes(f"{release} {number}\n".encode() * 200_000)
    return folder
