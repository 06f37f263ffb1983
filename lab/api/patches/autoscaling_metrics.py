# SPDX-License-Identifier: GPL-3.0-or-later
"""Group metrics: none named are all, they are switched off again, and those that do not exist are refused.

https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_EnableMetricsCollection.html,
https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_DisableMetricsCollection.html
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from moto.autoscaling.exceptions import ValidationError
from moto.autoscaling.responses import AutoScalingResponse
from moto.core.responses import EmptyResult

from lab.api.moto.extension import adds, replaces
from lab.api.services.autoscaling import METRICS


def _metrics(call: Any) -> tuple[str, ...]:
    named = tuple(call._get_param("Metrics") or ())
    for name in named:
        if name not in METRICS:
            raise ValidationError(f"Invalid metric name: {name}")
    return named or METRICS


def _group(call: Any) -> Any:
    name = call._get_param("AutoScalingGroupName")
    found = call.autoscaling_backend.autoscaling_groups.get(name)
    if found is None:
        raise ValidationError(f"AutoScalingGroup name not found - AutoScalingGroup {name} not found")
    return found


def extend() -> None:
    """Switch them on and off."""

    @replaces(AutoScalingResponse, "enable_metrics_collection")
    def enable_metrics_collection(_original: Callable[..., Any], self: Any) -> EmptyResult:
        if self._get_param("Granularity") != "1Minute":
            raise ValidationError("Invalid granularity: 1Minute is the only one.")
        group = _group(self)
        group.metrics = [name for name in METRICS if name in {*group.metrics, *_metrics(self)}]
        return EmptyResult()

    @adds(AutoScalingResponse, "disable_metrics_collection")
    def disable_metrics_collection(self: Any) -> EmptyResult:
        group, ended = _group(self), _metrics(self)
        group.metrics = [name for name in group.metrics if name not in ended]
        return EmptyResult()
