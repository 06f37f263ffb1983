# SPDX-License-Identifier: GPL-3.0-or-later
"""Security groups, access lists and address translation as packet-filter rulesets. Pure: a network in, text out.

A ruleset replaces the one before it in one transaction; connections that are tracked already stay, as
they do on AWS when a rule is taken away.
https://docs.aws.amazon.com/vpc/latest/userguide/security-group-connection-tracking.html
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator

from lab.base import addresses
from lab.base.paths import UPLINKS
from lab.world.network.network import AclEntry, Group, GroupRule, Interface, Network, Vpc

INTERNET_DEVICE = "igw"
"""A VPC router's interface through which the internet gateway's packets go."""
ENDPOINT_DEVICE = "vpce"
"""A VPC router's interface through which gateway endpoints' packets go."""
VPC_RESOLVER = "169.254.169.253"

_PROTOCOLS = {"1": "icmp", "6": "tcp", "17": "udp", "icmpv6": "58"}
_ALL = ("-1", "all")
_NOBODYS = ("0.0.0.0/8", "127.0.0.0/8", "169.254.0.0/16", "224.0.0.0/4", "240.0.0.0/4")
"""No router passes these on (RFC 6890): what has them is the host's own, such as its cloud's metadata service."""
_PRIVATE = ("10.0.0.0/8", "100.64.0.0/10", "172.16.0.0/12", "192.0.0.0/24", "192.168.0.0/16")


def device(interface_id: str) -> str:
    """Return the name of an interface's end at its VPC's router: at most 15 characters (IFNAMSIZ)."""
    return f"e{interface_id.removeprefix('eni-')[:14]}"


def _quoted(interface_id: str) -> str:
    return f'"{device(interface_id)}"'


def _identifier(resource_id: str) -> str:
    return resource_id.replace("-", "_")


def _braces(elements: Iterable[str]) -> str:
    return "{ " + ", ".join(elements) + " }"


def _chain(name: str, lines: Iterable[str]) -> list[str]:
    return [f"  chain {name} {{", *(f"    {line}" for line in lines), "  }"]


def _table(name: str, body: Iterable[str]) -> str:
    """Return a ruleset that replaces the whole table: the first line makes it exist, so that it can be deleted."""
    return "\n".join([f"table ip {name}", f"delete table ip {name}", f"table ip {name} {{", *body, "}"]) + "\n"


def router(network: Network, vpc: Vpc, transit: str) -> str:
    """Return the ruleset of a VPC's router; what a gateway endpoint carries leaves with the address `transit`."""
    members = [member for member in network.members(vpc.id) if member.up]
    return _table(
        "vpc",
        [
            *_sets(network, vpc, members),
            *_arrival(members),
            *_own_services(vpc),
            *_translation(vpc, members, transit),
            *_forward(network, members),
            *_state(members),
            *_enter(members),
            *_groups(network, members),
            *_acls(network, members),
        ],
    )


def _sets(network: Network, vpc: Vpc, members: list[Interface]) -> Iterator[str]:
    by_group: dict[str, set[str]] = {group.id: set() for group in network.groups.values() if group.vpc_id == vpc.id}
    for member in members:
        for group in member.groups:
            by_group.setdefault(group, set()).add(member.address)
    for group_id, found in sorted(by_group.items()):
        yield from _set(_identifier(group_id), sorted(found))
    for prefix_list in sorted(_prefix_lists(network, by_group)):
        blocks = network.prefix_lists[prefix_list]
        yield from _set(_identifier(prefix_list), blocks, "    flags interval", "    auto-merge")


def _prefix_lists(network: Network, group_ids: Iterable[str]) -> set[str]:
    groups = [network.groups[id_] for id_ in group_ids if id_ in network.groups]
    rules = (rule for group in groups for rule in (*group.ingress, *group.egress))
    return {rule.prefix_list for rule in rules if rule.prefix_list in network.prefix_lists}


def _set(name: str, elements: Iterable[str], *options: str) -> list[str]:
    lines = [f"  set {name} {{", "    type ipv4_addr", *options]
    if found := list(elements):
        lines.append(f"    elements = {_braces(found)}")
    return [*lines, "  }"]


