# SPDX-License-Identifier: GPL-3.0-or-later
"""AssignPrivateIpAddresses refuses an address that another interface has, or moves it if told so.

https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_AssignPrivateIpAddresses.html (AllowReassignment)
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from moto.ec2.exceptions import EC2ClientError
from moto.ec2.responses.elastic_network_interfaces import ElasticNetworkInterfaces

from lab.api.moto.extension import replaces
from lab.api.services.ec2.addresses import check_in_subnet, free_private_address


def _holder(backend: Any, subnet: Any, address: str) -> Any:
    """Return the interface in the subnet that has the address; None if none has."""
    for eni in backend.enis.values():
        if eni.subnet.id == subnet.id and address in [
            address["PrivateIpAddress"] for address in eni.private_ip_addresses
        ]:
            return eni
    return None


def _take(holder: Any, address: str) -> None:
    (found,) = (held for held in holder.private_ip_addresses if held["PrivateIpAddress"] == address)
    if found.get("Primary"):
        raise EC2ClientError("InvalidParameterValue", f"Address {address} is a primary address and cannot be moved.")
    holder.private_ip_addresses.remove(found)


def extend() -> None:
    """Look who has an address before it is given."""

    @replaces(ElasticNetworkInterfaces, "assign_private_ip_addresses")
    def assign_private_ip_addresses(original: Callable[..., Any], self: Any) -> Any:
        backend, moves = self.ec2_backend, self._get_bool_param("AllowReassignment", False)
        eni = backend.get_network_interface(self._get_param("NetworkInterfaceId"))
        for address in self._get_param("PrivateIpAddresses", []):
            check_in_subnet(eni.subnet, address)
            holder = _holder(backend, eni.subnet, address)
            if holder not in (None, eni) and not moves:
                raise EC2ClientError(
                    "InvalidParameterValue", f"[{address}] have already been assigned to network interface {holder.id}"
                )
            if holder not in (None, eni):
                _take(holder, address)
        if count := self._get_int_param("SecondaryPrivateIpAddressCount"):
            for _ in range(count):
                free = free_private_address(eni.subnet)
                eni.private_ip_addresses.append({"Primary": False, "PrivateIpAddress": free})
            self.params = {**self._get_params(), "SecondaryPrivateIpAddressCount": 0}
        return original(self)
