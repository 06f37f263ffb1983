# SPDX-License-Identifier: GPL-3.0-or-later
"""Keeps the machine known to Systems Manager, and reachable by its sessions, for as long as there is a path."""

from __future__ import annotations

import argparse
import asyncio
import logging
import platform
import random
import signal
import socket
import subprocess
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from . import VERSION, websocket
from .control import ControlChannel
from .metadata import URL, Metadata, UnavailableError
from .service import Service, ServiceRefusedError, UnreachableError

_log = logging.getLogger("agent")
_HEARTBEAT = 10.0
"""AWS's agent sends one every 5 minutes, and AWS takes as long to see that it is gone."""
_FIRST_DELAY, _LONGEST_DELAY = 1.0, 8.0
_TROUBLE = (
    UnavailableError,
    UnreachableError,
    ServiceRefusedError,
    websocket.DisconnectedError,
    asyncio.TimeoutError,
    OSError,
    ValueError,
)


def main() -> int:
    """Run until the machine stops."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--metadata", default=URL, help="where the metadata service is")
    parser.add_argument("--ssm", default="", help="another endpoint of SSM, for tests")
    parser.add_argument("--messages", default="", help="another endpoint of the session service, for tests")
    parser.add_argument("--kms", default="", help="another endpoint of KMS, for tests")
    parser.add_argument("--logs", default="", help="another endpoint of CloudWatch Logs, for tests")
    options = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(message)s")
    metadata = Metadata(options.metadata)
    asyncio.run(_run(Service(metadata, options.ssm, options.messages, options.kms, options.logs)))
    return 0


async def _run(service: Service) -> None:
    control = ControlChannel(service)
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    tasks = [
        asyncio.create_task(_again_and_again("heartbeat", lambda: _beat(service))),
        asyncio.create_task(_again_and_again("control channel", control.run)),
    ]
    await stop.wait()
    await control.close()
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


async def _beat(service: Service) -> None:
    while True:
        await service.update_instance_information(_information(await _instance(service)))
        await asyncio.sleep(_HEARTBEAT)


async def _instance(service: Service) -> str:
    return await asyncio.to_thread(lambda: service.metadata.instance)


async def _again_and_again(what: str, action: Callable[[], Awaitable[None]]) -> None:
    """Do something that ends only by trouble; wait longer after each, until it went well for a while."""
    delay = _FIRST_DELAY
    loop = asyncio.get_running_loop()
    while True:
        began = loop.time()
        try:
            await action()
        except _TROUBLE as error:
            _log.info("%s: %s", what, error)
        if loop.time() - began > _HEARTBEAT:
            delay = _FIRST_DELAY
        # All machines of a site lose their path together; they should not come back together.
        await asyncio.sleep(delay * random.uniform(0.8, 1.2))  # noqa: S311 - no secret
        delay = min(_LONGEST_DELAY, 2 * delay)


def _information(instance: str) -> dict[str, Any]:
    release = _release()
    return {
        "InstanceId": instance,
        "AgentName": "amazon-ssm-agent",
        "AgentVersion": VERSION,
        "AgentStatus": "Active",
        "PlatformType": "Linux",
        "PlatformName": release.get("NAME", platform.system()),
        "PlatformVersion": release.get("VERSION_ID", platform.release()),
        "ComputerName": socket.gethostname(),
        "IPAddress": _address(),
    }


def _release() -> dict[str, str]:
    try:
        lines = Path("/etc/os-release").read_text().splitlines()
    except OSError:
        return {}
    return {name: value.strip('"') for name, _, value in (line.partition("=") for line in lines)}


def _address() -> str:
    shown = subprocess.run(["hostname", "-I"], capture_output=True, text=True, check=False).stdout.split()
    return shown[0] if shown else ""
