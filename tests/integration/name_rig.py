# SPDX-License-Identifier: GPL-3.0-or-later
"""Name servers, resolvers and health checkers over real sockets, with the API's names, in namespaces without a lab."""

from __future__ import annotations

import asyncio
import contextlib
import http.server
import json
import socket
import threading
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import boto3
import dns.message

from lab.api.services.acm import acm
from lab.api.services.kms import kms
from lab.api.services.route53 import route53
from lab.api.serving import calls
from lab.api.serving.server import Api
from lab.api.serving.server import Page as ApiPage
from lab.base import addresses, namespaces
from lab.base.authority import Authority
from lab.base.clock import Clock
from lab.base.observed import Observed
from lab.context import Context
from lab.engines import dns_transport
from lab.plane.checks.health_checkers import HealthCheckers
from lab.plane.names import forger, registrar
from lab.plane.names.name_server import SERVERS, NameServers
from lab.plane.names.resolver import VPC_RESOLVER, Resolvers
from lab.world.edge.edge import Edge
from lab.world.names import names
from lab.world.network.network import Interface, Vpc
from tests.integration.labs import place_of, worker

REGION = "ap-northeast-1"
SPEED = 10.0
WEB = "192.0.2.80"


@dataclass
class Rig:
    context: Context
    url: str
    parts: list[Any]
    vpcs: dict[str, Vpc]
    interfaces: dict[str, Interface]
    _refreshing: threading.Lock = field(default_factory=threading.Lock)

    def client(self, service: str, region: str = REGION) -> Any:
        owner = self.context.owner
        session = boto3.session.Session(owner.access_key, owner.secret_key)
        return session.client(service, region, endpoint_url=self.url)

    def page(self, path: str, sent: bytes | None = None) -> Any:
        """Return what one of the lab's own pages answers to its owner."""
        head = {"Authorization": f"Bearer {self.context.owner.secret_key}"}
        with urllib.request.urlopen(urllib.request.Request(self.url + path, sent, head), timeout=10) as answer:
            return json.load(answer)

    def refresh(self) -> None:
        """What the lab's world thread does: one round at a time."""
        with self._refreshing:
            self._apply()

    def _apply(self) -> None:
        target = SimpleNamespace(vpc_id="vpc-1", zone=f"{REGION}a", address="10.0.0.9")
        share: Any = SimpleNamespace(id="fs-01", region=REGION, mount_targets=(target,))
        with self.context.lock:
            known = names.describe(self.context.backends, (), Edge(()), (share,))
        network = SimpleNamespace(vpcs=self.vpcs, interfaces=self.interfaces)
        world = SimpleNamespace(names=known, network=network)
        for part in self.parts:
            part.apply(world)

    def ask(self, name: str, kind: str = "A", server: str = addresses.RESOLVER, role: str = "internet") -> Any:
        query = dns.message.make_query(name, kind)
        namespace = self.context.place.namespace(role)
        future = asyncio.run_coroutine_threadsafe(dns_transport.ask(query, server, 10.0, namespace), self.context.loop)
        return future.result()

    def values(self, *args: str, **kwargs: str) -> list[str]:
        return [item.to_text() for found in self.ask(*args, **kwargs).answer for item in found]


@contextlib.contextmanager
def open_rig(folder: Path, speed: float = SPEED) -> Iterator[Rig]:
    """Bring the rig up, with this many lab seconds to a second, and take it away again."""
    place = place_of(f"name{worker()}")
    for role in ("internet", "vpc-1"):
        namespaces.remove(place.namespace(role))
        namespaces.add(place.namespace(role))
    held = (*SERVERS, addresses.RESOLVER, *addresses.CHECKERS, WEB)
    namespaces.ip_batch([f"addr add {each}/32 dev lo" for each in held], place.namespace("internet"))
    inside = ("10.0.0.2", VPC_RESOLVER, "10.0.0.7")
    namespaces.ip_batch([f"addr add {each}/32 dev lo" for each in inside], place.namespace("vpc-1"))
    loop = asyncio.new_event_loop()
    threading.Thread(target=loop.run_forever, daemon=True).start()
    context = Context(place, Clock(speed), Authority(folder), Observed(), loop)
    for service in (calls, acm, kms, route53):
        service.extend(context)
    pages: dict[str, ApiPage] = {registrar.PATH: partial(registrar.console, context)}
    pages |= {registrar.SIGNERS_PATH: partial(registrar.signers_console, context)}
    pages |= {forger.PATH: partial(forger.console, context)}
    api = Api(context, pages)
    listener = socket.create_server(("127.0.0.1", 0))
    url = f"http://127.0.0.1:{listener.getsockname()[1]}"
    api.serve(listener)
    made = Rig(context, url, [NameServers(context), Resolvers(context), HealthCheckers(context)], {}, {})
    context.mark_dirty = lambda: threading.Thread(target=made.refresh).start()
    try:
        yield made
    finally:
        for part in reversed(made.parts):
            part.close()
        api.close()
        loop.call_soon_threadsafe(loop.stop)
        for role in ("internet", "vpc-1"):
            namespaces.remove(place.namespace(role))


def upsert(rig: Rig, zone: str, *records: dict[str, Any], action: str = "UPSERT") -> None:
    """Change records, and have the name servers know it: who asks before hears for 900 seconds of no such name."""
    changes = [{"Action": action, "ResourceRecordSet": record} for record in records]
    rig.client("route53").change_resource_record_sets(HostedZoneId=zone, ChangeBatch={"Changes": changes})
    rig.refresh()


def plain(name: str, *values: str, kind: str = "A", ttl: int = 30, **more: Any) -> dict[str, Any]:
    return {"Name": name, "Type": kind, "TTL": ttl, "ResourceRecords": [{"Value": value} for value in values], **more}


class Page(http.server.BaseHTTPRequestHandler):
    status = 200

    def do_GET(self) -> None:
        self.send_response(self.status)
        self.end_headers()
        self.wfile.write(b"the site is fine")

    def log_message(self, *args: object) -> None:
        pass


@contextlib.contextmanager
def serve_page(rig: Rig) -> Iterator[type[Page]]:
    """Serve the page that health checks ask for; its status can be changed."""
    server = http.server.ThreadingHTTPServer((WEB, 80), Page, bind_and_activate=False)
    server.socket.close()
    server.socket = namespaces.listen(rig.context.place.namespace("internet"), WEB, 80)
    server.socket.setblocking(True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    Page.status = 200
    yield Page
    server.shutdown()
    server.server_close()
