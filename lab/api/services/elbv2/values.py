# SPDX-License-Identifier: GPL-3.0-or-later
"""Elastic Load Balancing refuses malformed conditions, targets and paths, which moto takes as they come."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from moto.elbv2.exceptions import ELBClientError, InvalidConditionValueError, InvalidTargetGroupNameError
from moto.elbv2.models import ELBv2Backend

from lab.api.moto.extension import replaces
from lab.base import words

Original = Callable[..., Any]
_METHOD = re.compile(r"[A-Z_-]+\Z")
_LONGEST_PAGE = 1024
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


def extend() -> None:
    """Refuse what AWS refuses, before it is kept.

    https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_RuleCondition.html
    """
    _extend_conditions()
    _extend_actions()

    @replaces(ELBv2Backend, "modify_target_group")
    def modify_target_group(original: Original, self: Any, *args: Any, **more: Any) -> Any:
        told = inspect.signature(original).bind(self, *args, **more).arguments
        check_path(told.get("health_check_path"))
        return original(**told)


def _extend_conditions() -> None:
    @replaces(ELBv2Backend, "_validate_http_header_condition")
    def header(original: Original, self: Any, condition: Mapping[str, Any]) -> None:
        name = str(condition.get("HttpHeaderConfig", {}).get("HttpHeaderName", ""))
        original(self, condition)
        if not _is(words.header, name):
            raise InvalidConditionValueError(f"The 'HttpHeaderName' value '{name}' is not a valid HTTP header name")

    @replaces(ELBv2Backend, "_validate_http_request_method_condition")
    def method(original: Original, self: Any, condition: Mapping[str, Any]) -> None:
        original(self, condition)
        if not all(_METHOD.match(value) for value in condition["HttpRequestMethodConfig"]["Values"]):
            raise InvalidConditionValueError(
                "The 'http-request-method' value is invalid; the allowed characters are A-Z, hyphen and underscore"
            )

    @replaces(ELBv2Backend, "_validate_source_ip_condition")
    def source(original: Original, self: Any, condition: Mapping[str, Any]) -> None:
        original(self, condition)
        for value in condition["SourceIpConfig"]["Values"]:
            if "/" not in value or not _is(words.source, value):
                raise InvalidConditionValueError(f"The 'source-ip' value '{value}' must be in CIDR format")


def _extend_actions() -> None:
    @replaces(ELBv2Backend, "_validate_actions")
    def actions(original: Original, self: Any, found: Iterable[Any]) -> None:
        original(self, found)
        for action in found:
            for setting in (action.data.get("RedirectConfig") or {}).values():
                if _CONTROL.search(str(setting)):
                    raise ELBClientError("InvalidLoadBalancerAction", "The redirect configuration is not valid")
            check_fixed_response(action.data.get("FixedResponseConfig") or {})


def check_fixed_response(config: Mapping[str, Any]) -> None:
    """Refuse a page that is too long.

    https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_FixedResponseActionConfig.html
    """
    if len(str(config.get("MessageBody", ""))) > _LONGEST_PAGE:
        raise ELBClientError(
            "ValidationError", f"The message body must have a length less than or equal to {_LONGEST_PAGE}"
        )


def _is(parse: Callable[[str], object], value: str) -> bool:
    try:
        parse(value)
    except words.WordError:
        return False
    return True


def check_group(name: str, settings: Mapping[str, Any]) -> None:
    """Refuse a target group's name and its health check's path that AWS refuses."""
    if not name.isprintable():
        raise InvalidTargetGroupNameError(
            f"Target group name '{name}' can only contain characters that are alphanumeric characters or hyphens(-)"
        )
    check_path(settings.get("healthcheck_path"))


def check_path(path: str | None) -> None:
    """Refuse a health check's path that is none.

    https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_CreateTargetGroup.html (HealthCheckPath)
    """
    if path and not (path.startswith("/") and _is(words.target, path)):
        raise ELBClientError("ValidationError", f"Health check path '{path}' must begin with a '/' character")


def check_address(target: str) -> None:
    """Refuse a target that is not the address of one."""
    if not _is(words.address, target):
        raise ELBClientError("ValidationError", f"The IP address '{target}' is not a valid IPv4 address")
