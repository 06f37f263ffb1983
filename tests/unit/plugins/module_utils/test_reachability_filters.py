# SPDX-License-Identifier: GPL-3.0-or-later
"""Intervals of ports decide as each port by itself would."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv4Network

from ansible_collections.hasite.aws.plugins.module_utils._reachability.filters import (
    Flow,
    Peer,
    Ruling,
    network_acl,
    security_groups,
)
from ansible_collections.hasite.aws.plugins.module_utils._reachability.model import AclEntry, Group, GroupRule, Model
from hypothesis import given
from hypothesis import strategies as st

HERE, OTHER = IPv4Network("198.51.100.0/24"), IPv4Network("192.0.2.0/24")
ADDRESS = IPv4Address("198.51.100.7")
ports = st.tuples(st.integers(0, 12), st.integers(0, 12)).map(lambda pair: (min(pair), max(pair)))
protocols, blocks = st.sampled_from((6, 17, None)), st.sampled_from((HERE, OTHER))
entries = st.lists(st.builds(AclEntry, st.integers(1, 9), st.booleans(), protocols, blocks, st.none() | ports))
rules = st.lists(st.builds(GroupRule, protocols, st.none() | ports, blocks))


def speaks(rule: GroupRule | AclEntry, port: int) -> bool:
    """Tell whether a rule is about a TCP packet from the address to this port."""
    if rule.protocol not in (6, None) or not rule.cidr or ADDRESS not in rule.cidr:
        return False
    return rule.protocol is None or rule.ports is None or rule.ports[0] <= port <= rule.ports[1]


def check(ruling: Ruling, asked: tuple[int, int], passing: set[int]) -> None:
    every = set(range(asked[0], asked[1] + 1))
    assert ruling.passed is (passing == every)
    lost = {port for first, last in ruling.lost for port in range(first, last + 1)}
    assert lost == (every - passing if passing and passing != every else set())


@given(entries, ports)
def test_of_each_port_the_first_entry_counts(found: list[AclEntry], asked: tuple[int, int]) -> None:
    def allowed(port: int) -> bool:
        return next((entry.allow for entry in found if speaks(entry, port)), False)

    passing = {port for port in range(asked[0], asked[1] + 1) if allowed(port)}
    check(network_acl(found, Flow(6, asked), ADDRESS), asked, passing)


@given(rules, rules, ports)
def test_of_each_port_any_rule_of_any_group_counts(
    one: list[GroupRule], two: list[GroupRule], asked: tuple[int, int]
) -> None:
    groups = [Group("sg-1", tuple(one)), Group("sg-2", tuple(two))]
    passing = {port for port in range(asked[0], asked[1] + 1) if any(speaks(rule, port) for rule in (*one, *two))}
    check(security_groups(Model(), groups, "ingress", Flow(6, asked), Peer(ADDRESS)), asked, passing)
