# SPDX-License-Identifier: GPL-3.0-or-later
"""EC2 Auto Scaling: the account's limits and the metrics that groups can collect.

https://docs.aws.amazon.com/autoscaling/ec2/userguide/ec2-auto-scaling-quotas.html
"""

from __future__ import annotations

from typing import Any

from moto.autoscaling.responses import AutoScalingResponse
from moto.core.responses import ActionResult

from lab.api.moto.extension import adds
from lab.context import Context

_STATES = ("InServiceCapacity", "PendingCapacity", "StandbyCapacity", "TerminatingCapacity", "TotalCapacity")
_INSTANCES = ("InServiceInstances", "PendingInstances", "StandbyInstances", "TerminatingInstances", "TotalInstances")
_WARM = (
    *("WarmPoolDesiredCapacity", "WarmPoolWarmedCapacity", "WarmPoolPendingCapacity", "WarmPoolTerminatingCapacity"),
    *("WarmPoolTotalCapacity", "GroupAndWarmPoolDesiredCapacity", "GroupAndWarmPoolTotalCapacity"),
)
METRICS = (
    *("GroupMinSize", "GroupMaxSize", "GroupDesiredCapacity"),
    *(f"Group{name}" for name in (*_INSTANCES, *_STATES)),
    *_WARM,
)

_GROUPS, _CONFIGURATIONS = 500, 200


def extend(context: Context) -> None:  # noqa: ARG001 - all extensions are called alike
    """Tell them."""

    @adds(AutoScalingResponse, "describe_account_limits")
    def describe_account_limits(self: Any) -> ActionResult:
        backend = self.autoscaling_backend
        return ActionResult(
            {
                "MaxNumberOfAutoScalingGroups": _GROUPS,
                "MaxNumberOfLaunchConfigurations": _CONFIGURATIONS,
                "NumberOfAutoScalingGroups": len(backend.autoscaling_groups),
                "NumberOfLaunchConfigurations": len(backend.launch_configurations),
            }
        )

    @adds(AutoScalingResponse, "describe_metric_collection_types")
    def describe_metric_collection_types(self: Any) -> ActionResult:  # noqa: ARG001
        """https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_DescribeMetricCollectionTypes.html."""
        metrics = [{"Metric": name} for name in METRICS]
        return ActionResult({"Metrics": metrics, "Granularities": [{"Granularity": "1Minute"}]})
