# SPDX-License-Identifier: GPL-3.0-or-later
"""The link between the host and a lab's internet, and what the host is changed by it."""

from __future__ import annotations

import json
import subprocess
import zlib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lab.base import addresses, namespaces
from lab.base.paths import ROOT, UPLINKS, LabPaths
from lab.plane.network import host_firewall
from lab.world.network import packet_rules

_FORWARDING = Path("/proc/sys/net/ipv4/ip_forward")
_BY_INTERFACE = Path("/proc/sys/net/ipv4/conf")
_SWITCHED_ON = ROOT / "switched_on"
"""The host's interfaces, one a line, that forward packets for the labs only; the last lab switches them off."""
_TCP_OVERHEAD = 40


@dataclass(frozen=True)
class Link:
    """The two addresses of a link, and how large a packet may be on the host's way out."""

    host_address: str
    lab_address: str
    mtu: int

    @property
    def segment_size(self) -> int:
        """Return the largest TCP segment that fits."""
        return self.mtu - _TCP_OVERHEAD


def _ip(*arguments: str) -> list[dict[str, Any]]:
    done = subprocess.run(["ip", "-json", *arguments], capture_output=True, text=True, check=False)
    found: list[dict[str, Any]] = json.loads(done.stdout or "[]")
    return found


def choose(place: LabPaths) -> Link:
    """Return a link whose addresses the host does not have yet: labs begin to look at different places."""
    taken = {address["local"] for link in _ip("-4", "address", "show") for address in link.get("addr_info", ())}
    count = addresses.LINK.num_addresses // 4
    first = zlib.crc32(place.name.encode()) % count
    free = (addresses.link((first + step) % count) for step in range(count))
    host_address, lab_address = next(pair for pair in free if pair[0] not in taken)
    return Link(host_address, lab_address, _mtu())


def _mtu() -> int:
    """Return the MTU of the host's default route, 1500 when it has none."""
    for route in _ip("-4", "route", "show", "default"):
        for link in _ip("link", "show", "dev", route.get("dev", "")):
            return min(1500, int(link.get("mtu", 1500)))
    return 1500


def uplinks() -> list[str]:
    """Return the uplinks of all labs on this host."""
    return [link["ifname"] for link in _ip("link", "show") if str(link.get("ifname", "")).startswith(UPLINKS)]


def forward(place: LabPaths, link: Link) -> None:
    """Forward the lab's packets on the host, and no others that it did not forward before.

    The rules come before the settings, so that nothing is ever let through. `ip_forward` stays what it is: whoever
    needs it later, as Docker does, finds it off, and switches it on with what belongs to that.
    """
    host_firewall.admit(place)
    if _everything_is_forwarded():
        namespaces.nft(packet_rules.host(place.table, place.uplink, link.lab_address, ()))
        return
    interfaces = {file.parent.name for file in _BY_INTERFACE.glob("*/forwarding") if file.read_text() == "0\n"}
    switched = sorted({*_switched_on(), *interfaces} - {"all", "default", "lo", *uplinks()})
    _SWITCHED_ON.parent.mkdir(parents=True, exist_ok=True)
    _SWITCHED_ON.write_text("".join(f"{name}\n" for name in switched))
    namespaces.nft(packet_rules.host(place.table, place.uplink, link.lab_address, switched))
    _switch([*switched, place.uplink], "1\n")


def _everything_is_forwarded() -> bool:
    return _FORWARDING.read_text() == "1\n"


def _switched_on() -> list[str]:
    return _SWITCHED_ON.read_text().split() if _SWITCHED_ON.exists() else []


def _switch(interfaces: Iterable[str], value: str) -> None:
    for name in interfaces:
        setting = _BY_INTERFACE / name / "forwarding"
        if setting.exists():  # an interface may have gone meanwhile
            setting.write_text(value)


def remove(place: LabPaths) -> None:
    """Take the uplink and the host's table away; the last lab to go puts forwarding back.

    If somebody else has switched it on for the whole host meanwhile, it is theirs now.
    """
    host_firewall.withdraw(place)
    if place.uplink in uplinks():
        subprocess.run(["ip", "link", "delete", place.uplink], capture_output=True, check=False)
    if not uplinks():
        if not _everything_is_forwarded():
            _switch(_switched_on(), "0\n")
        _SWITCHED_ON.unlink(missing_ok=True)
    subprocess.run(["nft", "delete", "table", "ip", place.table], capture_output=True, check=False)
