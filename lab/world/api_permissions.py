# SPDX-License-Identifier: GPL-3.0-or-later
"""Which IAM actions on which resources a call needs. Pure.

https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html
Only calls that site policies restrict by resource are listed; every other one needs its own action on `*`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

Parameters = Mapping[str, Any]
Arn = Callable[[str], str]
"""From the name that a call gives to the resource's ARN."""


@dataclass(frozen=True)
class Permission:
    """An action on a resource, as policies name them."""

    action: str
    resource: str = "*"


_PROVEN_BY_THE_CALL = frozenset({("kms", "Decrypt"), ("ssm", "UpdateInstanceInformation")})
"""Decided where the call is served, for the resource is in what was encrypted or signed."""


def parameter_arn(region: str, account: str, name: str) -> str:
    """Return a parameter's ARN; a name that is one already, and a version after a colon, are understood."""
    bare = name.rpartition(":parameter")[2] if name.startswith("arn:") else name
    return f"arn:aws:ssm:{region}:{account}:parameter/{bare.lstrip('/').partition(':')[0]}"


def needed(service: str, action: str, parameters: Parameters, arns: Mapping[str, Arn]) -> list[Permission]:
    """Return what a call needs; `arns` has the ways from a name to an ARN, by kind: `parameter` and `secret`."""
    if (service, action) in _PROVEN_BY_THE_CALL:
        return []
    own = f"{service}:{action}"
    if service == "ssm" and "Parameter" in action and action != "DescribeParameters":
        return [Permission(own, arns["parameter"](name)) for name in _named(parameters, "Name", "Names", "Path")]
    if service == "secretsmanager" and action == "BatchGetSecretValue":
        read = "secretsmanager:GetSecretValue"
        names = _named(parameters, "SecretIdList")
        return [Permission(own), *(Permission(read, arns["secret"](name)) for name in names)]
    if service == "secretsmanager" and "SecretId" in parameters:
        return [Permission(own, arns["secret"](parameters["SecretId"]))]
    return [Permission(own)]


def _named(parameters: Parameters, *keys: str) -> Sequence[str]:
    """Return the names that a call gives; one that gives none is about nothing in particular."""
    for key in keys:
        value = parameters.get(key)
        if value:
            return value if isinstance(value, list) else [value]
    return ["*"]
