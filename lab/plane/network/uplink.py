# SPDX-License-Identifier: GPL-3.0-or-later
"""The link between the host and a lab's internet, and what the host is changed by it."""

from __future__ import annotations

import json
import subprocess
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lab.base import addresses, namespaces
from lab.base.paths import ROOT, UPLINKS, LabPaths
from lab.world.network import packet_rules

_FORWARDING = Path("/proc/sys/net/ipv4/ip_forward")
_BY_INTERFACE = Path("/proc/sys/net/ipv4/conf")
_FORWARDING_BEFORE = ROOT / "ip_forward"
"""The host's setting before its first lab came; all labs share it, and the last one puts it back."""
_ROUTED_BEFORE = ROOT / "forwarding"
"""The interfaces, one a line, that forwarded packets before, although the host as a whole did not."""
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

    The rules come before the setting, so that nothing is ever let through; setting it sets every interface's own.
    """
    routed = _routed_before()
    namespaces.nft(packet_rules.host(place.table, place.uplink, link.lab_address, routed))
    _FORWARDING.write_text("1\n")


def _routed_before() -> list[str] | None:
    """Return which interfaces forwarded packets before the first lab, None for all; remember it for the last one."""
    if not _FORWARDING_BEFORE.exists():
        _FORWARDING_BEFORE.parent.mkdir(parents=True, exist_ok=True)
        routed = [file.parent.name for file in sorted(_BY_INTERFACE.glob("*/forwarding")) if file.read_text() == "1\n"]
        _ROUTED_BEFORE.write_text("".join(f"{name}\n" for name in routed))
        _FORWARDING_BEFORE.write_text(_FORWARDING.read_text())
    if _FORWARDING_BEFORE.read_text().strip() == "1":
        return None
    names = _ROUTED_BEFORE.read_text().split() if _ROUTED_BEFORE.exists() else []
    return [name for name in names if name not in ("all", "default")]


def _put_back() -> None:
    _FORWARDING.write_text(_FORWARDING_BEFORE.read_text())
    for name in _ROUTED_BEFORE.read_text().split() if _ROUTED_BEFORE.exists() else ():
        setting = _BY_INTERFACE / name / "forwarding"
        if setting.exists():  # an interface may have gone meanwhile
            setting.write_text("1\n")
    _FORWARDING_BEFORE.unlink()
    _ROUTED_BEFORE.unlink(missing_ok=True)


def remove(place: LabPaths) -> None:
    """Take the uplink and the host's table away; the last lab to go puts IP forwarding back."""
    if place.uplink in uplinks():
        subprocess.run(["ip", "link", "delete", place.uplink], capture_output=True, check=False)
    if not uplinks() and _FORWARDING_BEFORE.exists():
        _put_back()
    subprocess.run(["nft", "delete", "table", "ip", place.table], capture_output=True, check=False)
