# SPDX-License-Identifier: GPL-3.0-or-later
"""Which IAM actions on which resources a call needs. Pure.

https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html
Only calls that site policies restrict by resource are listed; of every other one only the action is known.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

Parameters = Mapping[str, Any]
Arn = Callable[[str], str]
"""From the name that a call gives to the resource's ARN."""


@dataclass(frozen=True)
class Permission:
    """An action on a resource, as policies name them; without a resource, on whichever it may be."""

    action: str
    resource: str | None = None
    context: Mapping[str, str] = field(default_factory=dict)
    """The condition keys that come with the resource."""


_DECIDED_WHERE_SERVED = frozenset({("kms", "Decrypt"), ("ssm", "UpdateInstanceInformation"), ("ssm", "StartSession")})
"""The resource is in what was encrypted or signed, or several resources are looked at in turn."""
_OF_A_KEY = (
    *("GenerateDataKey", "Encrypt", "ReEncrypt", "Sign", "Verify", "GetPublicKey"),
    *("ScheduleKeyDeletion", "DisableKey", "PutKeyPolicy"),
)


def parameter_arn(region: str, account: str, name: str) -> str:
    """Return a parameter's ARN; a name that is one already, and a version after a colon, are understood."""
    bare = name.rpartition(":parameter")[2] if name.startswith("arn:") else name
    return f"arn:aws:ssm:{region}:{account}:parameter/{bare.lstrip('/').partition(':')[0]}"


def log_arn(region: str, account: str, group: str, stream: str) -> str:
    """Return the ARN that CloudWatch Logs looks at in a call about log groups, streams or their events.

    https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazoncloudwatchlogs.html
    """
    return f"arn:aws:logs:{region}:{account}:log-group:{group}:log-stream:{stream}"


def needed(service: str, action: str, parameters: Parameters, arns: Mapping[str, Arn]) -> list[Permission]:
    """Return what a call needs; `arns` has the ways from a name to an ARN, by kind.

    The kinds are `parameter`, `secret`, `key`, `session` and `log`, whose name is the group's and the stream's with a
    colon between them.
    """
    if (service, action) in _DECIDED_WHERE_SERVED:
        return []
    own = f"{service}:{action}"
    if service == "ssm":
        return _of_ssm(own, action, parameters, arns)
    if service == "secretsmanager":
        return _of_secrets(own, action, parameters, arns)
    if service == "logs" and "Log" in action:
        # A stream that is not there yet has no ARN: its group's counts.
        stream = "" if action == "CreateLogStream" else parameters.get("logStreamName") or ""
        return [Permission(own, arns["log"](f"{parameters.get('logGroupName') or ''}:{stream}"))]
    if service == "kms" and action.startswith(_OF_A_KEY):
        return [Permission(own, arns["key"](str(parameters.get("KeyId") or "")))]
    return [Permission(own)]


def _of_ssm(own: str, action: str, parameters: Parameters, arns: Mapping[str, Arn]) -> list[Permission]:
    if "Parameter" in action and action != "DescribeParameters":
        return [Permission(own, arns["parameter"](name)) for name in _named(parameters, "Name", "Names", "Path")]
    if action in ("ResumeSession", "TerminateSession"):
        return [Permission(own, arns["session"](str(parameters.get("SessionId") or "")))]
    return [Permission(own)]


def _of_secrets(own: str, action: str, parameters: Parameters, arns: Mapping[str, Arn]) -> list[Permission]:
    if action == "BatchGetSecretValue":
        read = "secretsmanager:GetSecretValue"
        names = _named(parameters, "SecretIdList")
        return [Permission(own), *(Permission(read, arns["secret"](name)) for name in names)]
    if "SecretId" in parameters:
        return [Permission(own, arns["secret"](parameters["SecretId"]))]
    return [Permission(own)]


def _named(parameters: Parameters, *keys: str) -> Sequence[str]:
    """Return the names that a call gives; one that gives none is about nothing in particular."""
    for key in keys:
        value = parameters.get(key)
        if value:
            return value if isinstance(value, list) else [value]
    return ["*"]
