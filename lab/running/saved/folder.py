# SPDX-License-Identifier: GPL-3.0-or-later
"""A saved world on the disk: one folder, which is there as a whole or not at all.

    manifest.json       what it is, and what it needs
    state.pickle        what the API and the lab itself know (`lab.running.saved.state`)
    machines/i-…/disk   what a machine has written over its image, `image` beside it names that
    efs/fs-…            the files of a share
    faults              the mistakes that are made in it

All of it is root's alone: reading the state runs what it says.
"""

from __future__ import annotations

import json
import re
import shutil
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from lab.base import private
from lab.base.errors import LabError
from lab.base.paths import LabPaths
from lab.running.saved.versions import versions

_NAME = re.compile(r"[a-z0-9][a-z0-9_.-]{0,39}\Z")
_PART = ".part"
_TRASH = ".trash-"


@dataclass(frozen=True)
class Manifest:
    """What is known of a saved world without reading its state."""

    made: str
    """When, in UTC."""
    port: int
    settings: dict[str, Any]
    """The options of `lab up`."""
    monotonic: float
    wall: float
    """What the lab's clock said."""
    authority: str
    """The authority's certificate, PEM: machines trust no other one."""
    users: int
    """The host's number of the machines' root."""
    contents: dict[str, int] = field(default_factory=dict)
    """How many resources of each kind."""
    size: int = 0
    """Bytes on the disk."""
    services: tuple[str, ...] = ()
    """Those of AWS's that its state has, by moto's names."""
    images: dict[str, str] = field(default_factory=dict)
    """The images that its machines were made from: name to podman's id."""
    versions: dict[str, str] = field(default_factory=versions)


@dataclass(frozen=True)
class SavedWorld:
    """One saved world."""

    folder: Path
    title: str
    """What an error calls it."""

    @property
    def state(self) -> Path:
        """Return the file of the lab's state."""
        return self.folder / "state.pickle"

    @property
    def machines(self) -> Path:
        """Return the folder of machines' disks."""
        return self.folder / "machines"

    @property
    def shares(self) -> Path:
        """Return the folder of shares."""
        return self.folder / "efs"

    @property
    def faults(self) -> Path:
        """Return the folder of the faults' journals."""
        return self.folder / "faults"

    @property
    def there(self) -> bool:
        """Tell whether it is there."""
        return self.folder.is_dir()

    def manifest(self) -> Manifest:
        """Return what it is; refuse one that somebody else could have written, or that is of another version."""
        try:
            if not all(map(private.is_own, (self.folder, self._file, self.state))):
                raise LabError(
                    f"{self.title} in {self.folder} is not closed to other users of this host, who may have written "
                    "it; remove it and build that world anew."
                )
            told = json.loads(self._file.read_text())
            if told.get("versions") != versions():
                raise LabError(self._of_another_version(told.get("versions")))
            return Manifest(**{**told, "services": tuple(told["services"])})
        except (OSError, LookupError, ValueError, TypeError, AttributeError) as error:
            raise LabError(f"{self.title} in {self.folder} can't be read ({error}); remove it.") from None

    def _of_another_version(self, found: object) -> str:
        was = found if isinstance(found, dict) else {}
        different = [f"{name} {was.get(name, 'unknown')}, here {now}" for name, now in versions().items()
                     if was.get(name) != now]  # fmt: skip
        return (
            f"{self.title} was saved by other versions ({'; '.join(different)}); remove it and build that world anew."
        )

    def read(self) -> bytes:
        """Return the state's bytes."""
        return self.state.read_bytes()

    @property
    def _file(self) -> Path:
        return self.folder / "manifest.json"

    def write(self, manifest: Manifest, state: bytes) -> None:
        """Write what is not files of machines and shares."""
        with open(private.open_file(self.state), "wb") as file:  # noqa: PTH123  a descriptor
            file.write(state)
        private.write(self._file, json.dumps(asdict(manifest), indent=2))

    @contextmanager
    def being_made(self) -> Iterator[SavedWorld]:
        """Yield the world's folder under another name; it gets its own once all of it is there, else it goes."""
        part = SavedWorld(self.folder.with_name(f".{self.folder.name}{_PART}"), self.title)
        discard(part.folder)
        private.make_folder(part.folder.parent)
        private.make_folder(part.folder)
        try:
            yield part
            discard(self.folder)
            part.folder.replace(self.folder)
        finally:
            discard(part.folder)


def kept(place: LabPaths) -> SavedWorld:
    """Return the world that the next `lab up` brings back."""
    return SavedWorld(place.kept, f"The world of the lab {place.name!r} that was kept")


def snapshot(place: LabPaths, name: str) -> SavedWorld:
    """Return the snapshot of a name, which may not be there."""
    if not _NAME.match(name):
        raise LabError(
            f"The snapshot's name is {name!r}; use up to 40 small letters, digits, and . _ - after the first one."
        )
    return SavedWorld(place.snapshot(name), f"The snapshot {name!r}")


def snapshots(place: LabPaths) -> list[str]:
    """Return the names of a lab's snapshots."""
    folder = place.snapshot("")
    return sorted(path.name for path in folder.iterdir() if _NAME.match(path.name)) if folder.is_dir() else []


def existing_snapshot(place: LabPaths, name: str) -> SavedWorld:
    """Return a snapshot that is there."""
    found = snapshot(place, name)
    if not found.there:
        known = ", ".join(snapshots(place)) or "none"
        raise LabError(f"The lab {place.name!r} has no snapshot {name!r}; it has {known}.")
    return found


def discard(folder: Path) -> None:
    """Remove a folder if it is there; half of it is never taken for the whole."""
    if folder.is_dir():
        trash = folder.with_name(f"{_TRASH}{uuid.uuid4().hex}")
        folder.replace(trash)
        shutil.rmtree(trash)


def sweep(place: LabPaths) -> None:
    """Remove what killed commands have left; no other one of the lab may be at work."""
    for folder in (place.saved, place.snapshot("")):
        for path in folder.glob(".*") if folder.is_dir() else ():
            discard(path)
    remove_empty(place)


def remove_empty(place: LabPaths) -> None:
    """Remove the folder of saved worlds if it has none."""
    for folder in (place.snapshot(""), place.saved):
        if folder.is_dir() and not any(folder.iterdir()):
            folder.rmdir()
