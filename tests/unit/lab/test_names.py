# SPDX-License-Identifier: GPL-3.0-or-later
"""Names: failover, weights, aliases, delegation, wildcards, and what a VPC sees."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lab.base import addresses
from lab.base.observed import Observed, Reading, TargetHealth
from lab.world.balancer.load_balancer import HealthyMinimum
from lab.world.names.answers import ALIAS_TTL, DnsAnswer, View, answer
from lab.world.names.health import balancer_is_healthy, check_is_healthy
from lab.world.names.names import (
    CLOUDFRONT_ZONE,
    Alias,
    Balancer,
    HealthCheck,
    Names,
    Needed,
    Record,
    ServiceEndpoint,
    Share,
    Zone,
    plain,
)
from lab.world.names.private import Inside, answer_inside
from lab.world.names.registry import (
    Registrations,
    address_of,
    name_server,
    pick_name_servers,
    wanted_delegations,
    zones_at,
)
from lab.world.names.routing import MOST_VALUES, choose

GROUP = "arn:aws:elasticloadbalancing:ap-northeast-1:123456789012:targetgroup/web/1"
NODES = ("203.0.113.1", "203.0.113.2")
BALANCER = Balancer(
    "web-1.ap-northeast-1.elb.amazonaws.com",
    "Z14GRHDCWA56QT",
    (("a", NODES[0]), ("c", NODES[1])),
    {GROUP: Needed(HealthyMinimum(), 2)},
)
PAGE = "d111111abcdef8.cloudfront.net"
SITE = "www.hasite.test"


def zone(*records: Record, name: str = "hasite.test") -> Zone:
    servers = pick_name_servers(name, ()) or ()
    return Zone(
        name,
        (
            Record(name, "SOA", 900, (f"{servers[0]}. awsdns-hostmaster.amazon.com. 1 7200 900 1209600 86400",)),
            Record(name, "NS", 172800, tuple(f"{server}." for server in servers)),
            *records,
        ),
        id="ZSITE",
        nameservers=servers,
    )


def site(check: str = "") -> Names:
    """The failover pair of the site."""
    primary = Record(
        SITE,
        "A",
        alias=Alias(BALANCER.zone_id, f"dualstack.{BALANCER.dns_name}", True),
        identifier="primary",
        failover="PRIMARY",
        check=check,
    )
    secondary = Record(
        SITE, "A", alias=Alias(CLOUDFRONT_ZONE, PAGE, False), identifier="secondary", failover="SECONDARY"
    )
    checks = {check: HealthCheck(check, "HTTPS")} if check else {}
    return Names((zone(primary, secondary),), checks, (BALANCER,), frozenset({PAGE}))


def ask(names: Names, observed: Observed, name: str, kind: str = "A", chance: float = 0.0) -> DnsAnswer:
    return answer(View(names, observed, chance), {each.name: each for each in names.zones}, name, kind)


def values(found: DnsAnswer) -> tuple[str, ...]:
    return tuple(line.value for line in found.answer)


def targets(*states: str) -> Observed:
    return Observed(targets={(GROUP, f"i-{n}"): TargetHealth(state) for n, state in enumerate(states)})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("states", "expected"),
    [
        (("healthy", "healthy"), NODES),
        (("healthy", "unused"), NODES),
        (("unhealthy", "unhealthy"), addresses.EDGE),
        (("unused", "unused"), addresses.EDGE),
        (("initial", "draining"), addresses.EDGE),
        ((), addresses.EDGE),
    ],
)
def test_site_fails_over_by_its_targets(states: tuple[str, ...], expected: tuple[str, ...]) -> None:
    found = ask(site(), targets(*states), SITE)
    assert values(found) == expected
    assert {line.ttl for line in found.answer} == {ALIAS_TTL}
    assert found.authoritative


def test_check_and_evaluated_target_must_both_be_healthy() -> None:
    observed = targets("healthy")
    observed.checks["hc"] = {f"c{n}": Reading(False, "Failure", 0) for n in range(16)}
    assert values(ask(site("hc"), observed, SITE)) == addresses.EDGE
    observed.checks["hc"] = {}
    assert values(ask(site("hc"), observed, SITE)) == NODES


@given(primary=st.booleans(), secondary=st.booleans())
def test_failover_table(primary: bool, secondary: bool) -> None:
    one = Record("a.test", "A", values=("1",), failover="PRIMARY", identifier="1")
    two = Record("a.test", "A", values=("2",), failover="SECONDARY", identifier="2")
    healthy = {"1": primary, "2": secondary}
    chosen = choose([two, one], lambda record: healthy[record.identifier], 0.0)
    assert chosen == ((two,) if secondary and not primary else (one,))


@given(
    weights=st.lists(st.integers(0, 255), min_size=1, max_size=6),
    health=st.lists(st.booleans(), min_size=6, max_size=6),
    chance=st.floats(0, 1, exclude_max=True),
)
def test_weighted_answers_are_healthy_unless_none_is(weights: list[int], health: list[bool], chance: float) -> None:
    records = [Record("a.test", "A", weight=weight, identifier=str(n)) for n, weight in enumerate(weights)]
    (chosen,) = choose(records, lambda record: health[int(record.identifier)], chance)
    usable = [n for n in range(len(weights)) if health[n]]
    if usable:
        assert health[int(chosen.identifier)]
        assert chosen.weight or not any(weights[n] for n in usable)


def test_multivalue_has_at_most_eight() -> None:
    records = [Record("a.test", "A", values=(str(n),), multivalue=True, identifier=str(n)) for n in range(12)]
    chosen = choose(records, lambda record: True, 0.9)
    assert len(set(chosen)) == MOST_VALUES


@given(healthy=st.integers(0, 16), inverted=st.booleans(), disabled=st.booleans())
def test_eighteen_percent(healthy: int, inverted: bool, disabled: bool) -> None:
    check = HealthCheck("hc", "HTTP", inverted=inverted, disabled=disabled)
    readings = {f"c{n}": Reading(n < healthy, "", 0) for n in range(16)}
    good = check_is_healthy(check, Names(checks={"hc": check}), Observed(checks={"hc": readings}))
    assert good == ((disabled or healthy >= 3) != inverted)


@given(states=st.lists(st.booleans(), min_size=1, max_size=5), needed=st.integers(0, 6))
def test_calculated_check(states: list[bool], needed: int) -> None:
    children = {str(n): HealthCheck(str(n), "HTTP") for n in range(len(states))}
    parent = HealthCheck("p", "CALCULATED", children=tuple(children), healthy_children=needed)
    observed = Observed(checks={str(n): {"c": Reading(good, "", 0)} for n, good in enumerate(states)})
    assert check_is_healthy(parent, Names(checks={**children, "p": parent}), observed) == (sum(states) >= needed)


def test_every_target_group_needs_a_healthy_target() -> None:
    observed = targets("healthy")
    one = Needed(HealthyMinimum(), 2)
    assert balancer_is_healthy({GROUP: one}, observed)
    assert not balancer_is_healthy({GROUP: one, "another": one}, observed)
    assert not balancer_is_healthy({}, observed)


@pytest.mark.parametrize(
    ("minimum", "fails_over"),
    [
        (HealthyMinimum(1), False),
        (HealthyMinimum(2), True),
        (HealthyMinimum(1, 50), False),
        (HealthyMinimum(1, 51), True),
        (HealthyMinimum(0, 50), False),
    ],
)
def test_a_group_with_too_few_healthy_targets_fails_over(minimum: HealthyMinimum, fails_over: bool) -> None:
    observed = targets("healthy", "unhealthy")
    assert balancer_is_healthy({GROUP: Needed(minimum, 2)}, observed) is not fails_over
    names = site()
    names = replace(names, balancers=(replace(BALANCER, groups={GROUP: Needed(minimum, 2)}),))
    assert (values(ask(names, observed, SITE)) == NODES) is not fails_over


@pytest.mark.parametrize(
    ("states", "expected"),
    [
        (("healthy", "healthy"), NODES),
        (("healthy", "unhealthy"), NODES[:1]),
        (("unhealthy", "healthy"), NODES[1:]),
        (("unhealthy", "unhealthy"), NODES),
    ],
)
def test_zone_without_a_healthy_target_leaves_the_answer_when_cross_zone_is_off(
    states: tuple[str, ...], expected: tuple[str, ...]
) -> None:
    names = Names(balancers=(replace(BALANCER, zonal={GROUP: {"i-0": "a", "i-1": "c"}}),))
    zones = zones_at(addresses.AWS_SERVER, names, Registrations())
    assert values(answer(View(names, targets(*states)), zones, BALANCER.dns_name, "A")) == expected


@pytest.mark.parametrize(
    ("reached", "expected"),
    [
        ({}, NODES),
        ({"a": (), "c": ("i-1",)}, NODES[1:]),
        ({"a": ("i-0",), "c": ()}, NODES[:1]),
        ({"a": (), "c": ()}, NODES),
    ],
)
def test_node_that_reaches_no_target_leaves_the_answer(
    reached: dict[str, tuple[str, ...]], expected: tuple[str, ...]
) -> None:
    observed = targets("healthy", "healthy")
    observed.nodes = {
        (BALANCER.dns_name, zone): frozenset((GROUP, one) for one in found) for zone, found in reached.items()
    }
    zones = zones_at(addresses.AWS_SERVER, Names(balancers=(BALANCER,)), Registrations())
    assert values(answer(View(Names(balancers=(BALANCER,)), observed), zones, BALANCER.dns_name, "A")) == expected


@pytest.mark.parametrize(
    ("away_from", "states", "expected"),
    [
        ("a", ("healthy", "healthy"), NODES[1:]),
        ("c", ("healthy", "healthy"), NODES[:1]),
        ("a", ("healthy", "unhealthy"), NODES[1:]),
        ("d", ("healthy", "healthy"), NODES),
    ],
)
def test_zone_that_is_shifted_away_from_leaves_the_answer(
    away_from: str, states: tuple[str, ...], expected: tuple[str, ...]
) -> None:
    for zonal in ({}, {GROUP: {"i-0": "a", "i-1": "c"}}):
        names = Names(balancers=(replace(BALANCER, zonal=zonal, away_from=away_from),))
        zones = zones_at(addresses.AWS_SERVER, names, Registrations())
        assert values(answer(View(names, targets(*states)), zones, BALANCER.dns_name, "A")) == expected


def test_negative_answers_carry_the_soa() -> None:
    names = Names((zone(Record("a.b.hasite.test", "A", 60, ("192.0.2.1",))),))
    missing = ask(names, Observed(), "x.hasite.test")
    assert (missing.code, missing.authority[0].type, missing.authority[0].ttl) == ("NXDOMAIN", "SOA", 900)
    between = ask(names, Observed(), "b.hasite.test")
    assert (between.code, between.answer) == ("NOERROR", ())
    assert ask(names, Observed(), "a.b.hasite.test", "AAAA").authority
    assert ask(names, Observed(), "elsewhere.test").code == "REFUSED"


def test_wildcard_and_cname() -> None:
    names = Names(
        (
            zone(
                Record("*.hasite.test", "A", 60, ("192.0.2.1",)),
                Record("alias.hasite.test", "CNAME", 60, ("any.hasite.test.",)),
                Record("away.hasite.test", "CNAME", 60, ("www.example.com.",)),
                Record("sub.hasite.test", "NS", 60, ("ns.sub.hasite.test.",)),
                Record("ns.sub.hasite.test", "A", 60, ("192.0.2.53",)),
            ),
        )
    )
    assert ask(names, Observed(), "any.hasite.test").answer[0].name == "any.hasite.test"
    assert values(ask(names, Observed(), "alias.hasite.test")) == ("any.hasite.test.", "192.0.2.1")
    assert values(ask(names, Observed(), "away.hasite.test")) == ("www.example.com.",)
    referral = ask(names, Observed(), "deep.sub.hasite.test")
    assert not referral.authoritative
    assert referral.authority[0].value == "ns.sub.hasite.test."
    assert referral.additional[0].value == "192.0.2.53"


def test_alias_within_the_zone_keeps_the_targets_ttl() -> None:
    names = Names(
        (
            zone(
                Record("real.hasite.test", "A", 17, ("192.0.2.9",)),
                Record("hasite.test", "A", alias=Alias("ZSITE", "real.hasite.test", True)),
            ),
        )
    )
    (line,) = ask(names, Observed(), "hasite.test").answer
    assert (line.name, line.value, line.ttl) == ("hasite.test", "192.0.2.9", 17)


def test_alias_to_what_does_not_exist_is_empty() -> None:
    names = replace(site(), balancers=(), distributions=frozenset())
    assert ask(names, Observed(), SITE).answer == ()


@given(group=st.integers(0, 3), index=st.integers(0, 511))
def test_every_name_server_has_an_address_of_its_group(group: int, index: int) -> None:
    address = address_of(name_server(group, index))
    assert address in addresses.ROUTE53_SERVERS[group * 4 : group * 4 + 4]


def test_zones_of_one_name_never_share_a_server() -> None:
    taken: list[str] = []
    for number in range(4):
        chosen = pick_name_servers(str(number), taken)
        assert chosen
        assert not {address_of(each) for each in chosen} & {address_of(each) for each in taken}
        taken += chosen
    assert pick_name_servers("one more", taken) is None


def test_registrar_wants_the_newest_zone_under_a_suffix() -> None:
    old, new = zone(), replace(zone(), nameservers=("ns-1.awsdns-00.com",))
    child, private = zone(name="a.hasite.test"), replace(zone(name="in.test"), private=True)
    assert wanted_delegations(Names((old, new, child, private))) == {"hasite.test": ("ns-1.awsdns-00.com",)}


def test_domain_registered_in_route_53_is_delegated_as_it_says() -> None:
    names = Names((zone(),), domains={"hasite.test": ("ns-7.awsdns-00.com",)})
    assert wanted_delegations(names) == {"hasite.test": ("ns-7.awsdns-00.com",)}


def test_walk_from_the_root_to_the_site() -> None:
    names = site()
    delegations = wanted_delegations(names)
    view = View(names, targets("healthy"))
    step = answer(view, zones_at(addresses.ROOT_SERVER, names, Registrations(delegations)), SITE, "A")
    assert (step.authority[0].name, step.additional[0].value) == ("test", addresses.REGISTRAR_SERVER)
    step = answer(view, zones_at(addresses.REGISTRAR_SERVER, names, Registrations(delegations)), SITE, "A")
    servers = [plain(line.value) for line in step.authority]
    assert tuple(servers) == names.zones[0].nameservers
    for server in servers:
        found = answer(view, zones_at(addresses.AWS_SERVER, names, Registrations(delegations)), server, "A")
        step = answer(view, zones_at(values(found)[0], names, Registrations(delegations)), SITE, "A")
        assert values(step) == NODES


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("ssm.ap-northeast-1.amazonaws.com", addresses.API),
        ("ssmmessages.ap-northeast-1.amazonaws.com", addresses.SESSIONS),
        ("ec2messages.us-east-1.amazonaws.com", addresses.SESSIONS),
        ("bucket.s3.ap-northeast-1.amazonaws.com", addresses.S3),
        ("bucket.with.dots.s3.ap-northeast-1.amazonaws.com", addresses.S3),
        ("bucket.s3.amazonaws.com", addresses.S3),
        ("sts.amazonaws.com", addresses.API),
        ("g-ns.amazonaws.com", addresses.AWS_SERVER),
    ],
)
def test_names_of_services(name: str, expected: str) -> None:
    zones = zones_at(addresses.AWS_SERVER, Names(), Registrations())
    assert values(answer(View(), zones, name, "A")) == (expected,)


@pytest.mark.parametrize(
    "name",
    [
        "fs-0123.efs.ap-northeast-1.amazonaws.com",
        "no-1.ap-northeast-1.elb.amazonaws.com",
        "ssm.ap-northeast-9.amazonaws.com",
        "d111.cloudfront.net",
    ],
)
def test_names_that_are_not_public(name: str) -> None:
    zones = zones_at(addresses.AWS_SERVER, Names(), Registrations())
    assert answer(View(), zones, name, "A").code == "NXDOMAIN"


INSIDE = Inside("vpc-1", "ap-northeast-1", True, frozenset({"10.0.1.2"}), "ap-northeast-1a")
PRIVATE = Names(
    zones=(
        replace(zone(Record("db.corp.test", "A", 5, ("10.0.1.9",)), name="corp.test"), private=True, vpcs=("vpc-1",)),
    ),
    shares=(Share("fs-01", "ap-northeast-1", "vpc-1", {"ap-northeast-1a": "10.0.1.5", "ap-northeast-1c": "10.0.2.5"}),),
    endpoints=(ServiceEndpoint("ssm.ap-northeast-1.amazonaws.com", "vpc-1", ("10.0.1.7",)),),
)


@pytest.mark.parametrize(
    ("name", "kind", "expected"),
    [
        ("fs-01.efs.ap-northeast-1.amazonaws.com", "A", ("10.0.1.5",)),
        ("ap-northeast-1c.fs-01.efs.ap-northeast-1.amazonaws.com", "A", ("10.0.2.5",)),
        ("ip-10-0-1-2.ap-northeast-1.compute.internal", "A", ("10.0.1.2",)),
        ("2.1.0.10.in-addr.arpa", "PTR", ("ip-10-0-1-2.ap-northeast-1.compute.internal.",)),
        ("ssm.ap-northeast-1.amazonaws.com", "A", ("10.0.1.7",)),
        ("db.corp.test", "A", ("10.0.1.9",)),
    ],
)
def test_inside_a_vpc(name: str, kind: str, expected: tuple[str, ...]) -> None:
    found = answer_inside(View(PRIVATE), INSIDE, name, kind)
    assert found
    assert values(found) == expected


@pytest.mark.parametrize(
    ("inside", "name", "code"),
    [
        (INSIDE, "ap-northeast-1d.fs-01.efs.ap-northeast-1.amazonaws.com", "NXDOMAIN"),
        (INSIDE, "fs-02.efs.ap-northeast-1.amazonaws.com", "NXDOMAIN"),
        (replace(INSIDE, vpc_id="vpc-2"), "fs-01.efs.ap-northeast-1.amazonaws.com", "NXDOMAIN"),
        (replace(INSIDE, hostnames=False), "fs-01.efs.ap-northeast-1.amazonaws.com", "NXDOMAIN"),
        (INSIDE, "ip-10-0-1-3.ap-northeast-1.compute.internal", "NXDOMAIN"),
        (INSIDE, "nothing.corp.test", "NXDOMAIN"),
    ],
)
def test_not_inside_a_vpc(inside: Inside, name: str, code: str) -> None:
    found = answer_inside(View(PRIVATE), inside, name, "A")
    assert found
    assert found.code == code


def test_what_is_outside_is_looked_for_outside() -> None:
    assert answer_inside(View(PRIVATE), INSIDE, SITE, "A") is None
    assert answer_inside(View(PRIVATE), replace(INSIDE, vpc_id="vpc-2"), "db.corp.test", "A") is None
