# SPDX-License-Identifier: GPL-3.0-or-later
"""DescribeVolumeStatus: the state of each volume's checks; no volume is ever impaired here.

https://docs.aws.amazon.com/ebs/latest/userguide/monitoring-volume-checks.html
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from moto.core.responses import ActionResult, EmptyResult
from moto.ec2.exceptions import EC2ClientError
from moto.ec2.responses import EC2Response

from lab.api.moto.extension import replaces

_PERFORMANCE = ("io1", "io2", "gp3")
"""The types of volumes whose I/O performance is checked:
https://docs.aws.amazon.com/ebs/latest/userguide/monitoring-volume-checks.html"""


def extend() -> None:
    """Tell the status of volumes, and take a snapshot back from those it was shared with."""

    @replaces(EC2Response, "describe_volume_status")
    def describe_volume_status(_original: Callable[..., Any], self: Any) -> ActionResult:
        """https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeVolumeStatus.html (Filter.N)."""
        self.error_on_dryrun()
        volumes = self.ec2_backend.describe_volumes(self._get_param("VolumeIds", []) or None)
        told = [_status(volume) for volume in volumes]
        for name, values in self._filters_from_querystring().items():
            if name not in _FILTERS:
                raise EC2ClientError("InvalidParameterValue", f"The filter '{name}' is invalid")
            told = [volume for volume in told if _FILTERS[name](volume) in values]
        return ActionResult({"VolumeStatuses": told})

    @replaces(EC2Response, "reset_snapshot_attribute")
    def reset_snapshot_attribute(_original: Callable[..., Any], self: Any) -> EmptyResult:
        """https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_ResetSnapshotAttribute.html: as it was made."""
        self.error_on_dryrun()
        (snapshot,) = self.ec2_backend.describe_snapshots([self._get_param("SnapshotId")])
        snapshot.create_volume_permission_groups.clear()
        snapshot.create_volume_permission_userids.clear()
        return EmptyResult()


_FILTERS = {
    "availability-zone": lambda told: told["AvailabilityZone"],
    "volume-status.status": lambda told: told["VolumeStatus"]["Status"],
    "volume-status.details-name": lambda told: told["VolumeStatus"]["Details"][0]["Name"],
    "volume-status.details-status": lambda told: told["VolumeStatus"]["Details"][0]["Status"],
}


def _status(volume: Any) -> dict[str, Any]:
    performance = "normal" if volume.volume_type in _PERFORMANCE and volume.attachment else "not-applicable"
    details = [
        {"Name": "io-enabled", "Status": "passed"},
        {"Name": "io-performance", "Status": performance},
        {"Name": "initialization-state", "Status": "completed"},
    ]
    return {
        "VolumeId": volume.id,
        "AvailabilityZone": volume.zone.name,
        "Actions": [],
        "Events": [],
        "AttachmentStatuses": [],
        "VolumeStatus": {"Status": "ok", "Details": details},
    }
