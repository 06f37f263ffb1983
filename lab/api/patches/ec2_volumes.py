# SPDX-License-Identifier: GPL-3.0-or-later
"""A volume that was made from no snapshot says so, and its attachment tells whether it dies with the instance.

https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeVolumes.html (the example: an empty snapshotId),
https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_VolumeAttachment.html (deleteOnTermination)
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from moto.ec2.models.elastic_block_store import Volume, VolumeAttachment

from lab.api.moto.extension import replaces


def _deleted_with_instance(attachment: Any) -> bool:
    mapping = attachment.instance.block_device_mapping.get(attachment.device)
    return bool(mapping and mapping.delete_on_termination)


def extend() -> None:
    """Tell both."""

    @replaces(Volume, "__init__")
    def init(original: Callable[..., Any], self: Any, *args: Any, **more: Any) -> None:
        original(self, *args, **more)
        self.snapshot_id = self.snapshot_id or ""

    VolumeAttachment.delete_on_termination = property(_deleted_with_instance)
