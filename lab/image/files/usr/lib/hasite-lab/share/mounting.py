# SPDX-License-Identifier: GPL-3.0-or-later
"""Mounts an EFS share as mount.nfs4(8) would, as far as a machine without an NFS client can.

The name is looked up by the machine's resolver, port 2049 of the mount target must be reachable from
here, and the file system's policy must admit this client. Then the share's folder is bound to the
mount point, and a watcher is left behind (watching.py) that takes it away while the mount target is
out of reach. What differs from NFS: reads and writes do not cross the network, and a share out of
reach is not mounted, where a `hard` NFS mount would let programs hang.
"""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

from share import mounts, target

FAILED = 32
"""Exit status of mount(8) for a failed mount."""
_CONNECT_SECONDS = 10
_PAUSE_SECONDS = 2
_CLIENTS = ("/var/lib/dpkg/info/nfs-common.list", "/etc/nfsmount.conf")
"""What Debian's and Amazon Linux's package of an NFS client leave."""
_WATCHER = "/usr/lib/hasite-lab/share-watch"


class MountError(Exception):
    """What the user is told."""


@dataclass(frozen=True)
class MountRequest:
    """What is to be mounted where."""

    source: str
    point: str
    options: tuple[str, ...]
    tls_name: str = ""
    """Whom the mount target has to prove to be, where the connection is encrypted."""
    identity: Callable[[], str] = str
    """Returns a call that this machine's role has signed; nothing if it mounts as nobody in particular."""

    @property
    def host(self) -> str:
        """Return the mount target's name or address."""
        return self.source.rpartition(":")[0]

    @property
    def path(self) -> str:
        """Return the path on the share."""
        return self.source.rpartition(":")[2]

    def option(self, name: str, default: str) -> str:
        """Return an option's value."""
        found = [option.partition("=")[2] for option in self.options if option.partition("=")[0] == name]
        return found[-1] if found else default


def parse(arguments: list[str]) -> MountRequest:
    """Read the command line: SOURCE POINT [-sfnv] [-o OPTIONS] [-t TYPE]."""
    words: list[str] = []
    options: list[str] = []
    rest = iter(arguments[1:])
    for word in rest:
        if word == "-o":
            options += next(rest, "").split(",")
        elif word in ("-t", "-N"):
            next(rest, None)
        elif not word.startswith("-"):
            words.append(word)
    if len(words) != 2 or ":" not in words[0]:
        raise MountError("remote share not in 'host:dir' format")
    return MountRequest(words[0], words[1], tuple(options))


def main(arguments: list[str]) -> int:
    """Mount, and return the exit status of a mount helper."""
    name = Path(arguments[0]).name
    try:
        request = parse(arguments)
        _require_package(request)
        if not remount(request):
            mount(request)
    except MountError as failure:
        print(f"{name}: {failure}", file=sys.stderr)
        return FAILED
    return 0


def _require_package(request: MountRequest) -> None:
    """Fail as on a machine on which nobody installed an NFS client."""
    if not any(Path(file).exists() for file in _CLIENTS):
        raise MountError(
            f"{request.point}: bad option; for several filesystems (e.g. nfs, cifs) you might need a "
            "/sbin/mount.<type> helper program."
        )


def remount(request: MountRequest) -> bool:
    """Do what a remount is asked for, if it is one: whether the share may be written to is all that can be changed."""
    if "remount" not in request.options:
        return False
    access = [option for option in request.options if option in ("ro", "rw")]
    if access:
        mounts.restrict(request.point, access[-1])
    return True


def mount(request: MountRequest) -> None:
    """Mount a share and have it watched over."""
    where = _target(request)
    share, admission = _export(request, where)
    read_only = admission == "ro" or "ro" in request.options
    with mounts.alone():
        if mounts.is_mounted(request.point):
            raise MountError(f"{request.point} is busy or already mounted")
        try:
            mounts.bind(share, request.path, request.point, read_only=read_only)
        except subprocess.CalledProcessError as error:
            raise MountError(f"mounting {request.source} failed with status {error.returncode}") from None
    _watch(request, where, share, read_only=read_only)


def _target(request: MountRequest) -> target.Target:
    port = request.option("port", str(target.PORT))
    if not port.isdigit():
        raise MountError("an incorrect mount option was specified")
    try:
        found = socket.getaddrinfo(request.host, port, socket.AF_INET, socket.SOCK_STREAM)
    except OSError as error:
        raise MountError(f"Failed to resolve server {request.host}: {error.strerror or error}") from None
    return target.Target(str(found[0][4][0]), int(port))


def _export(request: MountRequest, where: target.Target) -> tuple[str, str]:
    """Ask for the export; a mount target out of reach is asked again for `retry` minutes, see nfs(5)."""
    deadline = time.monotonic() + 60 * float(request.option("retry", "2"))
    while True:
        try:
            _verb, share, admission = target.ask(
                where,
                f"MOUNT {request.path}",
                _CONNECT_SECONDS,
                tls_name=request.tls_name,
                identity=request.identity(),
            )
            return share, admission
        except target.RefusedError as refusal:
            raise MountError(_explained(str(refusal), request.source)) from None
        except OSError as error:
            if time.monotonic() >= deadline:
                reason = "Connection timed out" if isinstance(error, TimeoutError) else error.strerror or str(error)
                raise MountError(reason) from None
        time.sleep(_PAUSE_SECONDS)


def _explained(code: str, source: str) -> str:
    if code == "EACCES":
        return f"access denied by server while mounting {source}"
    reason = {"ENOENT": "No such file or directory", "ESTALE": "Stale file handle"}.get(code, code)
    return f"mounting {source} failed, reason given by server: {reason}"


@dataclass(frozen=True)
class Mounted:
    """What the watcher has to know."""

    address: str
    port: int
    share: str
    path: str
    point: str
    read_only: bool

    @property
    def where(self) -> target.Target:
        """Return whom the watcher asks."""
        return target.Target(self.address, self.port)


def _watch(request: MountRequest, where: target.Target, share: str, *, read_only: bool) -> None:
    """Leave a watcher behind, as a service of its own so that it outlives whoever mounts."""
    mounted = json.dumps(asdict(Mounted(where.address, where.port, share, request.path, request.point, read_only)))
    service = [
        *("systemd-run", "--quiet", "--no-block", "--collect", "--property=DefaultDependencies=no"),
        *(f"--description=Watch over the share at {request.point}", _WATCHER, mounted),
    ]
    if Path("/run/systemd/system").is_dir():
        subprocess.run(service, check=False)
    else:
        subprocess.Popen([_WATCHER, mounted], stdin=subprocess.DEVNULL, start_new_session=True)
