# Copyright: hasite.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection: this file may change at any time.
"""Whom a question means by its words. Pure.

Load balancers and mount targets are found by the descriptions that AWS gives to their interfaces:
https://docs.aws.amazon.com/elasticloadbalancing/latest/application/application-load-balancers.html and
https://docs.aws.amazon.com/efs/latest/ug/accessing-fs.html
"""

from __future__ import annotations

import re
import typing as t
from collections.abc import Callable, Iterable, Iterator
from ipaddress import IPv4Address, IPv4Network

from .filters import Ports
from .model import Interface, Model
from .trail import Hop
from .walking import ANY_PORT, is_private

INTERNET = "internet"
LINUX_PORTS: Ports = (32768, 60999)
WINDOWS_PORTS: Ports = (49152, 65535)
"""https://docs.aws.amazon.com/vpc/latest/userguide/nacl-ephemeral-ports.html"""

SAMPLE_ADDRESSES = tuple(map(IPv4Address, ("203.0.113.1", "198.51.100.1", "192.0.2.1")))
"""Addresses for documentation (RFC 5737), one of which stands for everybody on the internet."""
_SERVICE = re.compile(r"(com\.amazonaws|aws\.api)\.[\w.-]+")
_BALANCER = re.compile(r"(?:.*:loadbalancer/)?((?:(?:app|net|gwy)/)?[A-Za-z0-9-]{1,32}(?:/[0-9a-f]+)?)")

if t.TYPE_CHECKING:
    Sender = Interface | IPv4Address


class QuestionError(ValueError):
    """A question that is none."""


class Missing(Exception):  # noqa: N818  # not an error: a finding
    """What a question names is not there, or can't be seen."""

    def __init__(self, hop: Hop) -> None:
        super().__init__(hop.explanation)
        self.hop = hop


def network_of(text: str) -> IPv4Network | None:
    """Return an address or a block, or None if the words are neither."""
    try:
        return IPv4Network(text, strict=False)
    except ValueError:
        return None


def senders(model: Model, text: str, towards: str) -> list[Sender]:
    """Return who sends."""
    if text == INTERNET:
        return [_sample_internet_address(model)]
    network = network_of(text)
    if network:
        inside = _inside(model, network, towards)
        if inside:
            return list(inside)
        if _vpcs_of(model, network):
            raise Missing(Hop("address", text, f"No network interface has the address {text}.", passed=False))
        if is_private(network[0]):
            sentence = f"{text} is in no VPC that was read: on which way it comes is not known."
            raise Missing(Hop("address", text, sentence, passed=None))
        return list(_samples(model, network))
    return list(interfaces(model, text))


def targets(model: Model, text: str, sender: Sender, source: str) -> list[IPv4Address]:
    """Return the addresses that a sender uses for what it wants to reach."""
    if text == INTERNET:
        return [_sample_internet_address(model)]
    network = network_of(text)
    if network and network.prefixlen == network.max_prefixlen:
        return [network[0]]
    if network:
        inside = _inside(model, network, source)
        found = [
            address.private for interface in inside for address in interface.addresses if address.private in network
        ]
        return found or list(_samples(model, network))
    if text.startswith("pl-") or (text.startswith("vpce-") and _gateway_service(model, text)):
        return _listed(model, text)
    if _SERVICE.fullmatch(text):
        return _of_service(model, text, sender)
    return [_address_for(model, interface, sender) for interface in _in_zone_of(model, sender, text)]


def client_ports(model: Model, sender: Sender) -> Ports:
    """Return the ports from which a sender begins connections."""
    if isinstance(sender, IPv4Address) or model.nat_gateway_at(sender.id):
        return ANY_PORT
    if not sender.instance_id:
        return ANY_PORT
    instance = model.instances.get(sender.instance_id)
    return WINDOWS_PORTS if instance and instance.windows else LINUX_PORTS


# ---- things with interfaces


def interfaces(model: Model, text: str) -> list[Interface]:
    """Return the interfaces of a thing; raises `Missing` if it has none."""
    known = next((row for row in _KINDS if text.startswith(row[0])), None)
    if known:
        dummy, kind, belongs = known
    else:
        if not (name := _BALANCER.fullmatch(text)):
            raise QuestionError(
                f"{text!r} is neither internet nor an address, nor the ID, the ARN or the name of anything that sends "
                "or gets packets."
            )
        kind, belongs, text = "load_balancer", _of_balancer, name[1]
    found = sorted(
        (interface for interface in model.interfaces.values() if belongs(model, interface, text)), key=_order
    )
    if not found:
        raise Missing(_missing(model, kind, text))
    return [found[0]] if kind == "instance" else found


