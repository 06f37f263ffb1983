# SPDX-License-Identifier: GPL-3.0-or-later
"""Saves the world of a running lab, from within its process: as a snapshot, or to keep it while the lab is down.

A snapshot is what a power cut would leave, and of one moment: no API call is answered while it is taken, no world is
applied, and the machines' processes stand still, so that no file changes (as with EBS's snapshots of several volumes,
https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateSnapshots.html: crash-consistent). What is kept has
been shut down in order.
"""

from __future__ import annotations

import datetime
import logging
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from lab.base.errors import LabError
from lab.context import Context
from lab.plane.machines import disk
from lab.plane.machines.container import Container
from lab.plane.machines.machines import Machines
from lab.plane.machines.user_namespace import UserNamespace
from lab.running.saved import files, folder, state
from lab.running.saved.folder import Manifest, SavedWorld
from lab.running.settings import Settings
from lab.world.account import inventory

_log = logging.getLogger(__name__)


@dataclass
class Saver:
    """Takes the orders; one at a time."""

    context: Context
    settings: Settings
    machines: Machines
    following: threading.Lock
    """Held while a world is applied."""
    _saving: threading.Lock = field(default_factory=threading.Lock)

    def page(self, sent: Any) -> dict[str, object]:
        """Take `{"snapshot": name}` or `{"keep": true}`; answer what was saved, or one sentence why nothing was."""
        place = self.context.place
        if not self._saving.acquire(blocking=False):
            return {"refused": f"The world of the lab {place.name!r} is being saved; try again in a moment."}
        try:
            if "snapshot" in sent:
                return asdict(self.snapshot(folder.snapshot(place, str(sent["snapshot"]))))
            return asdict(self.keep(folder.kept(place)))
        except LabError as error:
            return {"refused": str(error)}
        except Exception as error:  # a resource that can't be taken down; the log says which
            _log.exception("the world could not be saved")
            return {"refused": f"The world of the lab {place.name!r} can't be saved ({error}); see {place.log}."}
        finally:
            self._saving.release()

    def snapshot(self, world: SavedWorld) -> Manifest:
        """Save the world while the machines' processes stand still for some seconds; they go on afterwards."""
        if world.there:
            raise LabError(
                f"{world.title} is there already; take another name, or remove it with `lab snapshot --delete "
                f"{world.folder.name}`."
            )
        with self._at_rest() as containers, world.being_made() as part, self.context.lock, _still(containers):
            disks = _disks(containers)
            trees = self._trees(disks, part)
            size = files.size(trees)
            files.check_space(part.folder, size)
            copying = files.Copying(trees)
            try:
                return self._describe(part, disks, size)
            finally:
                copying.finish()

    def keep(self, world: SavedWorld) -> Manifest:
        """Shut the machines down and move the world aside; this process is of no more use, and ends next."""
        with self._at_rest() as containers, world.being_made() as part:
            with self.context.lock:
                state.dump(self.context)  # what can't be saved is said while everything still runs
            _each(containers, _shut_down)
            with self.context.lock:
                # Whoever calls from now on is not answered: it would be forgotten.
                self.context.over = True
                disks = _disks(containers)
                trees = self._trees(disks, part)
                manifest = self._describe(part, disks, files.size(trees))
                # Nothing that can fail comes after this: what fails takes the part with it.
                disk.move(trees)
                for source in trees:
                    source.mkdir()  # podman removes a container with its folder
                return manifest

    @contextmanager
    def _at_rest(self) -> Iterator[list[Container]]:
        with self.following, self.machines.at_rest() as containers:
            yield containers

    def _trees(self, disks: dict[str, disk.Disk], part: SavedWorld) -> dict[Path, Path]:
        """Return the folders of files with where they are to be; their parents are made."""
        place = self.context.place
        trees = {found.path: part.machines / id_ / "disk" for id_, found in disks.items()}
        if place.shares.is_dir():
            trees |= {share: part.shares / share.name for share in place.shares.iterdir()}
        if place.faults.is_dir():
            trees |= {place.faults: part.faults}
        for target in trees.values():
            target.parent.mkdir(parents=True, exist_ok=True)
        return trees

    def _describe(self, part: SavedWorld, disks: dict[str, disk.Disk], size: int) -> Manifest:
        """Write down what the lab knows, and what is saved, beside its files."""
        data = state.dump(self.context)
        for id_, found in disks.items():
            (part.machines / id_ / "image").write_text(found.image)
        context, users = self.context, UserNamespace(self.context.place)
        kinds = Counter(resource.kind for resource in inventory.resources(context.backends))
        manifest = Manifest(
            made=datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
            port=urlsplit(context.endpoint_url).port or 0,
            settings=asdict(self.settings),
            monotonic=context.clock.monotonic(),
            wall=context.clock.time(),
            authority=context.authority.pem,
            users=users.first if users.there else 0,
            contents=dict(sorted(kinds.items())),
            size=size + len(data),
            services=state.services(),
            images=dict(found.image.split(" ", 1) for found in disks.values()),
        )
        part.write(manifest, data)
        return manifest


def _disks(containers: Sequence[Container]) -> dict[str, disk.Disk]:
    return {container.id: found for container in containers if (found := container.disk())}


@contextmanager
def _still(containers: Sequence[Container]) -> Iterator[None]:
    """Pause all processes of the machines meanwhile."""
    try:
        _each(containers, lambda each: each.pause())
        yield
    finally:
        _each(containers, lambda each: each.unpause())


def _shut_down(container: Container) -> None:
    if container.process():
        container.stop()


def _each(containers: Sequence[Container], action: Callable[[Container], None]) -> None:
    if containers:
        with ThreadPoolExecutor(len(containers)) as pool:
            list(pool.map(action, containers))