def _arrival(members: list[Interface]) -> list[str]:
    """Make the source check: an interface sends with its own address only."""
    own = [f"{_quoted(member.id)} . {member.address}" for member in members]
    unchecked = [_quoted(member.id) for member in members if not member.checked]
    return _chain(
        "arrival",
        [
            "type filter hook prerouting priority raw; policy drop;",
            f"iifname {_braces([INTERNET_DEVICE, ENDPOINT_DEVICE, 'lo'])} accept",
            *([f"iifname {_braces(unchecked)} accept"] if unchecked else []),
            *([f"iifname . ip saddr {_braces(own)} accept"] if own else []),
        ],
    )


def _own_services(vpc: Vpc) -> list[str]:
    """Admit what the router itself answers: names and instance metadata.

    Neither security groups nor network access lists count for these:
    https://docs.aws.amazon.com/vpc/latest/userguide/vpc-security-groups.html ("Security group basics") and
    https://docs.aws.amazon.com/vpc/latest/userguide/vpc-network-acls.html ("Network ACL basics").
    """
    resolvers = _braces([vpc.resolver, VPC_RESOLVER])
    outside = _braces([INTERNET_DEVICE, ENDPOINT_DEVICE])
    names = [f"ip daddr {resolvers} meta l4proto {{ tcp, udp }} th dport 53 accept"] if vpc.dns_support else []
    return _chain(
        "own_services",
        [
            "type filter hook input priority filter; policy drop;",
            "ct state established,related accept",
            'iifname "lo" accept',
            f"iifname {outside} drop",
            *names,
            f"ip daddr {addresses.METADATA} tcp dport 80 accept",
        ],
    )


def _translation(vpc: Vpc, members: list[Interface], transit: str) -> list[str]:
    """Translate as an internet gateway does: each public address to its interface's private one, and back.

    https://docs.aws.amazon.com/vpc/latest/userguide/VPC_Internet_Gateway.html
    """
    pairs = _public(vpc, members)
    inward = _braces(f"{public} : {private}" for private, public in pairs)
    outward = _braces(f"{private} : {public}" for private, public in pairs)
    return [
        *_chain(
            "inward",
            [
                "type nat hook prerouting priority dstnat; policy accept;",
                *([f'iifname "{INTERNET_DEVICE}" dnat to ip daddr map {inward}'] if pairs else []),
            ],
        ),
        *_chain(
            "outward",
            [
                "type nat hook postrouting priority srcnat; policy accept;",
                *([f'oifname "{INTERNET_DEVICE}" snat to ip saddr map {outward}'] if pairs else []),
                f'oifname "{ENDPOINT_DEVICE}" snat to {transit}',
            ],
        ),
    ]


def _public(vpc: Vpc, members: list[Interface]) -> list[tuple[str, str]]:
    if not vpc.internet_gateway:
        return []
    # nft refuses a map with a key twice, and then nothing of the VPC changes any more: an address leads to one.
    holders = {member.public_address: member.address for member in members if member.public_address}
    return [(private, public) for public, private in holders.items()]


def _forward(network: Network, members: list[Interface]) -> list[str]:
    with_public = [member.address for member in members if member.public_address]
    by_subnet: dict[str, list[str]] = defaultdict(list)
    for member in members:
        by_subnet[member.subnet_id].append(_quoted(member.id))
    lists = {member.id: network.subnets[member.subnet_id].acl_id for member in members}
    leaving = [f"{_quoted(member.id)} : jump egress_{_identifier(lists[member.id])}" for member in members]
    entering = [f"{_quoted(member.id)} : jump ingress_{_identifier(lists[member.id])}" for member in members]
    checked = [member for member in members if member.checked]
    own = [f"{_quoted(member.id)} . {member.address}" for member in checked]
    names = _braces(_quoted(member.id) for member in checked)
    return _chain(
        "forward",
        [
            "type filter hook forward priority filter; policy drop;",
            # Without a public address there is nothing that the internet gateway could translate to.
            f'oifname "{INTERNET_DEVICE}"' + (f" ip saddr != {_braces(with_public)}" if with_public else "") + " drop",
            # The destination check: an interface gets only what is for its own address.
            *([f"oifname {names} oifname . ip daddr != {_braces(own)} drop"] if checked else []),
            # Access lists count where a packet crosses the border of a subnet, in either direction, without state.
            *(
                f"iifname {_braces(devices)} oifname {_braces(devices)} goto state"
                for devices in by_subnet.values()
                if len(devices) > 1
            ),
            *([f"iifname vmap {_braces(leaving)}", f"oifname vmap {_braces(entering)}"] if members else []),
            "goto state",
        ],
    )


