# Copyright: hasite.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection: this file may change at any time.
"""What a packet passes on its way: one hop for each thing that was looked at. Pure."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass, replace
from ipaddress import IPv4Address

from . import filters, routes
from .filters import Direction, Flow, Peer, Ports
from .model import Interface, Model, Route, Subnet

Way = t.Literal["request", "answer"]


@dataclass(frozen=True)
class Hop:
    """One thing on the way. `passed` is None where what it does can't be told.

    `lost_ports` are those that it does not let pass where it lets others pass.
    """

    kind: str
    id: str
    explanation: str
    passed: bool | None = True
    name: str = ""
    way: Way = "request"
    direction: Direction | t.Literal[""] = ""
    subnet_id: str = ""
    zone: str = ""
    lost_ports: tuple[Ports, ...] = ()

    def at(self, place: Interface | Subnet) -> Hop:
        """Return the hop with the place where it is."""
        subnet_id = place.subnet_id if isinstance(place, Interface) else place.id
        return replace(self, subnet_id=subnet_id, zone=place.zone)


class Stopped(Exception):  # noqa: N818  # not an error: a finding
    """The packet gets no further than the last hop, or nobody can tell."""


class Trace:
    """The hops so far. `look` ends the walk at the first one that does not let the packet pass."""

    def __init__(self, model: Model) -> None:
        self.model = model
        self.hops: list[Hop] = []

    def look(self, hop: Hop) -> None:
        """Add a hop; one that can't be told lets the walk go on, as a later hop may stop the packet for certain."""
        self.hops.append(hop)
        if hop.passed is False:
            raise Stopped

    def lost(self, hop: Hop) -> t.NoReturn:
        """Add a hop after which nothing more is known of the packet."""
        self.hops.append(hop)
        raise Stopped

    def require_attached(self, interface: Interface) -> None:
        """Look whether somebody is at an interface."""
        if not interface.attached:
            sentence = f"Network interface {interface.id} is attached to nothing."
            self.look(Hop("interface", interface.id, sentence, passed=False, name=interface.name).at(interface))
        if interface.instance_id:
            self.look(self._instance(interface.instance_id).at(interface))

    def _instance(self, instance_id: str) -> Hop:
        instance = self.model.instances.get(instance_id)
        if instance is None:
            sentence = self.unreadable("instances", f"Whether instance {instance_id} runs")
            return Hop("instance", instance_id, sentence, passed=None)
        sentence = f"Instance {instance.id} is {instance.state}."
        return Hop("instance", instance.id, sentence, instance.state == "running", instance.name)

    def unreadable(self, kind: str, what: str) -> str:
        """Return why something can't be told."""
        return f"{what} can't be told: {self.model.unreadable.get(kind, 'AWS did not describe it')}."

    def security_groups(self, interface: Interface, direction: Direction, flow: Flow, peer: Peer) -> None:
        """Ask an interface's groups; they have state, so for requests only."""
        if not interface.groups:
            return
        groups = [
            self.model.security_groups[group] for group in interface.groups if group in self.model.security_groups
        ]
        ruling = filters.security_groups(self.model, groups, direction, flow, peer)
        names = ", ".join(f"{group.id} ({group.name})" if group.name else group.id for group in groups)
        words = ("from", "into") if direction == "ingress" else ("to", "out of")
        plural = "Security groups" if len(groups) > 1 else "Security group"
        where = f"{flow} {words[0]} {peer.address} {words[1]} {_who(interface)}"
        passed: bool | None = ruling.passed
        if ruling.passed:
            sentence = f"{plural} {names}: {ruling.reason}."
        elif len(groups) < len(interface.groups):
            passed, sentence = None, self.unreadable("security_groups", f"Whether a security group lets {where}")
        elif self._lacks_prefixes(rule.prefix_list for group in groups for rule in (*group.ingress, *group.egress)):
            passed, sentence = None, self.unreadable("prefix_lists", f"Whether {names} lets {where}")
        else:
            sentence = f"{plural} {names} of {_who(interface)}: {ruling.reason} {words[0]} {peer.address}."
        name = groups[0].name if groups else ""
        hop = Hop("security_group", interface.groups[0], sentence, passed, name, "request", direction)
        self.look(replace(hop, lost_ports=ruling.lost).at(interface))

    def _lacks_prefixes(self, ids: t.Iterable[str]) -> bool:
        return any(id_ and id_ not in self.model.prefix_lists for id_ in ids)

    def network_acl(self, subnet: Subnet, direction: Direction, flow: Flow, peer: Peer, way: Way) -> None:
        """Ask a subnet's network ACL, which has no state: answers are asked like requests."""
        acl = self.model.network_acls.get(subnet.acl_id)
        if acl is None:
            sentence = self.unreadable("network_acls", f"What subnet {subnet.id} lets pass")
            hop = Hop("network_acl", subnet.acl_id, sentence, passed=None)
        else:
            entries = acl.ingress if direction == "ingress" else acl.egress
            ruling = filters.network_acl(entries, flow, peer.address)
            words = f"{'from' if direction == 'ingress' else 'to'} {peer.address}"
            what = f"{'answers' if way == 'answer' else flow} {words}, {direction}"
            where = f"Network ACL {acl.id} of subnet {subnet.id}"
            limits = " lets only a part pass" if ruling.lost else ""
            sentence = f"{where}{limits}: {ruling.reason} ({what})."
            hop = Hop("network_acl", acl.id, sentence, ruling.passed, acl.name, lost_ports=ruling.lost)
        self.look(replace(hop, way=way, direction=direction).at(subnet))

    # ---- subnets and their routes

    def subnet(self, interface: Interface) -> Subnet:
        """Return an interface's subnet."""
        found = self.model.subnets.get(interface.subnet_id)
        if found is None:
            sentence = self.unreadable("subnets", f"What subnet {interface.subnet_id} is")
            self.lost(Hop("interface", interface.id, sentence, passed=None, subnet_id=interface.subnet_id))
        return found

    def route(self, subnet: Subnet, to: IPv4Address, way: Way) -> Route | None:
        """Return the route that a packet takes out of a subnet."""
        table = self.model.route_tables.get(subnet.route_table_id)
        found = routes.lookup(table, to) if table else None
        unread = table is None or any(route.prefix_list and not route.cidrs for route in table.routes)
        if unread and not (found and found.target == routes.LOCAL):
            kind = "prefix_lists" if table else "route_tables"
            sentence = self.unreadable(kind, f"Where subnet {subnet.id} sends packets to {to}")
            self.lost(self.route_hop(subnet, sentence, None, way))
        return found

    def route_hop(self, subnet: Subnet, sentence: str, passed: bool | None, way: Way) -> Hop:
        """Return a subnet's route table as a hop."""
        table = self.model.route_tables.get(subnet.route_table_id)
        name = table.name if table else ""
        return Hop("route", subnet.route_table_id, sentence, passed, name, way, "egress", subnet.id, subnet.zone)


def _who(interface: Interface) -> str:
    return interface.instance_id or interface.description or interface.id
