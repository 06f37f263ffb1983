# Copyright: hasite.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection: this file may change at any time.
"""The verdict on a question. Pure: a model and a question in, what stops the packets out."""

from __future__ import annotations

import contextlib
import re
import typing as t
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from ipaddress import IPv4Address

from . import ends
from .filters import ECHO_REQUEST, ICMP, TCP, UDP, Flow, Ports
from .model import Interface, Model
from .trail import Hop, Stopped
from .walking import Tracer

PROTOCOLS: dict[str, tuple[int, ...]] = {"tcp": (TCP,), "udp": (UDP,), "icmp": (ICMP,), "all": (TCP, UDP, ICMP)}


@dataclass(frozen=True)
class Question:
    """From where to where. Without a port, all ports are meant; `icmp` is an echo."""

    source: str
    destination: str
    protocol: str = "tcp"
    port: int | None = None
    source_ports: Ports | None = None
    """Where the answers go; None is what the source's kind uses."""


@dataclass(frozen=True)
class PathVerdict:
    """What was found. `reachable` is None where it can't be told.

    `partly`: only some connections get their answer, by the ports that they happen to use; that is not reachable.
    """

    question: Question
    reachable: bool | None
    explanation: str
    blocked_by: Hop | None = None
    partly: bool = False
    hops: tuple[Hop, ...] = ()
    source_interface: str = ""
    destination_interface: str = ""
    destination_address: str = ""

    def as_dict(self) -> dict[str, t.Any]:
        """Return the verdict as a module returns it: the question's words beside the answer."""
        found = asdict(self)
        question = found.pop("question")
        del question["source_ports"]
        return {**question, **found, "hops": list(found["hops"])}


def judge(model: Model, question: Question) -> PathVerdict:
    """Return the verdict: of several ways, such as from every node of a load balancer, the worst one's."""
    order = {False: 0, None: 1, True: 2}
    return min(judge_all(model, question), key=lambda verdict: order[verdict.reachable])


def judge_all(model: Model, question: Question) -> list[PathVerdict]:
    """Return a verdict for each pair of a sender and an address that the question means."""
    return list(_verdicts(model, question))


def _verdicts(model: Model, question: Question) -> Iterator[PathVerdict]:
    flows = list(_flows(question))
    try:
        senders = ends.senders(model, question.source, question.destination)
    except ends.Missing as missing:
        yield _concluded(question, (missing.hop,))
        return
    for sender in senders:
        source = "" if isinstance(sender, IPv4Address) else sender.id
        try:
            addresses = ends.targets(model, question.destination, sender, question.source)
        except ends.Missing as missing:
            yield replace(_concluded(question, (missing.hop,)), source_interface=source)
            continue
        for address in addresses:
            for flow in flows:
                yield replace(_walked(model, question, flow, sender, address), source_interface=source)


def _flows(question: Question) -> Iterator[Flow]:
    if question.protocol not in PROTOCOLS:
        raise ends.QuestionError(f"The protocol must be one of {', '.join(PROTOCOLS)}, not {question.protocol!r}.")
    if question.port is not None and not 0 < question.port < 65536:
        raise ends.QuestionError(f"A port is a number from 1 to 65535, not {question.port}.")
    ports = (question.port, question.port) if question.port else (1, 65535)
    for protocol in PROTOCOLS[question.protocol]:
        yield Flow(protocol, ECHO_REQUEST if protocol == ICMP else ports)


def _walked(
    model: Model, question: Question, flow: Flow, sender: Interface | IPv4Address, address: IPv4Address
) -> PathVerdict:
    walk = Tracer(model, flow, question.source_ports or ends.client_ports(model, sender))
    with contextlib.suppress(Stopped):
        walk.go(sender, address)
    hops = [_readable(question, hop) for hop in walk.trail.hops]
    if hops and hops[-1].kind == "route" and hops[-1].passed is False:
        hops[-1] = _without_endpoint(model, question.destination, sender, hops[-1])
    verdict = _concluded(question, tuple(hops))
    receiver = walk.receiver.id if walk.receiver else ""
    return replace(verdict, destination_interface=receiver, destination_address=str(address))


def _readable(question: Question, hop: Hop) -> Hop:
    """Return the hop without the address that stands for the internet, unless the question names it itself."""
    told = hop.explanation
    for sample in map(str, ends.SAMPLE_ADDRESSES):
        if sample not in (question.source, question.destination):
            told = re.sub(rf"\b{re.escape(sample)}\b(?!/)", "the internet", told)
    return replace(hop, explanation=told)


def _without_endpoint(model: Model, service: str, sender: t.Any, hop: Hop) -> Hop:
    if not ends.lacking_endpoint(model, service, sender):
        return hop
    sentence = f"VPC {sender.vpc_id} has no endpoint to {service}, and there is no other way: {hop.explanation}"
    return replace(hop, kind="endpoint", id=service, name="", direction="", explanation=sentence)


def _concluded(question: Question, hops: tuple[Hop, ...]) -> PathVerdict:
    blocked = next((hop for hop in hops if hop.passed is False), None)
    unknown = next((hop for hop in hops if hop.passed is None), None)
    if blocked:
        return PathVerdict(question, False, blocked.explanation, blocked, bool(blocked.lost_ports), hops)
    if unknown:
        return PathVerdict(question, None, unknown.explanation, hops=hops)
    port = f" {question.port}" if question.port else ""
    sentence = f"{question.protocol}{port} gets from {question.source} to {question.destination} and back."
    return PathVerdict(question, True, sentence, hops=hops)
