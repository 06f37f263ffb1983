# SPDX-License-Identifier: GPL-3.0-or-later
"""Packet rules and routes, rendered from a network by hand; the network, read from moto's state."""

from __future__ import annotations

import dataclasses
import re
import shutil
import subprocess
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from moto import mock_aws
from moto.backends import get_backend

from lab.base import addresses
from lab.base.backends import ACCOUNT, Backends
from lab.base.observed import Observed
from lab.world.network import packet_rules, routing
from lab.world.network.network import (
    Acl,
    AclEntry,
    Group,
    GroupRule,
    Interface,
    Network,
    Route,
    RouteTable,
    Subnet,
    Vpc,
    describe,
)

ANY = GroupRule("-1", None, None, cidr="0.0.0.0/0")
OPEN = (AclEntry(100, True, "-1", "0.0.0.0/0", None, None), AclEntry(32767, False, "-1", "0.0.0.0/0", None, None))
VPC = Vpc("vpc-1", "ap-northeast-1", ("10.0.0.0/16",), True, True, "igw-1")


def interface(number: int, subnet: str = "subnet-1", **more: object) -> Interface:
    found = Interface(
        id=f"eni-{number:017x}",
        vpc_id="vpc-1",
        subnet_id=subnet,
        zone="ap-northeast-1a",
        address=f"10.0.{subnet[-1]}.{number}",
        public_address=None,
        groups=("sg-web",),
        up=True,
        mac=f"02:00:00:00:00:{number:02x}",
        owner="",
    )
    return dataclasses.replace(found, **more)  # type: ignore[arg-type]


def network(*interfaces: Interface, vpc: Vpc = VPC, routes: tuple[Route, ...] = ()) -> Network:
    subnets = [Subnet(f"subnet-{n}", "vpc-1", f"10.0.{n}.0/24", "a", "rtb-0000001", "acl-1") for n in (1, 2)]
    groups = [
        Group(
            "sg-web",
            "vpc-1",
            (GroupRule("tcp", 80, 80, group="sg-lb"),),
            (GroupRule("tcp", 443, 443, prefix_list="pl-1"),),
        ),
        Group("sg-lb", "vpc-1", (GroupRule("tcp", 443, 443, cidr="0.0.0.0/0"),), (ANY,)),
    ]
    return Network(
        vpcs={"vpc-1": vpc},
        subnets={subnet.id: subnet for subnet in subnets},
        interfaces={each.id: each for each in interfaces},
        route_tables={"rtb-0000001": RouteTable("rtb-0000001", "vpc-1", routes)},
        groups={group.id: group for group in groups},
        acls={"acl-1": Acl("acl-1", "vpc-1", OPEN, OPEN)},
        prefix_lists={"pl-1": ("198.51.100.40/32",), "pl-2": ("192.0.2.0/24",)},
    )


def chain(ruleset: str, name: str) -> list[str]:
    found = re.search(rf"  chain {name} {{\n(.*?)  }}", ruleset, re.DOTALL)
    assert found, name
    return [line.strip() for line in found[1].splitlines()]


def render(found: Network) -> str:
    return packet_rules.router(found, found.vpcs["vpc-1"], "100.126.0.1")


def test_an_address_that_two_interfaces_claim_leads_to_one() -> None:
    claims = [interface(number, public_address="198.19.0.1") for number in (4, 5)]
    (rule,) = (line for line in chain(render(network(*claims)), "inward") if "dnat" in line)
    assert rule.count("198.19.0.1 :") == 1


def test_a_group_admits_what_its_rules_say() -> None:
    ruleset = render(network(interface(4), interface(5, groups=("sg-lb",))))
    assert chain(ruleset, "ingress_sg_web") == ["ip saddr @sg_lb tcp dport 80 accept"]
    assert chain(ruleset, "egress_sg_web") == ["ip daddr @pl_1 tcp dport 443 goto enter"]
    assert "set sg_lb {\n    type ipv4_addr\n    elements = { 10.0.1.5 }" in ruleset
    assert "set pl_2" not in ruleset


def test_an_interface_needs_one_of_its_groups_on_each_way() -> None:
    ruleset = render(network(interface(4, groups=("sg-lb", "sg-web"))))
    one = "eni_00000000000000004"
    assert chain(ruleset, f"in_{one}") == ["jump ingress_sg_lb", "jump ingress_sg_web", "drop"]
    assert chain(ruleset, f"out_{one}") == ["jump egress_sg_lb", "jump egress_sg_web", "drop"]


