# SPDX-License-Identifier: GPL-3.0-or-later
"""DescribeSubnets knows the filters on IPv6 blocks.

https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeSubnets.html (ipv6-cidr-block-association.*)
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from moto.ec2.models.subnets import Subnet

from lab.api.moto.extension import replaces

_PREFIX = "ipv6-cidr-block-association."
_READERS: dict[str, Callable[[dict[str, Any]], Any]] = {
    "association-id": lambda association: association["associationId"],
    "ipv6-cidr-block": lambda association: association["ipv6CidrBlock"],
    "state": lambda association: association["ipv6CidrBlockState"]["State"],
}


def extend() -> None:
    """Answer by these filters."""

    @replaces(Subnet, "get_filter_value")
    def get_filter_value(original: Callable[..., Any], self: Any, filter_name: str, *args: Any) -> Any:
        read = _READERS.get(filter_name.removeprefix(_PREFIX)) if filter_name.startswith(_PREFIX) else None
        if read:
            return [read(association) for association in self.ipv6_cidr_block_associations.values()]
        return original(self, filter_name, *args)
