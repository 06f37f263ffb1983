# SPDX-License-Identifier: GPL-3.0-or-later
"""The judgement from the API's description against real connections, in random networks."""

from __future__ import annotations

import os
import random
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from ipaddress import IPv4Address
from typing import Any

import pytest
from ansible_collections.hasite.aws.plugins.module_utils._network_reading import read
from ansible_collections.hasite.aws.plugins.module_utils._reachability.ends import client_ports
from ansible_collections.hasite.aws.plugins.module_utils._reachability.judging import PathVerdict, Question, judge_all
from ansible_collections.hasite.aws.plugins.module_utils._reachability.model import Model

from lab.base import addresses
from tests.integration import probes
from tests.integration.network_lab import NetworkLab, networks
from tests.integration.probes import Probe
from tests.integration.random_network import BALANCER, FILE_SYSTEM, TCP, UDP, RandomNetwork

pytestmark = [pytest.mark.lab, pytest.mark.skipif(os.geteuid() != 0, reason="network namespaces need root")]

SEED = int(os.environ.get("REACHABILITY_SEED", "1"))
WORLDS = int(os.environ.get("REACHABILITY_WORLDS", "10"))
QUESTIONS = 64
SERVED = {*TCP, *UDP}
RESOLVER = "169.254.169.253"


@pytest.fixture(scope="module")
def network_lab() -> Iterator[NetworkLab]:
    with networks("rch") as found:
        yield found


def ask(world: RandomNetwork, model: Model) -> Question:
    """Return a random question about a world."""
    dice, machines = world.dice, world.machines
    source = dice.choice((*(each["InstanceId"] for each in machines), *(addresses.CLIENT,) * 3, BALANCER))
    machine = dice.choice([each for each in machines if each["InstanceId"] != source])
    public = [
        str(interface.public) for interface in model.interfaces.values() if interface.public and interface.instance_id
    ]
    destinations = (
        *(machine["InstanceId"],) * 3, machine["PrivateIpAddress"], f"10.{world.number}.3.200",
        *public[:2], FILE_SYSTEM, BALANCER, *world.nat_gateways[:1],
        addresses.API, addresses.API, addresses.S3, f"com.amazonaws.{world.region}.s3",
        RESOLVER, str(addresses.METADATA),
    )  # fmt: skip
    # A stopped machine does not even reach itself, but its namespace is still there.
    destination = dice.choice([each for each in destinations if each != source])
    protocol = dice.choices(("tcp", "udp", "icmp"), (70, 15, 15))[0]
    if destination in (RESOLVER, str(addresses.METADATA)):
        return Question(source, destination, "tcp", 53 if destination == RESOLVER else 80)
    if destination.startswith("i-") and source == BALANCER:
        return Question(source, destination, "tcp", 80)
    port = None if protocol == "icmp" else dice.choice(TCP if protocol == "tcp" else UDP)
    return Question(source, destination, protocol, port)


def probes_for(world: RandomNetwork, model: Model, verdict: PathVerdict) -> list[Probe]:
    """Return the connections that show whether a verdict is true."""
    sender = model.interfaces.get(verdict.source_interface)
    first, last = client_ports(model, sender) if sender else (1024, 65535)
    if not verdict.partly:
        ports = [world.dice.choice((first, last, *(world.dice.randint(first, last) for _ in range(4))))]
        return [_probe(world, verdict, port, bool(verdict.reachable)) for port in ports if port not in SERVED]
    assert verdict.blocked_by
    edges = {port for low, high in verdict.blocked_by.lost_ports for port in (low - 1, low, high, high + 1)}
    found = []
    for port in sorted(edges - SERVED):
        expected = _from_port(model, verdict, port)
        if first <= port <= last and not expected.partly:
            found.append(_probe(world, verdict, port, bool(expected.reachable)))
    return found


def _from_port(model: Model, verdict: PathVerdict, port: int) -> PathVerdict:
    """Return the verdict on the same pair, if the connection begins from this port."""
    ends = (verdict.source_interface, verdict.destination_address)
    found = judge_all(model, replace(verdict.question, source_ports=(port, port)))
    return next(each for each in found if (each.source_interface, each.destination_address) == ends)


def _probe(world: RandomNetwork, verdict: PathVerdict, source_port: int, expected: bool) -> Probe:
    question = verdict.question
    namespace = world.lab.place.namespace(verdict.source_interface or "client")
    to = verdict.destination_address
    return Probe(namespace, question.protocol, to, question.port or 0, source_port, expected)


def can_be_tried(verdict: PathVerdict) -> bool:
    """Leave out what has no address, what claims nothing, and what would leave the lab by the host's own network."""
    if not verdict.destination_address or verdict.reachable is None:
        return False
    address = IPv4Address(verdict.destination_address)
    return bool(verdict.source_interface) or address in addresses.INTERNET or address in addresses.ELASTIC


def places(world: RandomNetwork) -> list[tuple[str, str]]:
    namespace = world.lab.place.namespace
    own = [nic["NetworkInterfaceId"] for machine in world.machines for nic in machine["NetworkInterfaces"]]
    return [(namespace(each), "0.0.0.0") for each in (*own, *(service.id for service in world.services))]


def disagreements(world: RandomNetwork, seen: Counter[str]) -> list[str]:
    """Judge and try random questions about one world; return the verdicts that were wrong."""
    model = read(world.ec2, [world.vpc])
    assert not model.unreadable
    asked = dict.fromkeys(ask(world, model) for _ in range(QUESTIONS))
    verdicts = [verdict for question in asked for verdict in judge_all(model, question)]
    tried = {verdict: probes_for(world, model, verdict) for verdict in verdicts if can_be_tried(verdict)}
    router = world.lab.place.namespace(world.vpc)
    with (
        probes.servers(places(world), TCP, UDP),
        probes.servers([(router, RESOLVER)], (53,), ()),
        probes.servers([(router, str(addresses.METADATA))], (80,), ()),
    ):
        probes.run([probe for each in tried.values() for probe in each])
    for verdict in (each for each, found in tried.items() if found):
        stopped = verdict.blocked_by
        seen[f"{stopped.kind} {stopped.way} {stopped.direction}" if stopped else "reached"] += 1
    return [
        f"{verdict.question} {verdict.source_interface} -> {verdict.destination_address}: {verdict.explanation} "
        f"{[hop.explanation for hop in verdict.hops]} but {[(each.source_port, each.answered) for each in found]}"
        for verdict, found in tried.items()
        if any(probe.answered is not probe.expected for probe in found)
    ]


def test_the_judgement_is_what_packets_do(network_lab: NetworkLab, capsys: Any) -> None:
    seen: Counter[str] = Counter()
    wrong: list[str] = []
    namespace = network_lab.place.namespace
    outside = [(namespace("internet"), addresses.API), (namespace("internet"), addresses.S3)]
    with probes.servers(outside, TCP, UDP):
        for number in range(WORLDS):
            world = RandomNetwork(network_lab, random.Random(f"{SEED}/{number}"), number + 1)
            wrong += [f"seed {SEED} world {number}: {disagreement}" for disagreement in disagreements(world, seen)]
    with capsys.disabled():
        print(f"\n{seen.total()} connections, {len(wrong)} disagreements, seed {SEED}: {dict(seen.most_common())}")
    assert not wrong, "\n".join(wrong)
    assert seen.total() >= 500
    assert seen["reached"] >= 100
