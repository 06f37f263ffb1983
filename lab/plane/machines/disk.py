# SPDX-License-Identifier: GPL-3.0-or-later
"""A machine's disk: what it has written over its image, in the folder that podman's overlayfs has for its container.

A folder with a disk that is saved, or that waits for its machine, holds `disk` and a file `image`: podman's name of the
image and its id. Over another image, these files would make no sense.
"""

from __future__ import annotations

import shutil
import subprocess
import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from lab.base import container_runtime, private
from lab.base.errors import LabError
from lab.base.paths import ROOT

_TRASH = ROOT / "trash"
_MOVE = """\
mount --bind "$0" "$0" || exit
while test $# -gt 0; do mv --no-target-directory -- "$1" "$2" || exit; shift 2; done
"""


@dataclass(frozen=True)
class Disk:
    """A disk, and the image that it lies over."""

    path: Path
    image: str
    """Its name and its id, with a space between."""


def of_container(name: str) -> Disk | None:
    """Return the disk of a container, None if there is no container."""
    said = "{{.GraphDriver.Data.UpperDir}}\n{{.ImageName}} {{.Image}}"
    found = container_runtime.podman("inspect", "--type=container", f"--format={said}", name, check=False).strip()
    if not found:
        return None
    path, image = found.split("\n")
    return Disk(Path(path), image)


def waiting(folder: Path) -> Disk | None:
    """Return the disk that a folder holds, None if it holds none."""
    return Disk(folder / "disk", (folder / "image").read_text()) if (folder / "image").exists() else None


def put(folder: Path, name: str) -> None:
    """Give a container that has not been started the disk that a folder holds, which is gone then."""
    new = of_container(name)
    assert new is not None
    new.path.rmdir()
    move({folder / "disk": new.path})
    shutil.rmtree(folder)


def throw_away(names: Iterable[str]) -> None:
    """Take containers' disks out of the way before they are removed: that would wait for all their files to go.

    Nobody waits for that; what is left of it when the host goes down goes with the next ones.
    """
    found = [old.path for name in names if (old := of_container(name))]
    if not found:
        return
    private.make_folder(_TRASH)
    move({path: _TRASH / uuid.uuid4().hex for path in found})
    words = ["nice", "find", str(_TRASH), "-mindepth", "1", "-delete"]
    subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True)


def move(folders: Mapping[Path, Path]) -> None:
    """Move folders below the one of all labs to other places below it.

    podman mounts its folder of disks over itself, and nothing can be renamed from one mount into another. Where the
    folder of all labs is mounted over itself, without what is mounted in it, both are in one; that is seen by this
    command alone.
    """
    pairs = [str(path) for pair in folders.items() for path in pair]
    command = ["unshare", "--mount", "sh", "-c", _MOVE, str(ROOT), *pairs]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise LabError(f"The files of machines and shares could not be moved: {done.stderr.strip()}.")


def images() -> dict[str, str]:
    """Return podman's id of each image, by name."""
    said = container_runtime.podman(
        "images", "--no-trunc", "--noheading", "--format", "{{.Repository}}:{{.Tag}} {{.ID}}"
    )
    return {name: id_.removeprefix("sha256:") for name, id_ in (line.split() for line in said.splitlines())}
