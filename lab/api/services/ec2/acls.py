# SPDX-License-Identifier: GPL-3.0-or-later
"""Network ACLs: found by their own id, and refusals where an entry or an association is not there.

https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeNetworkAcls.html
https://docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from moto.ec2.exceptions import EC2ClientError
from moto.ec2.models.network_acls import NetworkAcl, NetworkAclBackend
from moto.ec2.responses.network_acls import NetworkACLs

from lab.api.moto.extension import replaces

_FILTERS: dict[str, Callable[[Any], Any]] = {
    "network-acl-id": lambda acl: acl.id,
    "entry.port-range.from": lambda acl: [str(entry.port_range_from) for entry in acl.network_acl_entries],
    "entry.port-range.to": lambda acl: [str(entry.port_range_to) for entry in acl.network_acl_entries],
}


def extend() -> None:
    """Add what moto lacks."""

    @replaces(NetworkAcl, "get_filter_value")
    def get_filter_value(original: Callable[..., Any], self: Any, filter_name: str, *args: Any) -> Any:
        found = _FILTERS.get(filter_name)
        return found(self) if found else original(self, filter_name, *args)

    @replaces(NetworkACLs, "_get_param")
    def get_param(original: Callable[..., Any], self: Any, name: str, *args: Any, **more: Any) -> Any:
        # moto asks by the name on the wire, but reads calls by the SDK's names.
        named = name.replace("Icmp.", "IcmpTypeCode.", 1) if name.startswith("Icmp.") else name
        return original(self, named, *args, **more)

    # A replaced entry is deleted first, so both operations come this way.
    @replaces(NetworkAclBackend, "delete_network_acl_entry")
    def delete(original: Callable[..., Any], self: Any, network_acl_id: str, rule_number: int, egress: bool) -> Any:
        entries = self.get_network_acl(network_acl_id).network_acl_entries
        if not any(entry.egress == egress and entry.rule_number == rule_number for entry in entries):
            raise EC2ClientError(
                "InvalidNetworkAclEntry.NotFound",
                f"The network acl entry identified by {rule_number} does not exist.",
            )
        return original(self, network_acl_id, rule_number, egress)

    @replaces(NetworkAclBackend, "replace_network_acl_association")
    def associate(original: Callable[..., Any], self: Any, association_id: str, network_acl_id: str) -> Any:
        if not any(association_id in acl._associations for acl in self.network_acls.values()):
            raise EC2ClientError(
                "InvalidAssociationID.NotFound", f"The association ID '{association_id}' does not exist"
            )
        return original(self, association_id, network_acl_id)
