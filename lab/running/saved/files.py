# SPDX-License-Identifier: GPL-3.0-or-later
"""Copies of machines' disks and of shares: whole trees, with owners, modes, times, links and attributes.

What a machine writes goes into files that are there (overlayfs writes into its upper layer in place), so a hard link
would change the saved world with it. Where the file system shares blocks between copies (Btrfs, XFS), `cp` has it do
so.
"""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterable, Mapping
from pathlib import Path

from lab.base.errors import LabError

_UNTIL_WE_END = ("setpriv", "--pdeathsig=KILL")
"""A copy of a killed command must not go on where the next one works."""
_RESERVE = 64 * 1024 * 1024
"""What is left free, in bytes."""


class Copying:
    """Copies that are being made, all at once."""

    def __init__(self, trees: Mapping[Path, Path]) -> None:
        """Begin to copy each tree to where nothing is yet."""
        self._copies = [
            subprocess.Popen(
                [
                    *_UNTIL_WE_END,
                    "cp",
                    "--archive",
                    "--reflink=auto",
                    "--no-target-directory",
                    str(source),
                    str(target),
                ],
                stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
            )
            for source, target in trees.items()
        ]

    def finish(self) -> None:
        """Wait for the ends of all; raise LabError if one failed."""
        said = [copy.communicate()[1].decode(errors="replace").strip() for copy in self._copies]
        failed = [text.splitlines()[0] for copy, text in zip(self._copies, said, strict=True) if copy.returncode]
        if failed:
            raise LabError(f"The files of machines and shares could not be copied: {failed[0]}.")


def size(trees: Iterable[Path]) -> int:
    """Return how many bytes trees take on the disk."""
    names = [str(tree) for tree in trees]
    if not names:
        return 0
    done = subprocess.run(["du", "-s", "--block-size=1", *names], capture_output=True, text=True, check=False)
    return sum(int(line.split()[0]) for line in done.stdout.splitlines())


def check_space(folder: Path, needed: int) -> None:
    """Refuse to begin what the disk has no room for."""
    free = shutil.disk_usage(folder).free
    if needed + _RESERVE > free:
        raise LabError(
            f"The disk of {folder} has {free / 1e6:.0f} MB left, and {(needed + _RESERVE) / 1e6:.0f} MB are needed; "
            "make room, or remove a snapshot (`lab snapshots` lists them)."
        )
