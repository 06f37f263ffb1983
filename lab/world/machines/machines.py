# SPDX-License-Identifier: GPL-3.0-or-later
"""The machines that the API's instances describe. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import IPv4Network
from typing import Any, Literal

from lab.base import words
from lab.base.backends import Backends

Desired = Literal["running", "stopped", "terminated"]
AMAZON = "AmazonProvidedDNS"
"""What DHCP options call the resolver at VPC+2."""
_DESIRED: dict[str, Desired] = {
    "pending": "running",
    "running": "running",
    "stopping": "stopped",
    "stopped": "stopped",
    "shutting-down": "terminated",
}


@dataclass(frozen=True)
class Machine:
    """One instance, as long as it is not gone."""

    id: str
    region: str
    zone: str
    interface_id: str
    address: str
    resolvers: tuple[str, ...]
    """Whom DHCP tells it to ask for names."""
    search: str
    """The domain in which DHCP tells it to look for short names, if any."""
    desired: Desired
    starts: int
    """How often the API was asked to start it: a machine that powered itself off stays off until the next time."""
    reboots: int
    image_id: str
    host_name: str
    """Such as `ip-10-0-1-23`: the first label of its private name."""
    domain: str
    """Such as `ap-northeast-1.compute.internal`."""

    def __post_init__(self) -> None:
        """Refuse what must not become a line of a machine's files (`lab.base.words`)."""
        for resolver_ in self.resolvers:
            words.address(resolver_)
        words.search(self.search)
        words.host_name(self.host_name)
        words.host_name(self.domain)


def describe(backends: Backends) -> tuple[Machine, ...]:
    """Return every machine that exists or is going away."""
    return tuple(
        _machine(instance, backend)
        for _region, backend in backends.regional("ec2")
        for instance in backend.all_instances()
        if instance.state in _DESIRED and instance.nics
    )


def _machine(instance: Any, backend: Any) -> Machine:
    interface = instance.nics[0]
    host_name, _, domain = instance.private_dns_name.partition(".")
    resolvers, search = told_by_dhcp(backend.get_vpc(interface.subnet.vpc_id), domain)
    return Machine(
        id=instance.id,
        region=backend.region_name,
        zone=instance.placement.zone,
        interface_id=interface.id,
        address=interface.private_ip_address,
        resolvers=resolvers,
        search=search,
        desired=_DESIRED[instance.state],
        starts=getattr(instance, "starts", 0),
        reboots=getattr(instance, "reboots", 0),
        image_id=instance.image_id,
        host_name=host_name,
        domain=domain,
    )


def told_by_dhcp(vpc: Any, domain: str) -> tuple[tuple[str, ...], str]:
    """Return the resolvers and the search domain of a VPC's DHCP options; without options of its own, Amazon's.

    https://docs.aws.amazon.com/vpc/latest/userguide/DHCPOptionSetConcepts.html
    """
    own = resolver(vpc.cidr_block)
    if vpc.dhcp_options is None:
        return (own,), domain
    told = {
        configuration["Key"]: [value["Value"] for value in configuration["Values"]]
        for configuration in vpc.dhcp_options.dhcp_configurations
    }
    servers = told.get("domain-name-servers", [])
    return tuple(own if server == AMAZON else server for server in servers), " ".join(told.get("domain-name", []))


def resolver(vpc_cidr: str) -> str:
    """Return the Amazon DNS server's address in a VPC: the base of its range plus two.

    https://docs.aws.amazon.com/vpc/latest/userguide/AmazonDNS-concepts.html
    """
    return str(IPv4Network(vpc_cidr)[2])
