# SPDX-License-Identifier: GPL-3.0-or-later
"""The router of one VPC: a namespace with a link to each of the VPC's interfaces and two to the internet.

There is no bridge inside a VPC: each interface has a link of its own to the router, so that every packet
between any two of them crosses the router's packet filter, as on AWS it crosses both security groups.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from ipaddress import IPv4Network

from lab.base import namespaces
from lab.base.paths import LabPaths
from lab.plane.network.kernel import be_router, be_service
from lab.world.network import packet_rules, routing
from lab.world.network.network import Interface, Network, Vpc
from lab.world.network.packet_rules import ENDPOINT_DEVICE, INTERNET_DEVICE, device
from lab.world.network.routing import Plan

_NOTHING = Plan((), (), ())


def _missing(old: Iterable[str], new: Iterable[str]) -> list[str]:
    kept = set(old)
    return [line for line in new if line not in kept]


@dataclass
class Router:
    """Follows one VPC; remembers what it has made, and touches only what has changed."""

    place: LabPaths
    vpc_id: str
    number: int
    _connected: bool = False
    _plan: Plan = _NOTHING
    _links: dict[str, bool] = field(default_factory=dict)
    """Interface to whether its link is up."""
    _public: tuple[str, ...] = ()
    _ruleset: str = ""

    @property
    def _namespace(self) -> str:
        return self.place.namespace(self.vpc_id)

    @property
    def _internet(self) -> str:
        return self.place.namespace("internet")

    def _peer(self, letter: str) -> str:
        return f"{letter}{self.vpc_id.removeprefix('vpc-')[:14]}"

    def follow(self, network: Network, vpc: Vpc) -> None:
        """Make the VPC so; when that fails, begin anew the next time."""
        try:
            self._follow(network, vpc)
        except Exception:
            self._reset(member.id for member in network.members(self.vpc_id))
            raise

    def _follow(self, network: Network, vpc: Vpc) -> None:
        if not self._connected:
            self._connect()
        members = {member.id: member for member in network.members(vpc.id)}
        plan = routing.router(network, vpc)
        self._withdraw(plan, self._links.keys() - members.keys())
        # The rules come before the links: no packet is ever unfiltered.
        ruleset = packet_rules.router(network, vpc, routing.transit(self.number))
        if ruleset != self._ruleset:
            namespaces.nft(ruleset, self._namespace)
            self._ruleset = ruleset
        self._establish(plan, members, network)
        self._publish(network, vpc)

    def _connect(self) -> None:
        """Make the namespace and its two links to the internet."""
        namespaces.add(self._namespace)
        be_router(self._namespace)
        internet, endpoint = self._peer("v"), self._peer("s")
        lines = (
            (f"link add {peer} type veth peer name {name} netns {self._namespace}", f"link set {peer} up")
            for peer, name in ((internet, INTERNET_DEVICE), (endpoint, ENDPOINT_DEVICE))
        )
        namespaces.ip_batch([line for pair in lines for line in pair], self._internet)
        namespaces.ip_batch([f"link set {name} up" for name in (INTERNET_DEVICE, ENDPOINT_DEVICE)], self._namespace)
        back = f"{routing.transit(self.number)}/32 via {routing.ROUTER_SIDE} dev {endpoint} onlink"
        namespaces.ip_batch([f"route replace {back}"], self._internet)
        self._connected = True

    def _withdraw(self, plan: Plan, gone: Iterable[str]) -> None:
        """Take away what is no more; the kernel may have been quicker, as the routes of a link go with it."""
        lines = [
            *(f"rule del {line}" for line in _missing(plan.rules, self._plan.rules)),
            *(f"route del {line}" for line in _missing(plan.routes, self._plan.routes)),
            *(f"address del {line}" for line in _missing(plan.addresses, self._plan.addresses)),
            *(f"link del {device(id_)}" for id_ in gone),
        ]
        namespaces.ip_batch(lines, self._namespace, force=True)
        for id_ in list(gone):
            del self._links[id_]

    def _establish(self, plan: Plan, members: dict[str, Interface], network: Network) -> None:
        new = [member for member in members.values() if member.id not in self._links]
        switched = [member for member in members.values() if self._links.get(member.id, member.up) != member.up]
        for interface in new:
            if interface.id in network.nat_interfaces:
                be_router(self.place.namespace(interface.id))
                namespaces.nft(packet_rules.nat_gateway(), self.place.namespace(interface.id))
            elif not interface.owner.startswith("i-"):
                be_service(self.place.namespace(interface.id))
        namespaces.ip_batch(
            [
                *(self._link(interface) for interface in new),
                *(
                    f"link set {device(interface.id)} {'up' if interface.up else 'down'}"
                    for interface in [*new, *switched]
                ),
                *(f"address add {line}" for line in _missing(self._plan.addresses, plan.addresses)),
                *(f"route replace {line}" for line in _missing(self._plan.routes, plan.routes)),
                *(f"rule add {line}" for line in _missing(self._plan.rules, plan.rules)),
            ],
            self._namespace,
        )
        for interface in new:
            subnet = network.subnets[interface.subnet_id]
            namespaces.ip_batch(
                [
                    "link set lo up",
                    # No neighbour is on the link: everything goes by the router.
                    f"address add {interface.address}/{IPv4Network(subnet.cidr).prefixlen} dev eth0 noprefixroute",
                    "link set eth0 up",
                    f"route add {subnet.gateway}/32 dev eth0 scope link",
                    f"route add default via {subnet.gateway} dev eth0",
                ],
                self.place.namespace(interface.id),
            )
        self._links = {member.id: member.up for member in members.values()}
        self._plan = plan

    def _link(self, interface: Interface) -> str:
        namespace = self.place.namespace(interface.id)
        return f"link add {device(interface.id)} type veth peer name eth0 address {interface.mac} netns {namespace}"

    def _publish(self, network: Network, vpc: Vpc) -> None:
        public = routing.public(network, vpc, self._peer("v"))
        gone, new = _missing(public, self._public), _missing(self._public, public)
        namespaces.ip_batch([f"route del {line}" for line in gone], self._internet, force=True)
        namespaces.ip_batch([f"route replace {line}" for line in new], self._internet)
        self._public = public

    def _reset(self, interface_ids: Iterable[str]) -> None:
        """Empty the namespace but keep it: others have sockets in it."""
        devices = {device(id_) for id_ in (*self._links, *interface_ids)} | {
            INTERNET_DEVICE,
            ENDPOINT_DEVICE,
        }
        if self._namespace in namespaces.every(self._namespace):
            namespaces.ip_batch(
                [
                    *(f"link del {name}" for name in sorted(devices)),
                    "rule flush",
                    "rule add pref 32766 lookup main",
                    "route flush table all type unicast",
                    "route flush table all type blackhole",
                    "address flush dev lo scope global",
                ],
                self._namespace,
                force=True,
            )
        self._connected, self._plan, self._links, self._public, self._ruleset = False, _NOTHING, {}, (), ""

    def remove(self) -> None:
        """Remove the router; its links go at once, also while somebody still has a socket in its namespace."""
        namespaces.ip_batch([f"link del {self._peer(letter)}" for letter in "vs"], self._internet, force=True)
        namespaces.ip_batch([f"link del {device(link)}" for link in self._links], self._namespace, force=True)
        namespaces.remove(self._namespace)
