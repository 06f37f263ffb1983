# SPDX-License-Identifier: GPL-3.0-or-later
"""Verdicts on a site as in most text books, and on every way in which it may be wrong."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from ipaddress import IPv4Address, IPv4Network
from typing import Any

import pytest
from ansible_collections.hasite.aws.plugins.module_utils._reachability.ends import QuestionError
from ansible_collections.hasite.aws.plugins.module_utils._reachability.judging import Question, judge, judge_all
from ansible_collections.hasite.aws.plugins.module_utils._reachability.model import (
    Acl,
    AclEntry,
    Address,
    Endpoint,
    Group,
    GroupRule,
    Instance,
    Interface,
    Model,
    NatGateway,
    Peering,
    PrefixList,
    Route,
    RouteTable,
    Subnet,
    Vpc,
)

SSM = "com.amazonaws.eu-west-1.ssm"
S3 = "com.amazonaws.eu-west-1.s3"
BALANCER = "arn:aws:elasticloadbalancing:eu-west-1:123456789012:loadbalancer/app/shop/0123456789abcdef"
ANY = IPv4Network("0.0.0.0/0")
ALL = GroupRule(None, cidr=ANY)
OPEN = (AclEntry(100, True, None, ANY), AclEntry(32767, False, None, ANY))
Change = Callable[[dict[str, Any]], None]


def route(block: str, target: str, **more: Any) -> Route:
    return Route((IPv4Network(block),), target, **more)


LOCAL = route("10.0.0.0/16", "local")


def interface(name: str, subnet: str, address: str, public: str = "", groups: str = "sg-web", **more: Any) -> Interface:
    return Interface(
        id=name,
        vpc_id="vpc-1",
        subnet_id=subnet,
        zone="a" if subnet.endswith("a") else "c",
        addresses=(Address(IPv4Address(address), IPv4Address(public) if public else None),),
        groups=tuple(groups.split()),
        **more,
    )


def parts() -> dict[str, Any]:
    """Return the parts of the healthy site."""
    interfaces = [
        interface(
            "eni-lba", "public-a", "10.0.0.10", "198.51.100.10", "sg-lb", description="ELB app/shop/0123456789abcdef"
        ),
        interface(
            "eni-lbc", "public-c", "10.0.1.10", "198.51.100.11", "sg-lb", description="ELB app/shop/0123456789abcdef"
        ),
        interface("eni-nat", "public-a", "10.0.0.20", "198.51.100.20", ""),
        interface("eni-weba", "private-a", "10.0.2.10", instance_id="i-a"),
        interface("eni-webc", "private-c", "10.0.3.10", instance_id="i-c"),
        interface(
            "eni-fsa", "private-a", "10.0.2.30", groups="sg-fs", description="EFS mount target for fs-1 (fsmt-a)"
        ),
        interface(
            "eni-fsc", "private-c", "10.0.3.30", groups="sg-fs", description="EFS mount target for fs-1 (fsmt-c)"
        ),
    ]
    subnets = [
        Subnet(f"{kind}-{zone}", "vpc-1", IPv4Network(f"10.0.{n}.0/24"), zone, f"rtb-{kind}", f"acl-{kind}-{zone}")
        for n, (kind, zone) in enumerate((("public", "a"), ("public", "c"), ("private", "a"), ("private", "c")))
    ]
    groups = [
        Group("sg-lb", (GroupRule(6, (443, 443), cidr=ANY),), (GroupRule(6, (80, 80), group="sg-web"),), "balancer"),
        Group("sg-web", (GroupRule(6, (80, 80), group="sg-lb"),), (ALL,), "web"),
        Group("sg-fs", (GroupRule(6, (2049, 2049), group="sg-web"),), (), "share"),
    ]
    tables = [
        RouteTable("rtb-public", (LOCAL, route("0.0.0.0/0", "igw-1"))),
        RouteTable("rtb-private", (LOCAL, route("0.0.0.0/0", "nat-1"))),
    ]
    return {
        "vpcs": {"vpc-1": Vpc("vpc-1", (IPv4Network("10.0.0.0/16"),), "shop", "igw-1")},
        "subnets": {subnet.id: subnet for subnet in subnets},
        "interfaces": {each.id: each for each in interfaces},
        "instances": {each: Instance(each, "running") for each in ("i-a", "i-c")},
        "route_tables": {table.id: table for table in tables},
        "security_groups": {group.id: group for group in groups},
        "network_acls": {subnet.acl_id: Acl(subnet.acl_id, OPEN, OPEN) for subnet in subnets},
        "nat_gateways": {"nat-1": NatGateway("nat-1", "available", "eni-nat", "public-a")},
        "endpoints": {},
        "peerings": {},
        "prefix_lists": {"pl-s3": PrefixList("pl-s3", S3, (IPv4Network("52.218.0.0/17"),))},
        "unreadable": {},
    }


def site(*changes: Change) -> Model:
    found = parts()
    for change in changes:
        change(found)
    return Model(**found)


# ---- changes


def put(kind: str, name: str, **fields: Any) -> Change:
    """Change some fields of a thing."""

    def change(found: dict[str, Any]) -> None:
        found[kind] = {**found[kind], name: dataclasses.replace(found[kind][name], **fields)}

    return change


def add(kind: str, thing: Any) -> Change:
    def change(found: dict[str, Any]) -> None:
        found[kind] = {**found[kind], thing.id: thing}

    return change


def drop(kind: str, name: str) -> Change:
    def change(found: dict[str, Any]) -> None:
        found[kind] = {key: value for key, value in found[kind].items() if key != name}

    return change


def unread(kind: str) -> Change:
    """Make a kind of things unreadable."""

    def change(found: dict[str, Any]) -> None:
        if kind != "internet_gateways":  # they are a part of the VPCs
            found[kind] = {}
        found["unreadable"] = {**found["unreadable"], kind: "UnauthorizedOperation: no"}

    return change


def routes(table: str, *more: Route) -> Change:
    return put("route_tables", table, routes=(LOCAL, *more))


def ingress(group: str, *rules: GroupRule) -> Change:
    return put("security_groups", group, ingress=rules)


def egress(group: str, *rules: GroupRule) -> Change:
    return put("security_groups", group, egress=rules)


def acl(name: str, direction: str, *entries: AclEntry) -> Change:
    return put("network_acls", name, **{direction: (*entries, OPEN[1])})


def allow(number: int, *ports: int, protocol: int | None = 6, cidr: str = "0.0.0.0/0") -> AclEntry:
    return AclEntry(number, True, protocol, IPv4Network(cidr), (ports[0], ports[-1]) if ports else None)


def deny(number: int, *ports: int, **more: Any) -> AclEntry:
    return dataclasses.replace(allow(number, *ports, **more), allow=False)


def q(source: str, destination: str, port: int | None = None, protocol: str = "tcp") -> Question:
    return Question(source, destination, protocol, port)


TO_BALANCER, TO_WEB, TO_SHARE = q("internet", "shop", 443), q(BALANCER, "i-a", 80), q("i-a", "fs-1", 2049)
OUT, TO_SSM, TO_S3 = q("i-a", "internet", 443), q("i-a", SSM, 443), q("i-a", S3, 443)


@pytest.mark.parametrize(
    "question",
    [
        TO_BALANCER,
        TO_WEB,
        TO_SHARE,
        OUT,
        TO_SSM,
        TO_S3,
        q("i-c", "fs-1", 2049),
        q("i-c", "fsmt-a", 2049),
        q("shop", "i-c", 80),
        q("app/shop/0123456789abcdef", "10.0.2.10", 80),
        q("203.0.113.7", "198.51.100.10", 443),
        q("0.0.0.0/0", "shop", 443),
        q("i-a", "i-a", 22),
        q("i-a", "10.0.0.2", 53, "udp"),
        q("i-a", "169.254.169.254", 80),
        q("i-a", "pl-s3", 443),
        q("nat-1", "internet", 443),
        q("i-a", "internet", protocol="icmp"),
        q("i-a", "internet", protocol="all"),
    ],
)
def test_the_healthy_site(question: Question) -> None:
    verdict = judge(site(), question)
    assert verdict.reachable, verdict.explanation
    assert verdict.blocked_by is None


OTHER = IPv4Network("203.0.113.0/24")
WRONG: list[tuple[str, tuple[Change, ...], Question, str, str, str, str]] = [
    # ---- groups
    ("world not admitted", (ingress("sg-lb"),), TO_BALANCER, "security_group", "sg-lb", "ingress", "request"),
    ("another block admitted",
     (ingress("sg-lb", GroupRule(6, (443, 443), cidr=IPv4Network("192.0.2.0/24"))),), TO_BALANCER,
     "security_group", "sg-lb", "ingress", "request"),
    ("another port admitted", (ingress("sg-lb", GroupRule(6, (80, 80), cidr=ANY)),), TO_BALANCER,
     "security_group", "sg-lb", "ingress", "request"),
    ("another protocol admitted", (ingress("sg-lb", GroupRule(17, (443, 443), cidr=ANY)),), TO_BALANCER,
     "security_group", "sg-lb", "ingress", "request"),
    ("balancer not admitted", (ingress("sg-web"),), TO_WEB, "security_group", "sg-web", "ingress", "request"),
    ("balancer not let out", (egress("sg-lb"),), TO_WEB, "security_group", "sg-lb", "egress", "request"),
    ("no way out", (egress("sg-web"),), OUT, "security_group", "sg-web", "egress", "request"),
    ("share not let out", (egress("sg-web", GroupRule(6, (443, 443), cidr=ANY)),), TO_SHARE,
     "security_group", "sg-web", "egress", "request"),
    ("share does not admit", (ingress("sg-fs"),), TO_SHARE, "security_group", "sg-fs", "ingress", "request"),
    ("only a part of the ports", (egress("sg-web", GroupRule(6, (1, 1000), cidr=ANY)),), q("i-a", "internet"),
     "security_group", "sg-web", "egress", "request"),
    ("a group means private addresses",
     (ingress("sg-lb", GroupRule(None, group="sg-web")),), q("i-a", "198.51.100.10", 443),
     "security_group", "sg-lb", "ingress", "request"),
    ("echoes are no tcp", (egress("sg-web", GroupRule(6, cidr=ANY)),), q("i-a", "internet", protocol="icmp"),
     "security_group", "sg-web", "egress", "request"),
    ("all is udp too", (egress("sg-web", GroupRule(6, cidr=ANY)),), q("i-a", "internet", protocol="all"),
     "security_group", "sg-web", "egress", "request"),
    # ---- access lists
    ("denied before it is allowed", (acl("acl-public-a", "ingress", deny(90, 443), allow(100, protocol=None)),),
     TO_BALANCER, "network_acl", "acl-public-a", "ingress", "request"),
    ("request may not leave", (acl("acl-private-a", "egress", deny(1, 443), allow(2, protocol=None)),), OUT,
     "network_acl", "acl-private-a", "egress", "request"),
    ("nat's own subnet", (acl("acl-public-a", "ingress", allow(1, 1024, 65535)),), OUT,
     "network_acl", "acl-public-a", "ingress", "request"),
    ("answer may not leave", (acl("acl-private-a", "egress", allow(1, 80)),), TO_WEB,
     "network_acl", "acl-private-a", "egress", "answer"),
    ("answer may not come in", (acl("acl-private-a", "ingress", allow(1, 1, 1023)),), OUT,
     "network_acl", "acl-private-a", "ingress", "answer"),
    ("answer may not reach the nat", (acl("acl-public-a", "ingress", allow(1, 443)),), OUT,
     "network_acl", "acl-public-a", "ingress", "answer"),
    ("echo reply is another type", (acl("acl-private-a", "ingress", AclEntry(1, True, 1, ANY, (8, -1))),),
     q("i-a", "internet", protocol="icmp"), "network_acl", "acl-private-a", "ingress", "answer"),
    # ---- routes and gateways
    ("no default route", (routes("rtb-private"),), OUT, "route", "rtb-private", "egress", "request"),
    ("blackhole", (routes("rtb-private", route("0.0.0.0/0", "nat-1", blackhole=True)),), OUT,
     "route", "rtb-private", "egress", "request"),
    ("private route to the internet gateway", (routes("rtb-private", route("0.0.0.0/0", "igw-1")),), OUT,
     "address", "eni-weba", "egress", "request"),
    ("longest prefix", (
        routes("rtb-private", route("0.0.0.0/0", "nat-1"), route("203.0.113.0/24", "vgw-1", blackhole=True)),),
     q("i-a", "203.0.113.9", 443), "route", "rtb-private", "egress", "request"),
    ("nat in a private subnet", (put("interfaces", "eni-nat", subnet_id="private-a"),), OUT,
     "nat_gateway", "nat-1", "", "request"),
    ("nat in a subnet without a way", (routes("rtb-public"),), OUT, "nat_gateway", "nat-1", "", "request"),
    ("nat is pending", (put("nat_gateways", "nat-1", state="pending"),), OUT, "nat_gateway", "nat-1", "", "request"),
    ("nat answers nobody", (), q("internet", "198.51.100.20", 443), "nat_gateway", "nat-1", "", "request"),
    ("private nat", (put("interfaces", "eni-nat", addresses=(Address(IPv4Address("10.0.0.20")),)),), OUT,
     "nat_gateway", "nat-1", "", "request"),
    ("internet gateway detached", (put("vpcs", "vpc-1", internet_gateway=""),), TO_BALANCER,
     "internet_gateway", "", "", "request"),
    ("balancer in a private subnet", (put("subnets", "public-c", route_table_id="rtb-private"),), TO_BALANCER,
     "route", "rtb-private", "egress", "answer"),
    ("no address on the internet", (), q("internet", "i-a", 80), "address", "eni-weba", "ingress", "request"),
    ("private address by the internet gateway", (), q("shop", "192.168.0.1", 80),
     "security_group", "sg-lb", "egress", "request"),
    ("private address from a public subnet", (egress("sg-lb", ALL),), q("shop", "192.168.0.1", 80),
     "internet_gateway", "igw-1", "", "request"),
    ("nobody there", (), q("i-a", "10.0.0.99", 80), "address", "10.0.0.99", "", "request"),
    ("narrower than local", (put("route_tables", "rtb-public", routes=(
        LOCAL, route("10.0.2.0/24", "eni-webc"), route("0.0.0.0/0", "igw-1"))),), TO_WEB,
     "interface", "eni-webc", "", "request"),
    ("checked appliance", (routes("rtb-private", route("0.0.0.0/0", "eni-webc")),), OUT,
     "interface", "eni-webc", "", "request"),
    # ---- who is not there
    ("stopped", (put("instances", "i-a", state="stopped"),), TO_WEB, "instance", "i-a", "", "request"),
    ("stopped itself", (put("instances", "i-a", state="stopped"),), OUT, "instance", "i-a", "", "request"),
    ("terminated", (drop("interfaces", "eni-weba"),), TO_WEB, "instance", "i-a", "", "request"),
    ("attached to nothing", (put("interfaces", "eni-fsa", attached=False),), TO_SHARE,
     "interface", "eni-fsa", "", "request"),
    ("no mount target here", (drop("interfaces", "eni-fsa"),), TO_SHARE, "mount_target", "fs-1", "", "request"),
    ("nobody asks", (), q("10.0.0.99", "i-a", 80), "address", "10.0.0.99", "", "request"),
    ("an empty list", (put("prefix_lists", "pl-s3", cidrs=()),), q("i-a", "pl-s3", 443),
     "prefix_list", "pl-s3", "", "request"),
    ("no balancer", (), q("internet", "shop2", 443), "load_balancer", "shop2", "", "request"),
    # ---- endpoints
    ("neither endpoint nor way out", (routes("rtb-private"),), TO_SSM, "endpoint", SSM, "", "request"),
    ("neither endpoint nor way to S3", (routes("rtb-private"),), TO_S3, "endpoint", S3, "", "request"),
    ("endpoint of a table that is not this one's", (
        routes("rtb-private"), add("endpoints", Endpoint("vpce-1", "vpc-1", S3, "Gateway", "available"))), TO_S3,
     "route", "rtb-private", "egress", "request"),
    ("endpoint is being deleted", (
        routes("rtb-private", Route((IPv4Network("52.218.0.0/17"),), "vpce-1", prefix_list="pl-s3")),
        add("endpoints", Endpoint("vpce-1", "vpc-1", S3, "Gateway", "deleting"))), TO_S3,
     "endpoint", "vpce-1", "", "request"),
    ("endpoint's group", (
        add("endpoints", Endpoint("vpce-2", "vpc-1", SSM, "Interface", "available", ("eni-fsa",), True)),), TO_SSM,
     "security_group", "sg-fs", "ingress", "request"),
    ("resolver is off", (put("vpcs", "vpc-1", dns_support=False),), q("i-a", "10.0.0.2", 53, "udp"),
     "resolver", "10.0.0.2", "", "request"),
    ("resolver answers names only", (), q("i-a", "10.0.0.2", 80), "address", "10.0.0.2", "", "request"),
    ("metadata is off", (put("instances", "i-a", metadata=False),), q("i-a", "169.254.169.254", 80),
     "instance", "i-a", "", "request"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("changes", "question", "kind", "name", "direction", "way"),
    [each[1:] for each in WRONG],
    ids=[each[0] for each in WRONG],
)
def test_what_stops_packets(
    changes: tuple[Change, ...], question: Question, kind: str, name: str, direction: str, way: str
) -> None:
    verdict = judge(site(*changes), question)
    assert verdict.reachable is False
    assert verdict.blocked_by
    found = verdict.blocked_by
    assert (found.kind, found.id, found.direction, found.way) == (kind, name, direction, way), found.explanation
    assert verdict.explanation == found.explanation
    assert found.explanation.endswith(".")
    assert verdict.hops[-1] == found


RIGHT: list[tuple[str, tuple[Change, ...], Question]] = [
    ("groups remember", (egress("sg-fs"), ingress("sg-web")), TO_SHARE),
    ("nothing but groups counts within a subnet", (
        acl("acl-private-a", "ingress"), acl("acl-private-a", "egress"), routes("rtb-private")), TO_SHARE),
    ("names and metadata pass everything", (
        egress("sg-web"), acl("acl-private-a", "ingress"), acl("acl-private-a", "egress")),
     q("i-a", "10.0.0.2", 53)),
    ("ports by two rules", (egress("sg-web", GroupRule(6, (1, 99), cidr=ANY), GroupRule(6, (50, 65535), cidr=ANY)),),
     q("i-a", "internet")),
    ("blocks by two rules", (egress("sg-web", *(GroupRule(6, cidr=each) for each in ANY.subnets())),),
     q("i-a", "0.0.0.0/0", 443)),
    ("answers to linux", (acl("acl-private-a", "ingress", allow(1, 32768, 61000)),), OUT),
    ("a prefix list in a rule", (egress("sg-web", GroupRule(6, (443, 443), prefix_list="pl-s3")),), TO_S3),
    ("a gateway endpoint needs no nat", (
        routes("rtb-private", Route((IPv4Network("52.218.0.0/17"),), "vpce-1", prefix_list="pl-s3")),
        add("endpoints", Endpoint("vpce-1", "vpc-1", S3, "Gateway", "available"))), TO_S3),
    ("an interface endpoint needs no nat", (
        routes("rtb-private"), ingress("sg-fs", GroupRule(6, (443, 443), group="sg-web")),
        add("endpoints", Endpoint("vpce-2", "vpc-1", SSM, "Interface", "available", ("eni-fsa",), True))), TO_SSM),
    ("out and in again by the public address", (), q("i-a", "198.51.100.10", 443)),
]  # fmt: skip


@pytest.mark.parametrize(("changes", "question"), [each[1:] for each in RIGHT], ids=[each[0] for each in RIGHT])
def test_what_does_not_stop_packets(changes: tuple[Change, ...], question: Question) -> None:
    verdict = judge(site(*changes), question)
    assert verdict.reachable, verdict.explanation


UNKNOWN: list[tuple[str, tuple[Change, ...], Question]] = [
    ("behind a transit gateway", (routes("rtb-private", route("0.0.0.0/0", "tgw-1")),), OUT),
    ("behind an appliance", (
        routes("rtb-private", route("0.0.0.0/0", "i-c")), put("interfaces", "eni-webc", checked=False),
        ingress("sg-web", ALL)), OUT),
    ("a peer's VPC of somebody else", (
        routes("rtb-private", route("0.0.0.0/0", "pcx-1")),
        add("peerings", Peering("pcx-1", "active", ("vpc-1", "vpc-9")))),
     OUT),
    ("an appliance at the edge", (
        put("vpcs", "vpc-1", edge_table_id="rtb-edge"),
        add("route_tables", RouteTable("rtb-edge", (LOCAL, route("10.0.0.0/24", "eni-webc"))))), TO_BALANCER),
    ("lists unread", (unread("network_acls"),), OUT),
    ("groups unread", (unread("security_groups"),), OUT),
    ("tables unread", (unread("route_tables"),), OUT),
    ("instances unread", (unread("instances"),), OUT),
    ("gateways unread", (unread("nat_gateways"), put("interfaces", "eni-nat", groups=())), OUT),
    ("vpcs unread", (unread("vpcs"),), TO_BALANCER),
    ("internet gateways unread", (
        unread("internet_gateways"), put("vpcs", "vpc-1", internet_gateway="")), TO_BALANCER),
    ("who has no groups", (unread("nat_gateways"),), q("internet", "198.51.100.20", 443)),
    ("endpoints unread", (unread("endpoints"), routes("rtb-private")), TO_SSM),
    ("subnets unread", (unread("subnets"),), OUT),
    ("interfaces unread", (unread("interfaces"),), OUT),
    ("prefix lists unread", (unread("prefix_lists"), egress("sg-web", GroupRule(6, prefix_list="pl-s3"))), OUT),
    ("from a place that was not read", (), q("192.168.7.7", "i-a", 80)),
    ("not in any VPC at all", (), q("internet", "203.0.113.7", 443)),
]  # fmt: skip


@pytest.mark.parametrize(("changes", "question"), [each[1:] for each in UNKNOWN], ids=[each[0] for each in UNKNOWN])
def test_what_cannot_be_told(changes: tuple[Change, ...], question: Question) -> None:
    verdict = judge(site(*changes), question)
    assert verdict.reachable is None, verdict.explanation
    assert verdict.blocked_by is None
    assert verdict.explanation.endswith(".")


def test_who_stands_for_the_internet_is_not_named() -> None:
    found = judge(site(routes("rtb-private")), OUT)
    assert found.explanation == "Route table rtb-private of subnet private-a: it has no route to the internet."
    assert "from the internet" in judge(site(ingress("sg-lb")), TO_BALANCER).explanation
    named = judge(site(routes("rtb-private")), q("i-a", "203.0.113.1", 443))
    assert "203.0.113.1" in named.explanation


def test_the_local_route_needs_no_prefix_list() -> None:
    storage = Route((), "vpce-1", prefix_list="pl-s3")
    changes = unread("prefix_lists"), put("route_tables", "rtb-private", routes=(LOCAL, storage))
    assert judge(site(*changes), q("i-a", "fsmt-c", 2049)).reachable
    assert judge(site(*changes), OUT).reachable is None


def test_what_is_certain_counts_more_than_what_is_not() -> None:
    verdict = judge(site(unread("network_acls"), ingress("sg-fs")), TO_SHARE)
    assert verdict.reachable is False


def test_a_part_of_the_answers() -> None:
    verdict = judge(site(acl("acl-private-a", "ingress", allow(1, 49152, 65535))), OUT)
    assert (verdict.reachable, verdict.partly) == (False, True)
    assert "32768-49151" in verdict.explanation
    fixed = dataclasses.replace(OUT, source_ports=(50000, 50000))
    assert judge(site(acl("acl-private-a", "ingress", allow(1, 49152, 65535))), fixed).reachable


@pytest.mark.parametrize(("windows", "reachable"), [(False, False), (True, True)])
def test_windows_begins_elsewhere(windows: bool, reachable: bool) -> None:
    changes = put("instances", "i-a", windows=windows), acl("acl-private-a", "ingress", allow(1, 49152, 65535))
    assert judge(site(*changes), OUT).reachable is reachable


def test_a_block_is_asked_in_every_part() -> None:
    one_denied = acl("acl-public-a", "ingress", deny(1, cidr="203.0.113.64/26"), allow(2, protocol=None))
    assert judge(site(one_denied), TO_BALANCER).reachable
    assert judge(site(one_denied), q("203.0.113.0/26", "shop", 443)).reachable
    verdict = judge(site(one_denied), q("203.0.113.0/24", "shop", 443))
    assert verdict.blocked_by
    assert verdict.blocked_by.id == "acl-public-a"


def test_the_worst_node_counts() -> None:
    found = judge_all(site(put("subnets", "public-c", route_table_id="rtb-private")), TO_BALANCER)
    assert [each.reachable for each in found] == [True, False]
    assert [each.destination_address for each in found] == ["198.51.100.10", "198.51.100.11"]


def peered(**more: Any) -> tuple[Change, ...]:
    """Return a second VPC with a machine, and a way there and back."""
    back = route("10.0.0.0/16", "pcx-1")
    return (
        add("vpcs", Vpc("vpc-2", (IPv4Network("10.8.0.0/16"),))),
        add("subnets", Subnet("far", "vpc-2", IPv4Network("10.8.0.0/24"), "a", "rtb-far", "acl-public-a")),
        add(
            "route_tables",
            RouteTable("rtb-far", (route("10.8.0.0/16", "local"), *([back] if more.get("back", True) else []))),
        ),
        add(
            "interfaces", dataclasses.replace(interface("eni-far", "far", "10.8.0.5", groups="sg-far"), vpc_id="vpc-2")
        ),
        add("security_groups", Group("sg-far", (GroupRule(6, (80, 80), group="sg-web"),), ())),
        add("peerings", Peering("pcx-1", more.get("state", "active"), ("vpc-1", "vpc-2"))),
        routes("rtb-private", route("10.8.0.0/16", "pcx-1")),
    )


@pytest.mark.parametrize(
    ("changes", "kind"),
    [
        (peered(), ""),
        (peered(back=False), "route"),
        (peered(state="pending-acceptance"), "peering_connection"),
        ((*peered(), ingress("sg-far")), "security_group"),
    ],
)
def test_a_peer(changes: tuple[Change, ...], kind: str) -> None:
    verdict = judge(site(*changes), q("i-a", "10.8.0.5", 80))
    assert verdict.reachable is not bool(kind), verdict.explanation
    assert (verdict.blocked_by.kind if verdict.blocked_by else "") == kind


@pytest.mark.parametrize(
    "question",
    [
        q("nobody at all", "i-a", 80),
        q("i-a", "sg_1", 80),
        q("i-a", "i-c", 0),
        q("i-a", "i-c", 65536),
        q("i-a", "i-c", 80, "sctp"),
    ],
)
def test_a_question_that_is_none(question: Question) -> None:
    with pytest.raises(QuestionError):
        judge(site(), question)


def test_a_verdict_as_data() -> None:
    found = judge(site(ingress("sg-fs")), TO_SHARE).as_dict()
    assert {"source", "destination", "protocol", "port", "reachable", "blocked_by", "explanation", "hops"} <= set(found)
    assert found["blocked_by"] == found["hops"][-1]
    assert found["blocked_by"]["name"] == "share"
    assert (found["source_interface"], found["destination_address"]) == ("eni-weba", "10.0.2.30")
