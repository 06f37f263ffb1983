# SPDX-License-Identifier: GPL-3.0-or-later
"""RunInstances accepts the mapping of an instance store volume (`ephemeral0`) and of no device.

https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_BlockDeviceMapping.html (VirtualName, NoDevice). A type
without instance store ignores the first, as AWS does; none of the lab's types has one.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from moto.ec2.exceptions import EC2ClientError
from moto.ec2.responses.instances import InstanceResponse

from lab.api.moto.extension import replaces

_VIRTUAL = re.compile(r"ephemeral\d{1,2}\Z")


def _is_disk(mapping: dict[str, Any]) -> bool:
    name = mapping.get("VirtualName")
    if name is not None and not _VIRTUAL.match(str(name)):
        raise EC2ClientError("InvalidBlockDeviceMapping", f"Virtual name '{name}' is not supported.")
    return name is None and mapping.get("NoDevice") is None


def extend() -> None:
    """Make volumes of the other mappings alone."""

    @replaces(InstanceResponse, "_parse_block_device_mapping")
    def parse_block_device_mapping(original: Callable[..., Any], self: Any) -> Any:
        mappings = self._get_param("BlockDeviceMappings", [])
        self.params = {
            **self._get_params(),
            "BlockDeviceMappings": [mapping for mapping in mappings if _is_disk(mapping)],
        }
        return original(self)
