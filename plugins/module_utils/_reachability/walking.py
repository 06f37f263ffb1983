# Copyright: hasite.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection: this file may change at any time.
"""A packet's way from its sender to an address. Pure.

The order of what is looked at is AWS's: the sender's groups, its subnet's ACL, the route; then the receiver's subnet's
ACL and the receiver's groups.
"""

from __future__ import annotations

import typing as t
from ipaddress import IPv4Address, IPv4Network

from . import routes, services
from .answering import Leg, answer
from .filters import Flow, Peer, Ports
from .model import Interface, Model, NatGateway, Route, Subnet
from .trail import Hop, Trace

ANY_PORT: Ports = (1024, 65535)
"""Where NAT gateways, load balancers and strangers send from:
https://docs.aws.amazon.com/vpc/latest/userguide/nacl-ephemeral-ports.html"""

_PRIVATE = ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "169.254.0.0/16", "127.0.0.0/8")
_NOT_ON_THE_INTERNET = tuple(map(IPv4Network, _PRIVATE))


def is_private(address: IPv4Address) -> bool:
    """Tell whether the internet has no way to an address."""
    return any(address in block for block in _NOT_ON_THE_INTERNET)


class Tracer:
    """Follows one kind of packets from one sender to one address."""

    def __init__(self, model: Model, flow: Flow, client_ports: Ports) -> None:
        self.trail = Trace(model)
        self.receiver: Interface | None = None
        self._model = model
        self._flow = flow
        self._client_ports = client_ports
        self._legs: list[Leg] = []
        self._nat_gateways: list[str] = []

    def go(self, sender: Interface | IPv4Address, to: IPv4Address) -> None:
        """Walk there and back; raises `Stopped` where the packet stays."""
        if isinstance(sender, IPv4Address):
            self._from_internet(sender, to)
        else:
            self.trail.require_attached(sender)
            if any(address.private == to for address in sender.addresses):
                self.receiver = sender
                return
            if services.answers(self.trail, self._flow, sender, to):
                return
            self.trail.security_groups(sender, "egress", self._flow, self._peer(sender.vpc_id, to))
            self._forward(sender, to)
        for leg in reversed(self._legs):
            answer(self.trail, self._flow.protocol, leg)

    def _peer(self, vpc_id: str, address: IPv4Address) -> Peer:
        """Return the other side as an interface's groups see it: by private addresses, of a peered VPC too."""
        near = [vpc_id, *(other for other in self._model.vpcs if self._model.peering_between(vpc_id, other))]
        found = (self._model.interface_at(vpc, address) for vpc in near)
        return Peer(address, next((interface for interface in found if interface), None))

    def _forward(self, sender: Interface, to: IPv4Address) -> None:
        """Send a packet from an interface; its groups have been asked."""
        subnet = self.trail.subnet(sender)
        if to in subnet.cidr:
            self._deliver(sender, to, subnet.vpc_id, routes.LOCAL)
            return
        route = self.trail.route(subnet, to, "request")
        kind = route.target.partition("-")[0] if route and not route.blackhole else ""
        neighbour = self._next(route) if route else None
        if not (neighbour and neighbour.subnet_id == subnet.id):
            self.trail.network_acl(subnet, "egress", self._flow, Peer(to), "request")
        if route is None or not kind:
            lack = f"its route to {route.target} is a blackhole" if route else f"it has no route to {to}"
            self._strand(sender, subnet, lack)
        sentence = f"Route table {subnet.route_table_id}: {routes.told(route)} leads to {route.target}."
        self.trail.look(self.trail.route_hop(subnet, sentence, True, "request"))
        ways: dict[str, t.Callable[[Interface, IPv4Address, Route], None]] = {
            routes.LOCAL: lambda sender, to, _: self._deliver(sender, to, sender.vpc_id, routes.LOCAL),
            "igw": self._by_internet_gateway,
            "nat": self._by_nat_gateway,
            "vpce": self._by_endpoint,
            "pcx": self._by_peering,
            "eni": self._by_appliance,
            "i": self._by_appliance,
        }
        ways.get(kind, self._out_of_sight)(sender, to, route)

    def _next(self, route: Route) -> Interface | None:
        """Return the interface to which a route hands packets, if it is one's."""
        gateway = self._model.nat_gateways.get(route.target)
        if gateway:
            return self._model.interfaces.get(gateway.interface_id)
        if route.target in self._model.interfaces:
            return self._model.interfaces[route.target]
        own = (
            interface
            for interface in self._model.interfaces.values()
            if interface.instance_id and interface.instance_id == route.target
        )
        return min(own, key=lambda interface: interface.device_index, default=None)

    def _strand(self, sender: Interface, subnet: Subnet, lack: str) -> t.NoReturn:
        nat_gateway = self._model.nat_gateway_at(sender.id)
        if nat_gateway:
            sentence = f"NAT gateway {nat_gateway.id} is in subnet {subnet.id}, which is not public: {lack}."
            self.trail.lost(_nat_gateway_hop(nat_gateway, subnet, sentence))
        sentence = f"Route table {subnet.route_table_id} of subnet {subnet.id}: {lack}."
        self.trail.lost(self.trail.route_hop(subnet, sentence, False, "request"))

    def _out_of_sight(self, _sender: Interface, to: IPv4Address, route: Route) -> None:
        sentence = f"How {to} is reached behind {route.target} is not part of what was read."
        self.trail.lost(Hop("route", route.target, sentence, passed=None))

    # ---- inside of VPCs

    def _deliver(self, sender: Interface, to: IPv4Address, vpc_id: str, back_by: str) -> None:
        receiver = self._model.interface_at(vpc_id, to)
        if receiver is None:
            self._nobody(to)
        self._arrive(self._leg(sender, receiver, sender.private, to, back_by), receiver)

    def _nobody(self, to: IPv4Address) -> t.NoReturn:
        if "interfaces" in self._model.unreadable:
            self.trail.lost(Hop("address", str(to), self.trail.unreadable("interfaces", f"Who has {to}"), passed=None))
        self.trail.lost(Hop("address", str(to), f"No network interface has the address {to}.", passed=False))

    def _leg(
        self, leaving: Interface | None, entering: Interface | None, origin: IPv4Address, to: IPv4Address, back_by: str
    ) -> Leg:
        self._legs.append(Leg(leaving, entering, origin, to, back_by, self._client_ports))
        return self._legs[-1]

    def _enter(self, leg: Leg, receiver: Interface) -> None:
        if not leg.within_subnet:
            subnet = self.trail.subnet(receiver)
            self.trail.network_acl(subnet, "ingress", self._flow, Peer(leg.origin), "request")
        self.trail.require_attached(receiver)

    def _arrive(self, leg: Leg, receiver: Interface) -> None:
        """Admit a packet to the interface that it is for."""
        self._enter(leg, receiver)
        nat_gateway = self._model.nat_gateway_at(receiver.id)
        if nat_gateway:
            sentence = f"NAT gateway {nat_gateway.id} lets connections out only: it answers nobody who begins one."
            self.trail.lost(_nat_gateway_hop(nat_gateway, self.trail.subnet(receiver), sentence))
        if not receiver.groups and "nat_gateways" in self._model.unreadable:
            sentence = self.trail.unreadable("nat_gateways", f"Whether {receiver.id} is a NAT gateway's")
            self.trail.look(Hop("nat_gateway", receiver.id, sentence, passed=None).at(receiver))
        self.trail.security_groups(receiver, "ingress", self._flow, self._peer(receiver.vpc_id, leg.origin))
        self.receiver = receiver

    def _by_peering(self, sender: Interface, to: IPv4Address, route: Route) -> None:
        peering = self._model.peerings.get(route.target)
        other = next((vpc for vpc in peering.vpcs if vpc != sender.vpc_id), "") if peering else ""
        if peering is None or other not in self._model.vpcs:
            self._out_of_sight(sender, to, route)
            return
        active = peering.state == "active"
        sentence = f"Peering connection {peering.id} to VPC {other} is {peering.state}."
        self.trail.look(Hop("peering_connection", peering.id, sentence, active, peering.name))
        self._deliver(sender, to, other, "pcx")

    def _by_appliance(self, sender: Interface, to: IPv4Address, route: Route) -> None:
        appliance = self._next(route)
        if appliance is None:
            self._out_of_sight(sender, to, route)
            return
        self._enter(self._leg(sender, appliance, sender.private, to, ""), appliance)
        if appliance.checked:
            sentence = f"{route.target} drops what is not for itself: its source/destination check is on."
            self.trail.look(Hop("interface", appliance.id, sentence, passed=False, name=appliance.name))
        self.trail.security_groups(appliance, "ingress", self._flow, self._peer(appliance.vpc_id, sender.private))
        self._out_of_sight(sender, to, route)

    # ---- out of VPCs, and into them

    def _by_endpoint(self, sender: Interface, to: IPv4Address, route: Route) -> None:
        endpoint = self._model.endpoints.get(route.target)
        if endpoint is None or endpoint.kind != "Gateway":
            self._out_of_sight(sender, to, route)
            return
        there = endpoint.state == "available"
        sentence = f"VPC endpoint {endpoint.id} to {endpoint.service} is {endpoint.state}."
        self.trail.look(Hop("endpoint", endpoint.id, sentence, there, endpoint.name))
        self._leg(sender, None, sender.private, to, "")

    def _by_nat_gateway(self, sender: Interface, to: IPv4Address, route: Route) -> None:
        gateway, inside = self._model.nat_gateways.get(route.target), self._next(route)
        if gateway and gateway.state != "available":
            sentence = f"NAT gateway {gateway.id} is {gateway.state}."
            self.trail.look(Hop("nat_gateway", gateway.id, sentence, passed=False, name=gateway.name))
        if gateway is None or inside is None:
            self._out_of_sight(sender, to, route)
            return
        subnet = self.trail.subnet(inside)
        if gateway.id in self._nat_gateways:
            self._strand(inside, subnet, f"its route to {to} leads to {gateway.id} again")
        self._enter(self._leg(sender, inside, sender.private, to, routes.LOCAL), inside)
        sentence = f"NAT gateway {gateway.id} sends it on with an address of its own."
        self.trail.look(_nat_gateway_hop(gateway, subnet, sentence, passed=True))
        self._nat_gateways.append(gateway.id)
        self._client_ports = ANY_PORT
        self._forward(inside, to)

    def _by_internet_gateway(self, sender: Interface, to: IPv4Address, route: Route) -> None:
        self._attached(sender.vpc_id, route.target)
        public = sender.addresses[0].public
        if public is None:
            subnet, nat_gateway = self.trail.subnet(sender), self._model.nat_gateway_at(sender.id)
            if nat_gateway:
                private = f"NAT gateway {nat_gateway.id} is a private one."
                self.trail.look(_nat_gateway_hop(nat_gateway, subnet, private, passed=False))
            sentence = (
                f"{sender.instance_id or sender.id} has no public address, but subnet {subnet.id} sends its packets to "
                f"internet gateway {route.target}, which drops them."
            )
            hop = Hop("address", sender.id, sentence, False, sender.name, "request", "egress")
            self.trail.look(hop.at(sender))
        if is_private(to):
            sentence = f"{to} is a private address, to which the internet has no way."
            self.trail.look(Hop("internet_gateway", route.target, sentence, passed=False))
        self._leg(sender, None, sender.private, to, "")
        if self._model.interface_behind(to):
            self._from_internet(t.cast("IPv4Address", public), to)

    def _attached(self, vpc_id: str, gateway_id: str = "") -> None:
        vpc = self._model.vpcs.get(vpc_id)
        there = bool(vpc and vpc.internet_gateway and gateway_id in ("", vpc.internet_gateway))
        unread = next((reading for reading in ("internet_gateways", "vpcs") if reading in self._model.unreadable), "")
        told = gateway_id or (vpc.internet_gateway if vpc else "")
        sentence = f"Internet gateway {told} is attached to VPC {vpc_id}."
        if unread and not there:
            sentence = self.trail.unreadable(unread, f"Whether VPC {vpc_id} has an internet gateway")
        elif not there:
            sentence = f"VPC {vpc_id} has no internet gateway{f' {told}' if told else ''}."
        self.trail.look(Hop("internet_gateway", told, sentence, None if unread and not there else there))

    def _from_internet(self, origin: IPv4Address, to: IPv4Address) -> None:
        found = self._model.interface_behind(to)
        if found is None:
            private = is_private(to)
            told = "a private address, to which the internet has no way" if private else "no address that was read"
            sentence, passed = f"{to} is {told}.", False if private else None
            self.trail.lost(Hop("address", str(to), sentence, passed))
        receiver, address = found
        self._attached(receiver.vpc_id)
        vpc = self._model.vpcs.get(receiver.vpc_id)
        edge = self._model.route_tables.get(vpc.edge_table_id if vpc else "")
        route = routes.lookup(edge, address.private) if edge else None
        if route and route.target != routes.LOCAL:
            self._out_of_sight(receiver, address.private, route)
        self._arrive(self._leg(None, receiver, origin, address.private, "igw"), receiver)


def _nat_gateway_hop(gateway: NatGateway, subnet: Subnet, sentence: str, *, passed: bool = False) -> Hop:
    return Hop("nat_gateway", gateway.id, sentence, passed, gateway.name).at(subnet)
