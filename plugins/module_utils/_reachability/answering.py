# Copyright: hasite.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection: this file may change at any time.
"""The answer's way back. Pure.

It takes the request's legs backwards: security groups and gateways remember the request, network ACLs and route tables
do not (https://docs.aws.amazon.com/vpc/latest/userguide/nacl-basics.html).
"""

from __future__ import annotations

import typing as t
from ipaddress import IPv4Address

from .filters import ECHO_REPLY, ICMP, Flow, Peer, Ports
from .model import Interface
from .trail import Trace


class Leg(t.NamedTuple):
    """A part of the way, on which the addresses stay the same; None is what is outside of the VPCs."""

    leaving: Interface | None
    entering: Interface | None
    origin: IPv4Address
    destination: IPv4Address
    back_by: str
    """What the answer's route has to lead to: `local`, or the kind of an id such as `igw`."""
    client_ports: Ports

    @property
    def within_subnet(self) -> bool:
        """Whether no border of a subnet is crossed: then neither ACLs nor routes count."""
        return bool(self.leaving and self.entering and self.leaving.subnet_id == self.entering.subnet_id)


def answer(trail: Trace, protocol: int, leg: Leg) -> None:
    """Send the answer back over one leg."""
    if leg.within_subnet:
        return
    flow = Flow(protocol, ECHO_REPLY if protocol == ICMP else leg.client_ports)
    if leg.entering:
        subnet = trail.subnet(leg.entering)
        trail.network_acl(subnet, "egress", flow, Peer(leg.origin), "answer")
        _route(trail, leg, leg.entering)
    if leg.leaving:
        trail.network_acl(trail.subnet(leg.leaving), "ingress", flow, Peer(leg.destination), "answer")


def _route(trail: Trace, leg: Leg, sender: Interface) -> None:
    subnet = trail.subnet(sender)
    route = trail.route(subnet, leg.origin, "answer")
    where = f"Route table {subnet.route_table_id} of subnet {subnet.id}"
    if route is None:
        sentence, passed = f"{where} has no route back to {leg.origin}.", False
    elif route.blackhole:
        sentence, passed = f"{where}: the route back to {leg.origin} ({route.target}) is a blackhole.", False
    elif route.target.partition("-")[0] != leg.back_by:
        came = {"igw": "through the internet gateway"}.get(leg.back_by, "another way")
        sentence = f"{where} sends the answer to {leg.origin} by {route.target}, but the request came {came}."
        passed = False
    else:
        sentence, passed = f"{where} sends the answer to {leg.origin} by {route.target}.", True
    trail.look(trail.route_hop(subnet, sentence, passed, "answer"))
