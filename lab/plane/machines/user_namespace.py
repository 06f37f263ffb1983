# SPDX-License-Identifier: GPL-3.0-or-later
"""The user namespace of a lab's machines: their root is a user without rights on the host, see user_namespaces(7).

All machines of a lab share it, so that a file on a share belongs to the same user on each of them. It owns the
network namespaces of their interfaces, in which they may then do what root does: open low ports, filter packets.
"""

from __future__ import annotations

import contextlib
import os
import subprocess
import zlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from lab.base import namespaces, private
from lab.base.errors import LabError
from lab.base.paths import LabPaths

FOLDER = Path("/run/hasite-lab/users")
SIZE = 65536
"""How many users a machine has."""
_FIRST = 0x4000_0000
_RANGES = 8192
"""Within what systemd leaves to containers (524288 to 1879048191): https://systemd.io/UIDS-GIDS/"""
_READY = "echo; read -r _"
"""What a shell does that holds a namespace: it says that it is there, and stays until its input ends."""


@dataclass(frozen=True)
class UserNamespace:
    """The one of a lab; it is there as long as its file is."""

    place: LabPaths

    @property
    def file(self) -> Path:
        """Return the file that it is kept by."""
        return FOLDER / self.place.name

    @property
    def first(self) -> int:
        """Return the host's number of the machines' root; the other users follow."""
        return _FIRST + SIZE * (zlib.crc32(self.place.name.encode()) % _RANGES)

    @property
    def there(self) -> bool:
        """Tell whether it has been made."""
        return os.path.ismount(self.file)

    def make(self) -> None:
        """Make it, or raise LabError where the kernel does not let anybody."""
        self.remove()
        private.make_passage(FOLDER.parent)
        private.make_folder(FOLDER)
        with _held(["unshare", "--user", "sh", "-c", _READY]) as process:
            for kind in ("uid", "gid"):
                Path(f"/proc/{process}/{kind}_map").write_text(f"0 {self.first} {SIZE}\n")
            _keep(process, "user", self.file)

    def remove(self) -> None:
        """Release it; it ends with the last machine."""
        while self.there:
            subprocess.run(["umount", "--lazy", str(self.file)], check=True, capture_output=True)
        self.file.unlink(missing_ok=True)

    def add_networks(self, names: Iterable[str]) -> None:
        """Make network namespaces that it owns, where `ip netns` finds them."""
        for name in names:
            with _held([*self.enter(), "unshare", "--net", "sh", "-c", _READY]) as process:
                _keep(process, "net", namespaces.FOLDER / name)

    def enter(self) -> list[str]:
        """Return the command prefix that runs a program as its root."""
        return ["nsenter", f"--user={self.file}", "--setuid=0", "--setgid=0"]

    def give(self, path: Path) -> None:
        """Give what lies below a path and is the host's root's to the machines' root."""
        for owner in (f"--from=0 {self.first}", f"--from=:0 :{self.first}"):
            words = ["chown", "--no-dereference", "--recursive", *owner.split(), str(path)]
            subprocess.run(words, check=True, capture_output=True)


@contextlib.contextmanager
def _held(command: Sequence[str]) -> Iterator[int]:
    """Run a command that ends with `_READY`, and yield its process id while it is in its namespace."""
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        if process.stdout.readline() != b"\n":
            said = process.stderr.read().decode(errors="replace").strip()
            raise LabError(f"The kernel made no namespace for the lab's machines: {said}.")
        yield process.pid


def _keep(process: int, kind: str, file: Path) -> None:
    file.touch(mode=0o600)
    subprocess.run(["mount", "--bind", f"/proc/{process}/ns/{kind}", str(file)], check=True, capture_output=True)
