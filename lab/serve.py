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

from lab import private
from lab.authority import Authority
from lab.clock import Clock
from lab.context import Context
from lab.endpoint import Endpoint, start_time
from lab.errors import LabError
from lab.lab import Lab
from lab.observed import Observed
from lab.place import Place
from lab.plane import distance
from lab.settings import Settings


def serve(place: Place, port: int, settings: Settings) -> None:
    """Run the lab until SIGTERM or SIGINT."""
    place.make_folder()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    asyncio.run(_serve(place, port, settings))


async def _serve(place: Place, port: int, settings: Settings) -> None:
    loop = asyncio.get_running_loop()
    ending = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, ending.set)
    listener = _loopback(port)
    url = f"http://127.0.0.1:{port}"
    context = Context(
        place,
        Clock(settings.speed),
        Authority(place.authority),
        Observed(),
        loop,
        endpoint_url=url,
        imposed=settings.imposed,
        distance=settings.distance,
    )
    lab = Lab(context)
    try:
        await loop.run_in_executor(None, lab.start)
        lab.api.serve(await distance.put_before(listener, context.distance), delay=context.distance.call)
        owner = context.owner
        started = start_time(os.getpid()) or ""
        endpoint = Endpoint(url, os.getpid(), started, settings.speed, owner.access_key, owner.secret_key)
        private.write(place.endpoint_file, json.dumps(asdict(endpoint)))
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
