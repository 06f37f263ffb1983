# SPDX-License-Identifier: GPL-3.0-or-later
"""DescribeNetworkAcls names an unknown network ACL as one, not as a route table.

https://docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html (InvalidNetworkAclID.NotFound)
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from moto.ec2.models.network_acls import NetworkAclBackend

from lab.api.moto.extension import replaces


def extend() -> None:
    """Look each id up first."""

    @replaces(NetworkAclBackend, "describe_network_acls")
    def describe_network_acls(
        original: Callable[..., Any], self: Any, network_acl_ids: list[str] | None = None, filters: Any = None
    ) -> Any:
        for network_acl_id in network_acl_ids or ():
            self.get_network_acl(network_acl_id)
        return original(self, network_acl_ids, filters)
