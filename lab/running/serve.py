# SPDX-License-Identifier: GPL-3.0-or-later
"""The lab's process: runs until it is told to end, and says in its endpoint file when it is ready."""

from __future__ import annotations

import asyncio
import json
import logging
import os
import signal
import socket
from dataclasses import asdict

from lab.base import private
from lab.base.authority import Authority
from lab.base.clock import Clock
from lab.base.endpoint import Endpoint, start_time
from lab.base.errors import LabError
from lab.base.observed import Observed
from lab.base.paths import LabPaths
from lab.context import Context
from lab.plane.network import latency_proxy
from lab.running.lab import Lab
from lab.running.saved import folder
from lab.running.saved.restoring import Restoring
from lab.running.settings import Settings


def serve(place: LabPaths, port: int, settings: Settings, restored: Restoring | None = None) -> None:
    """Run the lab until SIGTERM or SIGINT; with the world that is being restored, if there is one."""
    place.make_folder()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    asyncio.run(_serve(place, port, settings, restored))


async def _serve(place: LabPaths, port: int, settings: Settings, restored: Restoring | None) -> None:
    loop = asyncio.get_running_loop()
    ending = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, ending.set)
    listener = _loopback(port)
    url = f"http://127.0.0.1:{port}"
    context = Context(
        place,
        restored.clock(settings.speed) if restored else Clock(settings.speed),
        Authority(place.authority),
        Observed(),
        loop,
        endpoint_url=url,
        wait_policy=settings.wait_policy,
        throttling=settings.buckets,
        lateness=settings.lateness,
        quotas=settings.limits,
        latency=settings.round_trips,
    )
    lab = Lab(context, settings)
    try:
        if restored:
            await loop.run_in_executor(None, restored.finish, context)
        await loop.run_in_executor(None, lab.start, restored)
        lab.api.serve(await latency_proxy.put_before(listener, context.latency), delay=context.latency.call)
        owner = context.owner
        started = start_time(os.getpid()) or ""
        endpoint = Endpoint(url, os.getpid(), started, settings.speed, owner.access_key, owner.secret_key)
        private.write(place.endpoint_file, json.dumps(asdict(endpoint)))
        # The kept world is now this one.
        await loop.run_in_executor(None, folder.discard, place.kept)
        await ending.wait()
    finally:
        place.endpoint_file.unlink(missing_ok=True)
        await loop.run_in_executor(None, lab.stop)


def _loopback(port: int) -> socket.socket:
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind(("127.0.0.1", port))
    except OSError as error:
        raise LabError(
            f"Port {port} on the loopback is taken; end what uses it or give another one with --port."
        ) from error
    listener.listen(128)
    return listener