def _order(interface: Interface) -> tuple[int, str, str]:
    return interface.device_index, interface.zone, interface.id


def _of_balancer(_model: Model, interface: Interface, text: str) -> bool:
    told = interface.description.removeprefix("ELB ")
    return told != interface.description and (told == text or told.split("/")[1:2] == [text])


def _described(_model: Model, interface: Interface, text: str) -> bool:
    return interface.description.startswith("EFS mount target") and text in re.findall(
        r"fs(?:mt)?-[0-9a-f]+", interface.description
    )


def _of_endpoint(model: Model, interface: Interface, text: str) -> bool:
    return text in model.endpoints and interface.id in model.endpoints[text].interfaces


def _of_nat_gateway(model: Model, interface: Interface, text: str) -> bool:
    return text in model.nat_gateways and model.nat_gateways[text].interface_id == interface.id


_KINDS: tuple[tuple[str, str, Callable[[Model, Interface, str], bool]], ...] = (
    ("eni-", "interface", lambda _, interface, text: interface.id == text),
    ("i-", "instance", lambda _, interface, text: interface.instance_id == text),
    ("fsmt-", "mount_target", _described),
    ("fs-", "mount_target", _described),
    ("nat-", "nat_gateway", _of_nat_gateway),
    ("vpce-", "endpoint", _of_endpoint),
)
_READ_FROM = {"instance": "instances", "nat_gateway": "nat_gateways", "endpoint": "endpoints"}


def _missing(model: Model, kind: str, text: str) -> Hop:
    unread = [reading for reading in ("interfaces", _READ_FROM.get(kind, "")) if reading in model.unreadable]
    words = kind.replace("_", " ")
    if unread:
        sentence = f"Where {text} is can't be told: {model.unreadable[unread[0]]}."
        return Hop(kind, text, sentence, passed=None)
    return Hop(kind, text, f"There is no {words} {text} with a network interface.", passed=False)


def _in_zone_of(model: Model, sender: Sender, text: str) -> list[Interface]:
    """Return the interfaces; of a file system, the mount target in the zone of who asks, to which its name leads.

    https://docs.aws.amazon.com/efs/latest/ug/mounting-fs-mount-cmd-dns-name.html
    """
    found = interfaces(model, text)
    if not text.startswith("fs-") or isinstance(sender, IPv4Address):
        return found
    near = [interface for interface in found if (interface.vpc_id, interface.zone) == (sender.vpc_id, sender.zone)]
    if near:
        return near
    sentence = f"File system {text} has no mount target in zone {sender.zone} of VPC {sender.vpc_id}."
    raise Missing(Hop("mount_target", text, sentence, passed=False, zone=sender.zone, subnet_id=sender.subnet_id))


def _address_for(model: Model, interface: Interface, sender: Sender) -> IPv4Address:
    """Return the address of an interface that a sender would use, as names tell it."""
    near = isinstance(sender, Interface) and (
        sender.vpc_id == interface.vpc_id or model.peering_between(sender.vpc_id, interface.vpc_id)
    )
    if near and not interface.description.startswith("ELB "):
        return interface.private
    if interface.public:
        return interface.public
    if not near:
        sentence = f"{interface.instance_id or interface.id} has no public address, so nobody outside can send to it."
        hop = Hop("address", interface.id, sentence, False, interface.name, "request", "ingress")
        raise Missing(hop.at(interface))
    return interface.private


# ---- addresses


def _blocks(model: Model) -> Iterator[IPv4Network]:
    """Yield every block that any rule or route names."""
    for group in model.security_groups.values():
        yield from (rule.cidr for rule in (*group.ingress, *group.egress) if rule.cidr)
    for acl in model.network_acls.values():
        yield from (entry.cidr for entry in (*acl.ingress, *acl.egress))
    for table in model.route_tables.values():
        yield from (cidr for route in table.routes for cidr in route.cidrs)
    for prefix_list in model.prefix_lists.values():
        yield from prefix_list.cidrs


