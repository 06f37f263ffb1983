# SPDX-License-Identifier: GPL-3.0-or-later
"""Which managed instances a DescribeInstanceInformation call sees. Pure.

https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_DescribeInstanceInformation.html
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

STYLES = {"Filters": ("Key", "Values"), "InstanceInformationFilterList": ("key", "valueSet")}
"""The parameters that filter, and how each calls a key and its values."""
_FIELDS = {
    "InstanceIds": "InstanceId",
    "AgentVersion": "AgentVersion",
    "PingStatus": "PingStatus",
    "PlatformTypes": "PlatformType",
    "ResourceType": "ResourceType",
    "SourceIds": "SourceId",
    "SourceTypes": "SourceType",
    "ActivationIds": "ActivationId",
    "IamRole": "IamRole",
    "AssociationStatus": "AssociationStatus",
}
_RESOURCE_TYPES = {"EC2Instance": "EC2Instance", "EC2": "EC2Instance", "ManagedInstance": "ManagedInstance"}
_PING_STATUSES = ("Online", "ConnectionLost", "Inactive")


class UnknownKeyError(ValueError):
    """A filter by something that an instance has not."""


class UnknownValueError(ValueError):
    """A filter with a value that its key never has."""


def filters(request: Mapping[str, Any]) -> list[tuple[str, Sequence[str]]]:
    """Return a request's filters of both styles as (key, accepted values), or raise what is wrong with one."""
    found: list[tuple[str, Sequence[str]]] = [
        (str(filter_.get(key)), [str(value) for value in filter_.get(values) or []])
        for name, (key, values) in STYLES.items()
        for filter_ in request.get(name) or []
    ]
    for key, values in found:
        if key not in _FIELDS and key != "tag-key" and not key.startswith("tag:"):
            raise UnknownKeyError(f"The filter key {key} is not valid.")
        valid = {"ResourceType": tuple(_RESOURCE_TYPES), "PingStatus": _PING_STATUSES}.get(key)
        if not values or (valid and any(value not in valid for value in values)):
            raise UnknownValueError(f"The filter value for {key} is not valid: {', '.join(values) or 'it has none'}.")
    return found


def select(
    instances: Iterable[Mapping[str, Any]],
    wanted: Iterable[tuple[str, Sequence[str]]],
    tags: Mapping[str, Mapping[str, str]],
) -> list[Mapping[str, Any]]:
    """Return the instances that pass every filter; `tags` are each instance's, by its id."""
    chosen = list(instances)
    for key, values in wanted:
        chosen = [
            instance for instance in chosen if _passes(instance, key, values, tags.get(instance["InstanceId"], {}))
        ]
    return chosen


def _passes(instance: Mapping[str, Any], key: str, values: Sequence[str], tags: Mapping[str, str]) -> bool:
    if key == "tag-key":
        return any(value in tags for value in values)
    if key.startswith("tag:"):
        return tags.get(key[4:]) in values
    if key == "ResourceType":
        values = [_RESOURCE_TYPES[value] for value in values]
    return instance.get(_FIELDS[key]) in values