@pytest.mark.parametrize(
    ("rule", "text"),
    [
        (GroupRule("-1", None, None, cidr="10.0.0.0/8"), "ip saddr 10.0.0.0/8 accept"),
        (GroupRule("udp", 53, 53, cidr="10.0.0.2/32"), "ip saddr 10.0.0.2/32 udp dport 53 accept"),
        (GroupRule("6", 1024, 65535, cidr="0.0.0.0/0"), "ip saddr 0.0.0.0/0 tcp dport 1024-65535 accept"),
        (GroupRule("tcp", 0, 65535, cidr="0.0.0.0/0"), "ip saddr 0.0.0.0/0 ip protocol tcp accept"),
        (GroupRule("icmp", -1, -1, cidr="0.0.0.0/0"), "ip saddr 0.0.0.0/0 ip protocol icmp accept"),
        (GroupRule("icmp", 8, 0, cidr="0.0.0.0/0"), "ip saddr 0.0.0.0/0 icmp type 8 icmp code 0 accept"),
        (GroupRule("50", None, None, cidr="0.0.0.0/0"), "ip saddr 0.0.0.0/0 ip protocol 50 accept"),
    ],
)
def test_protocols_and_ports(rule: GroupRule, text: str) -> None:
    found = network(interface(4))
    found.groups["sg-web"] = Group("sg-web", "vpc-1", (rule,), ())
    assert chain(render(found), "ingress_sg_web") == [text]


def test_a_rule_without_a_peer_in_this_vpc_admits_nobody() -> None:
    found = network(interface(4))
    foreign = (GroupRule("tcp", 80, 80, group="sg-gone"), GroupRule("tcp", 80, 80, prefix_list="pl-gone"))
    found.groups["sg-web"] = Group("sg-web", "vpc-1", foreign, ())
    assert chain(render(found), "ingress_sg_web") == []


def test_access_lists_do_not_count_within_a_subnet() -> None:
    found = network(interface(4), interface(5), interface(6, "subnet-2"))
    lines = chain(render(found), "forward")
    pair = '{ "e00000000000000", "e00000000000000" }'
    assert f"iifname {pair} oifname {pair} goto state" in lines
    assert lines.index(f"iifname {pair} oifname {pair} goto state") < len(lines) - 3
    assert lines[-1] == "goto state"


def test_access_list_entries_keep_their_order() -> None:
    found = network(interface(4))
    deny = AclEntry(90, False, "6", "203.0.113.0/24", 22, 22)
    found.acls["acl-1"] = Acl("acl-1", "vpc-1", (deny, *OPEN), OPEN)
    assert chain(render(found), "ingress_acl_1") == [
        "ip saddr 203.0.113.0/24 tcp dport 22 drop",
        "ip saddr 0.0.0.0/0 return",
        "ip saddr 0.0.0.0/0 drop",
        "drop",
    ]


def test_what_is_down_is_in_no_rule() -> None:
    stopped = interface(7, up=False)
    ruleset = render(network(interface(4), stopped))
    assert stopped.address not in ruleset
    assert stopped.address not in " ".join(routing.router(network(stopped), VPC).routes)


def test_public_addresses_need_an_internet_gateway() -> None:
    public = interface(4, public_address="203.0.113.9")
    assert "203.0.113.9 : 10.0.1.4" in render(network(public))
    assert routing.public(network(public), VPC, "v1") == ("203.0.113.9/32 via 169.254.0.2 dev v1 onlink",)
    alone = dataclasses.replace(VPC, internet_gateway=None)
    assert "203.0.113.9" not in render(network(public, vpc=alone))
    assert routing.public(network(public, vpc=alone), alone, "v1") == ()


def test_names_are_answered_only_with_dns_support() -> None:
    assert any("dport 53" in line for line in chain(render(network(interface(4))), "own_services"))
    silent = dataclasses.replace(VPC, dns_support=False)
    assert not any("dport 53" in line for line in chain(render(network(interface(4), vpc=silent)), "own_services"))


def test_routes_by_kind() -> None:
    nat = interface(9, filtered=False, checked=False)
    routes = (
        Route(("0.0.0.0/0",), "interface", nat.id),
        Route(("198.51.100.40/32",), "endpoint"),
        Route(("192.0.2.0/24",), "internet"),
        Route(("192.168.0.0/16",), "interface", "eni-gone"),
    )
    plan = routing.router(network(nat, routes=routes), VPC)
    assert plan.routes == (
        "blackhole 10.0.0.0/16 table 100",
        "10.0.1.9/32 dev e00000000000000 table 100",
        "0.0.0.0/0 via 10.0.1.9 dev e00000000000000 onlink table 1001",
        "198.51.100.40/32 via 169.254.0.1 dev vpce onlink table 1001",
        "192.0.2.0/24 via 169.254.0.1 dev igw onlink table 1001",
        "blackhole 192.168.0.0/16 table 1001",
    )
    assert plan.rules == (
        "pref 100 lookup 100",
        "pref 200 from 10.0.1.0/24 lookup 1001",
        "pref 200 from 10.0.2.0/24 lookup 1001",
        "pref 3000 blackhole",
    )


