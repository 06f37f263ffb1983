# SPDX-License-Identifier: GPL-3.0-or-later
"""Addresses of interfaces: private ones from the subnet, public ones from the lab's own block."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from ipaddress import IPv4Address, IPv4Network
from typing import Any

from moto.ec2.exceptions import EC2ClientError
from moto.ec2.models import instances
from moto.ec2.models.elastic_ip_addresses import ElasticAddressBackend
from moto.ec2.models.elastic_network_interfaces import NetworkInterface, NetworkInterfaceBackend
from moto.ec2.models.subnets import Subnet
from moto.ec2.responses.elastic_ip_addresses import ElasticIPAddresses
from moto.ec2.responses.elastic_network_interfaces import ElasticNetworkInterfaces

from lab.api.moto.extension import replaces
from lab.api.services.account import service_quotas
from lab.base import addresses
from lab.base.backends import Backends
from lab.world.account import quotas

_RESERVED = 4
"""How many of a subnet's first addresses are AWS's, network address included; so is the last one.
https://docs.aws.amazon.com/vpc/latest/userguide/subnet-sizing.html"""

_last_public = 0


def _public_in_use() -> Iterator[str]:
    for _, backend in Backends().regional("ec2"):
        yield from (address.public_ip for address in backend.addresses)
        yield from (eni.public_ip for eni in backend.enis.values() if eni.public_ip)


def free_public_address() -> str:
    """Return the next public address that nobody has: one that was given back rests as long as there are others."""
    global _last_public
    taken = set(_public_in_use())
    size = addresses.ELASTIC.num_addresses - 2
    for step in range(size):
        number = (_last_public + step) % size + 1
        if (found := str(addresses.ELASTIC[number])) not in taken:
            _last_public = number
            return found
    raise EC2ClientError("AddressLimitExceeded", f"All of the lab's public addresses ({addresses.ELASTIC}) are in use.")


def last_public_address() -> int:
    """Return the number of the address that was given last."""
    return _last_public


def go_on_after(number: int) -> None:
    """Give the addresses after this one next."""
    global _last_public
    _last_public = number


def associate_public_address(_ec2_backend: Any, eni: Any) -> str:
    """Give an interface a public address that is not an Elastic one, as load balancer nodes have; return it.

    The address is free again when the interface is deleted.
    """
    if not eni.public_ip:
        eni.public_ip = free_public_address()
    return str(eni.public_ip)


def _in_use(subnet: Any) -> set[str]:
    return {
        address["PrivateIpAddress"]
        for eni in subnet.ec2_backend.enis.values()
        if eni.subnet.id == subnet.id
        for address in [*eni.private_ip_addresses, {"PrivateIpAddress": eni.private_ip_address}]
        if isinstance(address, dict)
    }


def free_private_address(subnet: Any) -> str:
    """Return the first address of the subnet that neither AWS nor an interface has."""
    block, taken = IPv4Network(subnet.cidr_block, strict=False), _in_use(subnet)
    for number in range(_RESERVED, block.num_addresses - 1):
        if (found := str(block[number])) not in taken:
            return found
    raise EC2ClientError(
        "InsufficientFreeAddressesInSubnet",
        f"There are not enough free addresses in subnet '{subnet.id}' to satisfy the requested number of instances.",
    )


def check_in_subnet(subnet: Any, address: str) -> None:
    """Refuse an address that is not in the subnet, or is one of AWS's own there."""
    block = IPv4Network(subnet.cidr_block, strict=False)
    if IPv4Address(address) not in block:
        raise EC2ClientError("InvalidParameterValue", "Address does not fall within the subnet's address range")
    number = int(IPv4Address(address)) - int(block.network_address)
    if number < _RESERVED or number == block.num_addresses - 1:
        raise EC2ClientError("InvalidParameterValue", f"Address {address} is in subnet's reserved address range")


def _check_private(subnet: Any, address: str) -> None:
    check_in_subnet(subnet, address)
    if address in _in_use(subnet):
        raise EC2ClientError("InvalidIPAddress.InUse", f"Address {address} is in use.")


def _check_groups(backend: Any, subnet: Any, group_ids: list[str]) -> None:
    for group_id in group_ids:
        group = backend.get_security_group_from_id(group_id)
        if not group:
            raise EC2ClientError("InvalidGroup.NotFound", f"The security group '{group_id}' does not exist")
        if group.vpc_id != subnet.vpc_id:
            raise EC2ClientError(
                "InvalidParameter",
                f"Security group {group_id} and subnet {subnet.id} belong to different networks.",
            )


def service_interface(
    ec2_backend: Any, subnet: Any, group_ids: list[str], description: str, kind: str = "interface"
) -> Any:
    """Return a new interface that belongs to a service, not to the user: in use, and not the user's to delete.

    Where the service sets `attached_to`, it is attached to an instance of that owner, which nobody else sees.
    """
    eni = ec2_backend.create_network_interface(subnet, None, group_ids=group_ids, description=description)
    eni.requester_managed, eni.status, eni.interface_type = True, "in-use", kind
    eni.attached_to = ""
    return eni


def extend() -> None:
    """Take addresses from where the lab's packets can reach them."""
    _extend_private()
    _extend_interfaces()
    _extend_public()
    _extend_associations()


