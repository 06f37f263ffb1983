# SPDX-License-Identifier: GPL-3.0-or-later
"""A launch template's versions can be deleted, and keep their numbers: no number is given twice.

moto finds a version by its place in a list.
https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DeleteLaunchTemplateVersions.html
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from moto.core.responses import ActionResult
from moto.ec2.exceptions import EC2ClientError, InvalidLaunchTemplateVersionNotFound, MissingParameterError
from moto.ec2.models.launch_templates import LaunchTemplate, LaunchTemplateBackend, LaunchTemplateVersion
from moto.ec2.responses import EC2Response

from lab.api.moto.extension import adds, replaces

_MOST = 200


def extend() -> None:
    """Find versions by their numbers, and delete them."""
    _extend_numbers()

    @adds(EC2Response, "delete_launch_template_versions")
    def delete_launch_template_versions(self: Any) -> ActionResult:
        self.error_on_dryrun()
        template = _template(self)
        numbers = self._get_param("Versions", [])
        if not 0 < len(numbers) <= _MOST:
            raise EC2ClientError("InvalidParameterValue", f"Give 1 to {_MOST} versions to delete.")
        done: list[dict[str, Any]] = []
        not_done: list[dict[str, Any]] = []
        for number in numbers:
            told = {"LaunchTemplateId": template.id, "LaunchTemplateName": template.name, "VersionNumber": number}
            if refusal := _delete(template, str(number)):
                not_done.append({**told, "ResponseError": refusal})
            else:
                done.append(told)
        return ActionResult(
            {
                "SuccessfullyDeletedLaunchTemplateVersions": done,
                "UnsuccessfullyDeletedLaunchTemplateVersions": not_done,
            }
        )


def _template(response: Any) -> Any:
    if name := response._get_param("LaunchTemplateName"):
        return response.ec2_backend.get_launch_template_by_name(name)
    if id_ := response._get_param("LaunchTemplateId"):
        return response.ec2_backend.get_launch_template(id_)
    raise MissingParameterError("launch template ID or launch template name")


def _delete(template: Any, number: str) -> dict[str, str]:
    """Delete a version; return why not, as ResponseError has it, if it can't be.

    https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_ResponseError.html lists the codes; there is none for
    the default version.
    """
    found = next((version for version in template.versions if str(version.number) == number), None)
    if found is None:
        told = f"The launch template {template.id} has no version {number}."
        return {"Code": "launchTemplateVersionDoesNotExist", "Message": told}
    if template.is_default(found):
        told = (
            f"Version {number} is the default version of the launch template {template.id}; make another one so first."
        )
        return {"Code": "unexpectedError", "Message": told}
    template.versions.remove(found)
    return {}


def _extend_numbers() -> None:
    @replaces(LaunchTemplate, "create_version")
    def create_version(_original: Callable[..., Any], self: Any, data: dict[str, Any], description: str) -> Any:
        self.lab_last_number = getattr(self, "lab_last_number", 0) + 1
        made = LaunchTemplateVersion(self, self.lab_last_number, data, description)
        self.versions.append(made)
        return made

    @replaces(LaunchTemplate, "get_version")
    def get_version(_original: Callable[..., Any], self: Any, num: Any) -> Any:
        wanted = {"$latest": self.versions[-1].number, "$default": self.default_version_number}.get(
            str(num).lower(), num
        )
        for version in self.versions:
            if str(version.number) == str(wanted):
                return version
        raise InvalidLaunchTemplateVersionNotFound(template_id=self.id, version=num)

    @replaces(LaunchTemplate, "default_version")
    def default_version(_original: Callable[..., Any], self: Any) -> Any:
        return self.get_version("$Default")

    @replaces(LaunchTemplateBackend, "describe_launch_template_versions")
    def describe(
        original: Callable[..., Any],
        self: Any,
        template_name: str,
        template_id: str,
        versions: list[str],
        min_version: int,
        max_version: int,
        max_results: int,
    ) -> Any:
        most = sum((len(template.versions) for template in self.launch_templates.values()), max_results)
        found = original(self, template_name, template_id, versions, 0, 0, most)
        low, high = min_version or 1, max_version or float("inf")
        return [pair for pair in found if versions or low <= pair[1].number <= high][:max_results]
