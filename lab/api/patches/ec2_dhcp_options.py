# SPDX-License-Identifier: GPL-3.0-or-later
"""A VPC without DHCP options of its own has the region's default set, and a set outlives the VPC that used it.

https://docs.aws.amazon.com/vpc/latest/userguide/DHCPOptionSetConcepts.html
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Any

from moto.ec2.exceptions import DependencyViolationError
from moto.ec2.models.dhcp_options import DHCPOptionsSet, DHCPOptionsSetBackend
from moto.ec2.models.vpcs import VPC, VPCBackend
from moto.ec2.responses.dhcp_options import DHCPOptions

from lab.api.moto.extension import replaces
from lab.world.machines.machines import AMAZON


def _default(backend: Any) -> DHCPOptionsSet:
    """Return the region's default set; the same one each time, also after moto's state was reset."""
    domain = "ec2.internal" if backend.region_name == "us-east-1" else f"{backend.region_name}.compute.internal"
    made = DHCPOptionsSet(backend, domain_name_servers=[AMAZON], domain_name=[domain])
    seed = f"{backend.account_id} {backend.region_name}"
    made.id = f"dopt-{hashlib.sha256(seed.encode()).hexdigest()[:17]}"
    return made


def _id_of(vpc: Any) -> str:
    return str(vpc.dhcp_options.id if vpc.dhcp_options else _default(vpc.ec2_backend).id)


def extend() -> None:
    """Tell the default set, and keep sets."""
    _vpcs()
    _sets()


def _vpcs() -> None:
    VPC.dhcp_options_id = property(_id_of)

    @replaces(VPC, "get_filter_value")
    def get_filter_value(original: Callable[..., Any], self: Any, filter_name: str, *args: Any) -> Any:
        if filter_name in ("dhcp-options-id", "dhcpOptionsId"):
            return _id_of(self)
        return original(self, filter_name, *args)

    @replaces(VPCBackend, "delete_vpc")
    def delete_vpc(original: Callable[..., Any], self: Any, vpc_id: str) -> Any:
        vpc = self.vpcs.get(vpc_id)
        used = vpc and vpc.dhcp_options
        if used:
            vpc.dhcp_options = None
        try:
            deleted = original(self, vpc_id)
        except Exception:
            if used:
                vpc.dhcp_options = used
            raise
        if used:
            used.vpc = None
        return deleted


def _sets() -> None:
    @replaces(DHCPOptionsSetBackend, "describe_dhcp_options")
    def describe_dhcp_options(original: Callable[..., Any], self: Any, *args: Any, **more: Any) -> Any:
        default = _default(self)
        self.dhcp_options_sets[default.id] = default
        try:
            return original(self, *args, **more)
        finally:
            del self.dhcp_options_sets[default.id]

    @replaces(DHCPOptionsSetBackend, "delete_dhcp_options_set")
    def delete_dhcp_options_set(original: Callable[..., Any], self: Any, options_id: str | None) -> None:
        users = [vpc.id for vpc in self.vpcs.values() if _id_of(vpc) == options_id]
        if users:
            raise DependencyViolationError(f"The dhcpOptions '{options_id}' has dependencies and cannot be deleted.")
        original(self, options_id)

    @replaces(DHCPOptions, "associate_dhcp_options")
    def associate_dhcp_options(original: Callable[..., Any], self: Any) -> Any:
        """Moto knows the default by the word alone."""
        if self._get_param("DhcpOptionsId") == _default(self.ec2_backend).id:
            self.params = {**self._get_params(), "DhcpOptionsId": "default"}
        return original(self)
