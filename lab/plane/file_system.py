# SPDX-License-Identifier: GPL-3.0-or-later
"""EFS's mount targets: port 2049 on their network interfaces, and the folders that hold the shares' files.

What is modelled: no NFS is spoken. The mount helper on a machine (`lab/image/files/usr/sbin/mount.nfs4`)
connects to the mount target and asks for an export, in lines of text:

    CONNECT {"url": …}    →  WELCOME                or  ERROR EACCES   (a call that the machine's role has signed)
    MOUNT /path           →  EXPORT fs-0123 rw      or  ERROR EACCES, ERROR ENOENT
    PROBE                 →  ALIVE

A client that begins with a TLS handshake is answered by one, on the same port, as EFS does for its mount helper.

If it is admitted, it binds the share's folder, which every machine has in a hidden place, to the mount point.
So the packets that decide whether a mount succeeds are real; the files' own do not cross the network.
"""

from __future__ import annotations

import asyncio
import json
import logging
import shutil
import socket
import ssl
from collections.abc import Callable, Coroutine
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from lab.api.callers import signature
from lab.base import namespaces
from lab.base.backends import ACCOUNT
from lab.context import Context
from lab.plane.machines.user_namespace import UserNamespace
from lab.world.access.permissions import Principal
from lab.world.network.file_system import Client, FileSystem, MountTarget, admit
from lab.world.world import World

PORT = 2049
_IDLE_SECONDS = 60
_log = logging.getLogger(__name__)


Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Coroutine[Any, Any, None]]
_HANDSHAKE = b"\x16"
"""What a TLS client's first record begins with (RFC 8446, section 5.1)."""


class Listener:
    """A port at which each client chooses by its first byte whether it speaks TLS."""

    def __init__(
        self, listening: socket.socket, keys: ssl.SSLContext, serve: Serve, loop: asyncio.AbstractEventLoop
    ) -> None:
        """Begin to listen on a loop that runs in another thread."""
        listening.setblocking(False)
        self._listening, self._keys, self._serve, self._loop = listening, keys, serve, loop
        self._clients: set[asyncio.Task[None]] = set()
        self._accepting = asyncio.run_coroutine_threadsafe(self._accept(), loop)

    async def _accept(self) -> None:
        while True:
            client, _address = await self._loop.sock_accept(self._listening)
            task = self._loop.create_task(self._meet(client))
            self._clients.add(task)
            task.add_done_callback(self._clients.discard)

    async def _meet(self, client: socket.socket) -> None:
        try:
            async with asyncio.timeout(_IDLE_SECONDS):
                await _readable(client, self._loop)
                encrypted = client.recv(1, socket.MSG_PEEK) == _HANDSHAKE
                reader = asyncio.StreamReader()
                protocol = asyncio.StreamReaderProtocol(reader)
                transport, _ = await self._loop.connect_accepted_socket(
                    lambda: protocol, client, ssl=self._keys if encrypted else None
                )
                writer = asyncio.StreamWriter(transport, protocol, reader, self._loop)
                try:
                    await self._serve(reader, writer)
                finally:
                    writer.close()
        except (OSError, ValueError, TimeoutError) as error:
            _log.debug("a client of EFS: %s", error)
            client.close()

    def close(self) -> None:
        """Stop listening; clients that are being served are served to their end."""
        self._accepting.cancel()
        self._loop.call_soon_threadsafe(self._listening.close)


async def _readable(client: socket.socket, loop: asyncio.AbstractEventLoop) -> None:
    there = asyncio.Event()
    loop.add_reader(client, there.set)
    try:
        await there.wait()
    finally:
        loop.remove_reader(client)