def test_a_route_narrower_than_the_local_one_counts_between_subnets() -> None:
    nat = interface(9, "subnet-2", filtered=False, checked=False)
    routes = (Route(("10.0.2.0/24",), "interface", nat.id), Route(("0.0.0.0/0",), "internet"))
    plan = routing.router(network(interface(4), nat, routes=routes), VPC)
    assert "10.0.2.0/24 via 10.0.2.9 dev e00000000000000 onlink table 1001" in plan.routes
    # For who is in that subnet itself, it does not count.
    assert plan.rules[:2] == ("pref 50 iif e00000000000000 to 10.0.2.0/24 lookup 1001", "pref 100 lookup 100")


@given(st.from_regex(r"eni-[0-9a-f]{17}", fullmatch=True))
def test_device_names_fit(interface_id: str) -> None:
    assert re.fullmatch(r"[a-z][0-9a-z]{0,14}", packet_rules.device(interface_id))


@pytest.mark.skipif(not shutil.which("nft"), reason="nft is not installed")
def test_nft_understands_the_rulesets() -> None:
    """nft may only look without root, so a refusal of the kernel's is let pass; one of its parser's is not."""
    members = [
        dataclasses.replace(interface(number), id=f"eni-{number}0000000000000000", groups=("sg-lb", "sg-web"))
        for number in (4, 5, 6)
    ]
    for ruleset in (
        render(network(*members)),
        render(network()),
        packet_rules.nat_gateway(),
        packet_rules.internet("host", "100.127.0.2", 1360),
        packet_rules.host("hasite_lab_x", "hl-x", "100.127.0.2", ()),
        packet_rules.host("hasite_lab_x", "hl-x", "100.127.0.2", ["wg0", "br-1"]),
    ):
        done = subprocess.run(["nft", "--check", "-f", "-"], input=ruleset, text=True, capture_output=True, check=False)
        assert done.returncode == 0 or "not permitted" in done.stderr, done.stderr


@pytest.fixture
def backend() -> Iterator[Any]:
    with mock_aws():
        yield get_backend("ec2")[ACCOUNT]["eu-west-1"]


def test_the_network_is_read_from_the_api(backend: Any) -> None:
    vpc = backend.create_vpc("10.1.0.0/16")
    subnet = backend.create_subnet(vpc.id, "10.1.0.0/24", availability_zone="eu-west-1a")
    assert describe(Backends(), Observed()).vpcs == {}
    eni = backend.create_network_interface(subnet, "10.1.0.10")
    gateway = backend.create_internet_gateway()
    table = backend.create_route_table(vpc.id)
    backend.associate_route_table(table.id, subnet_id=subnet.id)
    backend.attach_internet_gateway(gateway.id, vpc.id)
    backend.create_route(table.id, "0.0.0.0/0", gateway_id=gateway.id)
    found = describe(Backends(), Observed())
    assert list(found.vpcs) == [vpc.id]
    assert found.interfaces[eni.id].address == "10.1.0.10"
    assert found.subnets[subnet.id].route_table_id == table.id
    assert found.acls[found.subnets[subnet.id].acl_id].ingress[0].allow
    assert found.route_tables[table.id].routes == (Route(("0.0.0.0/0",), "internet"),)
    backend.detach_internet_gateway(gateway.id, vpc.id)
    assert describe(Backends(), Observed()).route_tables[table.id].routes[0].kind == "blackhole"


def test_an_interface_is_up_as_long_as_its_machine_is_seen_to_run(backend: Any) -> None:
    vpc = backend.create_vpc("10.2.0.0/16")
    subnet = backend.create_subnet(vpc.id, "10.2.0.0/24", availability_zone="eu-west-1a")
    eni = backend.create_network_interface(subnet, "10.2.0.10")
    machine = type(
        "Machine", (), {"id": "i-1", "security_groups": [], "_state": type("State", (), {"name": "running"})}
    )
    eni.instance = machine()
    for state, up in (("pending", True), ("running", True), ("stopped", False), ("terminated", False)):
        found = describe(Backends(), Observed(machines={"i-1": state}))
        assert found.interfaces[eni.id].up is up
    assert describe(Backends(), Observed()).interfaces[eni.id].up


def test_links_of_labs_do_not_meet() -> None:
    assert addresses.link(0) == ("100.127.0.1", "100.127.0.2")
    assert routing.transit(3) == "100.126.0.3"
