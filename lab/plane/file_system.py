# SPDX-License-Identifier: GPL-3.0-or-later
"""EFS's mount targets: port 2049 on their network interfaces, and the folders that hold the shares' files.

What is modelled: no NFS is spoken. The mount helper on a machine (`lab/image/files/usr/sbin/mount.nfs4`)
connects to the mount target and asks for an export, in lines of text:

    MOUNT /path           →  EXPORT fs-0123 rw      or  ERROR EACCES, ERROR ENOENT
    PROBE                 →  ALIVE

If it is admitted, it binds the share's folder, which every machine has in a hidden place, to the mount point.
So the packets that decide whether a mount succeeds are real; the files' own do not cross the network.
"""

from __future__ import annotations

import asyncio
import logging
import shutil
import socket
from pathlib import Path

from lab.context import Context
from lab.plane import namespaces
from lab.plane.user_namespace import UserNamespace
from lab.world import World
from lab.world.file_system import FileSystem, MountTarget, admit

PORT = 2049
_IDLE_SECONDS = 60
_log = logging.getLogger(__name__)


class FileSystems:
    """All file systems and their mount targets."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._folder = context.place.folder / "efs"
        self._users = UserNamespace(context.place)
        self._systems: dict[str, FileSystem] = {}
        self._servers: dict[str, tuple[MountTarget, asyncio.Server]] = {}

    def apply(self, world: World) -> None:
        """Keep a folder for each file system, and let its mount targets listen."""
        self._systems = {system.id: system for system in world.file_systems}
        self._keep_folders()
        wanted = {target.id: (system.id, target) for system in world.file_systems for target in system.mount_targets}
        for gone in [
            each for each, (target, _) in self._servers.items() if wanted.get(each, (None, None))[1] != target
        ]:
            self._close(gone)
        for each in wanted.keys() - self._servers.keys():
            system_id, target = wanted[each]
            self._servers[each] = (target, self._listen(system_id, target))
        self._report()

    def _keep_folders(self) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)
        for each in self._systems:
            self._make(self._folder / each)
        for folder in self._folder.iterdir():
            if folder.name not in self._systems:
                shutil.rmtree(folder, ignore_errors=True)

    def _make(self, folder: Path) -> None:
        """Make the folder of a share, which belongs to the machines' root."""
        if not folder.exists():
            folder.mkdir()
            if self._users.there:
                self._users.give(folder)

    def _listen(self, system_id: str, target: MountTarget) -> asyncio.Server:
        namespace = self._context.place.namespace(target.interface_id)
        listener = namespaces.listen(namespace, target.address, PORT)
        return asyncio.run_coroutine_threadsafe(self._start(system_id, listener), self._context.loop).result()

    async def _start(self, system_id: str, listener: socket.socket) -> asyncio.Server:
        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            try:
                async with asyncio.timeout(_IDLE_SECONDS):
                    await self._serve(system_id, reader, writer)
            except (OSError, ValueError, TimeoutError) as error:
                _log.debug("a client of %s: %s", system_id, error)
            finally:
                writer.close()

        return await asyncio.start_server(serve, sock=listener)

    async def _serve(self, system_id: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        address = writer.get_extra_info("peername")[0]
        while line := await reader.readline():
            verb, _, argument = line.decode().strip().partition(" ")
            writer.write(f"{self._answer(system_id, address, verb, argument)}\n".encode())
            await writer.drain()

    def _answer(self, system_id: str, address: str, verb: str, argument: str) -> str:
        system = self._systems.get(system_id)
        if system is None:
            return "ERROR ESTALE"
        if verb == "PROBE":
            return "ALIVE"
        if verb != "MOUNT":
            return "ERROR EINVAL"
        admission = admit(system, address)
        if admission == "denied":
            return "ERROR EACCES"
        if not inside(self._folder / system_id, argument).is_dir():
            return "ERROR ENOENT"
        return f"EXPORT {system_id} {admission}"

    def _report(self) -> None:
        listening = set(self._servers)
        if self._context.observed.mount_targets != listening:
            self._context.observed.mount_targets = listening
            self._context.touch()

    def _close(self, target_id: str) -> None:
        _target, server = self._servers.pop(target_id)
        self._context.loop.call_soon_threadsafe(server.close)

    def close(self) -> None:
        """Stop listening; the files go with the lab's folder."""
        for each in list(self._servers):
            self._close(each)


def inside(share: Path, path: str) -> Path:
    """Return a path of the share on the host; one that leads out of it, by dots or by links, is the share's top."""
    found = (share / path.lstrip("/")).resolve()
    return found if found.is_relative_to(share.resolve()) else share
