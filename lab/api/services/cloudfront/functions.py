# SPDX-License-Identifier: GPL-3.0-or-later
"""CloudFront functions: a stage to change and a stage that is served.

https://docs.aws.amazon.com/cloudfront/latest/APIReference/API_CreateFunction.html
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from moto.cloudfront.exceptions import CloudFrontException, FunctionAlreadyExists, NoSuchFunctionExists
from moto.cloudfront.models import CloudFrontBackend, random_id
from moto.cloudfront.responses import CloudFrontResponse
from moto.core.responses import ActionResult, EmptyResult
from moto.core.utils import utcnow

from lab.api.moto.extension import adds, replaces
from lab.api.services.cloudfront import etags
from lab.api.services.cloudfront.paging import page
from lab.base.backends import ACCOUNT
from lab.engines.edge_function import FunctionError, run
from lab.world.edge.config import function_arns

_LARGEST = 10 * 1024


@dataclass
class Stage:
    """The code of one stage, with its version."""

    code: bytes
    config: dict[str, Any]
    modified: datetime = field(default_factory=utcnow)
    etag: str = field(default_factory=random_id)


@dataclass
class Function:
    """One function, with what is being developed and what is served."""

    name: str
    development: Stage
    published: Stage | None = None
    created: datetime = field(default_factory=utcnow)

    @property
    def arn(self) -> str:
        """Return the ARN."""
        return f"arn:aws:cloudfront::{ACCOUNT}:function/{self.name}"

    @property
    def live(self) -> str | None:
        """Return the published code."""
        return self.published.code.decode() if self.published else None

    def stage(self, name: str | None) -> Stage:
        """Return a stage; the development one when none is named."""
        if name != "LIVE":
            return self.development
        if self.published is None:
            raise NoSuchFunctionExists(self.name)
        return self.published

    def summary(self, stage: str | None, used: bool) -> dict[str, Any]:
        """Return the API's `FunctionSummary`."""
        found = self.stage(stage)
        status = "UNPUBLISHED" if self.published is None else ("DEPLOYED" if used else "UNASSOCIATED")
        return {
            "Name": self.name,
            "Status": status,
            "FunctionConfig": found.config,
            "FunctionMetadata": {
                "FunctionARN": self.arn,
                "Stage": stage or "DEVELOPMENT",
                "CreatedTime": self.created,
                "LastModifiedTime": found.modified,
            },
        }


def extend() -> None:
    """Put the lab's functions in the place of moto's, and add what moto lacks."""
    _keep()
    _read()
    _change()


def _found(backend: Any, name: str) -> Function:
    found: Function | None = backend.functions.get(name)
    if found is None:
        raise NoSuchFunctionExists(name)
    return found


def _used(backend: Any, function: Function) -> bool:
    return any(
        function.arn in function_arns(distribution.distribution_config)
        for distribution in backend.distributions.values()
    )


def _stage(code: bytes | str, config: dict[str, Any]) -> Stage:
    raw = code if isinstance(code, bytes) else code.encode()
    if len(raw) > _LARGEST:
        raise CloudFrontException(
            "FunctionSizeLimitExceeded", "The function exceeds the maximum size of 10 KB; make it smaller."
        )
    if config.get("Runtime") not in ("cloudfront-js-1.0", "cloudfront-js-2.0"):
        raise CloudFrontException("InvalidArgument", "The parameter Runtime must be cloudfront-js-1.0 or -2.0.")
    return Stage(raw, config)


