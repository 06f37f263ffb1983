# SPDX-License-Identifier: GPL-3.0-or-later
"""Origin access controls: names that are unique, versions, and none that is in use deleted.

https://docs.aws.amazon.com/cloudfront/latest/APIReference/API_CreateOriginAccessControl.html
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from moto.cloudfront.exceptions import CloudFrontException
from moto.cloudfront.models import CloudFrontBackend, random_id
from moto.cloudfront.responses import CloudFrontResponse
from moto.core.responses import ActionResult, EmptyResult

from lab.api.moto.extension import adds, replaces
from lab.api.services.cloudfront import etags
from lab.api.services.cloudfront.paging import page
from lab.world.edge.config import references


def extend() -> None:
    """Add what moto leaves out."""

    @replaces(CloudFrontBackend, "create_origin_access_control")
    def create(original: Callable[..., Any], self: Any, config_dict: dict[str, str]) -> Any:
        _refuse_same_name(self, config_dict)
        return original(self, config_dict)

    @replaces(CloudFrontResponse, "update_origin_access_control")
    def update(original: Callable[..., Any], self: Any) -> Any:
        found = self.backend.get_origin_access_control(self._get_param("Id"))
        etags.require(self._get_param("IfMatch"), found.etag)
        _refuse_same_name(self.backend, self._get_param("OriginAccessControlConfig"), found)
        found.etag = random_id()
        return original(self)

    @replaces(CloudFrontResponse, "delete_origin_access_control")
    def delete(original: Callable[..., Any], self: Any) -> Any:
        found = self.backend.get_origin_access_control(self._get_param("Id"))
        etags.require(self._get_param("IfMatch"), found.etag)
        for distribution in self.backend.distributions.values():
            if found.id in references(distribution.distribution_config, "OriginAccessControlId"):
                raise CloudFrontException(
                    "OriginAccessControlInUse",
                    "Cannot delete the origin access control because it's in use by one or more distributions.",
                )
        original(self)
        return EmptyResult()

    @replaces(CloudFrontResponse, "list_origin_access_controls")
    def list_(_original: Callable[..., Any], self: Any) -> ActionResult:
        listed = [{"Id": control.id, **_config(control)} for control in self.backend.origin_access_controls.values()]
        return ActionResult({"OriginAccessControlList": page(self, listed, lambda one: str(one["Id"]))})

    @adds(CloudFrontResponse, "get_origin_access_control_config")
    def get_config(self: Any) -> ActionResult:
        found = self.backend.get_origin_access_control(self._get_param("Id"))
        return ActionResult({"OriginAccessControlConfig": _config(found), "ETag": found.etag})


def _config(control: Any) -> dict[str, Any]:
    return {
        "Name": control.name,
        "Description": control.description or "",
        "SigningProtocol": control.signing_protocol,
        "SigningBehavior": control.signing_behavior,
        "OriginAccessControlOriginType": control.origin_type,
    }


def _refuse_same_name(backend: Any, config: dict[str, str], present: Any = None) -> None:
    for other in backend.origin_access_controls.values():
        if other is not present and other.name == config.get("Name"):
            raise CloudFrontException(
                "OriginAccessControlAlreadyExists",
                "An origin access control with the same parameters already exists.",
            )
