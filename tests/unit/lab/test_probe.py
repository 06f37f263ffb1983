# SPDX-License-Identifier: GPL-3.0-or-later
"""Probes of health checkers and of load balancers over the loopback, when their time is over."""

from __future__ import annotations

import asyncio
import socket
import ssl
from asyncio.sslproto import SSLProtocol
from collections.abc import Awaitable, Callable
from types import SimpleNamespace
from typing import Any

import pytest

from lab.base import namespaces
from lab.base.authority import Authority
from lab.base.clock import Clock
from lab.base.paths import LabPaths
from lab.plane.balancer import target_checks
from lab.plane.checks.probe import probe
from lab.world.balancer.load_balancer import HealthCheck as TargetCheck
from lab.world.balancer.target_health import CheckResult
from lab.world.names.names import HealthCheck


@pytest.fixture(autouse=True)
def _no_namespaces(monkeypatch: pytest.MonkeyPatch) -> None:
    def here(_namespace: str, kind: socket.SocketKind = socket.SOCK_STREAM) -> socket.socket:
        made = socket.socket(socket.AF_INET, kind)
        made.setblocking(False)
        return made

    monkeypatch.setattr(namespaces, "make_socket", here)


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> ssl.SSLContext:
    """What a server of TLS presents."""
    return Authority(tmp_path_factory.mktemp("authority")).issue(["lb.test"], "EC_prime256v1").context()


async def given_up_at_the_end_of_the_handshake(
    tls: ssl.SSLContext, monkeypatch: pytest.MonkeyPatch, ask: Callable[[int], Awaitable[Any]]
) -> None:
    """End a probe's time in the very moment in which its handshake ends.

    Whoever gets the probe's file descriptors next must not find asyncio still busy with them.
    """
    server = await asyncio.start_server(lambda *_: None, "127.0.0.1", 0, ssl=tls)
    port = server.sockets[0].getsockname()[1]
    probing = asyncio.ensure_future(ask(port))
    wake = SSLProtocol._wakeup_waiter  # no other place knows the moment

    def and_give_up(protocol: Any, *arguments: Any) -> None:
        if not protocol._server_side:
            probing.cancel()
        wake(protocol, *arguments)

    monkeypatch.setattr(SSLProtocol, "_wakeup_waiter", and_give_up)
    with pytest.raises(asyncio.CancelledError):
        await probing
    for _ in range(8):
        with socket.socket() as following:
            following.setblocking(False)
            await asyncio.get_running_loop().sock_connect(following, ("127.0.0.1", port))
    server.close()


def test_checker_that_gives_up_leaves_no_descriptor_behind(
    pair: ssl.SSLContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    context: Any = SimpleNamespace(clock=Clock(), place=LabPaths("unit"))

    async def ask(port: int) -> Any:
        return await probe(context, "127.0.0.1", HealthCheck("hc", "HTTPS", address="127.0.0.1", port=port))

    asyncio.run(given_up_at_the_end_of_the_handshake(pair, monkeypatch, ask))


def test_balancer_that_gives_up_leaves_no_descriptor_behind(
    pair: ssl.SSLContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    check = TargetCheck(True, "HTTPS", None, "/", 1, 1, 2, 2, "200")

    async def ask(port: int) -> Any:
        return await target_checks.ask(target_checks.Probe("here", "127.0.0.1", port, check), 5)

    asyncio.run(given_up_at_the_end_of_the_handshake(pair, monkeypatch, ask))


def test_balancer_goes_on_checking_after_trouble_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    """A check that has ended would leave its target's last verdict in force for ever."""
    asked = 0

    async def ask(_probe: Any, _seconds: float) -> CheckResult:
        nonlocal asked
        asked += 1
        if asked == 1:
            raise RuntimeError("File descriptor 82 is used by transport")
        return CheckResult("answered", 200)

    monkeypatch.setattr(target_checks, "ask", ask)
    check = TargetCheck(True, "HTTP", None, "/", 0.01, 1, 2, 2, "200")
    watch = target_checks._Watch(target_checks.Probe("here", "127.0.0.1", 80, check))

    async def until_healthy() -> None:
        context: Any = SimpleNamespace(clock=Clock(), mark_dirty=lambda: None)
        watching = asyncio.ensure_future(target_checks.TargetChecks(context)._watch(watch))
        async with asyncio.timeout(5):
            while watch.tally.state != "healthy":
                await asyncio.sleep(0.01)
        watching.cancel()

    asyncio.run(until_healthy())