def _keep() -> None:
    @replaces(CloudFrontBackend, "create_function")
    def create(
        _original: Callable[..., Any],
        self: Any,
        name: str,
        function_config: dict[str, Any],
        function_code: bytes,
        tags: list[dict[str, str]],
    ) -> Function:
        if name in self.functions:
            raise FunctionAlreadyExists(name)
        made = Function(name, _stage(function_code, function_config))
        self.functions[name] = made
        self.tagger.tag_resource(made.arn, tags)
        return made

    @replaces(CloudFrontResponse, "create_function")
    def respond(_original: Callable[..., Any], self: Any) -> ActionResult:
        made = self.backend.create_function(
            name=self._get_param("Name"),
            function_config=self._get_param("FunctionConfig"),
            function_code=self._get_param("FunctionCode"),
            tags=self._get_param("Tags.Items", []) or [],
        )
        location = f"https://cloudfront.amazonaws.com/2020-05-31/function/{made.name}"
        return ActionResult(
            {"FunctionSummary": made.summary(None, False), "Location": location, "ETag": made.development.etag}
        )

    @replaces(CloudFrontResponse, "delete_function")
    def delete(_original: Callable[..., Any], self: Any) -> ActionResult:
        found = _found(self.backend, self._get_param("Name"))
        etags.require(self._get_param("IfMatch"), found.development.etag)
        if _used(self.backend, found):
            raise CloudFrontException(
                "FunctionInUse", "Cannot delete the function because it's attached to one or more cache behaviors."
            )
        del self.backend.functions[found.name]
        self.backend.tagger.delete_all_tags_for_resource(found.arn)
        return EmptyResult()


def _read() -> None:
    @replaces(CloudFrontResponse, "describe_function")
    def describe(_original: Callable[..., Any], self: Any) -> ActionResult:
        found = _found(self.backend, self._get_param("Name"))
        stage = self._get_param("Stage")
        summary = found.summary(stage, _used(self.backend, found))
        return ActionResult({"FunctionSummary": summary, "ETag": found.stage(stage).etag})

    @replaces(CloudFrontResponse, "get_function")
    def get(_original: Callable[..., Any], self: Any) -> ActionResult:
        stage = _found(self.backend, self._get_param("Name")).stage(self._get_param("Stage"))
        return ActionResult({"FunctionCode": stage.code, "ETag": stage.etag, "ContentType": "application/octet-stream"})

    @replaces(CloudFrontResponse, "list_functions")
    def list_(_original: Callable[..., Any], self: Any) -> ActionResult:
        stage = self._get_param("Stage")
        listed = [
            function.summary(stage, _used(self.backend, function))
            for function in self.backend.functions.values()
            if stage != "LIVE" or function.published
        ]
        return ActionResult({"FunctionList": page(self, listed, lambda one: str(one["Name"]))})


def _change() -> None:
    @adds(CloudFrontResponse, "update_function")
    def update(self: Any) -> ActionResult:
        found = _found(self.backend, self._get_param("Name"))
        etags.require(self._get_param("IfMatch"), found.development.etag)
        found.development = _stage(self._get_param("FunctionCode"), self._get_param("FunctionConfig"))
        summary = found.summary(None, _used(self.backend, found))
        return ActionResult({"FunctionSummary": summary, "ETag": found.development.etag})

    @adds(CloudFrontResponse, "publish_function")
    def publish(self: Any) -> ActionResult:
        found = _found(self.backend, self._get_param("Name"))
        etags.require(self._get_param("IfMatch"), found.development.etag)
        found.published = Stage(found.development.code, found.development.config)
        return ActionResult({"FunctionSummary": found.summary("LIVE", _used(self.backend, found))})

    @adds(CloudFrontResponse, "test_function")
    def test(self: Any) -> ActionResult:
        found = _found(self.backend, self._get_param("Name"))
        etags.require(self._get_param("IfMatch"), found.development.etag)
        stage = self._get_param("Stage")
        result: dict[str, Any] = {
            "FunctionSummary": found.summary(stage, _used(self.backend, found)),
            "ComputeUtilization": "0",
            "FunctionExecutionLogs": [],
        }
        try:
            output = run(found.stage(stage).code.decode(), json.loads(self._get_param("EventObject")))
            result["FunctionOutput"] = json.dumps(output)
        except FunctionError as error:
            result["FunctionErrorMessage"] = str(error)
        return ActionResult({"TestResult": result})
