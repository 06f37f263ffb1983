# SPDX-License-Identifier: GPL-3.0-or-later
"""What the plane must not see yet."""

from __future__ import annotations

from dataclasses import replace

from lab.world import withhold
from lab.world.edge.edge import Distribution, Edge, Invalidation
from lab.world.names.names import HealthCheck, Names, Zone
from lab.world.network.file_system import FileSystem, MountTarget
from lab.world.network.network import Endpoint, Interface, Network, Route, RouteTable


def interface(identity: str) -> Interface:
    return Interface(identity, "vpc-1", "subnet-1", "a", "10.0.0.9", None, (), True, "02:00", identity)


NETWORK = Network(
    interfaces={each: interface(each) for each in ("eni-nat", "eni-web")},
    route_tables={
        "rtb-1": RouteTable(
            "rtb-1",
            "vpc-1",
            (Route(("0.0.0.0/0",), "interface", "eni-nat"), Route(("10.9.0.0/16",), "interface", "eni-web")),
        )
    },
    endpoints={"vpce-1": Endpoint("vpce-1", "vpc-1", "r", "s3", "gateway", (), private_dns=False)},
    nat_interfaces=frozenset({"eni-nat"}),
)


def test_a_network_without_what_is_held() -> None:
    assert withhold.network(NETWORK, withhold.NOTHING) == NETWORK
    found = withhold.network(NETWORK, frozenset({"eni-nat", "vpce-1"}))
    assert set(found.interfaces) == {"eni-web"}
    assert found.nat_interfaces == frozenset()
    assert found.endpoints == {}
    assert [(route.kind, route.target) for route in found.route_tables["rtb-1"].routes] == [
        ("blackhole", ""),
        ("interface", "eni-web"),
    ]


def test_a_share_without_a_mount_target() -> None:
    targets = tuple(MountTarget(each, f"eni-{each}", "10.0.0.5", "a", "subnet-1", "vpc-1") for each in ("mt-1", "mt-2"))
    (found,) = withhold.shares([FileSystem("fs-1", "arn", "r", targets)], frozenset({"mt-1"}))
    assert [target.id for target in found.mount_targets] == ["mt-2"]


def test_names_without_a_zone_and_a_check() -> None:
    names = Names(zones=(Zone("example.test", (), "Z1"), Zone("test", ())), checks={"c": HealthCheck("c", "HTTP")})
    found = withhold.names(names, frozenset({"Z1", "c"}))
    assert [zone.name for zone in found.zones] == ["test"]
    assert found.checks == {}


def distribution(identity: str, revision: str) -> Distribution:
    empty = dict.fromkeys(Distribution.__dataclass_fields__)
    return Distribution(**{**empty, "id": identity, "revision": revision})  # type: ignore[arg-type]


def test_the_edge_goes_on_with_what_it_serves() -> None:
    served = Edge(distributions=(distribution("E1", "one"),))
    changed = Edge(
        distributions=(distribution("E1", "two"), distribution("E2", "one")),
        invalidations=(Invalidation("I1", "E1", ("/*",)),),
    )
    waiting = frozenset({"E1", "E2", "I1"})
    assert withhold.edge(changed, waiting, served) == replace(served, invalidations=())
    assert withhold.edge(changed, withhold.NOTHING, served) == changed