def _state(members: list[Interface]) -> list[str]:
    ways = [f"{_quoted(member.id)} : goto {_leave(member)}" for member in members]
    return _chain(
        "state",
        [
            "ct state vmap { established : accept, related : accept, invalid : drop }",
            f"iifname vmap {_braces([*ways, f'{INTERNET_DEVICE} : goto enter', f'{ENDPOINT_DEVICE} : drop'])}",
            "drop",
        ],
    )


def _leave(member: Interface) -> str:
    return f"out_{_identifier(member.id)}" if member.filtered else "enter"


def _enter(members: list[Interface]) -> list[str]:
    ways = [
        f"{_quoted(member.id)} : {'goto in_' + _identifier(member.id) if member.filtered else 'accept'}"
        for member in members
    ]
    return _chain(
        "enter",
        [
            f"oifname vmap {_braces([*ways, f'{INTERNET_DEVICE} : accept', f'{ENDPOINT_DEVICE} : accept'])}",
            "drop",
        ],
    )


def _groups(network: Network, members: list[Interface]) -> Iterator[str]:
    """Ask the groups: a packet must be let out by one of the sender's and in by one of the receiver's."""
    filtered = [member for member in members if member.filtered]
    for group_id in sorted({group for member in filtered for group in member.groups}):
        group, name = network.groups[group_id], _identifier(group_id)
        egress, ingress = (_known(network, group, rules) for rules in (group.egress, group.ingress))
        yield from _chain(f"egress_{name}", (f"{match} goto enter" for match in _matches(egress, "daddr")))
        yield from _chain(f"ingress_{name}", (f"{match} accept" for match in _matches(ingress, "saddr")))
    for member in filtered:
        names = [_identifier(group) for group in member.groups]
        yield from _chain(f"out_{_identifier(member.id)}", [*(f"jump egress_{name}" for name in names), "drop"])
        yield from _chain(f"in_{_identifier(member.id)}", [*(f"jump ingress_{name}" for name in names), "drop"])


def _known(network: Network, group: Group, rules: Iterable[GroupRule]) -> Iterator[GroupRule]:
    """Leave out rules whose peer has no addresses here: a deleted group or list, a group of another VPC."""
    for rule in rules:
        peer = network.groups.get(rule.group)
        if rule.cidr or rule.prefix_list in network.prefix_lists or (peer and peer.vpc_id == group.vpc_id):
            yield rule


def _matches(rules: Iterable[GroupRule], side: str) -> Iterator[str]:
    for rule in rules:
        if rule.group or rule.prefix_list:
            peer = f"ip {side} @{_identifier(rule.group or rule.prefix_list)}"
        else:
            peer = f"ip {side} {rule.cidr}"
        yield f"{peer} {_protocol(rule)}".rstrip()


def _protocol(rule: GroupRule | AclEntry) -> str:
    name = _PROTOCOLS.get(rule.protocol, rule.protocol)
    if name in _ALL:
        return ""
    if name == "icmp":
        return _icmp(rule.first, rule.last)
    if name not in ("tcp", "udp"):
        return f"ip protocol {name}"
    if rule.first is None or rule.first < 0 or (rule.first, rule.last) == (0, 65535):
        return f"ip protocol {name}"
    last = rule.first if rule.last is None else rule.last
    return f"{name} dport {rule.first}" + (f"-{last}" if last != rule.first else "")


def _icmp(kind: int | None, code: int | None) -> str:
    if kind is None or kind < 0:
        return "ip protocol icmp"
    return f"icmp type {kind}" + (f" icmp code {code}" if code is not None and code >= 0 else "")


def _acls(network: Network, members: list[Interface]) -> Iterator[str]:
    for acl_id in sorted({network.subnets[member.subnet_id].acl_id for member in members}):
        acl = network.acls[acl_id]
        yield from _chain(f"egress_{_identifier(acl_id)}", _entries(acl.egress, "daddr"))
        yield from _chain(f"ingress_{_identifier(acl_id)}", _entries(acl.ingress, "saddr"))


