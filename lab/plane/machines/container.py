# SPDX-License-Identifier: GPL-3.0-or-later
"""One machine as a container: its own systemd, users, packages and disk, on a namespace that is there already."""

from __future__ import annotations

import json
import os
import resource
import shutil
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from lab.base import namespaces, private
from lab.base.container_runtime import command, isolation, podman, remove
from lab.base.paths import LabPaths
from lab.plane.machines import disk, guest, spec
from lab.plane.machines.prepare_rootfs import RESOLVERS, prepare_rootfs, resolvers
from lab.plane.machines.user_namespace import SIZE, UserNamespace
from lab.world.machines.machines import Machine

SHARES = "/var/lib/hasite-lab/efs"
"""Where a machine sees the data of all file systems: only the mount helper goes there."""

REBOOTED = 129
"""A container whose init asked the kernel for a reboot ends as if by SIGHUP, see reboot(2) on PID namespaces."""

_SHUTDOWN_SECONDS = 30
_HOOK_SECONDS = 30
_CAPABILITIES = (
    # To mount, to reboot, to have an address filter of one's own; the rest is what Debian's services expect.
    "SYS_ADMIN", "SYS_BOOT", "NET_ADMIN", "NET_RAW", "SYS_PTRACE", "SYS_NICE", "SYS_RESOURCE", "AUDIT_WRITE",
    "MKNOD", "IPC_LOCK", "DAC_READ_SEARCH",
)  # fmt: skip


@dataclass(frozen=True)
class Container:
    """The container of one machine; every method may take seconds."""

    place: LabPaths
    id: str

    @property
    def name(self) -> str:
        """Return the name by which podman knows it."""
        return f"{self.place.container_prefix}{self.id}"

    def create(self, machine: Machine, image: str, authority: Path) -> None:
        """Create it with the disk that waits for it, else with a new one; what an interrupted creation left goes."""
        self.remove()
        shares, users = self.place.shares, UserNamespace(self.place)
        shares.mkdir(parents=True, exist_ok=True)
        podman(
            "create", "--pull=never", f"--name={self.name}", f"--hostname={machine.host_name}",
            f"--network=ns:{namespaces.FOLDER / self.place.namespace(machine.interface_id)}",
            # Both files are on the machine's own disk: a user may change them there.
            "--no-hosts", "--dns=none",
            "--systemd=always", "--pids-limit=0", *_limits(),
            f"--cap-add={','.join(_CAPABILITIES)}", "--security-opt=seccomp=unconfined",
            "--security-opt=apparmor=unconfined", *_devices(), *_users(users),
            f"--volume={shares}:{SHARES}:nosuid,nodev", image, "/sbin/init",
        )  # fmt: skip
        if disk.waiting(self._waiting):
            disk.put(self._waiting, self.name)
            return
        root = Path(podman("mount", self.name).strip())
        try:
            prepare_rootfs(root, machine, authority)
            if users.there:
                users.give(root)
        finally:
            podman("unmount", self.name)

    @property
    def _waiting(self) -> Path:
        return self.place.disks / self.id

    def disk(self) -> disk.Disk | None:
        """Return its disk, also the one that waits for it to be created; None if it has had none yet."""
        return disk.of_container(self.name) or disk.waiting(self._waiting)

    def start(self) -> int:
        """Start it and return the host's process id of its init."""
        users = UserNamespace(self.place)
        # In one step: what podman still clears up after an earlier end would take a machine away that is only made.
        podman("start", self.name, hooks=self._hooks(users) if users.there else None)
        return self.process()

    def _hooks(self, users: UserNamespace) -> Path:
        """Return the folder with the hook that has the machine join its lab's user namespace."""
        folder = private.make_folder(self.place.folder / "hooks")
        program = [sys.executable, "-I", str(spec.__file__), str(users.file), str(users.first)]
        hook = {"path": sys.executable, "args": program, "timeout": _HOOK_SECONDS}
        made = {"version": "1.0.0", "hook": hook, "when": {"always": True}, "stages": ["precreate"]}
        private.write(folder / "machine.json", json.dumps(made))
        return folder

    def renew_lease(self, machine: Machine) -> None:
        """Take over what DHCP says now, as a client does when its lease is renewed; here that is at once.

        The machine itself writes: whatever it has made of that path, it is its own.
        """
        write = ["sh", "-c", 'printf %s "$1" >"$2"', "sh", resolvers(machine), f"/{RESOLVERS}"]
        podman("exec", self.name, *write)

    def process(self) -> int:
        """Return the host's process id of its init; 0 if it does not run."""
        found = podman("inspect", "--type=container", "--format={{.State.Pid}}", self.name, check=False).strip()
        return int(found or 0)

    def has_booted(self, process: int) -> bool:
        """Tell whether its init has come to its end, by what a unit of ours leaves on the disk then."""
        return guest.exists(process, "run/hasite-lab/booted")

    def wait(self) -> int:
        """Wait for its end and return its exit status."""
        return int(podman("wait", self.name))

    def stop(self) -> None:
        """Shut it down as the power button would; one that does not end in time is cut off."""
        podman("stop", f"--time={_SHUTDOWN_SECONDS}", self.name)

    def pause(self) -> None:
        """Pause all its processes, if it runs."""
        if self.process():
            podman("pause", self.name)

    def unpause(self) -> None:
        """Resume its processes."""
        podman("unpause", self.name, check=False)

    def enter(self, *, terminal: bool = False) -> list[str]:
        """Return the command prefix that runs a program on it, at a terminal of its own if asked for."""
        tty = ["--tty"] if terminal else []
        environment = [f"{name}={value}" for name, value in isolation().items()]
        return ["env", *environment, *command("exec", "--interactive", *tty, self.name)]

    def remove(self) -> None:
        """Remove it and its disk, running or not, if it exists."""
        disk.throw_away([self.name])
        remove(self.name)

    def discard(self) -> None:
        """Remove it for ever, with a disk that waits for it."""
        self.remove()
        shutil.rmtree(self._waiting, ignore_errors=True)


def _limits() -> Sequence[str]:
    """Return limits that podman's children may set: its own defaults may be above the host's, and be refused.

    podman lowers its own limit on processes to the kernel's `pid_max` when it starts.
    """
    pids = int(Path("/proc/sys/kernel/pid_max").read_text())
    files = resource.getrlimit(resource.RLIMIT_NOFILE)
    processes = [pids if limit == resource.RLIM_INFINITY else min(limit, pids) for limit in _processes()]
    return [f"--ulimit=nofile={files[0]}:{files[1]}", f"--ulimit=nproc={processes[0]}:{processes[1]}"]


def _processes() -> tuple[int, int]:
    return resource.getrlimit(resource.RLIMIT_NPROC)


def _users(users: UserNamespace) -> Sequence[str]:
    mapping = f"0:{users.first}:{SIZE}"
    return [f"--uidmap={mapping}", f"--gidmap={mapping}"] if users.there else []


def _devices() -> Sequence[str]:
    # For `x-systemd.automount` in a machine's fstab.
    return ["--device=/dev/autofs"] if os.path.exists("/dev/autofs") else []  # noqa: PTH110
