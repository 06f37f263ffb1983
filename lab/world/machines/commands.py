# SPDX-License-Identifier: GPL-3.0-or-later
"""Run Command: what a command document asks of a machine, and how a command's state is told. Pure.

https://docs.aws.amazon.com/systems-manager/latest/userguide/monitor-commands.html
"""

from __future__ import annotations

import datetime
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from lab.world.machines.session_documents import ParameterError, fill

RUN_SHELL_SCRIPT: dict[str, Any] = {
    "schemaVersion": "1.2",
    "description": "Run a shell script or specify the commands to run.",
    "parameters": {
        "commands": {
            "type": "StringList",
            "description": "(Required) Specify a shell script or a command to run.",
            "minItems": 1,
            "displayType": "textarea",
        },
        "workingDirectory": {
            "type": "String",
            "default": "",
            "description": "(Optional) The path to the working directory on your instance.",
            "maxChars": 4096,
        },
        "executionTimeout": {
            "type": "String",
            "default": "3600",
            "description": "(Optional) Seconds for a command to complete before it is considered to have failed.",
            "allowedPattern": "^([1-9][0-9]{0,4}|1[0-6][0-9]{4}|17[0-1][0-9]{3}|172[0-7][0-9]{2}|172800)$",
        },
    },
    "runtimeConfig": {
        "aws:runShellScript": {
            "properties": [
                {
                    "id": "0.aws:runShellScript",
                    "runCommand": "{{ commands }}",
                    "workingDirectory": "{{ workingDirectory }}",
                    "timeoutSeconds": "{{ executionTimeout }}",
                }
            ]
        }
    },
}
_ACTION = "aws:runShellScript"
_TOLD = 24_000
"""Characters of each output that GetCommandInvocation tells."""
_RUNNING = ("Pending", "InProgress", "Delayed")


class UnsupportedError(ValueError):
    """A document with steps that the lab's agent cannot run."""


@dataclass(frozen=True)
class Script:
    """One step of a command."""

    name: str
    lines: tuple[str, ...]
    directory: str = ""
    timeout: int = 3600


def scripts(content: Mapping[str, Any], parameters: Mapping[str, Sequence[str]]) -> tuple[Script, ...]:
    """Return a command document's steps with its parameters filled in, or raise what is wrong."""
    if str(content.get("schemaVersion")) == "1.2":
        steps = [
            (action, action, properties)
            for action, configured in (content.get("runtimeConfig") or {}).items()
            for properties in configured.get("properties") or []
        ]
    else:
        steps = [
            (step.get("action"), step.get("name"), step.get("inputs") or {}) for step in content.get("mainSteps") or []
        ]
    for action, _name, _inputs in steps:
        if action != _ACTION:
            raise UnsupportedError(f"The lab's agent runs {_ACTION} only, and this document has a step of {action}.")
    filled = fill({**content, "properties": [inputs for _action, _name, inputs in steps]}, parameters)
    return tuple(
        _script(str(name), inputs) for (_action, name, _inputs), inputs in zip(steps, filled["properties"], strict=True)
    )


def _script(name: str, inputs: Mapping[str, Any]) -> Script:
    timeout = str(inputs.get("timeoutSeconds") or 3600)
    if not timeout.isdigit():
        raise ParameterError(f"timeoutSeconds is not a number: {timeout!r}.")
    return Script(
        name, tuple(_lines(inputs.get("runCommand"))), str(inputs.get("workingDirectory") or ""), int(timeout)
    )


def _lines(value: Any) -> list[str]:
    if isinstance(value, list):
        return [line for part in value for line in _lines(part)]
    return [] if value is None else [str(value)]


@dataclass
class Invocation:
    """A command at one machine."""

    instance: str
    job: str = field(default_factory=lambda: str(uuid.uuid4()))
    status: str = "Pending"
    code: int = -1
    output: str = ""
    errors: str = ""
    plugin: str = ""
    started: float | None = None
    ended: float | None = None

    @property
    def running(self) -> bool:
        """Tell whether its end is still to come."""
        return self.status in _RUNNING


