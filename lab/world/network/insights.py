# SPDX-License-Identifier: GPL-3.0-or-later
"""What a path of the Reachability Analyzer asks, in the judge's words. Pure.

https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_NetworkInsightsPath.html
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lab.reachability.ends import INTERNET
from lab.reachability.judging import Question


def question(path: Mapping[str, Any]) -> Question:
    """Return the question. A filter at the source names the packet's addresses and ports where it leaves there."""
    packet = path.get("FilterAtSource") or {}
    return Question(
        source=_end(path.get("Source", ""), path.get("SourceIp") or packet.get("SourceAddress", "")),
        destination=_end(
            path.get("Destination", ""), path.get("DestinationIp") or packet.get("DestinationAddress", "")
        ),
        protocol=str(path["Protocol"]),
        port=_port(path.get("DestinationPort"), packet.get("DestinationPortRange")),
        source_ports=_ports(packet.get("SourcePortRange")),
    )


def _end(id_: str, address: str) -> str:
    """Return who is meant: behind an internet gateway an address, or else everybody."""
    if id_.startswith("igw-"):
        return address or INTERNET
    return id_ or address


def _port(single: Any, ports: Mapping[str, Any] | None) -> int | None:
    if single:
        return int(single)
    found = _ports(ports)
    return found[0] if found and found[0] == found[1] else None


def _ports(given: Mapping[str, Any] | None) -> tuple[int, int] | None:
    return (int(given["FromPort"]), int(given["ToPort"])) if given else None
