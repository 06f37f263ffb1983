# SPDX-License-Identifier: GPL-3.0-or-later
"""What a lab changes of the host's forwarding, tried on a host made of namespaces: it, two neighbours and a lab."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import pytest

from lab.base import namespaces
from lab.base.paths import LabPaths
from lab.plane.network import uplink
from lab.plane.network.uplink import Link

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="needs root, for namespaces")
T = TypeVar("T")
LINK = Link("100.127.0.1", "100.127.0.2", 1500)
PLACE = LabPaths("unit")
PORT = 8080
"""Everybody here listens on it."""


@dataclass(frozen=True)
class Host:
    """A host and its three neighbours: `left` and `right` are networks of its own, `lab` is a lab's internet."""

    name: str

    def neighbour(self, role: str) -> str:
        return f"{self.name}-{role}"

    def run(self, action: Callable[[], T]) -> T:
        return namespaces.inside(self.name, action)

    def connect(self, role: str, link: str, block: str) -> None:
        """Link a neighbour to the host."""
        there = self.neighbour(role)
        namespaces.ip_batch(
            [
                f"link add {link} type veth peer name eth0 netns {there}",
                f"address add {block}.1/30 dev {link}",
                f"link set {link} up",
            ],
            self.name,
        )
        namespaces.ip_batch(
            [f"address add {block}.2/30 dev eth0", "link set eth0 up", f"route add default via {block}.1"], there
        )

    def reaches(self, role: str, address: str, port: int = PORT) -> bool:
        asking = namespaces.make_socket(self.neighbour(role))
        asking.settimeout(0.5)
        try:
            asking.connect((address, port))
        except OSError:
            return False
        finally:
            asking.close()
        return True

    def forwarding(self, interface: str = "") -> str:
        setting = f"conf/{interface}/forwarding" if interface else "ip_forward"
        return self.run(lambda: Path(f"/proc/sys/net/ipv4/{setting}").read_text().strip())


@pytest.fixture
def host(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Host]:
    made = Host(f"hasite-test-{os.getpid()}")
    blocks = {"left": "10.1.0", "right": "10.2.0", "lab": "100.127.0"}
    namespaces.add(made.name)
    for role, block in blocks.items():
        namespaces.add(made.neighbour(role))
        made.connect(role, PLACE.uplink if role == "lab" else role, block)
    monkeypatch.setattr(uplink, "_SWITCHED_ON", tmp_path / "switched_on")
    made.run(lambda: Path("/proc/sys/net/ipv4/ip_forward").write_text("0\n"))
    listening = [namespaces.listen(name, "0.0.0.0", PORT) for name in (made.name, *map(made.neighbour, blocks))]
    yield made
    for each in listening:
        each.close()
    for name in (made.name, *map(made.neighbour, blocks)):
        namespaces.remove(name)


def begin(host: Host) -> None:
    host.run(lambda: uplink.forward(PLACE, LINK))


def end(host: Host) -> None:
    host.run(lambda: uplink.remove(PLACE))


def test_the_lab_goes_out_and_nobody_else_gets_anywhere(host: Host) -> None:
    assert not host.reaches("lab", "10.1.0.2")
    begin(host)
    assert host.reaches("lab", "10.1.0.2")
    assert host.reaches("lab", "10.2.0.2")
    assert not host.reaches("left", "10.2.0.2"), "the host routes between its own networks"
    assert not host.reaches("left", "100.127.0.2"), "a network of the host's gets into the lab"
    assert not host.reaches("lab", "10.1.0.1"), "the lab gets into the host"
    end(host)
    assert [host.forwarding(), host.forwarding("left"), host.forwarding("right")] == ["0", "0", "0"]
    assert not host.reaches("left", "10.2.0.2")


def test_what_the_host_forwarded_before_it_goes_on_forwarding(host: Host) -> None:
    def let(name: str) -> None:
        host.run(lambda: Path(f"/proc/sys/net/ipv4/conf/{name}/forwarding").write_text("1\n"))

    let("left")
    let("right")
    assert host.reaches("left", "10.2.0.2")
    begin(host)
    assert host.reaches("left", "10.2.0.2")
    end(host)
    assert [host.forwarding(), host.forwarding("left"), host.forwarding("right")] == ["0", "1", "1"]
    assert host.reaches("left", "10.2.0.2")


def test_a_router_stays_a_router(host: Host) -> None:
    host.run(lambda: Path("/proc/sys/net/ipv4/ip_forward").write_text("1\n"))
    begin(host)
    assert host.reaches("left", "10.2.0.2")
    assert not host.reaches("left", "100.127.0.2")
    end(host)
    assert host.forwarding() == "1"


def test_two_labs_do_not_reach_each_other(host: Host) -> None:
    other = LabPaths("unitb")
    namespaces.ip_batch(["link set right down", f"link set right name {other.uplink}"], host.name)
    namespaces.ip_batch([f"link set {other.uplink} up"], host.name)
    begin(host)
    assert not host.reaches("lab", "10.2.0.2")
    host.run(lambda: uplink.forward(other, Link("10.2.0.1", "10.2.0.2", 1500)))
    assert host.reaches("lab", "10.1.0.2")
    assert not host.reaches("lab", "10.2.0.2")
    end(host)
    assert host.forwarding("left") == "1", "the other lab still needs it"
    host.run(lambda: uplink.remove(other))
    assert host.forwarding("left") == "0"


def iptables(host: Host, *arguments: str) -> str:
    command = ["ip", "netns", "exec", host.name, "iptables", "-w", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def test_a_firewall_that_drops_what_is_forwarded_lets_the_lab_out(host: Host) -> None:
    """As Docker and ufw set it."""
    iptables(host, "-P", "FORWARD", "DROP")
    before = iptables(host, "-S")
    begin(host)
    begin(host)
    assert host.reaches("lab", "10.1.0.2")
    assert not host.reaches("left", "100.127.0.2")
    end(host)
    assert iptables(host, "-S") == before


def test_a_firewall_that_comes_later_lets_the_lab_out(host: Host) -> None:
    begin(host)
    iptables(host, "-P", "FORWARD", "DROP")
    iptables(host, "-I", "FORWARD", "-i", "right", "-j", "ACCEPT")
    assert host.reaches("lab", "10.1.0.2")


def test_containers_that_come_later_have_their_network_also_when_the_lab_has_gone(host: Host) -> None:
    """A container engine starts while the lab runs: its bridge is new, and it publishes a port, as Docker does."""
    namespaces.ip_batch(["link delete right"], host.name)
    begin(host)
    host.connect("right", "bridge", "10.2.0")
    assert not host.reaches("right", "10.1.0.2")
    host.run(lambda: Path("/proc/sys/net/ipv4/ip_forward").write_text("1\n"))
    published = ["-p", "tcp", "--dport", "9000", "-j", "DNAT", "--to", f"10.2.0.2:{PORT}"]
    iptables(host, "-t", "nat", "-A", "PREROUTING", *published)
    for _ in ("while the lab runs", "afterwards"):
        assert host.reaches("right", "10.1.0.2")
        assert host.reaches("left", "10.1.0.1", 9000)
        end(host)
    assert host.forwarding() == "1"


def test_containers_that_come_later_are_not_reached_by_who_comes_in_elsewhere(host: Host) -> None:
    namespaces.ip_batch(["link delete right"], host.name)
    begin(host)
    host.connect("right", "bridge", "10.2.0")
    host.run(lambda: Path("/proc/sys/net/ipv4/ip_forward").write_text("1\n"))
    assert not host.reaches("left", "10.2.0.2")
