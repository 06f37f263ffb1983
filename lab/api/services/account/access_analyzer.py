# SPDX-License-Identifier: GPL-3.0-or-later
"""IAM Access Analyzer as an account has it that has set nothing up; moto has no part of it.

The lab analyzes nothing, so no analyzer can be made: CreateAnalyzer is refused like every operation it does not know.
https://docs.aws.amazon.com/access-analyzer/latest/APIReference/API_ListAnalyzers.html
"""

from __future__ import annotations

import re
import sys
from types import SimpleNamespace
from typing import Any

from moto import backend_index
from moto.core.base_backend import BackendDict, BaseBackend
from moto.core.exceptions import ServiceException
from moto.core.responses import ActionResult, BaseResponse

from lab.context import Context

_NAME = "accessanalyzer"
_HOST = r"https?://access-analyzer\.(.+)\.amazonaws\.com"


class ResourceNotFoundException(ServiceException):
    """An analyzer that there is not."""

    code = "ResourceNotFoundException"


class AccessAnalyzerResponse(BaseResponse):
    """Answers for an account without analyzers."""

    def __init__(self) -> None:
        super().__init__(service_name=_NAME)

    def list_analyzers(self) -> ActionResult:
        """Return that there are none."""
        return ActionResult({"analyzers": []})

    def get_analyzer(self) -> ActionResult:
        """Refuse every name."""
        raise ResourceNotFoundException("The specified analyzer was not found.")

    list_findings = list_findings_v2 = get_analyzer


class AccessAnalyzerBackend(BaseBackend):
    """Where moto looks for a service's paths; there is nothing to keep."""

    @property
    def _url_module(self) -> Any:
        paths = {"{0}/.*$": AccessAnalyzerResponse.dispatch, "{0}/$": AccessAnalyzerResponse.dispatch}
        return SimpleNamespace(url_bases=[_HOST], url_paths=paths)


accessanalyzer_backends = BackendDict(AccessAnalyzerBackend, _NAME)
"""Moto looks for it by this name."""


def extend(context: Context) -> None:  # noqa: ARG001 - all extensions are called alike
    """Register this module with moto as the part that plays the service."""
    sys.modules[f"moto.{_NAME}"] = sys.modules[__name__]
    if _NAME not in (name for name, _host in backend_index.backend_url_patterns):
        backend_index.backend_url_patterns.append((_NAME, re.compile(_HOST)))
