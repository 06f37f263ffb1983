# SPDX-License-Identifier: GPL-3.0-or-later
"""Attributes of load balancers: Elastic Load Balancing refuses values that moto takes as they come."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from moto.elbv2.exceptions import ELBClientError
from moto.elbv2.models import ELBv2Backend

from lab.api.moto.extension import replaces

Original = Callable[..., Any]
_RANGES = {
    "client_keep_alive.seconds": range(60, 604801),
    "idle_timeout.timeout_seconds": range(1, 4001),
}
_SWITCHES = frozenset(
    {
        "deletion_protection.enabled",
        "routing.http.drop_invalid_header_fields.enabled",
        "routing.http.xff_client_port.enabled",
        "routing.http2.enabled",
        "waf.fail_open.enabled",
        "zonal_shift.config.enabled",
    }
)


def extend() -> None:
    """Refuse what AWS refuses, before any of it is kept.

    https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_LoadBalancerAttribute.html
    """

    @replaces(ELBv2Backend, "modify_load_balancer_attributes")
    def modify(original: Original, self: Any, arn: str, attrs: dict[str, str]) -> Any:
        for key, value in attrs.items():
            _check(key, value)
        return original(self, arn, attrs)


def _check(key: str, value: str) -> None:
    allowed = _RANGES.get(key)
    if allowed and not (value.isdecimal() and int(value) in allowed):
        raise ELBClientError(
            "ValidationError", f"'{key}' value '{value}' must be between '{allowed[0]}-{allowed[-1]}' inclusive"
        )
    if key in _SWITCHES and value not in ("true", "false"):
        raise ELBClientError("ValidationError", f"'{key}' value '{value}' must be one of [true, false]")
