# SPDX-License-Identifier: GPL-3.0-or-later
"""Session documents: the ones that AWS owns, and how a document's parameters are filled in. Pure.

https://docs.aws.amazon.com/systems-manager/latest/userguide/session-manager-schema.html
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

PREFERENCES = "SSM-SessionManagerRunShell"
"""The account's own document, which a session without a document's name gets."""

_PORT = "^([1-9]|[1-9][0-9]{1,3}|[1-5][0-9]{4}|6[0-4][0-9]{3}|65[0-4][0-9]{2}|655[0-2][0-9]|6553[0-5])$"
_HOST = "^[^,$^&(){}|`'\"<> ]+$"
_FORWARDING = {
    "portNumber": "{{ portNumber }}",
    "type": "LocalPortForwarding",
    "localPortNumber": "{{ localPortNumber }}",
}
_PREFIX = "^[0-9A-Za-z\\r\\n_:-]{0,30}$"
_PLACE = re.compile(r"\{\{\s*([A-Za-z0-9_]+)\s*\}\}")


class ParameterError(ValueError):
    """Parameters that do not fit a document."""


def _string(description: str, **more: str) -> dict[str, str]:
    return {"type": "String", "description": description, **more}


def _commands(**more: Any) -> dict[str, Any]:
    return {
        system: {"commands": "{{ command }}", "runAsElevated": False, **more} for system in ("windows", "linux", "mac")
    }


def _document(description: str, kind: str, parameters: dict[str, Any], properties: Any) -> dict[str, Any]:
    return {
        "schemaVersion": "1.0",
        "description": description,
        "sessionType": kind,
        "parameters": parameters,
        "properties": properties,
    }


DEFAULT_PREFERENCES: dict[str, Any] = {
    "schemaVersion": "1.0",
    "description": "Document to hold regional settings for Session Manager",
    "sessionType": "Standard_Stream",
    "inputs": {
        "s3BucketName": "",
        "s3KeyPrefix": "",
        "s3EncryptionEnabled": True,
        "cloudWatchLogGroupName": "",
        "cloudWatchEncryptionEnabled": True,
        "cloudWatchStreamingEnabled": True,
        "kmsKeyId": "",
        "runAsEnabled": False,
        "runAsDefaultUser": "",
        "idleSessionTimeout": "",
        "maxSessionDuration": "",
        "shellProfile": {"windows": "", "linux": ""},
    },
}

OWNED: dict[str, dict[str, Any]] = {
    "AWS-StartInteractiveCommand": _document(
        "Document to run single interactive command on an instance",
        "InteractiveCommands",
        {"command": _string("(Required) The command to run on the instance")},
        _commands(),
    ),
    "AWS-StartNonInteractiveCommand": _document(
        "Document to run single non-interactive command on an instance",
        "NonInteractiveCommands",
        {
            "command": _string("(Required) The command to run on the instance"),
            "separateOutputStream": _string("(Optional) Separate stdout and stderr", default="false"),
            "stdOutSeparatorPrefix": _string("(Optional) Prefix of stdout", default="", allowedPattern=_PREFIX),
            "stdErrSeparatorPrefix": _string("(Optional) Prefix of stderr", default="", allowedPattern=_PREFIX),
        },
        _commands(
            separateOutputStream="{{ separateOutputStream }}",
            stdOutSeparatorPrefix="{{ stdOutSeparatorPrefix }}",
            stdErrSeparatorPrefix="{{ stdErrSeparatorPrefix }}",
        ),
    ),
    "AWS-StartSSHSession": _document(
        "Document to start an SSH session over Session Manager",
        "Port",
        {
            "portNumber": _string(
                "(Optional) Port of the SSH server on the instance", default="22", allowedPattern=_PORT
            )
        },
        {"portNumber": "{{ portNumber }}"},
    ),
    "AWS-StartPortForwardingSession": _document(
        "Document to start a port forwarding session over Session Manager",
        "Port",
        {
            "portNumber": _string("(Optional) Port of the server on the instance", default="80", allowedPattern=_PORT),
            "localPortNumber": _string("(Optional) Port on the client", default="0"),
        },
        _FORWARDING,
    ),
    "AWS-StartPortForwardingSessionToRemoteHost": _document(
        "Document to start port forwarding session over Session Manager to remote host",
        "Port",
        {
            "portNumber": _string(
                "(Optional) Port of the server on the remote host", default="80", allowedPattern=_PORT
            ),
            "localPortNumber": _string("(Optional) Port on the client", default="0"),
            "host": _string("(Required) Name or address of the remote host", allowedPattern=_HOST),
        },
        {**_FORWARDING, "host": "{{ host }}"},
    ),
}


def fill(content: Mapping[str, Any], parameters: Mapping[str, Sequence[str]]) -> dict[str, Any]:
    """Return a document's content with its parameters in their places, or raise ParameterError."""
    declared: Mapping[str, Any] = content.get("parameters") or {}
    unknown = sorted(set(parameters) - set(declared))
    if unknown:
        raise ParameterError(f"Parameter(s) {', '.join(unknown)} not defined in the document.")
    values = {name: _value(name, rule, parameters.get(name)) for name, rule in declared.items()}
    filled: dict[str, Any] = {**content, "properties": _filled(content.get("properties"), values)}
    return filled


def _value(name: str, rule: Mapping[str, Any], given: Sequence[str] | None) -> str | list[str]:
    if given is None:
        if "default" not in rule:
            raise ParameterError(f"Parameter {name} is required by the document and has no value.")
        default = rule["default"]
        return list(default) if isinstance(default, list) else str(default)
    if isinstance(given, str) or not all(isinstance(item, str) for item in given):
        raise ParameterError(f"Parameter {name} must be a list of strings.")
    if rule.get("type") == "StringList":
        return list(given)
    value = ",".join(given)
    pattern = rule.get("allowedPattern")
    allowed_values = rule.get("allowedValues")
    if (pattern and not re.search(pattern, value)) or (allowed_values and value not in allowed_values):
        raise ParameterError(f"Parameter {name} has a value that the document does not allow: {value!r}.")
    return value


def _filled(part: Any, values: Mapping[str, str | list[str]]) -> Any:
    if isinstance(part, str):
        whole = _PLACE.fullmatch(part)
        if whole:
            return values.get(whole[1], part)
        return _PLACE.sub(lambda found: _text(values.get(found[1], found[0])), part)
    if isinstance(part, Mapping):
        return {name: _filled(value, values) for name, value in part.items()}
    if isinstance(part, list):
        return [_filled(item, values) for item in part]
    return part


def _text(value: str | list[str]) -> str:
    return value if isinstance(value, str) else ",".join(value)
