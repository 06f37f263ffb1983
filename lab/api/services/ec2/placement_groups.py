# SPDX-License-Identifier: GPL-3.0-or-later
"""Placement groups: kept, told, and heeded as far as names and numbers go; a lab has but one rack.

https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/placement-groups.html
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from moto.core.responses import ActionResult, EmptyResult
from moto.ec2.exceptions import EC2ClientError
from moto.ec2.models.core import TaggedEC2Resource
from moto.ec2.responses import EC2Response
from moto.ec2.utils import random_id

from lab.api.moto.extension import adds
from lab.base.backends import ACCOUNT

_STRATEGIES = ("cluster", "partition", "spread")
_LARGEST_PARTITIONS = 7
_SPREAD = 7
"""Running instances of a spread group in one zone:
https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/placement-strategies.html#placement-groups-spread"""
_FILTERS: dict[str, Callable[[Any], str]] = {
    "group-arn": lambda group: group.arn,
    "group-name": lambda group: group.name,
    "spread-level": lambda group: "rack" if group.strategy == "spread" else "",
    "state": lambda _group: "available",
    "strategy": lambda group: group.strategy,
}


@dataclass(eq=False)
class PlacementGroup(TaggedEC2Resource):  # type: ignore[misc, unused-ignore]
    """One group."""

    ec2_backend: Any
    name: str
    strategy: str
    partitions: int
    id: str = field(default_factory=lambda: str(random_id("pg")))

    @property
    def arn(self) -> str:
        """Return the ARN, which ends in the name."""
        return f"arn:aws:ec2:{self.ec2_backend.region_name}:{ACCOUNT}:placement-group/{self.name}"

    def answer(self) -> dict[str, Any]:
        """Return the group as the API gives it."""
        told: dict[str, Any] = {
            "GroupName": self.name,
            "GroupId": self.id,
            "GroupArn": self.arn,
            "State": "available",
            "Strategy": self.strategy,
            "Tags": [{"Key": tag["key"], "Value": tag["value"]} for tag in self.get_tags()],
        }
        if self.strategy == "partition":
            told["PartitionCount"] = self.partitions
        if self.strategy == "spread":
            told["SpreadLevel"] = "rack"
        return told


def extend() -> None:
    """Add the operations."""

    @adds(EC2Response, "create_placement_group")
    def create_placement_group(self: Any) -> ActionResult:
        self.error_on_dryrun()
        groups, name = _groups(self.ec2_backend), self._get_param("GroupName")
        strategy = self._get_param("Strategy") or "cluster"
        partitions = self._get_int_param("PartitionCount") or 0
        _check(groups, name, strategy, partitions)
        made = PlacementGroup(self.ec2_backend, name, strategy, partitions or 2)
        groups[name] = made
        for specification in self._get_param("TagSpecifications", []) or []:
            made.add_tags({tag["Key"]: tag.get("Value", "") for tag in specification.get("Tags", [])})
        return ActionResult({"PlacementGroup": made.answer()})

    @adds(EC2Response, "describe_placement_groups")
    def describe_placement_groups(self: Any) -> ActionResult:
        self.error_on_dryrun()
        names, ids = self._get_param("GroupNames", []) or [], self._get_param("GroupIds", []) or []
        found = [_require(self.ec2_backend, name) for name in names] or list(_groups(self.ec2_backend).values())
        found = [group for group in found if not ids or group.id in ids]
        for name, values in self._filters_from_querystring().items():
            found = [group for group in found if _value(group, name) in values]
        return ActionResult({"PlacementGroups": [group.answer() for group in found]})

    @adds(EC2Response, "delete_placement_group")
    def delete_placement_group(self: Any) -> EmptyResult:
        self.error_on_dryrun()
        found = _require(self.ec2_backend, self._get_param("GroupName"))
        if _members(self.ec2_backend, found.name):
            raise EC2ClientError("InvalidPlacementGroup.InUse", f"The placement group {found.name} is in use.")
        del _groups(self.ec2_backend)[found.name]
        return EmptyResult()


def refuse(backend: Any, name: str, zone: str | None, count: int) -> None:
    """Refuse a launch into a group that is not there, or that has no room for so many in the zone."""
    group = _require(backend, name)
    there = [instance for instance in _members(backend, name) if instance.placement.zone == zone]
    if group.strategy == "spread" and len(there) + count > _SPREAD:
        raise EC2ClientError(
            "InsufficientInstanceCapacity",
            f"The spread placement group {name} has at most {_SPREAD} running instances in an Availability Zone.",
        )


def _groups(backend: Any) -> dict[str, PlacementGroup]:
    found: dict[str, PlacementGroup] = backend.__dict__.setdefault("placement_groups", {})
    return found


def _require(backend: Any, name: str) -> PlacementGroup:
    if name not in _groups(backend):
        raise EC2ClientError("InvalidPlacementGroup.Unknown", f"The Placement Group '{name}' is unknown.")
    return _groups(backend)[name]


def _members(backend: Any, name: str) -> list[Any]:
    return [
        instance
        for instance in backend.all_instances()
        if instance.placement.group_name == name and instance.state != "terminated"
    ]


def _value(group: PlacementGroup, name: str) -> str:
    if name.startswith("tag:"):
        return next((tag["value"] for tag in group.get_tags() if tag["key"] == name[4:]), "")
    if name not in _FILTERS:
        raise EC2ClientError("InvalidParameterValue", f"The filter '{name}' is invalid")
    return _FILTERS[name](group)


def _check(groups: dict[str, PlacementGroup], name: str | None, strategy: str, partitions: int) -> None:
    if not name:
        raise EC2ClientError("MissingParameter", "The request must contain the parameter GroupName")
    if name in groups:
        raise EC2ClientError("InvalidPlacementGroup.Duplicate", f"The Placement Group '{name}' already exists.")
    if strategy not in _STRATEGIES:
        raise EC2ClientError("InvalidParameterValue", f"Value ({strategy}) for parameter strategy is invalid.")
    if partitions and strategy != "partition":
        raise EC2ClientError(
            "InvalidParameterCombination", "The parameter PartitionCount is for the strategy 'partition' only."
        )
    if partitions > _LARGEST_PARTITIONS:
        raise EC2ClientError("InvalidParameterValue", f"A placement group has 1 to {_LARGEST_PARTITIONS} partitions.")
