# SPDX-License-Identifier: GPL-3.0-or-later
"""Nothing that the API was told becomes a line, a word or a block of a program's configuration."""

from __future__ import annotations

import re
import shutil
import string
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lab.base import words
from lab.plane.machines.prepare_rootfs import names, resolvers
from lab.world.balancer.haproxy import Surroundings, render
from lab.world.balancer.load_balancer import (
    Action,
    Condition,
    HealthCheck,
    Listener,
    ListenerRule,
    LoadBalancer,
    Node,
    Target,
    TargetGroup,
)
from lab.world.machines.machines import Machine
from lab.world.network import packet_rules
from lab.world.network.network import Acl, AclEntry, Group, Interface, Network, RouteTable, Subnet, Vpc
from lab.world.network.network import GroupRule as GroupRule

HOSTILE = (
    "x\n", "\nx", "a\nb", "a b", "a;b", "a{b", 'a"b', "a\r", "a\tb", "x) -m found\nglobal\n lua-load /tmp/e\n#",
    "counter accept\n}\nchain evil {", "10.0.0.0/8\n", "10.0.0.1 accept", "tcp accept", "\u0661\u0662", "a\x00b",
)  # fmt: skip
"""No value of any kind that becomes a word may look so."""
NODE = Node("eni-1", "a", "10.0.1.4", None)
CHECK = HealthCheck(True, "HTTP", None, "/", 10, 5, 5, 2, "200")
ARN = "arn:aws:elasticloadbalancing:ap-northeast-1:123456789012"
text = st.one_of(st.sampled_from(HOSTILE), st.text(max_size=50))


def machine(**changed: Any) -> Machine:
    usual: dict[str, Any] = {
        "id": "i-1", "region": "ap-northeast-1", "zone": "a", "interface_id": "eni-1", "address": "10.0.1.4",
        "resolvers": ("10.0.0.2",), "search": "ap-northeast-1.compute.internal", "desired": "running", "starts": 0,
        "reboots": 0, "image_id": "ami-1", "host_name": "ip-10-0-1-4", "domain": "ap-northeast-1.compute.internal",
    }  # fmt: skip
    return Machine(**{**usual, **changed})


def interface(**changed: Any) -> Interface:
    usual: dict[str, Any] = {
        "id": "eni-1", "vpc_id": "vpc-1", "subnet_id": "subnet-1", "zone": "a", "address": "10.0.1.4",
        "public_address": None, "groups": ("sg-1",), "up": True, "mac": "02:00:00:00:00:01", "owner": "",
    }  # fmt: skip
    return Interface(**{**usual, **changed})


MAKERS: tuple[Callable[[str], object], ...] = (
    lambda each: GroupRule(each, None, None, cidr="0.0.0.0/0"),
    lambda each: GroupRule("tcp", 80, 80, cidr=each or "x"),
    lambda each: GroupRule("tcp", 80, 80, group=each or " "),
    lambda each: GroupRule("tcp", 80, 80, prefix_list=each or " "),
    lambda each: AclEntry(100, True, each, "0.0.0.0/0", None, None),
    lambda each: AclEntry(100, True, "-1", each, None, None),
    lambda each: interface(id=each or " "),
    lambda each: interface(address=each),
    lambda each: interface(public_address=each),
    lambda each: interface(groups=(each or " ",)),
    lambda each: interface(mac=each),
    lambda each: Subnet("subnet-1", "vpc-1", each, "a", "rtb-1", "acl-1"),
    lambda each: Vpc("vpc-1", "ap-northeast-1", (each,), True, True, None),
    lambda each: Network(prefix_lists={"pl-1": (each,)}),
    lambda each: machine(resolvers=(each,)),
    lambda each: machine(host_name=each),
    lambda each: machine(domain=each),
    lambda each: Node("eni-1", "a", each, None),
    lambda each: Target(each, "10.0.1.5", 80, "a", usable=True),
    lambda each: Target("i-1", each or " ", 80, "a", usable=True),
    lambda each: TargetGroup(f"{ARN}:targetgroup/{each or ' '}/1", "HTTP", (), CHECK),
    lambda each: Condition("http-header", ("*",), each),
    lambda each: Condition("source-ip", (each,)),
    lambda each: Listener("arn", each or " ", 80, (), "", ()),
)  # fmt: skip


@pytest.mark.parametrize("make", MAKERS)
def test_the_world_holds_no_value_that_is_more_than_a_word(make: Callable[[str], object]) -> None:
    for hostile in HOSTILE:
        with pytest.raises(words.WordError):
            make(hostile)


@pytest.mark.parametrize("hostile", ["/a b", "/a\r\nHost: b", "/\x00", "/\u00e9"])
def test_a_health_check_asks_for_one_path(hostile: str) -> None:
    with pytest.raises(words.WordError):
        HealthCheck(True, "HTTP", None, hostile, 10, 5, 5, 2, "200")


@pytest.mark.parametrize(
    "protocol", ["-1", "all", "tcp", "udp", "icmp", "icmpv6", "0", "6", "50", "255"],
)  # fmt: skip
def test_protocols_that_aws_knows(protocol: str) -> None:
    assert words.protocol(protocol) == protocol


