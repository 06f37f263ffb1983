# SPDX-License-Identifier: GPL-3.0-or-later
"""What is put on a new machine's disk: the lab's own programs, its names, and the authority it trusts.

None of it is in the image, so that a changed program does not need a new image.
"""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

from lab.image import agent_package
from lab.world.machines.machines import Machine

FILES = Path(__file__).parents[2] / "image" / "files"
"""A tree that is copied onto the machine's root as it is; its links into the repository become files."""
RESOLVERS = "etc/resolv.conf"
_CACHES = shutil.ignore_patterns("__pycache__", ".*_cache")
_UNITS = "etc/systemd/system"
_BUNDLE = "etc/ssl/certs/ca-certificates.crt"


def prepare_rootfs(root: Path, machine: Machine, authority: Path) -> None:
    """Prepare the disk that is mounted at `root`."""
    shutil.copytree(FILES, root, symlinks=True, dirs_exist_ok=True, ignore=_CACHES)
    _resolve_links(root)
    if (root / "var/lib/dpkg").exists():
        # Debian's image for EC2 has no agent; user data may install it:
        # https://docs.aws.amazon.com/systems-manager/latest/userguide/ami-preinstalled-agent.html
        (root / agent_package.UNIT).unlink()
    else:
        # A setting of Debian's package manager.
        shutil.rmtree(root / "etc/dpkg")
    for unit in sorted((root / _UNITS).glob("*.service")):
        if (FILES / _UNITS / unit.name).exists():
            _enable(root, unit.name)
    for path, text in names(machine).items():
        file = root / path
        file.unlink(missing_ok=True)
        file.write_text(text)
    _trust(root, authority)


def names(machine: Machine) -> dict[str, str]:
    """Return the files that tell a machine who it is and whom to ask for names, as on Debian's image for EC2."""
    full = f"{machine.host_name}.{machine.domain}"
    return {
        "etc/hostname": f"{machine.host_name}\n",
        "etc/hosts": f"127.0.0.1 localhost\n127.0.1.1 {full} {machine.host_name}\n::1 localhost\n",
        RESOLVERS: resolvers(machine),
    }


def resolvers(machine: Machine) -> str:
    """Return what a DHCP client writes into its file of resolvers."""
    search = [f"search {machine.search}"] if machine.search else []
    return "".join(f"{line}\n" for line in (*search, *(f"nameserver {resolver}" for resolver in machine.resolvers)))


def _resolve_links(root: Path) -> None:
    """Put the folder itself where a link of the tree leads out of it, into the repository."""
    for link in FILES.rglob("*"):
        if link.is_symlink() and not link.readlink().is_absolute() and not link.resolve().is_relative_to(FILES):
            copied = root / link.relative_to(FILES)
            copied.unlink()
            shutil.copytree(link.resolve(), copied, ignore=_CACHES)


def _enable(root: Path, unit: str) -> None:
    """Do what `systemctl enable` does, which the host may not have."""
    for wanting in wanted_by((root / _UNITS / unit).read_text()):
        folder = root / _UNITS / f"{wanting}.wants"
        folder.mkdir(parents=True, exist_ok=True)
        link = folder / unit
        link.unlink(missing_ok=True)
        link.symlink_to(f"/{_UNITS}/{unit}")


def wanted_by(unit: str) -> list[str]:
    """Return the units whose start pulls this one in, from its text."""
    return [name for line in re.findall(r"^WantedBy=(.*)$", unit, re.MULTILINE) for name in line.split()]


def _trust(root: Path, authority: Path) -> None:
    """Do what `update-ca-certificates` does with one certificate, without its two seconds."""
    local = root / "usr/local/share/ca-certificates/hasite-lab.crt"
    local.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy(authority, local)
    shutil.copy(authority, root / "etc/ssl/certs/hasite-lab.pem")
    with (root / _BUNDLE).open("a") as bundle:
        bundle.write(authority.read_text())
    digest = subprocess.run(
        ["chroot", str(root), "openssl", "x509", "-hash", "-noout", "-in", "/etc/ssl/certs/hasite-lab.pem"],
        capture_output=True, text=True, check=True,
    ).stdout.strip()  # fmt: skip
    link = root / f"etc/ssl/certs/{digest}.0"
    link.unlink(missing_ok=True)
    link.symlink_to("hasite-lab.pem")
