# SPDX-License-Identifier: GPL-3.0-or-later
"""A launch template's own tags are no part of its versions' data.

https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateLaunchTemplate.html: to tag what a launch makes, the
tags stand in the data (LaunchTemplateData.TagSpecifications); TagSpecifications beside it are the template's.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from moto.core.responses import ActionResult
from moto.ec2.responses.launch_templates import LaunchTemplates

from lab.api.moto.extension import replaces


def _own_data(version: dict[str, Any]) -> dict[str, Any]:
    specifications = version["LaunchTemplateData"].get("TagSpecifications") or []
    kept = [specification for specification in specifications if specification.get("ResourceType") != "launch-template"]
    data = {key: value for key, value in version["LaunchTemplateData"].items() if key != "TagSpecifications"}
    return {**version, "LaunchTemplateData": {**data, "TagSpecifications": kept} if kept else data}


def extend() -> None:
    """Leave them out."""

    @replaces(LaunchTemplates, "describe_launch_template_versions")
    def describe_launch_template_versions(original: Callable[..., Any], self: Any) -> ActionResult:
        versions = original(self).result["LaunchTemplateVersions"]
        return ActionResult({"LaunchTemplateVersions": [_own_data(version) for version in versions]})
