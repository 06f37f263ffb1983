# SPDX-License-Identifier: GPL-3.0-or-later
"""SSM's inventory, as far as it needs no association: what the agents have told of their machines.

https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_GetInventory.html
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from moto.core.responses import ActionResult
from moto.ssm.responses import SimpleSystemManagerResponse

from lab.api.moto.extension import adds
from lab.api.services.ssm.instances import describe, moment, paged, present
from lab.context import Context
from lab.session_registry import Agent

_TYPE = "AWS:InstanceInformation"
_TOLD = {
    "AgentVersion": "AgentVersion",
    "ComputerName": "ComputerName",
    "InstanceId": "InstanceId",
    "IpAddress": "IPAddress",
    "PlatformName": "PlatformName",
    "PlatformType": "PlatformType",
    "PlatformVersion": "PlatformVersion",
    "ResourceType": "ResourceType",
}
_STATUS = {"Online": "Active", "ConnectionLost": "ConnectionLost"}
_COMPARISONS: dict[str, Callable[[str, Sequence[str]], bool]] = {
    "Equal": lambda value, values: value in values,
    "NotEqual": lambda value, values: value not in values,
    "BeginWith": lambda value, values: value.startswith(tuple(values)),
    "LessThan": lambda value, values: value < values[0],
    "GreaterThan": lambda value, values: value > values[0],
    "Exists": lambda value, _values: bool(value),
}


def extend(context: Context) -> None:
    """Tell it."""

    @adds(SimpleSystemManagerResponse, "get_inventory")
    def get_inventory(self: Any) -> ActionResult:
        filters = self._get_param("Filters") or []
        told = [(agent, _content(agent)) for agent in present(context, self.region)]
        chosen = [
            {"Id": agent.instance, "Data": {_TYPE: _data(agent, content)}}
            for agent, content in told
            if all(_passes(content, filter_) for filter_ in filters)
        ]
        size = self._get_int_param("MaxResults") or 50
        return ActionResult(paged("Entities", chosen, self._get_param("NextToken"), size))


def _content(agent: Agent) -> dict[str, str]:
    told = describe(agent)
    kept = {name: str(told[source]) for name, source in _TOLD.items()}
    return {**kept, "AgentType": "amazon-ssm-agent", "InstanceStatus": _STATUS[told["PingStatus"]]}


def _data(agent: Agent, content: Mapping[str, str]) -> dict[str, Any]:
    captured = f"{moment(agent.heard):%Y-%m-%dT%H:%M:%SZ}"
    return {"TypeName": _TYPE, "SchemaVersion": "1.0", "CaptureTime": captured, "Content": [content]}


def _passes(content: Mapping[str, str], wanted: Mapping[str, Any]) -> bool:
    """Tell whether a machine passes a filter, whose key is the type and an attribute, with a dot between."""
    kind, _dot, attribute = str(wanted["Key"]).rpartition(".")
    comparison = _COMPARISONS[wanted.get("Type") or "Equal"]
    return kind == _TYPE and comparison(content.get(attribute, ""), [str(value) for value in wanted["Values"]])
