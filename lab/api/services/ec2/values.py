# SPDX-License-Identifier: GPL-3.0-or-later
"""EC2 refuses malformed protocols, blocks, domains and addresses, which moto takes as they come.

https://docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html (InvalidParameterValue)
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Mapping
from ipaddress import IPv4Network, IPv6Network
from typing import Any

from moto.ec2.exceptions import EC2ClientError
from moto.ec2.models.dhcp_options import DHCPOptionsSetBackend
from moto.ec2.models.managed_prefixes import ManagedPrefixListBackend
from moto.ec2.models.network_acls import NetworkAclBackend
from moto.ec2.models.security_groups import SecurityGroupBackend

from lab.api.moto.extension import replaces
from lab.base import words
from lab.world.machines.machines import AMAZON

Original = Callable[..., Any]


def _refused(message: str) -> EC2ClientError:
    return EC2ClientError("InvalidParameterValue", message)


def extend() -> None:
    """Refuse what AWS refuses, before it is kept."""
    _extend_groups()
    _extend_lists()
    _extend_prefix_lists()
    _extend_dhcp()


def _is(parse: Callable[[str], object], value: object) -> bool:
    try:
        parse(str(value))
    except ValueError:
        return False
    return True


def _is_block(cidr: object, *, version: int = 4) -> bool:
    kind = IPv4Network if version == 4 else IPv6Network
    return "/" in str(cidr) and _is(lambda text: kind(text, strict=False), cidr)


def _check_rule(protocol: object, ranges: Iterable[Mapping[str, Any]]) -> None:
    """https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_IpPermission.html."""
    if protocol is None:
        raise _refused("Invalid value 'null' for protocol. VPC security group rules must specify protocols explicitly.")
    if not _is(words.protocol, str(protocol)):
        raise _refused(f"Invalid value '{protocol}' for IP protocol. Unknown protocol.")
    for range_ in ranges:
        for key, version in (("CidrIp", 4), ("CidrIpv6", 6)):
            if range_.get(key) and not _is_block(range_[key], version=version):
                raise _refused(f"CIDR block {range_[key]} is malformed")


def _check_ports(protocol: object, first: object, last: object) -> None:
    """https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_IpPermission.html."""
    ports = [int(str(port)) for port in (first, last) if str(port).isdecimal()]
    if str(protocol) in ("tcp", "udp", "6", "17") and ports != sorted(ports):
        raise _refused(f"Invalid {str(protocol).upper()} port range ({first}:{last})")


def _check_sources(backend: Any, told: Mapping[str, Any]) -> None:
    """Refuse a group of a network that packets of this group's cannot come from."""
    group = backend.get_security_group_by_name_or_id(told["group_name_or_id"], told.get("vpc_id"))
    for source_group in told.get("source_groups") or ():
        source = (
            backend.get_security_group_from_id(source_group.get("GroupId")) if source_group.get("GroupId") else None
        )
        peered = {network.id for pcx in backend.vpc_pcxs.values() for network in (pcx.vpc, pcx.peer_vpc)}
        if group and source and source.vpc_id != group.vpc_id and not {source.vpc_id, group.vpc_id} <= peered:
            raise EC2ClientError(
                "InvalidGroup.NotFound", "You have specified two resources that belong to different networks."
            )


def _extend_groups() -> None:
    for way in ("ingress", "egress"):

        @replaces(SecurityGroupBackend, f"authorize_security_group_{way}")
        def authorize(original: Original, self: Any, *args: Any, **more: Any) -> Any:
            told = inspect.signature(original).bind(self, *args, **more).arguments
            ranges = told["ip_ranges"] or []
            ranges = [ranges] if isinstance(ranges, str) else ranges
            _check_rule(
                told["ip_protocol"], [range_ if isinstance(range_, dict) else {"CidrIp": range_} for range_ in ranges]
            )
            _check_ports(told["ip_protocol"], told["from_port"], told["to_port"])
            _check_sources(self, told)
            return original(**told)

    @replaces(SecurityGroupBackend, "modify_security_group_rules")
    def modify_security_group_rules(original: Original, self: Any, group_id: str, rules: Mapping[str, Any]) -> Any:
        for rule in rules.values():
            _check_rule(rule.get("IpProtocol"), [{"CidrIp": rule.get("CidrIpv4"), "CidrIpv6": rule.get("CidrIpv6")}])
        return original(self, group_id, rules)


def _extend_lists() -> None:
    # A replaced entry is created anew, so this is the one way in; but the old one must not be gone by then.
    def check(protocol: object, cidr: object, cidr6: object) -> None:
        """https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateNetworkAclEntry.html."""
        if not _is(words.protocol, protocol):
            raise _refused(f"Value ({protocol}) for parameter protocol is invalid. Unknown protocol.")
        for value, name, version in ((cidr, "cidrBlock", 4), (cidr6, "ipv6CidrBlock", 6)):
            if value is not None and not _is_block(value, version=version):
                raise _refused(f"Value ({value}) for parameter {name} is invalid. This is not a valid CIDR block.")

    for operation in ("create_network_acl_entry", "replace_network_acl_entry"):

        @replaces(NetworkAclBackend, operation)
        def enter(original: Original, self: Any, **entry: Any) -> Any:
            check(entry["protocol"], entry["cidr_block"], entry["ipv6_cidr_block"])
            return original(self, **entry)


def _extend_prefix_lists() -> None:
    def check(family: str, entries: Iterable[Mapping[str, Any]]) -> None:
        """https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_AddPrefixListEntry.html."""
        for entry in entries:
            if not _is_block(entry.get("Cidr"), version=6 if family == "IPv6" else 4):
                raise _refused(f"The CIDR ({entry.get('Cidr')}) is not a valid {family} CIDR block.")

    @replaces(ManagedPrefixListBackend, "create_managed_prefix_list")
    def create_managed_prefix_list(
        original: Original, self: Any, address_family: str, entry: Any = None, *args: Any, **more: Any
    ) -> Any:
        check(address_family, entry or ())
        return original(self, address_family, entry, *args, **more)

    @replaces(ManagedPrefixListBackend, "modify_managed_prefix_list")
    def modify_managed_prefix_list(
        original: Original, self: Any, add_entry: Any, remove_entry: Any, prefix_list_id: Any, *args: Any, **m: Any
    ) -> Any:
        known = self.managed_prefix_lists.get(prefix_list_id)
        if known is None:
            raise EC2ClientError(
                "InvalidPrefixListID.NotFound", f"The prefix list ID '{prefix_list_id}' does not exist"
            )
        check(known.address_family, add_entry or ())
        return original(self, add_entry, remove_entry, prefix_list_id, *args, **m)


def _extend_dhcp() -> None:
    @replaces(DHCPOptionsSetBackend, "create_dhcp_options")
    def create_dhcp_options(original: Original, self: Any, **options: Any) -> Any:
        """https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateDhcpOptions.html."""
        for name in ("domain_name_servers", "ntp_servers", "netbios_name_servers"):
            for value in options.get(name) or ():
                amazon = name == "domain_name_servers" and value == AMAZON
                if not amazon and not _is(words.address, value):
                    raise _refused(f"Value ({value}) for parameter {name.replace('_', '-')} is invalid.")
        for value in options.get("domain_name") or ():
            if not value or not _is(words.search, value):
                raise _refused(f"Value ({value}) for parameter domain-name is invalid. Invalid domain name.")
        return original(self, **options)
