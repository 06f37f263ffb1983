# SPDX-License-Identifier: GPL-3.0-or-later
"""Kernel settings of a network namespace."""

from __future__ import annotations

from pathlib import Path

from lab.base.namespaces import inside

_IPV4_ONLY = {
    # The lab's networks are IPv4 only; without this every new interface announces itself, and seconds later gets an
    # address, which a browser takes for another network: it gives up what it is loading (ERR_NETWORK_CHANGED).
    "ipv6/conf/default/disable_ipv6": "1",
}

_ROUTER = {
    **_IPV4_ONLY,
    "ipv4/ip_forward": "1",
    # A gateway's packets leave by the interface they came from: that is meant, not a detour.
    "ipv4/conf/all/send_redirects": "0",
    "ipv4/conf/default/send_redirects": "0",
    # Ways differ by sender, so that the way back of a packet says nothing about its truth.
    "ipv4/conf/all/rp_filter": "0",
    "ipv4/conf/default/rp_filter": "0",
}

_SERVICE = {"ipv4/ip_local_port_range": "1024 65535"}


def be_router(namespace: str) -> None:
    """Switch forwarding on in a namespace; before its interfaces are made, which take over the defaults."""
    _set(namespace, _ROUTER)


def be_visitor(namespace: str) -> None:
    """Switch IPv6 off in a namespace; before its interfaces are made, which take over the defaults."""
    _set(namespace, _IPV4_ONLY)


def be_service(namespace: str) -> None:
    """Allow connections to begin from any port, as those of load balancers and other services do; a machine's do not.

    https://docs.aws.amazon.com/vpc/latest/userguide/nacl-ephemeral-ports.html
    """
    _set(namespace, _SERVICE)


def _set(namespace: str, settings: dict[str, str]) -> None:
    def write() -> None:
        for name, value in settings.items():
            setting = Path("/proc/sys/net") / name
            if setting.exists():  # a kernel without IPv6 has no such file
                setting.write_text(value)

    inside(namespace, write)
