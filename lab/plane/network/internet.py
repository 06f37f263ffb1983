# SPDX-License-Identifier: GPL-3.0-or-later
"""The lab's internet: one namespace with the addresses of every service, a visitor, and a way out by the host."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from lab.base import addresses, namespaces
from lab.base.paths import LabPaths
from lab.context import Context
from lab.plane.network import uplink
from lab.plane.network.kernel import be_router, be_visitor
from lab.world.network import packet_rules, routing

if TYPE_CHECKING:
    from lab.world.world import World

_UPLINK = "host"
_CLIENT = "client"


def services() -> tuple[str, ...]:
    """Return every address on which something of the internet answers."""
    return (
        addresses.ROUTER,
        addresses.ROOT_SERVER,
        addresses.REGISTRAR_SERVER,
        addresses.AWS_SERVER,
        *addresses.ROUTE53_SERVERS,
        addresses.RESOLVER,
        *addresses.EDGE,
        addresses.S3,
        addresses.API,
        addresses.SESSIONS,
        *addresses.CHECKERS,
    )


def resolver_folder(place: LabPaths) -> Path:
    """Return the folder that `ip netns exec` puts over the visitor's /etc."""
    return Path("/etc/netns") / place.namespace(_CLIENT)


class Internet:
    """Stands as long as the lab does; Networks attach the VPCs to it."""

    def __init__(self, context: Context) -> None:
        self._place = context.place
        self._namespace = context.place.namespace("internet")
        self.close()
        namespaces.add(self._namespace)
        be_router(self._namespace)
        own = [*services(), routing.INTERNET_SIDE]
        namespaces.ip_batch(
            [
                *(f"address add {address}/32 dev lo" for address in own),
                # Addresses that nobody has lead nowhere.
                f"route add blackhole {addresses.INTERNET}",
            ],
            self._namespace,
        )
        self._connect_host()
        self._connect_client()

    def _connect_host(self) -> None:
        place, link = self._place, uplink.choose(self._place)
        namespaces.ip_batch(
            [
                f"link add {place.uplink} mtu {link.mtu} type veth "
                f"peer name {_UPLINK} mtu {link.mtu} netns {self._namespace}",
                f"address add {link.host_address}/30 dev {place.uplink}",
                f"link set {place.uplink} up",
            ]
        )
        namespaces.ip_batch(
            [
                f"address add {link.lab_address}/30 dev {_UPLINK}",
                f"link set {_UPLINK} up",
                f"route add default via {link.host_address}",
            ],
            self._namespace,
        )
        namespaces.nft(packet_rules.internet(_UPLINK, link.lab_address, link.segment_size), self._namespace)
        uplink.forward(place, link)

    def _connect_client(self) -> None:
        namespace = self._place.namespace(_CLIENT)
        namespaces.add(namespace)
        be_visitor(namespace)
        namespaces.ip_batch(
            [
                f"link add {_CLIENT} type veth peer name eth0 netns {namespace}",
                f"link set {_CLIENT} up",
                f"route add {addresses.CLIENT}/32 dev {_CLIENT}",
            ],
            self._namespace,
        )
        namespaces.ip_batch(
            [
                f"address add {addresses.CLIENT}/32 dev eth0",
                "link set eth0 up",
                f"route add {addresses.ROUTER}/32 dev eth0",
                f"route add default via {addresses.ROUTER}",
            ],
            namespace,
        )
        folder = resolver_folder(self._place)
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "resolv.conf").write_text(f"nameserver {addresses.RESOLVER}\n")

    def apply(self, world: World) -> None:
        """Do nothing: the internet is the same in every world."""

    def close(self) -> None:
        """Remove the internet, also one that an earlier lab of this name has left."""
        uplink.remove(self._place)
        for role in (_CLIENT, "internet"):
            namespaces.remove(self._place.namespace(role))
        shutil.rmtree(resolver_folder(self._place), ignore_errors=True)
