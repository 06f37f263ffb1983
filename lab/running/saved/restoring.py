# SPDX-License-Identifier: GPL-3.0-or-later
"""Brings a saved world back: its files first, which are copied while the lab's process still loads its programs."""

from __future__ import annotations

import contextlib
import logging
import shutil
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from lab.base import private
from lab.base.authority import Authority
from lab.base.clock import Clock
from lab.base.errors import LabError
from lab.base.paths import LabPaths
from lab.plane.machines import disk
from lab.running.saved import files
from lab.running.saved.folder import Manifest, SavedWorld

if TYPE_CHECKING:
    from lab.context import Context
    from lab.plane.machines.user_namespace import UserNamespace

_log = logging.getLogger(__name__)


def check(place: LabPaths, world: SavedWorld) -> Manifest:
    """Return the world's manifest; refuse a world that could not come back here, before anything is ended for it."""
    manifest = world.manifest()
    if manifest.authority != Authority(place.authority).pem:
        raise LabError(f"{world.title} trusts another authority than that in {place.authority}; remove it.")
    there = disk.images() if manifest.images else {}
    for name, id_ in manifest.images.items():
        if there.get(name) != id_:
            raise LabError(f"{world.title} has machines of an image that is no longer there ({name}); remove it.")
    files.check_space(world.folder, manifest.size)
    return manifest


@dataclass
class Restoring:
    """A world on its way back into a lab that starts."""

    world: SavedWorld
    manifest: Manifest
    arriving: Path
    """Where its files are, until the lab that still uses their places has ended."""
    copying: files.Copying

    @classmethod
    def begin(cls, place: LabPaths, world: SavedWorld) -> Restoring:
        """Begin to copy the files of machines and shares to where the lab looks for them."""
        manifest = check(place, world)
        place.make_folder()
        arriving = place.folder / "arriving"
        shutil.rmtree(arriving, ignore_errors=True)
        private.make_folder(arriving)
        return cls(world, manifest, arriving, files.Copying(dict(_trees(world, arriving))))

    def preload(self) -> None:
        """Load the programs that the state's objects are of."""
        from moto.backends import get_backend

        for service in self.manifest.services:
            with contextlib.suppress(ImportError):  # one of the lab's own, which it adds when it starts
                get_backend(service)

    def clock(self, speed: float) -> Clock:
        """Return the clock that goes on."""
        return Clock.resumed(speed, self.manifest.monotonic, self.manifest.wall)

    def finish(self, context: Context) -> None:
        """Give the lab, which has not begun yet, its state and its files."""
        from lab.running.saved import state  # with moto, which takes its seconds

        began = time.monotonic()
        state.load(context, self.world.read())
        loaded = time.monotonic()
        self.copying.finish()
        for name, target in _places(context.place).items():
            shutil.rmtree(target, ignore_errors=True)
            if (self.arriving / name).exists():
                (self.arriving / name).rename(target)
        shutil.rmtree(self.arriving)
        _log.info("state loaded in %.1f s, files there %.1f s later", loaded - began, time.monotonic() - loaded)

    def check_users(self, users: UserNamespace) -> None:
        """Refuse disks whose files belong to others than the machines' users are on this host."""
        first = users.first if users.there else 0
        if self.manifest.images and self.manifest.users != first:
            raise LabError(
                f"{self.world.title} has machines whose root was the user {self.manifest.users} of the host, and is "
                f"{first} now; remove it."
            )


def _places(place: LabPaths) -> dict[str, Path]:
    """Return where a lab has what a saved world has below these names."""
    return {"machines": place.disks, "efs": place.shares, "faults": place.faults}


def _trees(world: SavedWorld, target: Path) -> Iterator[tuple[Path, Path]]:
    """Yield what is copied and where to; the machines one by one, so that it is done at the same time."""
    if world.machines.is_dir():
        (target / world.machines.name).mkdir()
        for machine in world.machines.iterdir():
            yield machine, target / world.machines.name / machine.name
    for source in (world.shares, world.faults):
        if source.is_dir():
            yield source, target / source.name
