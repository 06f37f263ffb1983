# SPDX-License-Identifier: GPL-3.0-or-later
"""What the machines' image is made of. Pure: the same recipe has the same key, whatever host builds it."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass

SUITE = "bookworm"

PACKAGES = (
    # An init system as on EC2, and what it needs to be one.
    "systemd-sysv", "dbus", "libpam-systemd", "udev", "kmod",
    # What Ansible needs of a machine: Python, apt's bindings, becoming another user.
    "python3", "python3-apt", "sudo", "acl", "gnupg", "ca-certificates", "unzip",
    # What the agent encrypts sessions with; debootstrap does not find the latter behind its virtual name.
    "python3-cryptography", "python3-cffi-backend",
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
    "dev-hugepages.mount", "sys-kernel-config.mount", "sys-kernel-debug.mount", "sys-kernel-tracing.mount",
    # They would hold apt's lock at a time of their own.
    "apt-daily.timer", "apt-daily-upgrade.timer", "apt-daily.service", "apt-daily-upgrade.service",
)  # fmt: skip
"""Units that have nothing to do in a container, or that would make a machine's behaviour a matter of luck."""


@dataclass(frozen=True)
class Recipe:
    """One image."""

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
        return f"localhost/hasite-lab-machine:{self.key}"