def _extend_private() -> None:
    @replaces(Subnet, "get_available_subnet_ip")
    def get_available_subnet_ip(_original: Callable[..., Any], self: Any, instance: Any) -> str:
        found = free_private_address(self)
        self._subnet_ips[found] = instance
        return found

    @replaces(NetworkInterfaceBackend, "create_network_interface")
    def create_network_interface(
        original: Callable[..., Any],
        self: Any,
        subnet: Any,
        private_ip_address: Any = None,
        private_ip_addresses: Any = None,
        group_ids: Any = None,
        *args: Any,
        **kwargs: Any,
    ) -> Any:
        where = self.get_subnet(subnet) if isinstance(subnet, str) else subnet
        _check_groups(self, where, group_ids or [])
        wanted = private_ip_address[0] if isinstance(private_ip_address, list) else private_ip_address
        primary = [
            address for address in private_ip_addresses or [] if isinstance(address, dict) and address.get("Primary")
        ]
        wanted = wanted or (primary[0].get("PrivateIpAddress") if primary else None)
        if wanted:
            _check_private(where, wanted)
        else:
            wanted = free_private_address(where)
        return original(self, where, wanted, private_ip_addresses, group_ids, *args, **kwargs)

    # A launch without a subnet would get an address that is in no subnet at all; so it asks as the others do.
    instances.random_private_ip = lambda: None


_attachment_of_instance = NetworkInterface.attachment


def _attachment(eni: Any) -> Any:
    """Return what an interface is attached to; of a service's instance AWS shows the owner alone.

    https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_NetworkInterfaceAttachment.html
    """
    if owner := getattr(eni, "attached_to", ""):
        return {
            "AttachmentId": f"ela-attach-{eni.id.removeprefix('eni-')}",
            "DeleteOnTermination": False,
            "DeviceIndex": 1,
            "InstanceOwnerId": owner,
            "Status": "attached",
        }
    return _attachment_of_instance.fget(eni)


def _extend_interfaces() -> None:
    NetworkInterface.attachment = property(_attachment)

    @replaces(NetworkInterfaceBackend, "delete_network_interface")
    def delete_network_interface(original: Callable[..., Any], self: Any, eni_id: str) -> None:
        original(self, eni_id)
        for address in self.addresses:
            if address.eni and address.eni.id == eni_id:
                address.eni = address.instance = address.association_id = None

    @replaces(ElasticNetworkInterfaces, "delete_network_interface")
    def delete_by_user(original: Callable[..., Any], self: Any) -> Any:
        eni = self.ec2_backend.get_network_interface(self._get_param("NetworkInterfaceId"))
        if eni.status == "in-use" or eni.requester_managed:
            raise EC2ClientError("InvalidParameterValue", f"Network interface '{eni.id}' is currently in use.")
        return original(self)


def _extend_public() -> None:
    @replaces(NetworkInterface, "check_auto_public_ip")
    def check_auto_public_ip(_original: Callable[..., Any], self: Any) -> None:
        if str(self.public_ip_auto_assign).lower() == "true" and not self.public_ip:
            self.public_ip = free_public_address()

    @replaces(ElasticAddressBackend, "allocate_address")
    def allocate_address(
        original: Callable[..., Any], self: Any, _domain: str, address: str | None = None, tags: Any = None
    ) -> Any:
        if len(self.addresses) >= service_quotas.limit(self, quotas.ADDRESSES):
            raise EC2ClientError("AddressLimitExceeded", "The maximum number of addresses has been reached.")
        # EC2-Classic is gone: https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_AllocateAddress.html (Domain).
        return original(self, "vpc", address or free_public_address(), tags)


def _extend_associations() -> None:
    @replaces(ElasticAddressBackend, "associate_address")
    def associate_address(
        original: Callable[..., Any], self: Any, instance: Any = None, eni: Any = None, *args: Any, **kwargs: Any
    ) -> Any:
        """https://docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html (Gateway.NotAttached)."""
        target = eni or (instance.nics[0] if instance else None)
        attached = {gateway.vpc.id for gateway in self.internet_gateways.values() if gateway.vpc}
        if target and target.vpc_id not in attached:
            raise EC2ClientError(
                "Gateway.NotAttached", f"Network {target.vpc_id} is not attached to any internet gateway"
            )
        return original(self, instance, eni, *args, **kwargs)

    @replaces(ElasticIPAddresses, "associate_address")
    def move_address(original: Callable[..., Any], self: Any) -> Any:
        """Take an address from the interface that has it, unless the caller asks that it is not moved.

        https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_AssociateAddress.html (AllowReassociation)
        """
        self.params = {"AllowReassociation": True, **self._get_params()}
        backend = self.ec2_backend
        found = [
            address
            for address in backend.addresses
            if address.eni
            and self._get_param("AllocationId", address.allocation_id) == address.allocation_id
            and self._get_param("PublicIp", address.public_ip) == address.public_ip
        ]
        named = self._get_param("AllocationId") or self._get_param("PublicIp")
        former = found[0].eni if named and found else None
        answer = original(self)
        if former and former is not found[0].eni and former.public_ip == found[0].public_ip:
            former.public_ip = None
        return answer

    @replaces(ElasticAddressBackend, "release_address")
    def release_address(
        original: Callable[..., Any], self: Any, address: str | None = None, allocation_id: str | None = None
    ) -> None:
        """https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_ReleaseAddress.html."""
        found = self.address_by_ip([address]) if address else self.address_by_allocation([allocation_id])
        if found[0].association_id:
            raise EC2ClientError("InvalidIPAddress.InUse", f"Address {found[0].public_ip} is in use.")
        original(self, address, allocation_id)