def _sample_internet_address(model: Model) -> IPv4Address:
    """Return an address that stands for the internet: one that no rule singles out, if there is one."""
    named = [block for block in _blocks(model) if block.prefixlen > 1]
    return next(
        (address for address in SAMPLE_ADDRESSES if not any(address in block for block in named)),
        SAMPLE_ADDRESSES[0],
    )


def _samples(model: Model, network: IPv4Network) -> Iterator[IPv4Address]:
    """Yield one address of each part of a block of which the rules and routes may speak differently."""
    inside = {block for block in _blocks(model) if block != network and block.subnet_of(network)}
    ends = {block[-1] + 1 for block in inside if block[-1] != network[-1]}
    starts = sorted({network[0], *(block[0] for block in inside), *ends})
    yield from (start for start in starts if is_private(network[0]) or not is_private(start))


def _inside(model: Model, network: IPv4Network, other: str) -> list[Interface]:
    """Return the interfaces in a block of a VPC's; of several VPCs, in the one of the question's other end."""
    vpcs = _vpcs_of(model, network)
    if len(vpcs) > 1:
        vpcs &= (
            set()
            if other == INTERNET or network_of(other)
            else {interface.vpc_id for interface in interfaces(model, other)}
        )
        if len(vpcs) != 1:
            raise QuestionError(f"{network} is in several VPCs: name a network interface instead.")
    found = (interface for interface in model.interfaces.values() if interface.vpc_id in vpcs)
    return sorted(
        (interface for interface in found if any(address.private in network for address in interface.addresses)),
        key=_order,
    )


def _vpcs_of(model: Model, network: IPv4Network) -> set[str]:
    return {vpc.id for vpc in model.vpcs.values() if any(network.subnet_of(cidr) for cidr in vpc.cidrs)}


def _gateway_service(model: Model, endpoint_id: str) -> str:
    endpoint = model.endpoints.get(endpoint_id)
    return endpoint.service if endpoint and endpoint.kind == "Gateway" else ""


def _listed(model: Model, text: str) -> list[IPv4Address]:
    """Return an address of each block of a prefix list, or of a gateway endpoint's service."""
    name = _gateway_service(model, text)
    lists = [
        prefix_list
        for prefix_list in model.prefix_lists.values()
        if text == prefix_list.id or (name and prefix_list.name == name)
    ]
    found = _firsts(cidr for prefix_list in lists for cidr in prefix_list.cidrs)
    if not found:
        unread = model.unreadable.get("prefix_lists")
        sentence = f"The addresses of {text} can't be told: {unread}." if unread else f"{text} has no addresses."
        raise Missing(Hop("endpoint" if name else "prefix_list", text, sentence, passed=None if unread else False))
    return found


def _firsts(cidrs: Iterable[IPv4Network]) -> list[IPv4Address]:
    return [cidr[0] for cidr in cidrs]


def _of_service(model: Model, service: str, sender: Sender) -> list[IPv4Address]:
    """Return the addresses to which a service's name leads from where the sender is."""
    vpc_id = "" if isinstance(sender, IPv4Address) else sender.vpc_id
    for endpoint in model.endpoints.values():
        if endpoint.vpc_id == vpc_id and endpoint.service == service and endpoint.private_dns:
            return [_address_for(model, interface, sender) for interface in interfaces(model, endpoint.id)]
    listed = [
        cidr for prefix_list in model.prefix_lists.values() if prefix_list.name == service for cidr in prefix_list.cidrs
    ]
    if not listed and "endpoints" in model.unreadable:
        sentence = f"Whether there is an endpoint to {service} can't be told: {model.unreadable['endpoints']}."
        raise Missing(Hop("endpoint", service, sentence, passed=None))
    return _firsts(listed) or [_sample_internet_address(model)]


def lacking_endpoint(model: Model, service: str, sender: t.Any) -> bool:
    """Tell whether the words are a service's to which the sender's VPC has no endpoint."""
    if not _SERVICE.fullmatch(service) or isinstance(sender, IPv4Address) or "endpoints" in model.unreadable:
        return False
    return not any(
        endpoint.service == service and endpoint.vpc_id == sender.vpc_id for endpoint in model.endpoints.values()
    )
