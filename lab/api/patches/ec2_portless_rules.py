# SPDX-License-Identifier: GPL-3.0-or-later
"""A security group's rule for a protocol without ports, told by its number, needs no ports.

https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_IpPermission.html: FromPort and ToPort are for TCP, UDP and
ICMP; with another protocol all traffic of it is allowed, whatever ports were given.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

from moto.ec2.models.security_groups import SecurityGroupRule

from lab.api.moto.extension import replaces

_WITH_PORTS = frozenset(("tcp", "6", "udp", "17", "icmp", "1", "icmpv6", "58"))


def extend() -> None:
    """Make such a rule without ports."""

    @replaces(SecurityGroupRule, "__init__")
    def init(original: Callable[..., Any], self: Any, *args: Any, **more: Any) -> None:
        told = inspect.signature(original).bind(self, *args, **more).arguments
        portless = str(told["ip_protocol"] or "-1").lower() not in _WITH_PORTS
        if portless:
            told |= {"from_port": 0, "to_port": 0}
        original(**told)
        if portless:
            self.from_port = self.to_port = None
