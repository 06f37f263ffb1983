# SPDX-License-Identifier: GPL-3.0-or-later
"""Health checks of load balancers: every node probes every target from its own network interface."""

from __future__ import annotations

import asyncio
import concurrent.futures
import logging
import ssl
from collections.abc import Iterable
from dataclasses import dataclass, field

from lab.base import namespaces
from lab.context import Context
from lab.world.balancer.load_balancer import HealthCheck, LoadBalancer
from lab.world.balancer.target_health import CheckResult, Tally, after, unused

_log = logging.getLogger(__name__)
_LONGEST_LINE = 65536


@dataclass(frozen=True)
class Probe:
    """What is asked, and from where."""

    namespace: str
    address: str
    port: int
    check: HealthCheck


@dataclass(frozen=True)
class Key:
    """One node's view of one target of one group."""

    group: str
    target: str
    node: str


@dataclass
class _Watch:
    probe: Probe
    tally: Tally = field(default_factory=Tally)
    task: concurrent.futures.Future[None] | None = None


class TargetChecks:
    """Keeps probing what the world's load balancers have to probe."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._watches: dict[Key, _Watch] = {}

    def apply(self, balancers: Iterable[LoadBalancer]) -> None:
        """Begin and end checks; one whose settings have changed goes on with what it has learned."""
        wanted = dict(self._wanted(balancers))
        for key in self._watches.keys() - wanted.keys():
            self._end(self._watches.pop(key))
        for key, probe in wanted.items():
            watch = self._watches.get(key)
            if watch and watch.probe == probe:
                continue
            if watch:
                self._end(watch)
            self._watches[key] = self._begin(_Watch(probe, watch.tally if watch else Tally()))

    def _wanted(self, balancers: Iterable[LoadBalancer]) -> Iterable[tuple[Key, Probe]]:
        for balancer in balancers:
            for group in balancer.target_groups:
                for target in group.targets:
                    if not group.check.enabled or unused(balancer, target):
                        continue
                    for node in balancer.nodes:
                        namespace = self._context.place.namespace(node.interface_id)
                        port = group.check.port or target.port
                        key = Key(group.arn, target.id, node.interface_id)
                        yield key, Probe(namespace, target.address, port, group.check)

    def tally(self, group: str, target: str, node: str) -> Tally | None:
        """Return what a node knows about a target; None where it does not look."""
        watch = self._watches.get(Key(group, target, node))
        return watch.tally if watch else None

    def _begin(self, watch: _Watch) -> _Watch:
        watch.task = asyncio.run_coroutine_threadsafe(self._watch(watch), self._context.loop)
        return watch

    @staticmethod
    def _end(watch: _Watch) -> None:
        if watch.task:
            watch.task.cancel()

    async def _watch(self, watch: _Watch) -> None:
        check, clock = watch.probe.check, self._context.clock
        while True:
            outcome = await self._ask(watch.probe, clock.real(check.timeout))
            before, watch.tally = watch.tally, after(watch.tally, outcome, check)
            if (before.state, before.last) != (watch.tally.state, watch.tally.last):
                self._context.mark_dirty()
            await clock.sleep(check.interval)

    async def _ask(self, probe: Probe, seconds: float) -> CheckResult:
        try:
            return await ask(probe, seconds)
        except Exception:  # a check never stops; what it could not do counts as a failure
            _log.exception("The check of %s:%s failed", probe.address, probe.port)
            return CheckResult("failed")

    def close(self) -> None:
        """End all checks."""
        for watch in self._watches.values():
            self._end(watch)
        self._watches.clear()


async def ask(probe: Probe, seconds: float) -> CheckResult:
    """Send one health check as an ALB does, whose Host header is the target's address and port.

    https://docs.aws.amazon.com/elasticloadbalancing/latest/application/target-group-health-checks.html
    """
    try:
        async with asyncio.timeout(seconds):
            return await _ask(probe)
    except TimeoutError:
        return CheckResult("timeout")
    except (OSError, ValueError):
        return CheckResult("failed")


async def _ask(probe: Probe) -> CheckResult:
    loop = asyncio.get_running_loop()
    connection = await loop.run_in_executor(None, namespaces.make_socket, probe.namespace)
    try:
        await loop.sock_connect(connection, (probe.address, probe.port))
        reader, writer = await asyncio.open_connection(sock=connection, limit=_LONGEST_LINE)
    except BaseException:
        connection.close()
        raise
    try:
        if probe.check.protocol == "HTTPS":
            await writer.start_tls(_untrusting(), server_hostname=probe.address)
        writer.write(
            f"GET {probe.check.path} HTTP/1.1\r\nHost: {probe.address}:{probe.port}\r\nConnection: close\r\n"
            "User-Agent: ELB-HealthChecker/2.0\r\nAccept-Encoding: gzip, compressed\r\n\r\n".encode()
        )
        line = await reader.readline()
        version, status = line.split(maxsplit=2)[:2]
        if not version.startswith(b"HTTP/1."):
            raise ValueError("not HTTP")
        return CheckResult("answered", int(status))
    finally:
        writer.transport.abort()


def _untrusting() -> ssl.SSLContext:
    """Return a client's context as an ALB's towards its targets: it does not look at their certificates."""
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    made.check_hostname = False
    made.verify_mode = ssl.CERT_NONE
    return made