@dataclass
class Command:
    """One SendCommand; times are the lab's wall clock."""

    document_name: str
    scripts: tuple[Script, ...]
    parameters: dict[str, list[str]]
    invocations: list[Invocation]
    requested: float
    timeout: int
    comment: str = ""
    targets: list[dict[str, Any]] = field(default_factory=list)
    id: str = field(default_factory=lambda: str(uuid.uuid4()))

    def expire(self, now: float) -> None:
        """Give up invocations that were not delivered in time, or that never came back."""
        for invocation in self.invocations:
            undelivered = invocation.started is None and now > self.requested + self.timeout
            unanswered = invocation.started is not None and now > invocation.started + self.longest
            if invocation.running and (undelivered or unanswered):
                invocation.status, invocation.ended = "TimedOut", now

    @property
    def longest(self) -> float:
        """Return the seconds that its scripts may take, and a little for the answer's way."""
        return sum(script.timeout for script in self.scripts) + 60.0

    @property
    def status(self) -> str:
        """Return the state of all invocations together: the worst one, once all have ended."""
        states = {invocation.status for invocation in self.invocations}
        for state in ("InProgress", "Pending", "Failed", "TimedOut", "Cancelled"):
            if state in states:
                return state if state != "Pending" or len(states) == 1 else "InProgress"
        return "Success"


def describe(command: Command) -> dict[str, Any]:
    """Return a command as SendCommand and ListCommands tell it."""
    ended = [invocation for invocation in command.invocations if not invocation.running]
    return {
        "CommandId": command.id,
        "DocumentName": command.document_name,
        "DocumentVersion": "$DEFAULT",
        "Comment": command.comment,
        "ExpiresAfter": _moment(command.requested + command.timeout),
        "Parameters": command.parameters,
        "InstanceIds": [] if command.targets else [invocation.instance for invocation in command.invocations],
        "Targets": command.targets,
        "RequestedDateTime": _moment(command.requested),
        "Status": command.status,
        "StatusDetails": command.status if command.invocations else "NoInstancesInTag",
        "MaxConcurrency": "50",
        "MaxErrors": "0",
        "TargetCount": len(command.invocations),
        "CompletedCount": len(ended),
        "ErrorCount": len([invocation for invocation in ended if invocation.status != "Success"]),
        "DeliveryTimedOutCount": len(
            [invocation for invocation in ended if invocation.status == "TimedOut" and invocation.started is None]
        ),
        "TimeoutSeconds": command.timeout,
    }


def describe_invocation(command: Command, one: Invocation) -> dict[str, Any]:
    """Return what GetCommandInvocation tells."""
    told: dict[str, Any] = {
        "CommandId": command.id,
        "InstanceId": one.instance,
        "Comment": command.comment,
        "DocumentName": command.document_name,
        "DocumentVersion": "$DEFAULT",
        "PluginName": one.plugin or command.scripts[0].name,
        "ResponseCode": one.code,
        "ExecutionStartDateTime": "",
        "ExecutionElapsedTime": "",
        "ExecutionEndDateTime": "",
        "Status": one.status,
        "StatusDetails": "DeliveryTimedOut" if one.status == "TimedOut" and one.started is None else one.status,
        "StandardOutputContent": one.output[:_TOLD],
        "StandardOutputUrl": "",
        "StandardErrorContent": one.errors[:_TOLD],
        "StandardErrorUrl": "",
    }
    if one.started is not None:
        told["ExecutionStartDateTime"] = _iso(one.started)
        if one.ended is not None:
            told["ExecutionElapsedTime"] = f"PT{one.ended - one.started:.3f}S"
            told["ExecutionEndDateTime"] = _iso(one.ended)
    return told


def list_invocation(command: Command, one: Invocation, *, details: bool) -> dict[str, Any]:
    """Return what ListCommandInvocations tells."""
    told = describe_invocation(command, one)
    kept = ("CommandId", "InstanceId", "Comment", "DocumentName", "DocumentVersion", "Status", "StatusDetails")
    listed = {name: told[name] for name in kept}
    listed |= {"RequestedDateTime": _moment(command.requested), "TraceOutput": "", "CommandPlugins": []}
    if details:
        plugin: dict[str, Any] = {
            "Name": told["PluginName"],
            "Status": one.status,
            "StatusDetails": told["StatusDetails"],
            "ResponseCode": one.code,
            "Output": _joined(one)[:2500],
        }
        if one.started is not None:
            plugin["ResponseStartDateTime"] = _moment(one.started)
        if one.ended is not None:
            plugin["ResponseFinishDateTime"] = _moment(one.ended)
        listed["CommandPlugins"] = [plugin]
    return listed


def _joined(one: Invocation) -> str:
    return f"{one.output}\n----------ERROR-------\n{one.errors}" if one.errors else one.output


def _moment(seconds: float) -> datetime.datetime:
    return datetime.datetime.fromtimestamp(seconds, datetime.UTC)


def _iso(seconds: float) -> str:
    return _moment(seconds).isoformat(timespec="milliseconds").replace("+00:00", "Z")