def _entries(entries: Iterable[AclEntry], side: str) -> Iterator[str]:
    """Yield rules by which the first entry that matches decides; what none matches is denied."""
    for entry in entries:
        match = f"ip {side} {entry.cidr} {_protocol(entry)}".rstrip()
        yield f"{match} {'return' if entry.allow else 'drop'}"
    yield "drop"


def nat_gateway() -> str:
    """Return the ruleset of a NAT gateway: it lets connections out under its own address, and nothing in.

    They leave from any port: https://docs.aws.amazon.com/vpc/latest/userguide/nat-gateway-basics.html and
    https://docs.aws.amazon.com/vpc/latest/userguide/nacl-ephemeral-ports.html
    """
    return _table(
        "nat_gateway",
        [
            *_chain("own", ["type filter hook input priority filter; policy drop;", "ct state established accept"]),
            *_chain(
                "out",
                [
                    "type nat hook postrouting priority srcnat; policy accept;",
                    "meta l4proto { tcp, udp } masquerade to :1024-65535 fully-random",
                    "masquerade",
                ],
            ),
        ],
    )


def internet(link_device: str, link_address: str, segment_size: int) -> str:
    """Return the ruleset of the lab's internet: the host sees one address of it, and begins no connection into it.

    Nobody on the internet reaches a private address (RFC 1918 section 3) or a shared one (RFC 6598): what a visitor
    sends there must not get into networks of the host's own. Machines may, for the host's package registries can be
    there. Nobody at all reaches what no router passes on.
    """
    nobodys = f'oifname "{link_device}" ip daddr {_braces(_NOBODYS)} reject with icmp type net-unreachable'
    private = f'oifname "{link_device}" ip saddr {addresses.INTERNET} ip daddr {_braces(_PRIVATE)}'
    return _table(
        "internet",
        [
            *_chain(
                "forward",
                [
                    "type filter hook forward priority filter; policy accept;",
                    f'iifname "{link_device}" ct state new drop',
                    nobodys,
                    f"{private} reject with icmp type net-unreachable",
                    *_segments(link_device, segment_size),
                ],
            ),
            *_chain(
                "own",
                [
                    "type filter hook output priority filter; policy accept;",
                    nobodys,
                    f"{private} reject with icmp type net-unreachable",
                ],
            ),
            *_chain(
                "outward",
                [
                    "type nat hook postrouting priority srcnat; policy accept;",
                    f'oifname "{link_device}" snat to {link_address}',
                ],
            ),
        ],
    )


def host(table: str, uplink: str, lab_address: str, switched_on: Iterable[str]) -> str:
    """Return the host's one table: the lab goes where the host goes, but not to the host itself nor to other labs.

    `switched_on` are the interfaces that forward packets for the labs only: what else comes in there goes nowhere, but
    for answers, and for what somebody leads on by a rule of theirs, as Docker does for a container's port.
    """
    others = [
        f'iifname "{name}" oifname != "{UPLINKS}*" ct state != {{ established, related }} ct status ! dnat drop'
        for name in switched_on
    ]
    return _table(
        table,
        [
            *_chain(
                "forward",
                [
                    "type filter hook forward priority filter; policy accept;",
                    f'oifname "{uplink}" ct state established,related accept',
                    f'oifname "{uplink}" drop',
                    f'iifname "{uplink}" oifname "{UPLINKS}*" drop',
                    *others,
                ],
            ),
            *_chain(
                "own",
                [
                    "type filter hook input priority filter; policy accept;",
                    f'iifname "{uplink}" ct state established,related accept',
                    f'iifname "{uplink}" drop',
                ],
            ),
            *_chain(
                "outward",
                [
                    "type nat hook postrouting priority srcnat; policy accept;",
                    f'ip saddr {lab_address} oifname != "{uplink}" masquerade',
                ],
            ),
        ],
    )


def _segments(link_device: str, size: int) -> list[str]:
    """Clamp TCP's segments to what the host's own route carries: nft only ever lowers the option."""
    clamp = f"tcp flags & (syn | rst) == syn tcp option maxseg size set {size}"
    return [f'{way} "{link_device}" {clamp}' for way in ("iifname", "oifname")]
