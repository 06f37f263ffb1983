# SPDX-License-Identifier: GPL-3.0-or-later
"""What the machines' images are made of: the same recipe has the same key, whatever host builds it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import ClassVar

SUITE = "bookworm"

PACKAGES = (
    # An init system as on EC2, and what it needs to be one.
    "systemd-sysv", "dbus", "libpam-systemd", "udev", "kmod",
    # What Ansible needs of a machine: Python, apt's bindings, becoming another user.
    "python3", "python3-apt", "sudo", "acl", "gnupg", "ca-certificates", "unzip",
    # What the agent speaks by, and encrypts sessions with; debootstrap does not find the last behind its virtual name.
    "python3-websockets", "python3-cryptography", "python3-cffi-backend",
    # What a person at a shell reaches for.
    "iproute2", "iputils-ping", "netbase", "procps", "curl", "less", "openssl", "tzdata",
)  # fmt: skip
"""A web server is not among them: the site's roles install it through the NAT gateway."""

MASKED = (
    # They belong to hardware, or to a disk of one's own.
    "systemd-udevd.service", "systemd-udev-trigger.service", "systemd-udevd-control.socket",
    "systemd-udevd-kernel.socket", "systemd-modules-load.service", "systemd-remount-fs.service", "e2scrub_all.timer",
    "e2scrub_reap.service", "getty.target", "console-getty.service", "systemd-firstboot.service",
    # The kernel and its clock are the host's: a machine must not set them for everybody.
    "systemd-sysctl.service", "systemd-binfmt.service", "proc-sys-fs-binfmt_misc.automount",
    "proc-sys-fs-binfmt_misc.mount", "sys-fs-fuse-connections.mount", "systemd-timesyncd.service",
    "dev-hugepages.mount", "run-rpc_pipefs.mount", "sys-kernel-config.mount", "sys-kernel-debug.mount",
    "sys-kernel-tracing.mount",
    # They would hold apt's lock at a time of their own.
    "apt-daily.timer", "apt-daily-upgrade.timer", "apt-daily.service", "apt-daily-upgrade.service",
)  # fmt: skip
"""Units that have nothing to do in a container, or that would make a machine's behaviour a matter of luck."""


_OF_AMAZON = ("dnf", "rpm", "createrepo-c", "openssh-server")
"""What Amazon's image has and Debian's for the lab has not."""
_AMAZON = Path(__file__).with_name("amazon")


@dataclass(frozen=True)
class Recipe:
    """One image."""

    title: ClassVar[str] = "the machines' image"
    usual: ClassVar[str] = "usually 1 to 2 minutes"
    repository: ClassVar[str] = "localhost/hasite-lab-machine"
    base: ClassVar[type[Recipe] | None] = None
    """The image that it is made from, if not from the distribution's packages."""

    suite: str = SUITE
    packages: tuple[str, ...] = PACKAGES
    masked: tuple[str, ...] = MASKED
    edition: int = 2
    """Raised by whoever changes what `build` does with the rest."""

    @property
    def key(self) -> str:
        """Return what the image is cached by."""
        return hashlib.sha256(json.dumps(asdict(self), sort_keys=True).encode()).hexdigest()[:16]

    @property
    def image(self) -> str:
        """Return the image's name in the container runtime's storage."""
        return f"{self.repository}:{self.key}"


@dataclass(frozen=True)
class AmazonRecipe(Recipe):
    """The image that reads as Amazon Linux 2023, see `lab.image.amazon`."""

    title: ClassVar[str] = "the image that reads as Amazon Linux 2023"
    usual: ClassVar[str] = "usually 2 to 3 minutes"
    repository: ClassVar[str] = "localhost/hasite-lab-amazon"

    packages: tuple[str, ...] = PACKAGES + _OF_AMAZON
    ingredients: str = field(default_factory=lambda: _digest(_AMAZON))
    """A digest of all that it is made from besides."""


class NewerAmazonRecipe(AmazonRecipe):
    """The one that Amazon publishes after that: of the latest release, whose updates are installed."""

    title: ClassVar[str] = "the newer image that reads as Amazon Linux 2023"
    usual: ClassVar[str] = "usually half a minute"
    repository: ClassVar[str] = "localhost/hasite-lab-amazon-newer"
    base: ClassVar[type[Recipe] | None] = AmazonRecipe


RECIPES: Mapping[str, type[Recipe]] = {"debian-12": Recipe, "amazon-linux-2023": AmazonRecipe}
"""By the names of the systems."""
_NEWER: Mapping[str, type[Recipe]] = {"amazon-linux-2023": NewerAmazonRecipe}
"""What differs in an image that was published later; of other systems nothing does."""


def recipe_of(system: str, *, newer: bool) -> Recipe:
    """Return the recipe of a system's first image, or of one that was published since."""
    first = RECIPES[system]
    return (_NEWER.get(system, first) if newer else first)()


def _digest(folder: Path) -> str:
    """Return what changes with any file of a folder, its name or its permissions."""
    found = hashlib.sha256()
    for file in sorted(path for path in folder.rglob("*") if path.is_file() and "__pycache__" not in path.parts):
        found.update(f"{file.relative_to(folder)} {file.stat().st_mode & 0o111}\n".encode() + file.read_bytes())
    return found.hexdigest()
