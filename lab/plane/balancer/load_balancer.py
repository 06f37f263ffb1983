# SPDX-License-Identifier: GPL-3.0-or-later
"""Application Load Balancers: a HAProxy for each node, health checks of their own, and what both have found."""

from __future__ import annotations

import hashlib
import os
import signal
from collections.abc import Collection, Iterable, Iterator
from pathlib import Path

from lab.api.services.acm import acm
from lab.base import users
from lab.base.errors import LabError
from lab.base.paths import LabPaths
from lab.context import Context
from lab.plane.balancer.haproxy import HaProxy
from lab.plane.balancer.target_checks import TargetChecks
from lab.world.balancer.haproxy import Surroundings, render
from lab.world.balancer.load_balancer import Listener, LoadBalancer, Node
from lab.world.balancer.target_health import Health, Tally, heard, judge, serving, unused, view
from lab.world.names.names import plain
from lab.world.world import World

Seat = tuple[str, str]
"""See `Observed.nodes`."""


def _folder(place: LabPaths) -> Path:
    return place.folder / "balancers"


class LoadBalancers:
    """The nodes of all Application Load Balancers."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._checks = TargetChecks(context)
        self._processes: dict[str, HaProxy] = {}
        """By the node's interface."""

    def apply(self, world: World) -> None:
        """Check the targets, have every node serve by what was found, and only then tell it."""
        balancers = world.load_balancers
        self._checks.apply(balancers)
        health = {key: found for balancer in balancers for key, found in self._judged(balancer).items()}
        present = {node.interface_id for balancer in balancers for node in balancer.nodes}
        for gone in self._processes.keys() - present:
            self._processes.pop(gone).stop()
        failures = []
        active = set()
        for balancer in balancers:
            try:
                self._serve(balancer, health)
                active.add(balancer.arn)
            except (LabError, OSError) as error:
                failures.append(f"{balancer.name}: {error}")
        self._report(active, health, dict(self._nodes(balancers, health)))
        if failures:
            raise LabError(" ".join(failures))

    def _judged(self, balancer: LoadBalancer) -> Health:
        """Return what all nodes together say of each target."""
        found = {node.interface_id: self._found(balancer, [node]) for node in balancer.nodes}
        counting = heard(found.values())
        return self._found(balancer, [node for node in balancer.nodes if found[node.interface_id] in counting])

    def _found(self, balancer: LoadBalancer, nodes: Collection[Node]) -> Health:
        return {
            (group.arn, target.id): unused(balancer, target)
            or judge(group.check, self._tallies(group.arn, target.id, nodes))
            for group in balancer.target_groups
            for target in group.targets
        }

    def _tallies(self, group: str, target: str, nodes: Iterable[Node]) -> list[Tally]:
        found = (self._checks.tally(group, target, node.interface_id) for node in nodes)
        return [tally for tally in found if tally]

    def _view(self, balancer: LoadBalancer, node: Node, health: Health) -> Health:
        return view(self._found(balancer, [node]), health)

    def _serve(self, balancer: LoadBalancer, health: Health) -> None:
        for node in balancer.nodes:
            seen = self._view(balancer, node, health)
            targets = {group.arn: serving(group, seen, balancer.away_from) for group in balancer.target_groups}
            process = self._process(node)
            certificates = {
                listener.arn: str(self._certificates(listener, process.folder))
                for listener in balancer.listeners
                if listener.protocol == "HTTPS"
            }
            surroundings = Surroundings(
                str(process.socket), certificates, users.BALANCER, str(process.root), self._context.clock.speed
            )
            process.serve(render(balancer, node, targets, surroundings))

    def _process(self, node: Node) -> HaProxy:
        if node.interface_id not in self._processes:
            folder = _folder(self._context.place) / node.interface_id
            namespace = self._context.place.namespace(node.interface_id)
            self._processes[node.interface_id] = HaProxy(namespace, folder)
        return self._processes[node.interface_id]

    def _certificates(self, listener: Listener, folder: Path) -> Path:
        """Return the list of a listener's certificates; renewed ones make a list of another name."""
        folder.mkdir(parents=True, exist_ok=True)
        files = []
        for arn in listener.certificates:
            pair = acm.certificate(arn)
            if pair is None:
                raise LabError(f"The certificate {arn} of the listener {listener.arn} has no key; is it issued?")
            files.append(_kept(folder, "pem", pair.certificate + pair.chain + pair.key))
        return _kept(folder, "list", "".join(f"{file}\n" for file in files))

    def _nodes(self, balancers: Iterable[LoadBalancer], health: Health) -> Iterator[tuple[Seat, frozenset[Seat]]]:
        """Yield what each node finds healthy."""
        for balancer in balancers:
            for node in balancer.nodes:
                seen = self._view(balancer, node, health)
                healthy = frozenset(key for key, found in seen.items() if found.state == "healthy")
                yield (plain(balancer.dns_name), node.zone), healthy

    def _report(self, active: set[str], health: Health, nodes: dict[Seat, frozenset[Seat]]) -> None:
        """Tell which balancers listen with all their nodes, and the targets' health: packets follow it already."""
        observed = self._context.observed
        if (observed.balancers, observed.targets, observed.nodes) != (active, health, nodes):
            observed.balancers, observed.targets, observed.nodes = active, health, nodes
            self._context.mark_dirty()

    def close(self) -> None:
        """End the checks and every process."""
        self._checks.close()
        for process in self._processes.values():
            process.stop()
        self._processes.clear()


def _kept(folder: Path, kind: str, content: str) -> Path:
    """Return the file with this content, which is named by it."""
    file = folder / f"{hashlib.sha256(content.encode()).hexdigest()[:16]}.{kind}"
    if not file.exists():
        descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w") as opened:
            opened.write(content)
    return file


def sweep(place: LabPaths) -> None:
    """End the nodes that a killed lab has left; their command lines name this lab's folder."""
    mine = os.fsencode(f"{_folder(place)}/")
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            words = (entry / "cmdline").read_bytes().split(b"\0")
            if b"haproxy" in words[0] and any(word.startswith(mine) for word in words):
                os.kill(int(entry.name), signal.SIGKILL)
        except (FileNotFoundError, ProcessLookupError):
            continue
