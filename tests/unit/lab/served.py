# SPDX-License-Identifier: GPL-3.0-or-later
"""The lab's whole API on the loopback, as strangers' clients meet it, without a data plane."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config
from moto.moto_api._internal.models import moto_api_backend

from lab.api import extensions
from lab.api.serving.server import Api
from lab.base.authority import Authority
from lab.base.clock import Clock
from lab.base.history import History
from lab.base.observed import Observed
from lab.base.paths import LabPaths
from lab.context import Context

REGION = "ap-northeast-1"


@dataclass
class Served:
    """The API and what its clients need."""

    context: Context
    url: str
    api: Api

    def client(self, service: str, region: str = REGION, **keys: str) -> Any:
        """Return a client with the owner's key, or with another one's."""
        owner = {
            "aws_access_key_id": self.context.owner.access_key,
            "aws_secret_access_key": self.context.owner.secret_key,
        }
        make: Any = boto3.client
        once = Config(retries={"total_max_attempts": 1})
        return make(service, region, endpoint_url=self.url, config=once, **(keys or owner))

    def forget(self) -> None:
        """Begin with an empty account."""
        moto_api_backend.reset()
        self.context.history = History()


@contextmanager
def serve(folder: Path, *, clock: Any = None, **habits: Any) -> Iterator[Served]:
    loop = asyncio.new_event_loop()
    context = Context(LabPaths("unit"), clock or Clock(), Authority(folder), Observed(), loop, **habits)
    extensions.extend(context)
    moto_api_backend.reset()
    api, listener = Api(context, {}), socket.create_server(("127.0.0.1", 0))
    port = listener.getsockname()[1]
    api.serve(listener)
    try:
        yield Served(context, f"http://127.0.0.1:{port}", api)
    finally:
        api.close()
        moto_api_backend.reset()
        loop.close()
        if habits:
            # What is replaced in moto stays so in this process: an account like any other for the tests that follow.
            extensions.extend(Context(LabPaths("unit"), Clock(), Authority(folder), Observed(), loop))
