# SPDX-License-Identifier: GPL-3.0-or-later
"""The session service and a machine's agent as processes on the loopback, without machines or networks."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import boto3
from aiohttp import web
from botocore.config import Config
from moto.moto_api._internal.models import moto_api_backend

from lab.api.callers.role_credentials import RoleCredentials
from lab.api.services.iam import iam
from lab.api.services.kms import kms
from lab.api.services.ssm import ssm
from lab.api.serving import calls
from lab.api.serving.server import Api
from lab.base.authority import Authority
from lab.base.clock import Clock
from lab.base.observed import Observed
from lab.base.paths import LabPaths
from lab.context import Context
from lab.plane.sessions.sessions import Sessions
from tests.session_client import Talk

REGION = "ap-northeast-1"
AGENT = Path(__file__).parents[3] / "lab/image/files/usr/lib/hasite-lab/amazon-ssm-agent"
TRUST = {"Statement": [{"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}]}
CORE = "arn:aws:iam::aws:policy/AmazonSSMManagedInstanceCore"


@dataclass
class SessionWorld:
    """A lab of nothing but the API and the session service; one instance, whose agent may be started."""

    folder: Path
    speed: float = 1.0
    loop: asyncio.AbstractEventLoop = field(default_factory=asyncio.new_event_loop)
    agents: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def __post_init__(self) -> None:
        threading.Thread(target=self.loop.run_forever, daemon=True).start()
        authority = Authority(self.folder / "authority")
        self.context = Context(LabPaths("unit"), Clock(self.speed), authority, Observed(), self.loop)
        for extension in (calls, iam, kms, ssm):
            extension.extend(self.context)
        self.api = Api(self.context, {})
        listener = socket.create_server(("127.0.0.1", 0))
        self.endpoint = f"http://127.0.0.1:{listener.getsockname()[1]}"
        self.api.serve(listener)
        # moto's state is the process's: an earlier world's must go.
        moto_api_backend.reset()
        self.sessions = Sessions(self.context)
        self.ssm = self.client("ssm")
        self.instance = self._launch()
        self.metadata = self._serve_metadata()

    def client(self, service: str) -> Any:
        make: Any = boto3.client  # its types know each service by a literal name
        return make(
            service,
            endpoint_url=self.endpoint,
            region_name=REGION,
            aws_access_key_id=self.context.owner.access_key,
            aws_secret_access_key=self.context.owner.secret_key,
            config=Config(retries={"max_attempts": 0}),
        )

    def _launch(self) -> str:
        access = self.client("iam")
        access.create_role(RoleName="web", AssumeRolePolicyDocument=json.dumps(TRUST))
        access.attach_role_policy(RoleName="web", PolicyArn=CORE)
        image = self.client("ec2").describe_images(Owners=["amazon"])["Images"][0]["ImageId"]
        instances = self.client("ec2").run_instances(ImageId=image, InstanceType="t3.micro", MinCount=1, MaxCount=1)[
            "Instances"
        ]
        return str(instances[0]["InstanceId"])

    def _serve_metadata(self) -> str:
        credentials = RoleCredentials(self.context.backends)

        async def answer(request: web.Request) -> web.Response:
            path = request.match_info["path"]
            if path == "api/token":
                return web.Response(text="token")
            if path == "meta-data/instance-id":
                return web.Response(text=self.instance)
            if path == "meta-data/placement/region":
                return web.Response(text=REGION)
            if path == "meta-data/iam/security-credentials/":
                return web.Response(text="web")
            with self.context.lock:
                instance = self.context.backends.at("ec2", REGION).get_instance_by_id(self.instance)
                return web.Response(text=credentials.document(instance, "web"))

        async def start() -> str:
            application = web.Application()
            application.router.add_route("*", "/latest/{path:.*}", answer)
            self._metadata_runner = web.AppRunner(application)
            await self._metadata_runner.setup()
            listener = socket.create_server(("127.0.0.1", 0))
            await web.SockSite(self._metadata_runner, listener).start()
            return f"http://127.0.0.1:{listener.getsockname()[1]}"

        return asyncio.run_coroutine_threadsafe(start(), self.loop).result(10)

    def start_agent(self) -> subprocess.Popen[bytes]:
        """Start the agent; never as root, which would make a user on the developer's machine."""
        messages = self.context.sessions.stream_base.replace("ws", "http", 1)
        # The machines' Python, which nobody may run; this one may be in root's home.
        command = [
            shutil.which("python3", path="/usr/bin:/bin") or sys.executable,
            str(AGENT),
            "--metadata",
            self.metadata,
            "--ssm",
            self.endpoint,
        ]
        log = (self.folder / "agent.log").open("ab")
        process = subprocess.Popen(
            [*command, "--messages", messages, "--kms", self.endpoint, "--logs", self.endpoint],
            stdout=log,
            stderr=log,
            cwd="/",
            env={"PATH": os.environ["PATH"], "PYTHONDONTWRITEBYTECODE": "1"},
            user="nobody" if os.geteuid() == 0 else None,
        )
        self.agents.append(process)
        return process

    def wait_for(self, condition: Callable[[], bool], seconds: float = 15) -> None:
        end = time.monotonic() + seconds
        while not condition():
            assert time.monotonic() < end, (self.folder / "agent.log").read_text()
            time.sleep(0.05)

    @property
    def connected(self) -> bool:
        return bool(self.ssm.get_connection_status(Target=self.instance)["Status"] == "connected")

    @property
    def listed(self) -> list[dict[str, Any]]:
        return list(self.ssm.describe_instance_information()["InstanceInformationList"])

    def open(self, document: str = "", **parameters: str) -> Talk:
        request: dict[str, Any] = {"Target": self.instance}
        if document:
            request["DocumentName"] = document
            request["Parameters"] = {name: [value] for name, value in parameters.items()}
        return Talk(self.ssm.start_session(**request))

    def close(self) -> None:
        for agent in self.agents:
            agent.terminate()
        for agent in self.agents:
            agent.wait(10)
        self.sessions.close()
        asyncio.run_coroutine_threadsafe(self._metadata_runner.cleanup(), self.loop).result(10)
        self.api.close()
        self.loop.call_soon_threadsafe(self.loop.stop)


@contextmanager
def connected_world(folder: Path) -> Iterator[SessionWorld]:
    """Open a world whose instance's agent is connected."""
    made = SessionWorld(folder)
    try:
        made.start_agent()
        made.wait_for(lambda: made.connected)
        yield made
    finally:
        made.close()
