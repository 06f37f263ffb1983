# Copyright: hasite.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection: this file may change at any time.
"""What security groups and network ACLs do with a packet. Pure.

A question about a range of ports may be decided differently for its parts, so ports are intervals throughout.
"""

from __future__ import annotations

import typing as t
from collections.abc import Iterable, Iterator
from ipaddress import IPv4Address

from .model import AclEntry, Group, GroupRule, Interface, Model

Ports = tuple[int, int]
Direction = t.Literal["ingress", "egress"]

ICMP, TCP, UDP = 1, 6, 17
NAMES = {ICMP: "icmp", TCP: "tcp", UDP: "udp"}
ECHO_REQUEST: Ports = (8, 8)
ECHO_REPLY: Ports = (0, 0)


class Flow(t.NamedTuple):
    """What packets are: their protocol and their destination ports, of ICMP their type twice (the code is 0)."""

    protocol: int
    ports: Ports

    def __str__(self) -> str:
        if self.protocol == ICMP:
            return "icmp " + {ECHO_REQUEST: "echo requests", ECHO_REPLY: "echo replies"}[self.ports]
        first, last = self.ports
        return f"{NAMES[self.protocol]} {first}" + (f"-{last}" if last != first else "")


class Peer(t.NamedTuple):
    """The other side: its address, and the interface if the address is the private one of an interface.

    Rules that name a group count for private addresses only
    (https://docs.aws.amazon.com/vpc/latest/userguide/security-group-rules.html#security-group-referencing).
    """

    address: IPv4Address
    interface: Interface | None = None


class Ruling(t.NamedTuple):
    """What a filter decides. `lost` are the ports that do not pass although others do."""

    passed: bool
    reason: str
    lost: tuple[Ports, ...] = ()


def security_groups(model: Model, groups: Iterable[Group], direction: Direction, flow: Flow, peer: Peer) -> Ruling:
    """Decide as an interface's groups do: what any rule of any of them admits may pass."""
    left, admitted_by = [flow.ports], ""
    for group in groups:
        for rule in group.ingress if direction == "ingress" else group.egress:
            part = _part(rule, flow) if _concerns(model, rule, peer) else None
            if part and any(_common(left, part)):
                admitted_by = admitted_by or f"{group.id} admits it by {_told(rule)}"
                left = _without(left, part)
    if not left:
        return Ruling(True, admitted_by)
    return Ruling(False, f"no {direction} rule admits {_with(flow, left)}", tuple(left) if admitted_by else ())


def _concerns(model: Model, rule: GroupRule, peer: Peer) -> bool:
    if rule.cidr:
        return peer.address in rule.cidr
    if rule.group:
        return bool(peer.interface and rule.group in peer.interface.groups)
    found = model.prefix_lists.get(rule.prefix_list)
    return bool(found and any(peer.address in cidr for cidr in found.cidrs))


def network_acl(entries: Iterable[AclEntry], flow: Flow, address: IPv4Address) -> Ruling:
    """Decide as a network ACL does: of each port, the entry with the lowest number that matches.

    https://docs.aws.amazon.com/vpc/latest/userguide/nacl-rules.html
    """
    left, denied, denied_by, admitted_by = [flow.ports], list[Ports](), "", ""
    for entry in entries:
        part = _part(entry, flow) if address in entry.cidr else None
        if part is None or not (hit := list(_common(left, part))):
            continue
        left = _without(left, part)
        if entry.allow:
            admitted_by = admitted_by or f"rule {entry.number} allows it"
        else:
            denied, denied_by = [*denied, *hit], denied_by or f"rule {entry.number} denies {_with(flow, hit)}"
    if not denied and not left:
        return Ruling(True, admitted_by)
    lost = tuple(sorted([*denied, *left])) if admitted_by else ()
    return Ruling(False, denied_by or f"no rule allows {_with(flow, left)}", lost)


def _part(rule: GroupRule | AclEntry, flow: Flow) -> Ports | None:
    """Return the part of the flow's ports of which a rule speaks."""
    if rule.protocol is not None and rule.protocol != flow.protocol:
        return None
    if rule.protocol is None or rule.ports is None:
        return flow.ports
    first, last = rule.ports
    if flow.protocol == ICMP:  # a type and a code, -1 being all
        return flow.ports if first in (-1, flow.ports[0]) and last in (-1, 0) else None
    low, high = max(first, flow.ports[0]), min(last, flow.ports[1])
    return (low, high) if low <= high else None


def _common(pieces: Iterable[Ports], other: Ports) -> Iterator[Ports]:
    for first, last in pieces:
        low, high = max(first, other[0]), min(last, other[1])
        if low <= high:
            yield low, high


def _without(pieces: Iterable[Ports], cut: Ports) -> list[Ports]:
    found = []
    for first, last in pieces:
        if first < cut[0]:
            found.append((first, min(last, cut[0] - 1)))
        if last > cut[1]:
            found.append((max(first, cut[1] + 1), last))
    return found


def _with(flow: Flow, pieces: list[Ports]) -> str:
    """Return the first of some ports of a flow in words."""
    return str(flow._replace(ports=min(pieces)))


def _told(rule: GroupRule) -> str:
    ports = "" if rule.ports is None else f" {rule.ports[0]}-{rule.ports[1]}"
    protocol = "all" if rule.protocol is None else NAMES.get(rule.protocol, str(rule.protocol))
    return f"its rule {protocol}{ports} {rule.cidr or rule.group or rule.prefix_list}"
