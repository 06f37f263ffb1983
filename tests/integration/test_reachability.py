# SPDX-License-Identifier: GPL-3.0-or-later
"""The judgement from the API's description against real connections, in random networks."""

from __future__ import annotations

import os
import random
from collections import Counter
from collections.abc import Iterator
from ipaddress import IPv4Address
from typing import Any

import pytest
from ansible_collections.hasite.aws.plugins.module_utils._reachability.ends import client_ports
from ansible_collections.hasite.aws.plugins.module_utils._reachability.judging import Question, Verdict, judge_all
from ansible_collections.hasite.aws.plugins.module_utils._reachability.model import Model
from ansible_collections.hasite.aws.plugins.module_utils._reachability.reading import read

from lab import addresses
from tests.integration import probes
from tests.integration.network_lab import NetworkLab, networks
from tests.integration.probes import Probe
from tests.integration.random_network import BALANCER, FILE_SYSTEM, TCP, UDP, RandomNetwork

pytestmark = [pytest.mark.lab, pytest.mark.skipif(os.geteuid() != 0, reason="network namespaces need root")]

SEED = int(os.environ.get("REACHABILITY_SEED", "1"))
WORLDS = int(os.environ.get("REACHABILITY_WORLDS", "14"))
QUESTIONS = 48
SAMPLES = 48
"""Connections that are tried where only some ports get their answer: at least a quarter of them in these worlds."""
RESOLVER = "169.254.169.253"


@pytest.fixture(scope="module")
def network_lab() -> Iterator[NetworkLab]:
    with networks("rch") as found:
        yield found


def ask(world: RandomNetwork) -> Question:
    """Return a random question about a world."""
    dice, machines = world.dice, world.machines
    source = dice.choice((*(each["InstanceId"] for each in machines), *(addresses.CLIENT,) * 3, BALANCER))
    machine = dice.choice(machines)
    public = [one.get("Association", {}).get("PublicIp") for each in machines for one in each["NetworkInterfaces"]]
    destinations = (
        *(machine["InstanceId"],) * 3, machine["PrivateIpAddress"], f"10.{world.number}.3.200",
        *[each for each in public if each][:2], FILE_SYSTEM, BALANCER, *world.translators[:1],
        addresses.API, addresses.API, addresses.S3, f"com.amazonaws.{world.region}.s3",
        RESOLVER, str(addresses.METADATA),
    )  # fmt: skip
    destination = dice.choice(destinations)
    protocol = dice.choices(("tcp", "udp", "icmp"), (70, 15, 15))[0]
    if destination in (RESOLVER, str(addresses.METADATA)):
        return Question(source, destination, "tcp", 53 if destination == RESOLVER else 80)
    if destination.startswith("i-") and source == BALANCER:
        return Question(source, destination, "tcp", 80)
    port = None if protocol == "icmp" else dice.choice(TCP if protocol == "tcp" else UDP)
    return Question(source, destination, protocol, port)


def probes_for(world: RandomNetwork, model: Model, verdict: Verdict) -> list[Probe]:
    """Return the connections that show whether a verdict is true."""
    dice, question = world.dice, verdict.question
    sender = model.interfaces.get(verdict.source_interface)
    first, last = client_ports(model, sender) if sender else (1024, 65535)
    free = [port for port in (first, last) if port not in (*TCP, *UDP)]
    count = SAMPLES if verdict.partly else 1
    return [
        Probe(
            world.lab.place.namespace(verdict.source_interface or "client"), question.protocol,
            verdict.destination_address, question.port or 0,
            dice.choice((*free, *(dice.randint(first + 5000, last),) * 8)), bool(verdict.reachable),
        )
        for _ in range(count)
    ]  # fmt: skip


def can_be_tried(verdict: Verdict) -> bool:
    """Leave out what has no address, what claims nothing, and what would leave the lab by the host's own network."""
    if not verdict.destination_address or verdict.reachable is None:
        return False
    address = IPv4Address(verdict.destination_address)
    return bool(verdict.source_interface) or address in addresses.INTERNET or address in addresses.ELASTIC


def agrees(verdict: Verdict, tried: list[Probe]) -> bool:
    answered = {probe.answered for probe in tried}
    return answered == ({True, False} if verdict.partly else {verdict.reachable})


def places(world: RandomNetwork) -> list[tuple[str, str]]:
    namespace = world.lab.place.namespace
    own = [nic["NetworkInterfaceId"] for each in world.machines for nic in each["NetworkInterfaces"]]
    return [(namespace(each), "0.0.0.0") for each in (*own, *(each.id for each in world.services))]


def disagreements(world: RandomNetwork, seen: Counter[str]) -> list[str]:
    """Judge and try random questions about one world; return the verdicts that were wrong."""
    model = read(world.ec2, [world.vpc])
    assert not model.unreadable
    asked = dict.fromkeys(ask(world) for _ in range(QUESTIONS))
    verdicts = [verdict for question in asked for verdict in judge_all(model, question)]
    tried = {verdict: probes_for(world, model, verdict) for verdict in verdicts if can_be_tried(verdict)}
    router = world.lab.place.namespace(world.vpc)
    with (
        probes.servers(places(world), TCP, UDP),
        probes.servers([(router, RESOLVER)], (53,), ()),
        probes.servers([(router, str(addresses.METADATA))], (80,), ()),
    ):
        probes.run([probe for each in tried.values() for probe in each])
    for verdict in tried:
        stopped = verdict.blocked_by
        seen[f"{stopped.kind} {stopped.way} {stopped.direction}" if stopped else "reached"] += 1
    return [
        f"{verdict.question} {verdict.source_interface} -> {verdict.destination_address}: {verdict.explanation} "
        f"partly={verdict.partly} hops={[hop.explanation for hop in verdict.hops]} "
        f"but {Counter(probe.answered for probe in found)}"
        for verdict, found in tried.items()
        if not agrees(verdict, found)
    ]


def test_the_judgement_is_what_packets_do(network_lab: NetworkLab, capsys: Any) -> None:
    seen: Counter[str] = Counter()
    wrong: list[str] = []
    namespace = network_lab.place.namespace
    outside = [(namespace("internet"), addresses.API), (namespace("internet"), addresses.S3)]
    with probes.servers(outside, TCP, UDP):
        for number in range(WORLDS):
            world = RandomNetwork(network_lab, random.Random(f"{SEED}/{number}"), number + 1)
            wrong += [f"seed {SEED} world {number}: {each}" for each in disagreements(world, seen)]
    with capsys.disabled():
        print(f"\n{seen.total()} connections, {len(wrong)} disagreements, seed {SEED}: {dict(seen.most_common())}")
    assert not wrong, "\n".join(wrong)
    assert seen.total() >= 500
    assert seen["reached"] >= 100
