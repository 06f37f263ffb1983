# SPDX-License-Identifier: GPL-3.0-or-later
"""Every name by which a lab can be found on the host: what bears them is the lab's, nothing else is."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from lab.base import private
from lab.base.errors import LabError

ROOT = Path("/var/lib/hasite-lab")
"""Holds what all labs share (image cache, certificate authority) and one folder a lab."""

UPLINKS = "hl-"
"""What the host's interfaces towards labs begin with."""
DEFAULT_NAME = "default"
DEFAULT_PORT = 4580
_NAME = re.compile(r"[a-z][a-z0-9]{0,9}\Z")


@dataclass(frozen=True)
class LabPaths:
    """Where a lab of this name keeps its things.

    Interface names have at most 15 characters (IFNAMSIZ), which bounds the length of a lab's name.
    """

    name: str = DEFAULT_NAME

    def __post_init__(self) -> None:
        """Refuse a name that does not fit into an interface's."""
        if not _NAME.match(self.name):
            raise LabError(
                f"The lab's name is {self.name!r}; use up to ten small letters and digits, beginning with a letter."
            )

    @property
    def cache(self) -> Path:
        """Return the folder of machine images, which all labs share."""
        return ROOT / "cache"

    @property
    def authority(self) -> Path:
        """Return the folder of the certificate authority, which all labs share."""
        return ROOT / "authority"

    @property
    def folder(self) -> Path:
        """Return this lab's own state folder."""
        return ROOT / "labs" / self.name

    def make_folder(self) -> Path:
        """Return this lab's own folder, made and closed to other users of the host, as is that of all labs."""
        private.make_folder(self.folder.parent)
        return private.make_folder(self.folder)

    @property
    def disks(self) -> Path:
        """Return the folder of the disks with which machines of a world that has come back begin, until they do."""
        return self.folder / "disks"

    @property
    def shares(self) -> Path:
        """Return the folder that holds the shares' files, one folder for each file system."""
        return self.folder / "efs"

    @property
    def saved(self) -> Path:
        """Return the folder of this lab's saved worlds, which outlive it."""
        return ROOT / "saved" / self.name

    @property
    def kept(self) -> Path:
        """Return the world that the next `lab up` brings back."""
        return self.saved / "kept"

    def snapshot(self, name: str) -> Path:
        """Return the folder of a snapshot."""
        return self.saved / "snapshots" / name

    @property
    def log(self) -> Path:
        """Return the log of the lab's process."""
        return self.folder / "lab.log"

    @property
    def endpoint_file(self) -> Path:
        """Return the file that holds the API's address and the process's id as JSON."""
        return self.folder / "endpoint.json"

    @property
    def public(self) -> Path:
        """Return the folder of what AWS's own buckets have, a folder a bucket; whatever region ends their names."""
        return self.folder / "public"

    @property
    def faults(self) -> Path:
        """Return the folder that remembers the faults made in this lab."""
        return self.folder / "faults"

    def namespace(self, role: str) -> str:
        """Return the network namespace of one of the lab's parts, as under `/run/netns`."""
        return f"{self.namespace_prefix}{role}"

    @property
    def namespace_prefix(self) -> str:
        """Return what every network namespace of this lab begins with."""
        return f"hasite-{self.name}-"

    @property
    def container_prefix(self) -> str:
        """Return what every container of this lab begins with."""
        return f"hasite-{self.name}-"

    @property
    def table(self) -> str:
        """Return the lab's one packet-filter table on the host."""
        return f"hasite_lab_{self.name}"

    @property
    def uplink(self) -> str:
        """Return the host's interface towards the lab's internet."""
        return f"{UPLINKS}{self.name}"