@pytest.mark.parametrize("protocol", ["", "256", "06", "1e1", "-2", "None", "TCP", "9" * 5000, "\u00b2"])
def test_protocols_that_nobody_knows(protocol: str) -> None:
    with pytest.raises(words.WordError):
        words.protocol(protocol)


@given(text)
def test_a_search_domain_is_one_line_of_host_names(found: str) -> None:
    try:
        told = resolvers(machine(search=found))
    except words.WordError:
        return
    assert len(told.splitlines()) == (2 if found else 1)
    assert re.fullmatch(r"(search( [\w.-]+)+\n)?nameserver [0-9.]+\n", told, re.ASCII)
    assert all(len(line) < 1000 for line in names(machine()).values())


def ruleset(rule: GroupRule, entry: AclEntry, blocks: tuple[str, ...]) -> str:
    group = Group("sg-1", "vpc-1", (rule, GroupRule("tcp", 443, 443, prefix_list="pl-1")), ())
    network = Network(
        vpcs={"vpc-1": Vpc("vpc-1", "ap-northeast-1", ("10.0.0.0/16",), True, True, None)},
        subnets={"subnet-1": Subnet("subnet-1", "vpc-1", "10.0.1.0/24", "a", "rtb-1", "acl-1")},
        interfaces={"eni-1": interface()},
        route_tables={"rtb-1": RouteTable("rtb-1", "vpc-1", ())},
        groups={"sg-1": group},
        acls={"acl-1": Acl("acl-1", "vpc-1", (entry,), (entry,))},
        prefix_lists={"pl-1": blocks},
    )
    return packet_rules.router(network, network.vpcs["vpc-1"], "100.126.0.1")


def shape(rules: str) -> list[int]:
    """Return how many braces and quotes each line of a ruleset has."""
    return [sum(line.count(each) for each in '{}";') for line in rules.splitlines()]


USUAL = ruleset(GroupRule("50", None, None, cidr="0.0.0.0/0"), AclEntry(1, True, "50", "0.0.0.0/0", None, None), ())


@given(protocol=text, cidr=text)
def test_no_rule_adds_a_line_to_the_packet_filter(protocol: str, cidr: str) -> None:
    try:
        rule = GroupRule(protocol, None, None, cidr=cidr or "0.0.0.0/0")
        entry = AclEntry(1, True, protocol, cidr, None, None)
    except words.WordError:
        return
    assert shape(ruleset(rule, entry, ())) == shape(USUAL)


def configuration(*conditions: Condition, target: Target | None = None) -> str:
    group = TargetGroup(f"{ARN}:targetgroup/web/0123", "HTTP", (), CHECK, cookie_seconds=60)
    rules = (
        ListenerRule(conditions, Action("forward", ((group.arn, 1),))),
        ListenerRule((), Action("fixed-response", status=404)),
    )
    world = LoadBalancer(
        arn=f"{ARN}:loadbalancer/app/site/1", name="site", dns_name="site.elb.amazonaws.com", canonical_zone_id="Z",
        region="ap-northeast-1", scheme="internet-facing", state="active", nodes=(NODE,),
        listeners=(Listener("listener-80", "HTTP", 80, (), "", rules),), target_groups=(group,),
    )  # fmt: skip
    return render(
        world, NODE, {group.arn: [target] if target else []}, Surroundings("/run/socket", {}, 64980, "/run/empty")
    )


USUAL_LINES = configuration(Condition("http-header", ("x",), "x")).count("\n")


@given(field=st.sampled_from(["host-header", "path-pattern", "http-header", "http-request-method", "source-ip",
                              "query-string"]), value=text, name=text)  # fmt: skip
def test_no_condition_adds_a_line_to_haproxys_configuration(field: str, value: str, name: str) -> None:
    try:
        rendered = configuration(Condition(field, (value,), name if field == "http-header" else ""))
    except words.WordError:
        return
    assert rendered.count("\n") == USUAL_LINES
    [acl] = [line for line in rendered.split("\n") if line.startswith("  acl ")]
    assert re.fullmatch(r'  acl rule-0-0 (?:[^"\\\s]+ |"(?:[^"\\]|\\.)*" ?)+', acl)


@given(text)
def test_no_target_adds_a_line_to_haproxys_configuration(found: str) -> None:
    try:
        target = Target(found, "10.0.1.5", 80, "a", usable=True)
    except words.WordError:
        return
    rendered = configuration(target=target)
    [server] = [line for line in rendered.split("\n") if line.startswith("  server ")]
    assert len(server.split()) == 3


def test_every_header_that_aws_takes_is_one_word_for_haproxy(tmp_path: Path) -> None:
    """https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_HttpHeaderConditionConfig.html."""
    if not shutil.which("haproxy"):
        pytest.skip("needs HAProxy")
    names = [f"x{each}y" for each in (*"!#$%&'*+.^_`|~-", *string.ascii_letters, *string.digits)]
    pairs = (("http-request-method", "-M"), ("path-pattern", "-f"), ("source-ip", "::/0"))
    odd = [Condition(field, (value,)) for field, value in pairs]
    conditions = [*odd, *(Condition("http-header", ("-f",), name) for name in names)]
    file = tmp_path / "haproxy.cfg"
    for some in (conditions[:40], conditions[40:]):
        file.write_text(configuration(*some))
        done = subprocess.run(["haproxy", "-c", "-f", str(file)], capture_output=True, check=False, text=True)
        assert done.returncode == 0, done.stderr