class FileSystems:
    """All file systems and their mount targets."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._folder = context.place.shares
        self._users = UserNamespace(context.place)
        self._systems: dict[str, FileSystem] = {}
        self._servers: dict[str, tuple[MountTarget, Listener]] = {}

    def apply(self, world: World) -> None:
        """Keep a folder for each file system, and let its mount targets listen."""
        self._systems = {system.id: system for system in world.file_systems}
        self._keep_folders()
        wanted = {target.id: (system, target) for system in world.file_systems for target in system.mount_targets}
        for gone in [id_ for id_, (target, _) in self._servers.items() if wanted.get(id_, (None, None))[1] != target]:
            self._close(gone)
        for id_ in wanted.keys() - self._servers.keys():
            system, target = wanted[id_]
            self._servers[id_] = (target, self._listen(system, target))
        self._report()

    def _keep_folders(self) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)
        for system in self._systems:
            self._make(self._folder / system)
        for folder in self._folder.iterdir():
            if folder.name not in self._systems:
                shutil.rmtree(folder, ignore_errors=True)

    def _make(self, folder: Path) -> None:
        """Make the folder of a share, which belongs to the machines' root."""
        if not folder.exists():
            folder.mkdir()
            if self._users.there:
                self._users.give(folder)

    def _listen(self, system: FileSystem, target: MountTarget) -> Listener:
        namespace = self._context.place.namespace(target.interface_id)
        listening = namespaces.listen(namespace, target.address, PORT)
        name = f"{system.id}.efs.{system.region}.amazonaws.com"
        keys = self._context.authority.sign([name, f"{target.zone}.{name}"]).context()
        return Listener(listening, keys, partial(self._serve, system.id), self._context.loop)

    async def _serve(self, system_id: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        address = writer.get_extra_info("peername")[0]
        client = Client(address, encrypted=writer.get_extra_info("ssl_object") is not None)
        while line := await reader.readline():
            verb, _, argument = line.decode().strip().partition(" ")
            if verb == "CONNECT":
                client, answer = self._known(client, argument)
            else:
                answer = self._answer(system_id, client, verb, argument)
            writer.write(f"{answer}\n".encode())
            await writer.drain()

    def _known(self, client: Client, signed: str) -> tuple[Client, str]:
        """Return the client with the identity that it proves; EFS takes none of a connection without TLS."""
        try:
            call = json.loads(signed)
            request = signature.SignedRequest(
                "GET", str(call["url"]), {str(k): str(v) for k, v in call["headers"].items()}
            )
            with self._context.lock:
                who = signature.caller(request, self._context.backends)
        except (ValueError, KeyError, AttributeError, TypeError, signature.SignatureError) as error:
            _log.info("a client of EFS at %s is not known: %s", client.address, error)
            return client, "ERROR EACCES"
        if not client.encrypted or who.service != "elasticfilesystem":
            return client, "ERROR EACCES"
        return replace(client, principal=Principal(arns=(who.role, who.arn), account=ACCOUNT)), "WELCOME"

    def _answer(self, system_id: str, client: Client, verb: str, argument: str) -> str:
        system = self._systems.get(system_id)
        if system is None:
            return "ERROR ESTALE"
        if verb == "PROBE":
            return "ALIVE"
        if verb != "MOUNT":
            return "ERROR EINVAL"
        admission = admit(system, client)
        if admission == "denied":
            return "ERROR EACCES"
        if not inside(self._folder / system_id, argument).is_dir():
            return "ERROR ENOENT"
        return f"EXPORT {system_id} {admission}"

    def _report(self) -> None:
        listening = set(self._servers)
        if self._context.observed.mount_targets != listening:
            self._context.observed.mount_targets = listening
            self._context.mark_dirty()

    def _close(self, target_id: str) -> None:
        _target, listener = self._servers.pop(target_id)
        listener.close()

    def close(self) -> None:
        """Stop listening; the files go with the lab's folder."""
        for server in list(self._servers):
            self._close(server)


def inside(share: Path, path: str) -> Path:
    """Return a path of the share on the host; one that leads out of it, by dots or by links, is the share's top."""
    found = (share / path.lstrip("/")).resolve()
    return found if found.is_relative_to(share.resolve()) else share
